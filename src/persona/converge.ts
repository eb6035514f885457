/** Observe, plan, apply over all components: each as soon as its needs have converged, independent ones side by side. */
import { REASON } from "../api/reasons.ts";
import type { Change } from "../domain/plan.ts";
import { asCloudError, waitingError } from "../providers/verdicts.ts";
import type { Component, ComponentName, Step } from "./component.ts";
import { type PersonaScope, wasOurs } from "./scope.ts";

/** How a component stands at the end of a pass. */
export type Outcome =
  | { state: "ready"; message: string; reason?: string }
  | { state: "held"; message: string }
  | { state: "waiting"; on: ComponentName }
  | { state: "failed"; error: unknown; observed: boolean }
  | { state: "absent" };

export interface Pass {
  outcomes: Map<ComponentName, Outcome>;
  /** What was found to be done, in order; the same data as status, events and the `plan` command show. */
  changes: Change<ComponentName>[];
  corrected: { change: Change<ComponentName>; maintenance: boolean; security?: string }[];
  /** Of `changes`, drift that is left because the object, or one that it stands on, may not be touched any more. */
  barred: { change: Change<ComponentName>; security?: string }[];
  /** Components that were compared, whatever came of it. */
  read: Set<ComponentName>;
}

/** Looks and repairs of one component in one pass; enough for tag, settings and content of a new object. */
const ROUNDS = 4;

export async function converge(scope: PersonaScope, components: Component[], mode: "apply" | "plan"): Promise<Pass> {
  const pass: Pass = { outcomes: new Map(), changes: [], corrected: [], barred: [], read: new Set() };
  for (const one of components) if (!one.applies(scope)) pass.outcomes.set(one.name, { state: "absent" });
  for (;;) {
    const open = components.filter(({ name }) => !pass.outcomes.has(name));
    const ready = open.filter(({ needs }) =>
      needs.every((name) => (mode === "plan" ? pass.outcomes.has(name) : isSettled(pass.outcomes.get(name)))),
    );
    if (ready.length === 0) {
      await lookBehind(scope, open, pass, mode);
      if (![...pass.outcomes.values()].some(({ state }) => state === "failed")) delete scope.memory.unread;
      return pass;
    }
    await Promise.all(
      ready.map(async (component) => pass.outcomes.set(component.name, await settle(scope, component, mode, pass))),
    );
  }
}

/** What waits for another component. Behind one that may not be touched it is still compared, in order: see claimKnown. */
async function lookBehind(scope: PersonaScope, open: Component[], pass: Pass, mode: "apply" | "plan"): Promise<void> {
  const behind = new Set<ComponentName>();
  for (const component of open) {
    const { name, needs } = component;
    const isBarred = (need: ComponentName) => behind.has(need) || isDisputed(pass.outcomes.get(need));
    if (mode === "apply" && needs.every((need) => isSettled(pass.outcomes.get(need)) || isBarred(need))) {
      behind.add(name);
      await look(scope, component, pass);
    }
    pass.outcomes.set(name, { state: "waiting", on: needs.find((need) => !isSettled(pass.outcomes.get(need)))! });
  }
}

/** Drift of a component whose turn has not come; whatever keeps it from being read is told by what it waits for. */
async function look(scope: PersonaScope, component: Component, pass: Pass): Promise<void> {
  try {
    const seen = await component.observe(scope);
    (scope.seen as Record<string, unknown>)[component.name] = seen;
    bar(scope, component, component.plan(scope, seen), pass);
    pass.read.add(component.name);
  } catch {}
}

function bar(scope: PersonaScope, component: Component, steps: Step[], pass: Pass): void {
  for (const step of steps) {
    const change = changeOf(scope, component, step);
    if (!change.drift) continue;
    pass.changes.push(change);
    pass.barred.push({ change, security: step.security });
  }
}

/** Known which object it is, and whose it is no more. */
function isDisputed(outcome: Outcome | undefined): boolean {
  if (outcome?.state !== "failed" || !outcome.observed) return false;
  const { reason } = asCloudError(outcome.error);
  return reason === REASON.NotOwned || reason === REASON.ForeignOwner;
}

function isSettled(outcome: Outcome | undefined): boolean {
  return outcome?.state === "ready" || outcome?.state === "held" || outcome?.state === "absent";
}

async function settle(scope: PersonaScope, component: Component, mode: "apply" | "plan", pass: Pass): Promise<Outcome> {
  const done = new Set<string>();
  let observed = false;
  try {
    for (let round = 0; ; round++) {
      const seen = await component.observe(scope);
      observed = true;
      pass.read.add(component.name);
      (scope.seen as Record<string, unknown>)[component.name] = seen;
      const steps = component.plan(scope, seen);
      if (steps.length === 0)
        return {
          state: "ready",
          message: component.describe(scope, seen),
          reason: component.reason?.(scope, seen),
        };
      const barred = steps.find((step) => step.barred)?.barred;
      if (barred) {
        if (mode === "apply") bar(scope, component, steps, pass);
        throw barred;
      }
      const changes = steps.map((step) => changeOf(scope, component, step));
      if (round === 0) pass.changes.push(...changes);
      if (mode === "plan") return { state: "held", message: "to be changed" };
      const report = scope.spec.driftPolicy === "Report";
      let applied = 0;
      for (const [index, step] of steps.entries()) {
        const change = changes[index]!;
        if (report && change.drift) continue;
        const key = `${step.verb} ${step.object} ${step.why}`;
        if (done.has(key) || round >= ROUNDS)
          throw waitingError(
            REASON.WaitingForReplication,
            `${step.object} was changed, but does not read so yet`,
            untilItReads(scope),
          );
        done.add(key);
        scope.call.signal?.throwIfAborted();
        await step.apply();
        applied++;
        const security = change.drift ? step.security : undefined;
        pass.corrected.push({ change, maintenance: step.maintenance === true, security });
      }
      if (applied === 0) return { state: "held", message: "differs from what is declared; driftPolicy is Report" };
    }
  } catch (error) {
    return { state: "failed", error, observed };
  }
}

/** Most writes read back within a second, some take minutes. */
function untilItReads({ memory }: PersonaScope): number {
  memory.unread = (memory.unread ?? 0) + 1;
  return Math.min(10_000, 500 * 2 ** memory.unread);
}

function changeOf(scope: PersonaScope, component: Component, step: Step): Change<ComponentName> {
  const { verb, object, why, differences, settings, wait } = step;
  const drift = !step.maintenance && (step.barred !== undefined || hadConverged(scope, component));
  return { component: component.name, cloud: component.cloud, verb, object, why, differences, settings, wait, drift };
}

/** Under this very spec; a difference from a changed one is no drift. */
function hadConverged(scope: PersonaScope, { name, condition }: Component): boolean {
  const { status, metadata } = scope.object;
  return status?.observedGeneration === metadata.generation && wasOurs(scope, name, condition);
}
