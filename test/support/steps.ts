/** Steps of one component, without a cloud. */
import type { Step, Steps } from "../../src/engine/component.ts";
import { Comparison, type Entries } from "../../src/engine/ledger.ts";

interface Plans<S, O> {
  plan(scope: S, seen: O, compare: Comparison): Step[] | Steps;
}

/** `entries`: what was applied last, of this component. */
export function stepsOf<S, O>(component: Plans<S, O>, scope: S, seen: O, entries?: Entries): Step[] {
  const planned = component.plan(scope, seen, new Comparison(entries));
  return Array.isArray(planned) ? planned : planned.steps;
}
