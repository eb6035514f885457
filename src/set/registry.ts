/** What all sets of one process share: a directory for each tenant, and who has which person. In memory: lost with the process, read again. */
import { Directory, type DirectoryPort } from "./directory.ts";

export class SetRegistry {
  readonly #directories = new WeakMap<DirectoryPort, Directory>();
  /** Object ids by `namespace/name` of the set. */
  readonly #claims = new Map<string, ReadonlySet<string>>();

  directoryOf(graph: DirectoryPort, now: () => number): Directory {
    let directory = this.#directories.get(graph);
    if (!directory) {
      directory = new Directory(graph, now);
      this.#directories.set(graph, directory);
    }
    return directory;
  }

  /** The people that a set has, or would have if no other had them. */
  claim(set: { namespace: string; name: string }, ids: Iterable<string>): void {
    this.#claims.set(`${set.namespace}/${set.name}`, new Set(ids));
  }

  release(set: { namespace: string; name: string }): void {
    this.#claims.delete(`${set.namespace}/${set.name}`);
  }

  /** Another set of the namespace that has this person. */
  other(set: { namespace: string; name: string }, id: string): string | undefined {
    for (const [key, ids] of this.#claims) {
      const [namespace, name] = key.split("/") as [string, string];
      if (namespace === set.namespace && name !== set.name && ids.has(id)) return name;
    }
    return undefined;
  }
}
