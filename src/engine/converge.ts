/** Observe, plan, apply over all components: each as soon as its needs are ready, independent ones side by side. */
import { counted } from "../domain/text.ts";
import { ReconcileError } from "../runtime/errors.ts";
import { type Change, DONE, gravest, isDrift, isRotation } from "./change.ts";
import { type Component, type Components, concernOf, type Scope, type Step, type Steps } from "./component.ts";
import { type Failure, failureOf, isStalled } from "./errors.ts";
import {
  begun,
  Comparison,
  causeOf,
  causeOfPresence,
  copyOf,
  type Entries,
  found,
  isFound,
  type Judgement,
  type LastApplied,
  noteApplied,
  settled,
} from "./ledger.ts";

/** How a component is at the end of a pass. */
export type Outcome =
  | { state: "ready"; message: string; reason?: string }
  /** Differs, and is left alone: driftPolicy is Report, or this is a plan. */
  | { state: "held"; message: string }
  | { state: "waiting"; on: string }
  /** `observed`: it was read before it failed. */
  | { state: "failed"; failure: Failure; observed: boolean }
  | { state: "absent" };

export interface Pass<N extends string = string> {
  outcomes: Map<N, Outcome>;
  /** Everything found to be done, in the order of discovery, with what became of it. */
  changes: Change<N>[];
  /** Components that were compared, whatever came of it. */
  read: Set<N>;
  /** `status.lastApplied` after this pass. */
  ledger: LastApplied;
}

interface ConvergeOptions {
  mode: "apply" | "plan";
  /** `status.lastApplied`; undefined: nothing is known of what was applied before. */
  ledger: LastApplied | undefined;
  /** Error reasons that say that an object is not, or no longer, ours. */
  disputed: readonly string[];
  /** Writes the ledger before the first create, so that a process that dies halfway leaves word of it. */
  persist?(ledger: LastApplied): Promise<void>;
  /** Milliseconds until a write that is not readable yet is looked for again. */
  unreadableAgainMs(): number;
}

/** Looks and repairs of one component in one pass; enough for tag, settings and content of a new object. */
const ROUNDS = 4;
const NOT_READABLE = "WaitingForReplication";

export async function converge<S extends Scope<Seen>, Seen, X>(
  scope: S,
  components: Components<S, Seen, X>,
  options: ConvergeOptions,
): Promise<Pass<keyof Seen & string>> {
  return new Convergence(scope, components, options).run();
}

class Convergence<S extends Scope<Seen>, Seen, X, N extends keyof Seen & string = keyof Seen & string> {
  readonly #pass: Pass<N>;
  readonly #names: N[];
  readonly #scope: S;
  readonly #components: Components<S, Seen, X>;
  readonly #options: ConvergeOptions;
  readonly #reported = new Set<string>();
  #hasHistory: boolean;

  constructor(scope: S, components: Components<S, Seen, X>, options: ConvergeOptions) {
    this.#scope = scope;
    this.#components = components;
    this.#options = options;
    this.#hasHistory = options.ledger !== undefined;
    this.#names = Object.keys(components) as N[];
    this.#pass = { outcomes: new Map(), changes: [], read: new Set(), ledger: copyOf(options.ledger ?? {}) };
  }

  async run(): Promise<Pass<N>> {
    const { outcomes } = this.#pass;
    for (const name of this.#names)
      if (!this.#of(name).applies(this.#scope)) {
        outcomes.set(name, { state: "absent" });
        delete this.#pass.ledger[name];
      }
    for (;;) {
      const open = this.#names.filter((name) => !outcomes.has(name));
      const ready = open.filter((name) => this.#of(name).needs.every((need) => this.#serves(outcomes.get(need as N))));
      if (ready.length === 0) {
        await this.#lookBehind(open);
        return this.#pass;
      }
      await Promise.all(ready.map(async (name) => outcomes.set(name, await this.#settle(name))));
    }
  }

  #of(name: N): Component<S, Seen, N, X> {
    return this.#components[name] as unknown as Component<S, Seen, N, X>;
  }

  #serves(outcome: Outcome | undefined): boolean {
    return this.#options.mode === "plan" ? outcome !== undefined : isSettled(outcome);
  }

  async #settle(name: N): Promise<Outcome> {
    const component = this.#of(name);
    const done = new Set<string>();
    let observed = false;
    try {
      for (let round = 0; ; round++) {
        const { seen, steps, problem, compare } = await this.#look(name, () => {
          observed = true;
        });
        if (steps.length === 0) {
          if (problem) throw problem;
          this.#pass.ledger[name] = settled(this.#pass.ledger[name], compare.rows);
          const reason = component.reason?.(this.#scope, seen);
          return { state: "ready", message: component.describe(this.#scope, seen), ...(reason ? { reason } : {}) };
        }
        const planned = this.#planned(name, steps);
        const barred = steps.find((step) => step.barred)?.barred;
        if (barred) {
          this.#bar(planned.flatMap(({ parts }) => parts));
          throw barred;
        }
        if (this.#options.mode === "plan") {
          this.#report(planned.flatMap(({ parts }) => parts));
          return { state: "held", message: "to be changed" };
        }
        if ((await this.#applyAll(name, planned, compare, done, round)) > 0) continue;
        this.#pass.ledger[name] = settled(this.#pass.ledger[name], compare.rows);
        if (problem) throw problem;
        const held = planned.flatMap(({ parts }) => parts).filter(({ change }) => change.fate === "held");
        if (held.length > 0) return { state: "held", message: heldMessage(held) };
        return { state: "ready", message: component.describe(this.#scope, seen), reason: planned[0]!.step.reason! };
      }
    } catch (error) {
      return { state: "failed", failure: failureOf(error), observed };
    }
  }

  async #look(name: N, onSeen: () => void) {
    const component = this.#of(name);
    const seen = await component.observe(this.#scope);
    this.#scope.seen[name] = seen;
    this.#pass.read.add(name);
    onSeen();
    const compare = new Comparison(this.#pass.ledger[name]);
    const planned = component.plan(this.#scope, seen, compare);
    const { steps, problem }: Steps = Array.isArray(planned) ? { steps: planned } : planned;
    return { seen, steps, problem, compare };
  }

  /** How many steps were carried out. Stops at the first that fails; the ones behind it stay pending. */
  async #applyAll(name: N, planned: Planned[], compare: Comparison, done: Set<string>, round: number): Promise<number> {
    // A step that was carried out and comes again is not readable yet, so it is not reported again.
    const keyOf = ({ verb, object, why }: Step) => `${verb} ${object} ${why}`;
    const fresh = planned.filter(({ step }) => !done.has(keyOf(step)) && round < ROUNDS);
    this.#report(fresh.flatMap(({ parts }) => parts));
    let applied = 0;
    for (const { step, parts } of planned) {
      const wanted = this.#wanted(step, parts);
      for (const part of parts) if (!wanted.includes(part)) part.change.fate = "held";
      if (wanted.length === 0) continue;
      const isHidden = done.has(keyOf(step)) || round >= ROUNDS;
      // What a rotation replaces works until the clouds show its last step.
      if (isHidden && isRotation(step)) continue;
      if (isHidden)
        throw new ReconcileError(
          "waiting",
          NOT_READABLE,
          `${step.object} was ${DONE[step.verb].toLowerCase()}; waiting until the change is visible`,
          {
            retryAfterMs: this.#options.unreadableAgainMs(),
          },
        );
      done.add(keyOf(step));
      await this.#applyOne(name, step, wanted, compare);
      applied++;
    }
    return applied;
  }

  async #applyOne(name: N, step: Step, parts: Part[], compare: Comparison): Promise<void> {
    const differences = parts.flatMap(({ change }) => change.differences);
    this.#scope.signal?.throwIfAborted();
    try {
      const entries = await this.#begin(name, step, compare);
      const result = await step.apply(new Set(differences.map(({ path }) => path)));
      noteApplied(entries, differences);
      for (const { change } of parts) change.fate = result === "refused" ? "failed" : "applied";
    } catch (error) {
      const { kind } = failureOf(error);
      // A step that finds that it has to wait has done nothing yet.
      if (kind !== "waiting") for (const { change } of parts) change.fate = "failed";
      throw error;
    }
  }

  /** Entries of the component. Before the first object of all is created they are in the status: the history begins with it. */
  async #begin(name: N, { verb }: Step, compare: Comparison): Promise<Entries> {
    const { ledger } = this.#pass;
    const entries = this.#entriesOf(name) ?? (verb === "create" ? begun() : settled(undefined, compare.rows));
    ledger[name] = entries;
    if (verb === "create" && !this.#hasHistory) {
      await this.#options.persist?.(ledger);
      this.#hasHistory = true;
    }
    return entries;
  }

  /** Under `driftPolicy: Report` only what somebody declared, or what is due. */
  #wanted(step: Step, parts: Part[]): Part[] {
    if (this.#scope.driftPolicy === "Correct") return parts;
    const due = parts.filter(({ change, isNew }) => isNew || change.cause === "maintenance");
    return step.divisible || due.length === 0 ? due : parts;
  }

  #planned(name: N, steps: Step[]): Planned[] {
    if (this.#entriesOf(name) === undefined && steps.some(({ verb }) => verb === "adopt")) this.#noteTakeOver(name);
    const isTakenOver = isFound(this.#pass.ledger[name]);
    const isCreated = this.#pass.ledger[name] === undefined && steps.some(({ verb }) => verb === "create");
    const knownHistory = isCreated || (this.#options.ledger !== undefined && !isTakenOver);
    return steps.map((step) => ({ step, parts: this.#partsOf(name, step, knownHistory) }));
  }

  /** What was applied to the component; undefined where nothing was. */
  #entriesOf(name: N): Entries | undefined {
    const entries = this.#pass.ledger[name];
    return isFound(entries) ? undefined : entries;
  }

  /** With an object its parts are taken over: what they differ in may be anybody's, in later passes too. */
  #noteTakeOver(taken: N): void {
    const { ledger, outcomes } = this.#pass;
    for (const name of this.#names)
      if ((name === taken || this.#of(name).partOf === taken) && outcomes.get(name)?.state !== "absent")
        ledger[name] ??= found();
  }

  /** One change for each cause: a step may repair one field and apply another one. */
  #partsOf(name: N, step: Step, knownHistory: boolean): Part[] {
    const { verb, object, why, settings, wait, reason } = step;
    const component = this.#of(name);
    const change = (differences: Step["differences"], { cause, isNew }: Judgement): Part => ({
      isNew,
      change: {
        component: name,
        cloud: component.cloud,
        verb,
        object,
        why,
        differences,
        ...(settings ? { settings } : {}),
        ...(wait ? { wait } : {}),
        ...(reason ? { reason } : {}),
        cause,
        fate: "pending",
        concern: gravest(differences.map(({ path }) => concernOf(component, path))),
      },
    });
    const entries = this.#entriesOf(name);
    if (step.maintenance) return [change(step.differences, { cause: "maintenance", isNew: true })];
    if (step.cause) return [change(step.differences, { cause: step.cause, isNew: step.cause !== "drift" })];
    // What an object that was taken over lacks is a difference of it.
    if (verb === "create" && component.partOf && isFound(this.#pass.ledger[name]))
      return [change(step.differences, { cause: "unknown", isNew: false })];
    if ((verb === "adopt" || verb === "create") && !entries)
      return [change(step.differences, { cause: "setup", isNew: true })];
    if (step.differences.length === 0) return [change([], causeOfPresence(entries, knownHistory, verb))];
    const judged = step.differences.map((one) => ({ one, judgement: causeOf(one, entries, knownHistory) }));
    const kinds = Map.groupBy(judged, ({ judgement }) => `${judgement.cause} ${judgement.isNew}`);
    return [...kinds.values()].map((group) =>
      change(
        group.map(({ one }) => one),
        group[0]!.judgement,
      ),
    );
  }

  /** Each once, however often a round finds it again. */
  #report(parts: Part[]): void {
    for (const { change } of parts) {
      const { component, verb, object, why, differences } = change;
      const key = JSON.stringify([component, verb, object, why, differences.map(({ path }) => path)]);
      if (this.#reported.has(key)) continue;
      this.#reported.add(key);
      this.#pass.changes.push(change as Change<N>);
    }
  }

  /** What the object, no longer ours, shows of another writer's changes. Correcting them would be the first write to a foreign object. */
  #bar(parts: Part[]): void {
    for (const { change } of parts) {
      // The tag is gone, so the proof is what was applied: everything that differs from it is somebody's doing.
      if (change.cause === "setup" || change.cause === "declared") continue;
      change.fate = "barred";
      this.#report([{ change, isNew: false }]);
    }
  }

  /**
   * What waits for another component. Behind one that was read and refused it is still compared, in order, so that no change hides
   * behind a lost owner tag or a refusal; what is found is shown and left.
   */
  async #lookBehind(open: N[]): Promise<void> {
    const { outcomes } = this.#pass;
    const behind = new Set<N>();
    for (const name of open) {
      const needs = this.#of(name).needs as N[];
      const unmet = needs.filter((need) => !isSettled(outcomes.get(need)));
      if (this.#options.mode === "apply" && unmet.every((need) => behind.has(need) || this.#isRefused(need))) {
        behind.add(name);
        await this.#compareOnly(name, unmet);
      }
      outcomes.set(name, { state: "waiting", on: unmet[0]! });
    }
  }

  async #compareOnly(name: N, unmet: N[]): Promise<void> {
    try {
      const { steps } = await this.#look(name, () => {});
      const parts = this.#planned(name, steps).flatMap((one) => one.parts.filter(({ change }) => isDrift(change)));
      const fate = unmet.some((need) => this.#isDisputed(need)) ? "barred" : "pending";
      for (const { change } of parts) change.fate = fate;
      this.#report(parts);
    } catch {
      // The component that it waits for says what keeps it from being read.
      this.#pass.read.delete(name);
    }
  }

  #isRefused(name: N): boolean {
    const outcome = this.#pass.outcomes.get(name);
    return outcome?.state === "failed" && outcome.observed && isStalled(outcome.failure);
  }

  #isDisputed(name: N): boolean {
    const outcome = this.#pass.outcomes.get(name);
    if (outcome?.state === "waiting") return this.#isDisputed(outcome.on as N);
    return outcome?.state === "failed" && this.#options.disputed.includes(outcome.failure.reason);
  }
}

interface Part {
  change: Change;
  isNew: boolean;
}
interface Planned {
  step: Step;
  parts: Part[];
}

function isSettled(outcome: Outcome | undefined): boolean {
  return outcome?.state === "ready" || outcome?.state === "held" || outcome?.state === "absent";
}

function heldMessage(parts: Part[]): string {
  const paths = parts.flatMap(({ change }) =>
    change.differences.length > 0 ? change.differences.map(({ path }) => path) : [change.object],
  );
  return `${counted(paths.length, "difference")} found, not corrected (driftPolicy: Report): ${paths.slice(0, 5).join(", ")}`;
}
