/** What security profiles permit, for people. Pure. */
import { counted, everyString, markdownText, terminalText } from "../../domain/text.ts";
import { type Paint, wrap } from "./terminal.ts";

export interface ProfileRow {
  name: string;
  /** API names, sorted. */
  permissions: string[];
  gained?: string[];
  gainedTime?: string;
  lost?: string[];
  lostTime?: string;
  problem?: string;
}
export interface PersonaProfiles {
  persona: { namespace: string; name: string };
  instance: string;
  profiles: ProfileRow[];
}

const changesOf = ({ gained, gainedTime, lost, lostTime }: ProfileRow): string[] => [
  ...(gained ? [`gained ${gained.join(", ")} (${gainedTime})`] : []),
  ...(lost ? [`lost ${lost.join(", ")} (${lostTime})`] : []),
];

export function profilesText(given: PersonaProfiles[], colours: Paint, columns?: number): string {
  const lines = everyString(given, terminalText).flatMap(({ persona, profiles }) => [
    colours.bold(`Persona ${persona.namespace}/${persona.name}`),
    ...profiles.flatMap((row) => [
      `  ${row.name}: ${row.problem ? colours.bad(row.problem) : counted(row.permissions.length, "permission")}`,
      ...changesOf(row).map((text) => wrap(`    ${colours.busy(text)}`, columns, 6)),
      ...(row.permissions.length > 0 ? [wrap(`    ${row.permissions.join(", ")}`, columns, 4)] : []),
    ]),
    "",
  ]);
  return lines.join("\n");
}

export function profilesMarkdown(given: PersonaProfiles[]): string {
  const rows = given.flatMap(({ persona, profiles }) =>
    profiles.map((row) =>
      [
        `${persona.namespace}/${persona.name}`,
        row.name,
        row.problem ?? row.permissions.join(", "),
        changesOf(row).join("; "),
      ]
        .map(markdownText)
        .join(" | "),
    ),
  );
  return [
    "| persona | security profile | permits | changed |",
    "|---|---|---|---|",
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
}
