/**
 * Open facts: what the real services do is neither documented nor recorded, so that a world says which answer holds
 * (`behaviour.open`). The first value of each is the default.
 */
import { AWS_FACTS } from "./open-aws.ts";
import { GRAPH_FACTS } from "./open-graph.ts";

export interface OpenFact {
  values: readonly [string, ...string[]];
  /** What is open, and what each value means. */
  fact: string;
  /** Why it is open: the page or report that leaves it so. */
  source: string;
}

export const OPEN_FACTS = { ...AWS_FACTS, ...GRAPH_FACTS };

export type Open = { [Name in keyof typeof OPEN_FACTS]: (typeof OPEN_FACTS)[Name]["values"][number] };

export function openDefaults(): Open {
  return Object.fromEntries(Object.entries(OPEN_FACTS).map(([name, { values }]) => [name, values[0]])) as Open;
}
