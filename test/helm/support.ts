/** Helm as a user runs it, and golden files: `UPDATE_GOLDEN=1 npm test -- test/helm` writes them anew. */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "@jest/globals";
import { parseAllDocuments } from "yaml";

const { goTool } = (await import("../../scripts/tools.mjs" as string)) as { goTool(name: string): Promise<string> };

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const chart = join(root, "helm/connect-sso");
/** The Kubernetes that a Helm built from its module takes for granted is far too old. */
const KUBE_VERSION = ["--kube-version", "1.36.3"];

// biome-ignore lint/suspicious/noExplicitAny: manifests of every kind
export type Manifest = any;

/** Standard output; rejects with what Helm said. */
export async function helm(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(join(await goTool("helm"), "helm"), args, {
    cwd: root,
    maxBuffer: 64 * 1024 * 1024,
  });
  return stdout;
}

/** `helm template` of a release called connect-sso in the namespace connect-sso. */
export const template = (...args: string[]): Promise<string> =>
  helm("template", "connect-sso", chart, "--namespace", "connect-sso", ...KUBE_VERSION, ...args);

/** Name and arguments: the defaults, every file of helm/examples, and every value away from its default. */
export const valueSets: [string, string[]][] = [
  ["default", []],
  ...readdirSync(join(root, "helm/examples"))
    .filter((file) => file.endsWith(".yaml"))
    .map((file): [string, string[]] => [file.replace(".yaml", ""), ["-f", `helm/examples/${file}`]]),
  ["everything", ["-f", "test/helm/everything.yaml"]],
];

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0]) throw document.errors[0];
      return document.toJS();
    })
    .filter((manifest) => manifest !== null && manifest !== undefined);
}

export const render = async (...args: string[]): Promise<Manifest[]> => parseManifests(await template(...args));

/** The one object of this kind, and name if given. */
export function find(manifests: Manifest[], kind: string, name?: string): Manifest {
  const found = manifests.filter((one) => one.kind === kind && (name === undefined || one.metadata.name === name));
  if (found.length !== 1) throw new Error(`${found.length} of ${kind} ${name ?? ""}`);
  return found[0];
}

/** Path relative to the checkout. */
export function expectGolden(path: string, text: string): void {
  const file = join(root, path);
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  if (!existsSync(file)) throw new Error(`${path} is missing; write it with UPDATE_GOLDEN=1`);
  expect(text).toBe(readFileSync(file, "utf8"));
}
