/** Drift as a table: what is declared, what was found, and what it touches. */
import type { Difference } from "../facts.ts";
import { type Html, html } from "../html.ts";
import { type Column, table } from "../layout.ts";
import { when } from "../times.ts";

export const CONCERNS: Record<Difference["concern"], string> = {
  trust: "who may sign in",
  permissions: "what they may do",
  settings: "settings",
};

export function differenceColumns<T extends Difference>(now: number): Column<T>[] {
  return [
    { head: "Where", cell: ({ component, path }) => html`${component} <span class="dim">${path}</span>` },
    { head: "Declared", cell: ({ desired }) => html`<code>${desired}</code>` },
    { head: "Found", cell: ({ observed }) => html`<code class="found">${observed}</code>` },
    { head: "It touches", cell: ({ concern }) => CONCERNS[concern] },
    { head: "Since", cell: ({ since }) => when(since, now) },
  ];
}

export const differenceTable = (rows: readonly Difference[], now: number): Html =>
  table("What is not as declared", differenceColumns<Difference>(now), rows);
