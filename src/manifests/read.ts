/** Reads a folder (or file, or text) of manifests. A broken document is named by file, line and path; the others still work. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { LineCounter, parseAllDocuments } from "yaml";
import {
  API_VERSION,
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  GROUP,
  PERSONA,
  SET,
  USER,
} from "../api/resources.ts";
import { type Problem, validate } from "./schema.ts";

export type DeclaredObject = ConnectSsoPersona | ConnectUserSet | ConnectUser;

export interface ManifestProblem {
  file: string;
  /** Counted from 1. */
  line: number;
  /** "spec.application.displayName", empty for the document as a whole. */
  path: string;
  message: string;
}
export interface Manifests {
  objects: DeclaredObject[];
  problems: ManifestProblem[];
  /** Where each object was read, by `Kind/namespace/name`. */
  sources: Map<string, { file: string; line: number }>;
}

/** `file:line: path: message`, the form that editors and terminals make a link of. */
export function formatProblem(problem: ManifestProblem): string {
  return `${problem.file}:${problem.line}: ${problem.path ? `${problem.path}: ` : ""}${problem.message}`;
}

export function keyOf(object: { kind: string; metadata: { namespace: string; name: string } }): string {
  return `${object.kind}/${object.metadata.namespace}/${object.metadata.name}`;
}

/** Files below `path` that end in .yaml, .yml or .json, in a stable order; kustomization files are no manifests. */
export function manifestFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ya?ml|json)$/.test(entry.name) && !/^kustomization\./i.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Fields of a kustomization that leave manifests as they are. */
const PLAIN = new Set(["apiVersion", "kind", "metadata", "resources"]);

/** Whether kustomize would make something else of a folder than its files say. */
export function isOverlay(path: string): boolean {
  if (path === "-" || !statSync(path).isDirectory()) return false;
  const name = readdirSync(path).find((one) => /^kustomization(\.ya?ml)?$/i.test(one));
  if (name === undefined) return false;
  const content = parseAllDocuments(readFileSync(join(path, name), "utf8"))[0]?.toJS() as Record<
    string,
    unknown
  > | null;
  const resources = Array.isArray(content?.resources) ? content.resources.map(String) : [];
  const outside = resources.some((one) => one.startsWith("..") || one.startsWith("/") || one.includes("://"));
  return outside || Object.keys(content ?? {}).some((field) => !PLAIN.has(field));
}

export function readManifests(path: string, namespace = "default"): Manifests {
  const all: Manifests = { objects: [], problems: [], sources: new Map() };
  for (const file of manifestFiles(path)) {
    let text: string;
    try {
      text = readFileSync(file, "utf8");
    } catch (error) {
      all.problems.push({ file, line: 1, path: "", message: (error as Error).message });
      continue;
    }
    parseManifests(text, file, namespace, all);
  }
  return all;
}

export function parseManifests(text: string, file: string, namespace: string, all: Manifests): void {
  const lines = new LineCounter();
  for (const document of parseAllDocuments(text, { lineCounter: lines })) {
    const at = (offset = 0) => lines.linePos(offset).line || 1;
    if (document.errors.length > 0) {
      for (const error of document.errors) {
        all.problems.push({
          file,
          line: at(error.pos[0]),
          path: "",
          message: error.message.split("\n")[0]!.replace(/ at line .*/, ""),
        });
      }
      continue;
    }
    let content: unknown;
    try {
      content = document.toJS({ maxAliasCount: 100 });
    } catch {
      // Aliases of aliases: a few lines that would become gigabytes.
      all.problems.push({ file, line: at(document.range?.[0]), path: "", message: "it has too many aliases (&, *)" });
      continue;
    }
    for (const { object, place } of membersOf(content)) {
      const start = lineOf(document, place, at) ?? at(document.contents?.range?.[0]);
      const report = (problem: Problem) => {
        const path = [...place, ...problem.path];
        all.problems.push({
          file,
          line: lineOf(document, path, at) ?? start,
          path: dotted(path),
          message: problem.message,
        });
      };
      take(object, { file, line: start }, namespace, all, report);
    }
  }
}

interface Member {
  object: unknown;
  /** Path in the document, empty for the document itself. */
  place: (string | number)[];
}

/** A list, as `kubectl get -o yaml` writes several objects, stands for its items; those of a typed list need not say what they are. */
function membersOf(object: unknown): Member[] {
  const { apiVersion, kind, items } = (object ?? {}) as { apiVersion?: unknown; kind?: unknown; items?: unknown };
  if (!Array.isArray(items) || typeof kind !== "string" || !kind.endsWith("List")) return [{ object, place: [] }];
  const typed = kind !== "List" && String(apiVersion).startsWith(`${GROUP}/`);
  const type = typed ? { apiVersion, kind: kind.slice(0, -"List".length) } : {};
  return items.map((item, index) => ({
    object: typeof item === "object" && item !== null ? { ...type, ...item } : item,
    place: ["items", index],
  }));
}

/** Adds an object of ours to the others, or says what is wrong with it; what is not ours is left out. */
function take(
  given: unknown,
  source: { file: string; line: number },
  namespace: string,
  all: Manifests,
  report: (problem: Problem) => void,
): void {
  if (typeof given !== "object" || given === null) return;
  const object = given as DeclaredObject;
  if (typeof object.apiVersion !== "string" || !object.apiVersion.startsWith(`${GROUP}/`)) return;
  const problems = identityProblems(object);
  if (problems.length === 0) problems.push(...validate(object.kind, object));
  if (problems.length > 0) {
    problems.forEach(report);
    return;
  }
  object.metadata.namespace ??= namespace;
  const key = keyOf(object);
  const earlier = all.sources.get(key);
  if (earlier) {
    report({ path: ["metadata", "name"], message: `${key} is declared already in ${earlier.file}:${earlier.line}` });
    return;
  }
  all.sources.set(key, source);
  all.objects.push(object);
}

function identityProblems(object: { apiVersion: string; kind?: unknown; metadata?: { name?: unknown } }): Problem[] {
  if (object.apiVersion !== API_VERSION)
    return [{ path: ["apiVersion"], message: `unknown version; this program speaks ${API_VERSION}` }];
  if (object.kind !== PERSONA && object.kind !== USER && object.kind !== SET)
    return [{ path: ["kind"], message: `must be ${PERSONA}, ${USER} or ${SET}` }];
  const name = object.metadata?.name;
  if (typeof name !== "string" || !/^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/.test(name)) {
    return [{ path: ["metadata", "name"], message: "must be lower-case letters, digits, '-' and '.', at most 253" }];
  }
  return [];
}

/** Line of the deepest node on the path that exists. */
function lineOf(
  document: { getIn(path: unknown[], keep: true): unknown },
  path: (string | number)[],
  at: (offset?: number) => number,
): number | undefined {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(
      path.slice(0, depth).map((part) => (typeof part === "string" && /^\d+$/.test(part) ? Number(part) : part)),
      true,
    ) as { range?: [number, number, number] } | undefined;
    if (node?.range) return at(node.range[0]);
  }
  return undefined;
}

function dotted(path: (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (/^\d+$/.test(String(part)) ? `${text}[${part}]` : text ? `${text}.${part}` : String(part)),
    "",
  );
}
