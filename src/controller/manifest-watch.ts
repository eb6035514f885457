/**
 * Follows manifests: what changed is applied, what is gone is deleted as its deletionPolicy says. Looks at the files instead of waiting for
 * the file system's word, which editors that replace a file, mounted ConfigMaps and network drives do not give.
 */
import { statSync } from "node:fs";
import { SET_LABEL } from "../api/resources.ts";
import { formatProblem, keyOf, manifestFiles, readManifests } from "../manifests/read.ts";
import type { FolderStore } from "../runtime/folder-store.ts";
import type { KubeObject } from "../runtime/port.ts";

const LOOK_MS = 1_000;

export function followFolder(path: string, namespace: string | undefined, store: FolderStore): { close(): void } {
  let known = signature(path);
  let pending = known;
  const timer = setInterval(() => {
    try {
      const now = signature(path);
      // Only once two looks agree: an editor or a checkout may be half-way.
      if (now !== known && now === pending) {
        known = now;
        applyChanges(path, namespace, store);
      }
      pending = now;
    } catch (error) {
      process.stderr.write(`connect-sso: ${path} cannot be read: ${(error as Error).message}\n`);
    }
  }, LOOK_MS);
  return { close: () => clearInterval(timer) };
}

function signature(path: string): string {
  return manifestFiles(path)
    .map((file) => {
      const { mtimeMs, size, ino } = statSync(file);
      return `${file} ${mtimeMs} ${size} ${ino}`;
    })
    .join("\n");
}

function applyChanges(path: string, namespace: string | undefined, store: FolderStore): void {
  const { objects, problems } = readManifests(path, namespace);
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  for (const object of objects) store.apply(object as Parameters<typeof store.apply>[0]);
  // A document that cannot be read is not one that was removed.
  if (problems.length > 0) return;
  const declared = new Set(objects.map(keyOf));
  // What a set made is not in any file.
  for (const kind of store.kinds())
    for (const object of store.list<KubeObject>(kind))
      if (!declared.has(keyOf(object)) && object.metadata.labels?.[SET_LABEL] === undefined)
        store.delete({ kind, namespace: object.metadata.namespace, name: object.metadata.name });
}
