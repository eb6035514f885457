/** Follows a folder of manifests: what changed is applied, what is gone is deleted as its deletionPolicy says. */
import { watch } from "node:fs";
import { formatProblem, keyOf, readManifests } from "../manifests/read.ts";
import type { FolderStore } from "../runtime/folder-store.ts";
import type { KubeObject } from "../runtime/port.ts";

/** Editors write a file in several steps. */
const SETTLE_MS = 300;

export function followFolder(path: string, store: FolderStore): { close(): void } {
  let timer: NodeJS.Timeout | undefined;
  const read = () => {
    const { objects, problems } = readManifests(path);
    for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
    for (const object of objects) store.apply(object as Parameters<typeof store.apply>[0]);
    // A document that cannot be read is not one that was removed.
    if (problems.length > 0) return;
    const declared = new Set(objects.map(keyOf));
    for (const kind of store.kinds())
      for (const object of store.list<KubeObject>(kind))
        if (!declared.has(keyOf(object)))
          store.delete({ kind, namespace: object.metadata.namespace, name: object.metadata.name });
  };
  const watcher = watch(path, { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      try {
        read();
      } catch (error) {
        process.stderr.write(`connect-sso: ${path} cannot be read: ${(error as Error).message}\n`);
      }
    }, SETTLE_MS);
  });
  return {
    close() {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
