/** `connect-sso people`: who is in a set, today and planned, and by which rule. Reads only. */
import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { terminalText } from "../../domain/text.ts";
import { workOut } from "../../set/expand.ts";
import type { Planned } from "../../set/planned.ts";
import { heldMessage } from "../../set/status.ts";
import { rowsOf } from "../../set/view.ts";
import { openClouds } from "../cloud-session.ts";
import { CliError } from "../command.ts";
import { find, openDeclared } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions } from "../options.ts";
import { type Format, format } from "../render/output.ts";
import { type PeopleAnswer, peopleCsv, peopleMarkdown, peopleText } from "../render/people.ts";
import { paint, width } from "../render/terminal.ts";
import { setDeps } from "../set-deps.ts";

interface PeopleOptions extends ObjectOptions, CloudOptions {
  output: Exclude<Format, "yaml"> | "csv";
  asOf?: string;
}

/** 0: everybody is as the rules say; 2: there are changes; 1: changes are held, or the set cannot be worked out. */
export async function people(name: string, options: PeopleOptions): Promise<number> {
  const planned = options.asOf === undefined ? undefined : readPlanned(options.asOf);
  const declared = await openDeclared(options);
  try {
    const set = find(declared.sets(), name, "set");
    const session = await openClouds(options, declared);
    try {
      const { outcome, problems } = await workOut(set, setDeps(declared, session.clouds), planned);
      for (const problem of problems) process.stderr.write(`${options.asOf}: ${terminalText(problem)}\n`);
      const { found = 0, matched = 0 } = outcome.status.people ?? {};
      const { namespace } = set.metadata;
      const answer: PeopleAnswer = {
        set: { namespace, name: set.metadata.name },
        found,
        matched,
        ...(outcome.held.length > 0 ? { held: heldMessage(set, outcome) } : {}),
        people: rowsOf(outcome),
      };
      process.stdout.write(shown(answer, options.output));
      if (problems.length > 0 || outcome.held.length > 0) return 1;
      return outcome.members.some(({ change }) => change) ? 2 : 0;
    } finally {
      await session.close();
    }
  } finally {
    await declared.close();
  }
}

function shown(answer: PeopleAnswer, as: PeopleOptions["output"]): string {
  if (as === "csv") return peopleCsv(answer);
  const text = () => peopleText(answer, paint(), width());
  return format({ data: answer, text, markdown: () => peopleMarkdown(answer) }, as);
}

/** `{groups: [{displayName | id, add: [], remove: []}], people: [{userPrincipalName, department: …}]}`, as YAML or JSON. */
function readPlanned(file: string): Planned {
  const hint = "groups: [{displayName: CC Agents, add: [jane@example.com], remove: []}]; connect-sso help people";
  let content: unknown;
  try {
    content = parse(readFileSync(file, "utf8"), { maxAliasCount: 0 });
  } catch (error) {
    throw new CliError(`${file}: ${(error as Error).message.split("\n")[0]}`, { hint });
  }
  if (!isPlanned(content)) throw new CliError(`${file} is no list of planned memberships`, { hint });
  return content;
}

function isPlanned(content: unknown): content is Planned {
  if (typeof content !== "object" || content === null) return false;
  const { groups = [], people: described = [], ...others } = content as Record<string, unknown>;
  const isRecord = (one: unknown): one is Record<string, unknown> => typeof one === "object" && one !== null;
  const isNames = (list: unknown) =>
    list === undefined || (Array.isArray(list) && list.every((one) => typeof one === "string"));
  const isGroup = (one: unknown) =>
    isRecord(one) &&
    (typeof one.displayName === "string") !== (typeof one.id === "string") &&
    isNames(one.add) &&
    isNames(one.remove);
  return (
    Object.keys(others).length === 0 &&
    Array.isArray(groups) &&
    groups.every(isGroup) &&
    Array.isArray(described) &&
    described.every((one) => isRecord(one) && typeof one.userPrincipalName === "string")
  );
}
