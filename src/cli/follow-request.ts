/** Follows one object until what was asked of it is done: its tree on a terminal, a line for each change elsewhere. */

import { terminalText } from "../domain/text.ts";
import { type Condition, findCondition, isTrue } from "../runtime/conditions.ts";
import type { Resource } from "./declared-objects.ts";
import { LiveProgress } from "./render/progress.ts";
import { hasColours, paint } from "./render/terminal.ts";
import { tree } from "./render/tree.ts";

interface Following {
  what: string;
  label: string;
  read(): Promise<Resource>;
  everyMs: number;
  timeoutMs: number;
  /** The request was taken up. */
  handled(one: Resource): boolean;
  /** Once it is: nothing is left to wait for. */
  ended(one: Resource): boolean;
  outcome(one: Resource): string;
  /** Said once when nothing answers. */
  idle?: string;
}

/** A controller takes a request up within seconds. */
const IDLE_MS = 20_000;
/** A state that was Stalled before the request says nothing about it; one that stays so does. */
const STALLED_MS = 15_000;

export async function follow(following: Following): Promise<number> {
  const { read, everyMs, timeoutMs, handled, ended, outcome, label, what, idle } = following;
  const colours = paint(hasColours(process.stderr));
  const progress = new LiveProgress();
  const started = Date.now();
  let warned = idle === undefined;
  let first: string | undefined;
  try {
    for (;;) {
      const one = await read();
      const conditions = one.status?.conditions as Condition[] | undefined;
      const answered = handled(one);
      first ??= JSON.stringify(one.status);
      const moved = answered || JSON.stringify(one.status) !== first;
      if (answered && ended(one)) {
        progress.end();
        process.stdout.write(`${paint().good("✔")} ${label}: ${terminalText(outcome(one))}\n`);
        return 0;
      }
      const waited = Date.now() - started;
      const stalled = findCondition(conditions, "Stalled");
      if (isTrue(conditions, "Stalled") && (answered || (moved && waited > STALLED_MS) || waited > IDLE_MS)) {
        progress.end();
        process.stderr.write(`connect-sso: ${label}: ${terminalText(`${stalled!.reason}: ${stalled!.message}`)}\n`);
        return 1;
      }
      if (!moved && !warned && waited > IDLE_MS) {
        warned = true;
        progress.note(idle!);
      }
      if (waited > timeoutMs) {
        progress.end();
        const why = findCondition(conditions, "Ready")?.message ?? "it was not looked at";
        process.stderr.write(
          `connect-sso: ${label}: ${what} has not ended within ${timeoutMs / 1000} s: ${terminalText(why)}\n`,
        );
        return 1;
      }
      progress.show(
        `${tree([one], colours)}\n${colours.dim(`${what}: ${stateOf(answered, conditions)}`)}`,
        `${label}: ${what}: ${stateOf(answered, conditions)}`,
      );
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  } finally {
    progress.end();
  }
}

function stateOf(answered: boolean, conditions: Condition[] | undefined): string {
  const ready = findCondition(conditions, "Ready");
  const moving = conditions?.find(({ reason }) => /Rotating$/.test(reason)) ?? ready;
  if (!answered && moving === ready && ready?.status === "True") return "asked for";
  return moving?.message ?? "asked for";
}
