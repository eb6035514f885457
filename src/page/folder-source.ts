/** The page over a folder of manifests: no controller writes a status for them, so the clouds are read. */
import { type ConnectSsoPersona, type ConnectUser, type ConnectUserSet, PERSONA, SET, USER } from "../api/resources.ts";
import type { FolderStore } from "../runtime/folder-store.ts";
import type { Objects, PlannedStep, Source } from "./source.ts";

/** What was read is read again at the first visit after this time, milliseconds. */
const FRESH_MS = 30_000;

interface Looked {
  store: FolderStore;
  planned: PlannedStep[];
}

interface FolderSourceOptions {
  place: string;
  /** Reads the manifests, and what the clouds say of them. */
  look(): Promise<Looked>;
  explain(user: ConnectUser, objects: Objects): ReturnType<NonNullable<Source["explain"]>>;
  close(): Promise<void>;
}

export async function openFolder({ place, look, explain, close }: FolderSourceOptions): Promise<Source> {
  let seen = await look();
  let at = Date.now();
  let looking: Promise<void> | undefined;
  const again = async () => {
    seen = await look();
    at = Date.now();
  };
  const objects = async () => {
    if (Date.now() - at > FRESH_MS) {
      looking ??= again().finally(() => {
        looking = undefined;
      });
      await looking;
    }
    return objectsOf(seen.store);
  };
  return {
    place,
    objects,
    seenAt: () => at,
    explain: async (user) => explain(user, await objects()),
    planned: () => seen.planned,
    close,
  };
}

export function objectsOf(store: FolderStore): Objects {
  return {
    personas: store.list<ConnectSsoPersona>(PERSONA),
    users: store.list<ConnectUser>(USER),
    sets: store.kinds().includes(SET) ? store.list<ConnectUserSet>(SET) : [],
  };
}
