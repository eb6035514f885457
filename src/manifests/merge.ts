/** Writes manifests into a folder that holds some already: what a file says is set field by field, everything else stays as it was. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Document, isMap, parseAllDocuments } from "yaml";
import { manifestFiles } from "./read.ts";
import { saveFiles } from "./save.ts";
import { manifestYaml, type Written } from "./write.ts";

interface Merged {
  files: { path: string; text: string }[];
  /** One line for each field of an existing manifest that changes: "ConnectUser team/jane: spec.routingProfile: A → B". */
  changes: string[];
}

interface Known {
  path: string;
  documents: Document[];
  document: Document;
}

/** Nothing is written yet. Objects are found by kind, namespace (where a manifest names one) and name. */
export function mergeManifests(folder: string, written: Written[]): Merged {
  const known = existsSync(folder) ? readKnown(folder) : new Map<string, Known>();
  const files = new Map<string, () => string>();
  const changes: string[] = [];
  for (const one of written) {
    const { kind, metadata } = one.object;
    const label = `${kind} ${metadata.namespace ?? ""}/${metadata.name}`;
    const found =
      known.get(`${kind}/${metadata.namespace ?? ""}/${metadata.name}`) ?? known.get(`${kind}//${metadata.name}`);
    if (!found) {
      const path = join(folder, metadata.namespace ?? "", `${kind.toLowerCase()}-${metadata.name}.yaml`);
      if (existsSync(path)) throw new Error(`${path} holds something else than ${label}; move it away`);
      files.set(path, () => manifestYaml(one));
      continue;
    }
    const rows = merge(found.document, one.object as unknown as Record<string, unknown>);
    changes.push(...rows.map((row) => `${label}: ${row}`));
    if (rows.length > 0) files.set(found.path, () => found.documents.map((document) => String(document)).join("---\n"));
  }
  return { files: [...files].map(([path, text]) => ({ path, text: text() })), changes };
}

/** All files or none. */
export function writeMerged({ files }: Merged): void {
  saveFiles(files);
}

function readKnown(folder: string): Map<string, Known> {
  const known = new Map<string, Known>();
  for (const path of manifestFiles(folder)) {
    const documents = parseAllDocuments(readFileSync(path, "utf8")) as Document[];
    if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) continue;
    for (const document of documents) {
      const text = (place: string[]) => String(document.getIn(place) ?? "");
      if (isMap(document.contents))
        known.set(`${text(["kind"])}/${text(["metadata", "namespace"])}/${text(["metadata", "name"])}`, {
          path,
          documents,
          document,
        });
    }
  }
  return known;
}

/** Sets every leaf of `spec`; a list is one leaf. What names the person is never changed. */
function merge(document: Document, object: Record<string, unknown>): string[] {
  const rows: string[] = [];
  const set = (place: string[], value: unknown) => {
    if (value !== null && typeof value === "object" && !Array.isArray(value)) {
      for (const [key, each] of Object.entries(value)) set([...place, key], each);
      return;
    }
    const node = document.getIn(place);
    const before =
      node !== null && typeof node === "object" && "toJSON" in node ? (node as { toJSON(): unknown }).toJSON() : node;
    if (JSON.stringify(before) === JSON.stringify(value)) return;
    document.setIn(place, Array.isArray(value) ? document.createNode(value, { flow: true }) : value);
    rows.push(`${place.join(".")}: ${before === undefined ? "(none)" : shown(before)} → ${shown(value)}`);
  };
  for (const [key, value] of Object.entries((object.spec ?? {}) as object))
    if (key !== "entraUser" && key !== "personaRef") set(["spec", key], value);
  return rows;
}

const shown = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
