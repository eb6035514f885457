/** Sets of users: who is in them, what is held, and who is left out. */
import type { ConnectUserSet } from "../../api/resources.ts";
import {
  approvalOf,
  differencesOf,
  nameOf,
  pendingOf,
  readTimeOf,
  rulesOf,
  sentenceOf,
  setOf,
  stateOf,
} from "../facts.ts";
import { type Html, html } from "../html.ts";
import { badge, command, empty, facts, linkTo, number, type Scene, section, table, type View } from "../layout.ts";
import { when } from "../times.ts";
import { differenceTable } from "./differences.ts";

const NAMED = 100;

export function setsView({ objects }: Scene): View {
  const body =
    objects.sets.length === 0
      ? empty(
          "No ConnectUserSet is declared, or you may not see one.",
          html`A set makes people out of the members of an Entra group.`,
        )
      : table(
          "Sets",
          [
            { head: "Set", cell: (one) => linkTo(one) },
            { head: "State", cell: (one) => badge(stateOf(one)) },
            { head: "People", cell: ({ status }) => number(status?.people?.members ?? 0) },
            { head: "In one sentence", cell: sentenceOf },
          ],
          objects.sets,
        );
  return { title: "Sets", body };
}

export function setView(set: ConnectUserSet, { objects, now }: Scene): View {
  const { namespace, name } = set.metadata;
  const { people } = set.status ?? {};
  const members = objects.users.filter((user) => user.metadata.namespace === namespace && setOf(user) === name);
  const body = html`<p class="lead">${badge(stateOf(set))} ${sentenceOf(set)}</p>
${facts([
  ["Groups", set.spec.source.groups.map(({ displayName, id }) => displayName ?? id ?? "").join(", ")],
  ["Only where", set.spec.source.where],
  ["Rules", set.spec.rules.map((rule) => rule.name).join(", ")],
  ["In the groups", people?.found === undefined ? undefined : number(people.found)],
  ["Of these in the set", people?.matched === undefined ? undefined : number(people.matched)],
  ["Leaving", people?.leaving === undefined ? undefined : number(people.leaving)],
  ["Groups last read", when(readTimeOf(set), now)],
])}
${held(set, now)}
${differencesOf(set).length > 0 && section("What is not as declared", differenceTable(differencesOf(set), now))}
${leftOut(set)}
${section(
  `${number(members.length)} ${members.length === 1 ? "member" : "members"}`,
  members.length === 0
    ? empty("The set has created no one yet.")
    : table(
        "Members",
        [
          { head: "Person", cell: (user) => linkTo(user, nameOf(user)) },
          { head: "State", cell: (user) => badge(stateOf(user)) },
          { head: "Persona", cell: (user) => user.spec.personaRef.name },
          { head: "Decided by rule", cell: (user) => rulesOf(user) ?? "" },
        ],
        members.slice(0, NAMED),
      ),
)}
${members.length > NAMED && html`<p><a href="/people">${number(members.length - NAMED)} more</a></p>`}`;
  return { title: `Set ${namespace}/${name}`, body };
}

function held(set: ConnectUserSet, now: number): Html | undefined {
  const pending = pendingOf(set);
  if (!pending?.hash) return undefined;
  const approval = approvalOf(set);
  const counts = [
    ["New", pending.creations],
    ["Removed", pending.removals],
    ["Moved to another persona", pending.moves],
    ["Given a further security profile", pending.grants],
  ] as const;
  return section(
    "Held changes",
    html`${facts([
      ...counts.map(([what, count]): [string, string | undefined] => [what, count ? number(count) : undefined]),
      ["Hash of this list", html`<code>${pending.hash}</code>`],
      ["Since", when(pending.since, now)],
    ])}${
      (pending.sample ?? []).length > 0 &&
      table(
        "Held changes, at most twenty",
        [
          { head: "Who", cell: ({ who }) => who },
          { head: "Change", cell: ({ change }) => change },
          { head: "Why", cell: ({ reason }) => reason ?? "" },
        ],
        pending.sample ?? [],
      )
    }${approval && html`<p>To approve exactly this list: ${command(approval.command)}</p>`}`,
  );
}

function leftOut({ status }: ConnectUserSet): Html | undefined {
  const rows = status?.leftOut ?? [];
  if (rows.length === 0) return undefined;
  return section(
    "Left out",
    table(
      "Left out, at most twenty",
      [
        { head: "Who", cell: ({ who }) => who },
        { head: "Why", cell: ({ reason }) => reason },
      ],
      rows,
    ),
  );
}
