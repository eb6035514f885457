/** The people of a set, for people: who, today, planned, by which rule, and what was overridden. Pure. */
import { csvLine, cut, everyString, markdownText, terminalText } from "../../domain/text.ts";
import type { PersonRow, Placement } from "../../set/view.ts";
import { type Paint, visibleLength, wrap } from "./terminal.ts";

export interface PeopleAnswer {
  set: { namespace: string; name: string };
  /** In the groups of the source, and of these the ones for whom `where` is true. */
  found: number;
  matched: number;
  /** Why changes are held and what to do about it. */
  held?: string;
  people: PersonRow[];
}

const MARKS: Record<string, string> = {
  create: "+",
  update: "~",
  move: "→",
  grant: "+",
  leave: "…",
  remove: "-",
  "hand over": "=",
};
const NOTHING = "–";

export function peopleText(given: PeopleAnswer, colours: Paint, columns?: number): string {
  const { set, held, people, found, matched } = everyString(given, terminalText);
  const width = Math.max(6, ...people.map(({ person }) => visibleLength(person)));
  const rows = people.flatMap((row) => {
    const name = `${row.person}${" ".repeat(width - visibleLength(row.person))}`;
    const line = `${markOf(row, colours)} ${name}  ${placementOf(row, colours)}`;
    return [line, ...notesOf(row).map((note) => `    ${colours.dim(note)}`)].map((one) => wrap(one, columns, 4));
  });
  return [
    colours.bold(`ConnectUserSet ${set.namespace}/${set.name}`),
    `${found} people in the groups, ${matched} matched; ${summaryOf(people)}`,
    ...(held ? [wrap(colours.bad(`Held: ${held}`), columns, 2)] : []),
    "",
    ...rows,
  ].join("\n");
}

function markOf({ change, held, state }: PersonRow, colours: Paint): string {
  if (held) return colours.bad("!");
  if (change === "remove" || change === "leave") return colours.bad(MARKS[change]!);
  if (change) return colours.busy(MARKS[change]!);
  return state === "LeftOut" ? colours.busy("?") : colours.good("✔");
}

function placementOf({ today, planned, change }: PersonRow, colours: Paint): string {
  const [before, after] = [textOf(today), textOf(planned)];
  if (!change || before === after) return after === NOTHING ? before : after;
  return `${colours.bad(before)} → ${colours.good(after)}`;
}

function textOf(placement: Placement | undefined): string {
  if (!placement) return NOTHING;
  const { persona, routingProfile, hierarchyGroup, securityProfiles } = placement;
  const parts = [persona, routingProfile, hierarchyGroup?.join(" / "), securityProfiles?.join(", ")];
  return parts.filter((part) => part !== undefined).join(" · ");
}

/** What somebody asks next: by which rule, what was overridden, and why not. */
function notesOf({ because, overridden, reasons, leavesAt, held, change, planned }: PersonRow): string[] {
  const rules = Object.entries(because).map(([field, rule]) => `${field} by ${rule}`);
  return [
    ...(planned && rules.length > 0 ? [rules.join(", ")] : []),
    ...overridden.map(({ field, value, rule, by }) => `overridden: ${field} ${value} of ${rule}, by ${by}`),
    ...(leavesAt ? [`leaves at ${leavesAt}`] : []),
    ...reasons,
    ...(held ? [`held: ${change}`] : []),
  ];
}

/** "2 create, 1 held, 3 left out". */
function summaryOf(people: readonly PersonRow[]): string {
  const counts = new Map<string, number>();
  const count = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  for (const { change, held, state } of people) {
    if (held) count(`${change} held`);
    else if (change) count(`to ${change}`);
    else if (state === "LeftOut") count("left out");
    else if (state === "ByHand") count("written by hand");
    else if (state === "Leaving") count("leaving");
    else count("as the rules say");
  }
  return [...counts].map(([what, number]) => `${number} ${what}`).join(", ") || "no one";
}

/** A comment of a pull request: those with a change, or left out; the others are counted. GitHub refuses more than 65,536 characters. */
const COMMENT_LIMIT = 60_000;

export function peopleMarkdown({ set, held, people, found, matched }: PeopleAnswer): string {
  const cell = (text: string) => markdownText(cut(text, 300));
  const shown = people.filter(({ change, state }) => change || state === "LeftOut");
  const head = [
    `### People of ${cell(`${set.namespace}/${set.name}`)}: ${summaryOf(people)}`,
    "",
    `${found} people in the groups, ${matched} matched.`,
    ...(held ? ["", `**Held:** ${markdownText(held)}`] : []),
    "",
    "| person | change | today | planned | why |",
    "|---|---|---|---|---|",
  ];
  let size = 0;
  const rows: string[] = [];
  for (const row of shown) {
    const what = `${row.change ?? "left out"}${row.held ? ", held" : ""}`;
    const cells = [row.person, what, textOf(row.today), textOf(row.planned), notesOf(row).join("; ")];
    const line = `| ${cells.map(cell).join(" | ")} |`;
    size += line.length;
    if (size > COMMENT_LIMIT) {
      rows.push("", `…and ${shown.length - rows.length} more; \`connect-sso people\` shows them.`);
      break;
    }
    rows.push(line);
  }
  return [...head, ...rows].join("\n");
}

const COLUMNS = [
  ...["person", "objectId", "displayName", "connectUser", "state", "change", "held"],
  ...["personaToday", "personaPlanned", "routingProfile", "hierarchyGroup", "securityProfiles"],
  ...["because", "overridden", "reasons", "leavesAt"],
];

/** For a spreadsheet: one row a person. */
export function peopleCsv({ people }: Pick<PeopleAnswer, "people">): string {
  const rows = people.map((row) => {
    const { person, objectId, displayName, connectUser, state, change, held, today, planned } = row;
    return [
      ...[person, objectId, displayName, connectUser, state, change ?? "", held ? "held" : ""],
      ...[today?.persona ?? "", planned?.persona ?? "", planned?.routingProfile ?? ""],
      ...[planned?.hierarchyGroup?.join(" / ") ?? "", planned?.securityProfiles?.join("; ") ?? ""],
      ...[
        Object.entries(row.because)
          .map(([field, rule]) => `${field}=${rule}`)
          .join("; "),
        row.overridden.map(({ field, value, rule, by }) => `${field} ${value} of ${rule} by ${by}`).join("; "),
        row.reasons.join("; "),
        row.leavesAt ?? "",
      ],
    ];
  });
  return [COLUMNS, ...rows].map(csvLine).join("");
}
