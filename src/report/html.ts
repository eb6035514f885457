/** A review as one file without scripts: opens offline, prints well. */
import { createHash } from "node:crypto";
import { type Difference, STATES } from "../page/facts.ts";
import { Html, html } from "../page/html.ts";
import { badge, empty, facts, number, section, table } from "../page/layout.ts";
import { STYLE } from "../page/style.ts";
import { exact } from "../page/times.ts";
import { CONCERNS } from "../page/views/differences.ts";
import type { Comparison } from "./compare.ts";
import type { Review, ReviewedPerson } from "./review.ts";

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");

export function reviewHtml(review: Review, comparison?: Comparison): string {
  const { date, place, people } = review;
  const trouble = people.filter(({ state }) => state !== "ready");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Access review of ${exact(date)}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
<h1>Access review</h1>
${facts([
  ["Date", exact(date)],
  ["Of", place],
  ["People", number(people.length)],
  ["Of these not ready", number(trouble.length)],
  ["Personas", number(review.personas.length)],
  ["In Connect and not declared", counted(review.undeclared)],
  ["With a role in Entra and not declared", counted(review.undeclaredAssignments)],
])}
${comparison && changes(comparison)}
${personas(review)}
${section("Who has what", people.length > 0 ? peopleTable(people) : empty("No person is declared."))}
${section("What differs", differences(review))}
${section("What is not declared", [undeclared(review), undeclaredAssignments(review)])}
</main>
<footer><p>Written by connect-sso report. States and sentences are those of the objects' status at the date above.</p></footer>
</body>
</html>
`.text;
}

const counted = (rows: readonly unknown[] | undefined) => (rows ? number(rows.length) : "not asked");

const day = (time: string) => (time ? exact(time) : "–");

function personas({ personas: all }: Review): Html {
  if (all.length === 0) return section("Personas", empty("No persona is declared."));
  return section(
    "Personas",
    table(
      "Personas",
      [
        { head: "Persona", cell: ({ namespace, name }) => `${namespace}/${name}` },
        { head: "State", cell: ({ state }) => badge(state) },
        { head: "Application", cell: ({ application }) => application },
        { head: "Amazon Connect instance", cell: ({ instanceArn }) => instanceArn },
        { head: "People", cell: ({ people }) => number(people) },
        {
          head: "Ends",
          cell: ({ endings }) => endings.map(({ what, at }) => `${what}: ${exact(at)}`).join("; ") || "–",
        },
      ],
      all,
    ),
  );
}

function peopleTable(people: readonly ReviewedPerson[]): Html {
  return table(
    "Who has what",
    [
      {
        head: "Person",
        cell: ({ username, entraUser, fullName }) =>
          html`${username}${entraUser !== username && html`<br><span class="dim">${entraUser}</span>`}${fullName && html`<br><span class="dim">${fullName}</span>`}`,
      },
      { head: "State", cell: ({ state }) => badge(state) },
      { head: "Persona", cell: ({ namespace, persona }) => `${namespace}/${persona}` },
      {
        head: "Role in Entra",
        cell: ({ roleAssigned, roleAssignedSince }) =>
          `${roleAssigned}${roleAssignedSince ? `, since ${day(roleAssignedSince)}` : ""}`,
      },
      { head: "Security profiles", cell: ({ securityProfiles }) => securityProfiles.join(", ") },
      {
        head: "Found in Connect",
        cell: ({ foundSecurityProfiles: found }) => (found === undefined ? "not asked" : found.join(", ") || "no user"),
      },
      {
        head: "Declared by",
        cell: ({ declaredBy, namespace, name, declaredSince }) =>
          `${declaredBy}, as ${namespace}/${name}, since ${day(declaredSince)}`,
      },
    ],
    people,
  );
}

function differences({ personas: all, people }: Review): Html {
  const rows = [...all, ...people].flatMap(({ namespace, name, differences: found }) =>
    found.map((one: Difference) => ({ object: `${namespace}/${name}`, ...one })),
  );
  const notReady = people.filter(({ state }) => state !== "ready");
  const troubled =
    notReady.length > 0 &&
    table(
      "People who are not ready",
      [
        { head: "Person", cell: ({ username }) => username },
        { head: "State", cell: ({ state }) => STATES[state].label },
        { head: "In one sentence", cell: ({ sentence }) => sentence },
      ],
      notReady,
    );
  if (rows.length === 0) return html`${empty("Nothing that was checked differs from what is declared.")}${troubled}`;
  return html`${table(
    "What differs",
    [
      { head: "Object", cell: ({ object }) => object },
      { head: "Where", cell: ({ component, path }) => `${component} ${path}` },
      { head: "Declared", cell: ({ desired }) => html`<code>${desired}</code>` },
      { head: "Found", cell: ({ observed }) => html`<code class="found">${observed}</code>` },
      { head: "It touches", cell: ({ concern }) => CONCERNS[concern] },
      { head: "Since", cell: ({ since }) => day(since) },
    ],
    rows,
  )}${troubled}`;
}

function undeclared({ undeclared: rows, notAsked }: Review): Html {
  if (!rows) return empty("Amazon Connect was not asked.", html`${notAsked}`);
  if (rows.length === 0) return empty("Everybody whom Amazon Connect has is declared.");
  return table(
    "In Amazon Connect and not declared",
    [
      { head: "Connect user", cell: ({ username }) => username },
      { head: "Security profiles", cell: ({ securityProfiles }) => securityProfiles.join(", ") },
      { head: "Owner tag", cell: ({ owner }) => owner ?? "none: made by hand" },
      { head: "Amazon Connect instance", cell: ({ instanceArn }) => instanceArn },
    ],
    rows,
  );
}

function undeclaredAssignments({ undeclaredAssignments: rows, entraNotAsked }: Review): Html {
  if (!rows) return empty("Entra was not asked.", html`${entraNotAsked}`);
  if (rows.length === 0) return empty("Everybody who has a role in Entra is declared.");
  return table(
    "With a role in Entra and not declared",
    [
      { head: "Name in Entra", cell: ({ principal }) => principal },
      { head: "What it is", cell: ({ principalType }) => KINDS[principalType] },
      { head: "Object id", cell: ({ principalId }) => principalId },
      { head: "Role of persona", cell: ({ namespace, persona }) => `${namespace}/${persona}` },
    ],
    rows,
  );
}

const KINDS = { User: "person", Group: "group", ServicePrincipal: "application" };

function changes({ since, people, undeclared: others }: Comparison): Html {
  const title = `What changed since ${exact(since)}`;
  if (people.length + others.length === 0) return section(title, empty("Nothing changed."));
  const fields = (one: Comparison["people"][number]) =>
    html`<ul class="list">${one.fields.map(({ path, before, after }) => html`<li>${path}: ${before || "nothing"} → ${after || "nothing"}</li>`)}</ul>`;
  return section(title, [
    html`${
      people.length > 0 &&
      table(
        "People",
        [
          { head: "Person", cell: ({ username }) => username },
          { head: "Change", cell: ({ change }) => change },
          { head: "Fields", cell: fields },
        ],
        people,
      )
    }`,
    html`${
      others.length > 0 &&
      table(
        "Not declared",
        [
          { head: "Connect user or role in Entra, not declared", cell: ({ username }) => username },
          { head: "Change", cell: ({ change }) => change },
        ],
        others,
      )
    }`,
  ]);
}
