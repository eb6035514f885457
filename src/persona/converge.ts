/** Observe, plan, apply over all components: each as soon as its needs have converged, independent ones side by side. */
import { REASON } from "../api/reasons.ts";
import type { Change } from "../domain/plan.ts";
import { waitFor } from "../providers/verdicts.ts";
import { findCondition } from "../runtime/conditions.ts";
import type { Component, ComponentName, Step } from "./component.ts";
import type { PersonaScope } from "./scope.ts";

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
}

/** Looks and repairs of one component in one pass; enough for tag, settings and content of a new object. */
const ROUNDS = 4;

export async function converge(scope: PersonaScope, components: Component[], mode: "apply" | "plan"): Promise<Pass> {
  const pass: Pass = { outcomes: new Map(), changes: [], corrected: [] };
  for (const one of components) if (!one.applies(scope)) pass.outcomes.set(one.name, { state: "absent" });
  for (;;) {
    const open = components.filter(({ name }) => !pass.outcomes.has(name));
    const ready = open.filter(({ needs }) =>
      needs.every((name) => (mode === "plan" ? pass.outcomes.has(name) : isSettled(pass.outcomes.get(name)))),
    );
    if (ready.length === 0) {
      for (const { name, needs } of open)
        pass.outcomes.set(name, { state: "waiting", on: needs.find((need) => !isSettled(pass.outcomes.get(need)))! });
      if (![...pass.outcomes.values()].some(({ state }) => state === "failed")) delete scope.memory.unread;
      return pass;
    }
    await Promise.all(
      ready.map(async (component) => pass.outcomes.set(component.name, await settle(scope, component, mode, pass))),
    );
  }
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
      (scope.seen as Record<string, unknown>)[component.name] = seen;
      const steps = component.plan(scope, seen);
      if (steps.length === 0)
        return {
          state: "ready",
          message: component.describe(scope, seen),
          reason: component.reason?.(scope, seen),
        };
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
          throw waitFor(
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
  const drift = !step.maintenance && hadConverged(scope, component);
  return { component: component.name, cloud: component.cloud, verb, object, why, differences, settings, wait, drift };
}

/** The component was True for this very spec, or its drift is already on show; Unknown means True before and unreadable since. */
function hadConverged(scope: PersonaScope, component: Component): boolean {
  const { status, metadata } = scope.object;
  if (status?.observedGeneration !== metadata.generation) return false;
  const condition = findCondition(status?.conditions, component.condition);
  return (
    condition?.status === "True" ||
    (condition?.status === "Unknown" && condition.reason !== REASON.Pending) ||
    (status?.drift ?? []).some((row) => row.component === component.name)
  );
}
