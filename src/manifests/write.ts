/** Manifests as YAML for people: key order as written, comments above each document, lists of names on one line. */
import { join } from "node:path";
import { Document, isMap, isScalar, isSeq, visit } from "yaml";
import { yamlComment } from "../domain/text.ts";
import { safeYaml } from "./safe-yaml.ts";
import { saveFiles } from "./save.ts";

export interface Written {
  object: { kind: string; metadata: { name: string; namespace?: string } };
  /** Lines above the document. */
  comments?: string[];
}

export function manifestYaml({ object, comments = [] }: Written): string {
  const document = new Document(object, { aliasDuplicateObjects: false });
  visit(document, {
    Seq(_, node) {
      node.flow = node.items.every((item) => isScalar(item) && String(item.value).length <= 40);
      return undefined;
    },
    Map(key, node) {
      // {name: agents} and the like read better on one line.
      const small = node.items.length === 1 && node.items.every(({ value }) => isScalar(value));
      if (key !== null && small && !isSeq(node.items[0]?.value) && !isMap(node.items[0]?.value)) node.flow = true;
      return undefined;
    },
  });
  const text = safeYaml(document, { lineWidth: 0, flowCollectionPadding: false });
  return `${comments.map((line) => `# ${yamlComment(line)}\n`).join("")}${text}`;
}

/** All documents as one stream. `head` are comment lines above everything. */
export function manifestStream(documents: Written[], head: string[] = []): string {
  return `${head.map((line) => `# ${yamlComment(line)}\n`).join("")}${documents.map((one) => `---\n${manifestYaml(one)}`).join("")}`;
}

/**
 * One file per object, `<namespace>/<kind>-<name>.yaml` below `folder`; returns the paths. Files that exist are overwritten; when one
 * cannot be written, none is.
 */
export function writeManifests(folder: string, documents: Written[]): string[] {
  const files = documents.map((one) => {
    const { kind, metadata } = one.object;
    const path = join(folder, metadata.namespace ?? "", `${kind.toLowerCase()}-${metadata.name}.yaml`);
    return { path, text: manifestYaml(one) };
  });
  saveFiles(files);
  return files.map(({ path }) => path);
}
