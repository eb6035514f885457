/** What a command that works a set out once needs. */
import type { Clouds } from "../providers/clouds.ts";
import { SetRegistry } from "../set/registry.ts";
import type { SetDeps } from "../set/scope.ts";
import type { Declared } from "./declared-objects.ts";

const POLL_MS = 15_000;

export function setDeps({ store }: Pick<Declared, "store">, clouds: Clouds): SetDeps {
  return {
    store,
    clouds,
    pollIntervalMs: POLL_MS,
    directoryIntervalMs: POLL_MS,
    now: () => Date.now(),
    sets: new SetRegistry(),
  };
}
