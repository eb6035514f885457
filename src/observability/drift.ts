/** Drift as counters and as the time it was last found: a drift that is corrected within seconds falls between two scrapes of any gauge. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Concern } from "../engine/change.ts";
import { concernsOf } from "../engine/component.ts";
import type { Observer } from "../engine/report.ts";
import { COMPONENTS as PERSONA_COMPONENTS } from "../persona/components/index.ts";
import { COMPONENTS as USER_COMPONENTS } from "../user/components/index.ts";

/** Components of personas and users with the concerns that their differences can have. Closed: nothing else becomes a label. */
const seriesOf = (components: Record<string, Parameters<typeof concernsOf>[0]>) =>
  Object.fromEntries(Object.entries(components).map(([name, component]) => [name, concernsOf(component)]));
export const PERSONA_SERIES: Record<string, Concern[]> = seriesOf(PERSONA_COMPONENTS);
const SERIES: Record<string, Concern[]> = { ...PERSONA_SERIES, ...seriesOf(USER_COMPONENTS) };
const ACTIONS = ["corrected", "reported"] as const;

export interface PersonaKey {
  namespace: string;
  persona: string;
}

export function createDriftMetrics(registry: Registry) {
  const labelNames = ["namespace", "persona", "component", "concern"] as const;
  const total = new Counter({
    name: "connectsso_drift_total",
    help: "Changes made outside the controller, once each, of a persona and of its users, by action taken.",
    labelNames: [...labelNames, "action"],
    registers: [registry],
  });
  const last = new Gauge({
    name: "connectsso_drift_last_detected_timestamp_seconds",
    help: "When drift was last found; absent when this process has found none. Catches what is corrected between two scrapes.",
    labelNames: [...labelNames, "action"],
    registers: [registry],
  });
  /** Personas that have series. */
  const known = new Map<string, PersonaKey>();

  function each(key: PersonaKey, run: (labels: Record<(typeof labelNames)[number], string>) => void): void {
    for (const [component, concerns] of Object.entries(SERIES))
      for (const concern of concerns) run({ ...key, component, concern });
  }

  return {
    drift: ((where, { component, concern }, action) => {
      const labels = { ...where, component, concern };
      total.inc({ ...labels, action });
      last.set({ ...labels, action }, Date.now() / 1000);
    }) satisfies Observer["drift"],
    /** Series at zero for personas that came, because rate() cannot see a counter's first step otherwise; none for those that went. */
    keep(personas: Map<string, PersonaKey>): void {
      for (const [key, labels] of personas) {
        if (known.has(key)) continue;
        known.set(key, labels);
        each(labels, (one) => {
          for (const action of ACTIONS) total.inc({ ...one, action }, 0);
        });
      }
      for (const [key, labels] of known) {
        if (personas.has(key)) continue;
        known.delete(key);
        each(labels, (one) => {
          for (const action of ACTIONS) {
            total.remove({ ...one, action });
            last.remove({ ...one, action });
          }
        });
      }
    },
  };
}
