/** Until everything is as declared, once faults and edits have stopped. */
import type { Scene } from "../scene.ts";
import type { Declared } from "./declared.ts";

/** Back-off, breakers, half-open watches (90 s until they count as dead) and a Lease that must run out: all of them may come together. */
const PATIENCE_MS = 240_000;
/** Entra takes minutes to show an application whose creation nobody answered; only the sandbox's clock waits for it. */
const MINUTE_MS = 60_000;

export async function settle(scene: Scene, declared: Declared): Promise<void> {
  await declared.applyAll(scene);
  const time = setInterval(() => scene.sandbox.clock.advance(MINUTE_MS), 2_000);
  try {
    await scene.until(`${declared.size} objects Ready`, scene.allReady(declared.size), PATIENCE_MS);
  } finally {
    clearInterval(time);
  }
}
