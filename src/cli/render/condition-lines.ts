/** What was reached, as lines: one for each condition that becomes True, one for each that a person must see to. */

import { terminalText } from "../../domain/text.ts";
import type { Condition } from "../../runtime/conditions.ts";
import type { Resource } from "../declared-objects.ts";
import type { Paint } from "./terminal.ts";

/** Conditions that say how the look went, not what was reached. */
const QUIET = new Set(["Reconciling", "Drifted", "Conflict"]);

export class Steps {
  readonly #colours: Paint;
  readonly #started = Date.now();
  readonly #shown = new Map<string, string>();

  constructor(colours: Paint) {
    this.#colours = colours;
  }

  /** Lines for what is new since the last call. */
  since(resources: readonly Resource[]): string[] {
    const { good, bad, dim } = this.#colours;
    const lines: string[] = [];
    for (const one of resources)
      for (const { type, status, reason, message } of (one.status?.conditions ?? []) as Condition[]) {
        if (reason === "NotApplicable" || QUIET.has(type) || /^not needed/.test(message)) continue;
        const key = `${one.kind}/${one.metadata.name} ${type}`;
        // Health is reported once; trouble is reported again when it changes.
        const state = status === "True" ? (type === "Stalled" ? `${reason} ${message}` : "True") : "";
        if (this.#shown.get(key) === state) continue;
        this.#shown.set(key, state);
        if (!state) continue;
        const seconds = dim(`${Math.round((Date.now() - this.#started) / 1000)}s`.padStart(4));
        lines.push(
          type === "Stalled"
            ? `${seconds} ${bad("✘")} ${one.kind}/${one.metadata.name} ${reason}: ${terminalText(message)}`
            : `${seconds} ${good("✔")} ${key}${type === "Ready" ? "" : dim(`  ${terminalText(message)}`)}`,
        );
      }
    return lines;
  }
}
