/** A component: one thing in a cloud that is observed, compared, set up and removed. It owns one condition. */
import type { Difference, Setting } from "../domain/difference.ts";
import type { Cause, Concern, Verb } from "./change.ts";
import type { Comparison } from "./ledger.ts";

/** One change and how it is made. Building a step writes nothing; only the apply phase calls `apply`. */
export interface Step {
  verb: Verb;
  object: string;
  /** Why it is needed, one clause. */
  why: string;
  differences: Difference[];
  settings?: Setting[];
  wait?: string;
  /** Due by the calendar or by request: never drift, never held back by `driftPolicy: Report`. */
  maintenance?: boolean;
  /** Where it comes from, when the component knows that without the ledger. */
  cause?: Cause;
  /** Reason of the event, where the step knows a better one than its cause gives. */
  reason?: string;
  /** Why it is shown and not made: the object was ours, and somebody took the owner tag away. */
  barred?: Error;
  /** Fields can be written one by one: `apply` gets the paths that are to be written, all of them or some. */
  divisible?: boolean;
  /** "refused": it was refused, which the step has said itself, is not tried again, and stops nothing else. */
  apply(paths: ReadonlySet<string>): Promise<unknown>;
}

/** The step that writes these differences, an update if `verb` does not say otherwise; none where nothing differs. */
export function update(differences: Difference[], step: Omit<Step, "verb" | "differences"> & { verb?: Verb }): Step[] {
  return differences.length === 0 ? [] : [{ verb: "update", differences, ...step }];
}

/** Steps, and a refusal that holds after they are done: what is no longer allowed is taken away before it is refused. */
export interface Steps {
  steps: Step[];
  problem?: Error;
}

/** Ours, and kept: something outside the resource depends on it. One sentence that names both. */
export interface Kept {
  kept: string;
}

/** What the engine needs of a scope; a kind adds its own. */
export interface Scope<Seen> {
  /** What the components saw in this pass, by component. Written by the engine alone. */
  readonly seen: Partial<Seen>;
  readonly driftPolicy: "Correct" | "Report";
  readonly signal: AbortSignal | undefined;
}

/**
 * Guarantees of a component: `observe` reads only; `plan` is pure; every write is a step's `apply`; a second pass after a good one has no
 * steps; `remove` ends without an error when nothing is left, and touches only what carries our owner tag.
 * Assumptions: `observe` may run before its needs exist (a plan for what is still to be made), and several times in a pass.
 * Errors: everything may throw an error with a kind (errors.ts); any other error counts as transient.
 */
export interface Component<S extends Scope<Seen>, Seen, N extends keyof Seen, X = S> {
  /** Condition type that it owns, alone or with others. */
  condition: string;
  /** Where it lives; a label. */
  cloud: string;
  /** Components that must be ready first, and that are removed later. */
  needs: readonly (keyof Seen & string)[];
  /** Which differences touch trust or permissions; the others are settings. */
  concerns: Partial<Record<Exclude<Concern, "settings">, RegExp>>;
  /** The component whose object this one is a part of: with that object it is taken over, and has no owner tag of its own. */
  partOf?: keyof Seen & string;
  /** True: other resources have the same object, so a plan shows it once. */
  shared: boolean;
  /** True: a sign-in depends on it, so a diagnosis observes it. */
  servesLogin: boolean;
  /** True: its condition says whether it can be read, so while it cannot, that is False and not unknown. */
  mustBeRead?: boolean;
  /** False: nothing of it is wanted and nothing can be left over; its condition says NotApplicable. */
  applies(scope: S): boolean;
  observe(scope: S): Promise<Seen[N]>;
  /** Throws where the component must not be touched (terminal, conflict) or is not there yet (waiting). */
  plan(scope: S, seen: Seen[N], compare: Comparison): Step[] | Steps;
  /** Reason of the True condition when it is not simply up to date. */
  reason?(scope: S, seen: Seen[N]): string | undefined;
  /** One line for the condition once nothing is left to do. */
  describe(scope: S, seen: Seen[N]): string;
  /** Removes what is ours. False: it was not there, and may not be readable yet. */
  remove(scope: X): Promise<boolean | Kept>;
}

/** All components of a kind, in the order in which a person reads them. Leaving one out does not compile. */
export type Components<S extends Scope<Seen>, Seen, X = S> = {
  readonly [N in keyof Seen & string]-?: Component<S, Seen, N, X>;
};

export function concernOf({ concerns }: Pick<Component<never, never, never>, "concerns">, path: string): Concern {
  if (concerns.trust?.test(path)) return "trust";
  return concerns.permissions?.test(path) ? "permissions" : "settings";
}

/** Concerns that the differences of a component can have. */
export function concernsOf({ concerns }: Pick<Component<never, never, never>, "concerns">): Concern[] {
  return [...(Object.keys(concerns) as Concern[]), "settings"];
}

/** Names in an order in which each comes before what it needs: the order of removal. */
export function removalOrder(components: Record<string, { needs: readonly string[] }>): string[] {
  const order: string[] = [];
  const visit = (name: string) => {
    if (order.includes(name)) return;
    for (const [other, { needs }] of Object.entries(components)) if (needs.includes(name)) visit(other);
    order.push(name);
  };
  for (const name of Object.keys(components).reverse()) visit(name);
  return order;
}
