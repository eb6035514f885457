/** What differs and since when, what would be done, and what was done lately. */
import { type Difference, differencesOf, type Resource } from "../facts.ts";
import { type Html, html } from "../html.ts";
import { badge, empty, linkTo, pathOf, type Scene, section, table, type View } from "../layout.ts";
import type { Happening, PlannedStep } from "../source.ts";
import { when } from "../times.ts";
import { differenceColumns } from "./differences.ts";
import { differencesFor } from "./redaction.ts";

/** Rows of each table. */
const MOST = 200;

export async function changesView(scene: Scene): Promise<View> {
  const happened = await scene.source.happenings?.();
  const visible = happened?.filter((one) => isVisible(one, scene));
  const planned = scene.source.planned?.().filter((one) => isVisible(one, scene));
  const body = html`${section("Not as declared", differences(scene), "Somebody else changed this; Entra and AWS do not say who. Their audit logs do: CloudTrail, and the audit log of Entra.")}
${planned && section("Would be changed", plannedTable(planned))}
${visible && section("Done lately", happenings(visible, scene.now))}`;
  return { title: "Changes", body };
}

function differences({ objects, now }: Scene): Html {
  const rows = [
    ...objects.personas.flatMap((object) =>
      differencesFor(object, objects).map((one) => ({ object: object as Resource, ...one })),
    ),
    ...[...objects.sets, ...objects.users].flatMap((object) =>
      differencesOf(object).map((one) => ({ object: object as Resource, ...one })),
    ),
  ].sort((a, b) => Date.parse(b.since) - Date.parse(a.since));
  if (rows.length === 0) return empty("Everything that was checked is as declared.");
  return html`${table(
    "Not as declared",
    [
      { head: "Object", cell: ({ object }) => linkTo(object) },
      ...differenceColumns<Difference & { object: Resource }>(now),
    ],
    rows.slice(0, MOST),
  )}${more(rows.length)}`;
}

const more = (rows: number): Html | false => rows > MOST && html`<p>${rows - MOST} more are not shown.</p>`;

function plannedTable(planned: readonly PlannedStep[]): Html {
  if (planned.length === 0) return empty("Nothing would be changed.");
  return html`${table(
    "Would be changed",
    [
      { head: "Object", cell: objectLink },
      { head: "Change", cell: ({ sentence }) => sentence },
    ],
    planned.slice(0, MOST),
  )}${more(planned.length)}`;
}

function happenings(rows: readonly Happening[], now: number): Html {
  if (rows.length === 0) return empty("Nothing was done within the last hour, or its events are gone.");
  return table(
    "Done lately",
    [
      { head: "Object", cell: objectLink },
      { head: "What", cell: ({ reason, warning }) => (warning ? badge("attention", reason) : reason) },
      { head: "In one sentence", cell: ({ text }) => text },
      { head: "When", cell: ({ time }) => when(time, now) },
    ],
    rows.slice(0, MOST),
  );
}

const objectLink = (one: { kind: string; namespace: string; name: string }): Html =>
  html`<a href="${pathOf(one)}">${one.namespace}/${one.name}</a>`;

/** Sentences of personas may name people as well. */
function isVisible(
  { kind, namespace, name }: { kind: string; namespace: string; name: string },
  { objects }: Scene,
): boolean {
  if (objects.withoutPeople.has(namespace)) return false;
  const all: readonly Resource[] = [...objects.personas, ...objects.users, ...objects.sets];
  return all.some((one) => one.kind === kind && one.metadata.namespace === namespace && one.metadata.name === name);
}
