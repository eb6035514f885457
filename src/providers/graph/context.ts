/** What the files of one tenant share. Writes of one application or service principal go one after the other: Graph loses updates otherwise. */
import { CloudError } from "../errors.ts";
import type { GraphClient, GraphRequest } from "./client.ts";

export type Json = Record<string, unknown>;

export interface TenantContext {
  client: GraphClient;
  /** Runs after everything that was given the same key before. */
  inTurn<T>(key: string, run: () => Promise<T>): Promise<T>;
  /** A write in turn with the others of its object (the first two segments of the path). */
  write(request: GraphRequest): Promise<Json | undefined>;
}

export function createContext(client: GraphClient): TenantContext {
  const locks = new Map<string, Promise<unknown>>();
  const inTurn = async <T>(key: string, run: () => Promise<T>): Promise<T> => {
    const before = locks.get(key) ?? Promise.resolve();
    const mine = before.then(run, run);
    const settled = mine.catch(() => undefined);
    locks.set(key, settled);
    try {
      return await mine;
    } finally {
      if (locks.get(key) === settled) locks.delete(key);
    }
  };
  const write = (request: GraphRequest) =>
    inTurn(request.path.split("/").slice(0, 3).join("/"), () => client.send<Json>(request));
  return { client, inTurn, write };
}

/** What is not there any more is done. */
export async function gone(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof CloudError && (error.status === 404 || error.reason === "ReferenceAbsent"))) throw error;
  }
}

/** What is there already is done. */
export async function present(run: () => Promise<unknown>): Promise<void> {
  try {
    await run();
  } catch (error) {
    if (!(error instanceof CloudError && error.reason === "ReferenceExists")) throw error;
  }
}
