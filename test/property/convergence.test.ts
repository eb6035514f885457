/**
 * Random faults over random edits, in simulated time. `PROPERTY_RUNS` says how many scenarios, `PROPERTY_SEED` and the
 * `PROPERTY_PATH` that a failure prints replay one. `PROPERTY_SURVEY=DIR` shrinks nothing and goes on after a failure: a line for
 * each, and its scenario and trace in DIR. `PROPERTY_LOG=debug` puts the controller's log into the trace.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "@jest/globals";
import fc from "fast-check";
import { type Scenario, scenario } from "./scenario.ts";
import { simulate, type Trace } from "./simulate.ts";

const runs = Number(process.env.PROPERTY_RUNS ?? 20);
/** The same scenarios every time, so that a red run means a change; `PROPERTY_SEED=$RANDOM` looks for new ones. */
const seed = Number(process.env.PROPERTY_SEED ?? 1);
const path = process.env.PROPERTY_PATH ?? "";
const survey = process.env.PROPERTY_SURVEY;
const MINUTE_MS = 60_000;
/** Shrinking stops then, with the smallest failure so far. */
const SHRINK_MS = 10 * MINUTE_MS;

test(
  `observed equals desired after any faults and edits (PROPERTY_SEED=${seed} PROPERTY_RUNS=${runs})`,
  async () => {
    if (survey) return lookAtAll(survey);
    const property = fc.asyncProperty(scenario, (one) => simulate(one));
    const interruptAfterTimeLimit = SHRINK_MS + (runs * MINUTE_MS) / 4;
    const result = await fc.check(property, { seed, path, numRuns: runs, interruptAfterTimeLimit });
    if (!result.failed) return;
    const example = result.counterexample![0];
    const trace: Trace = { lines: [] };
    const again = await simulate(example, trace).then(
      () => "passed: something outside of the seed had a part in it",
      String,
    );
    throw new Error(
      [
        `replay: PROPERTY_SEED=${seed} PROPERTY_PATH=${result.counterexamplePath} npm test -- test/property`,
        (result.errorInstance as Error).message,
        describe(example),
        ...trace.lines.slice(-200),
        `once more: ${again}`,
      ].join("\n"),
    );
  },
  SHRINK_MS + runs * MINUTE_MS,
);

async function lookAtAll(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  let failed = 0;
  for (const [index, one] of fc.sample(scenario, { seed, path, numRuns: runs }).entries()) {
    const trace: Trace = { lines: [] };
    await simulate(one, trace).catch(({ message }: Error) => {
      failed++;
      process.stderr.write(`PROPERTY_SEED=${seed} PROPERTY_PATH=${path || index}: ${message}\n`);
      writeFileSync(
        join(folder, `${seed}-${path || index}.txt`),
        [message, describe(one), ...trace.lines, ""].join("\n"),
      );
    });
  }
  if (failed > 0) throw new Error(`${failed} of ${runs} failed`);
}

function describe({ steps, ...rest }: Scenario): string {
  return [JSON.stringify(rest), ...steps.map((step) => `  ${JSON.stringify(step)}`)].join("\n");
}
