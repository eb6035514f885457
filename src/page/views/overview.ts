/** Who can sign in, who cannot, what waits for approval, and what ends when. */
import { approvalOf, endingsOf, nameOf, STATES, type State, sentenceOf, sinceOf, stateOf } from "../facts.ts";
import { type Html, html, withQuery } from "../html.ts";
import { badge, command, empty, linkTo, number, type Scene, section, table, type View } from "../layout.ts";
import { dated, when } from "../times.ts";
import { sentenceFor } from "./redaction.ts";

/** As many people are named before the rest is a link. */
const NAMED = 10;

export function overview(scene: Scene): View {
  const { personas, users, sets } = scene.objects;
  const body =
    personas.length + users.length + sets.length === 0
      ? nothing(scene)
      : html`${people(scene)}${approvals(scene)}${troubled(scene)}${personaTable(scene)}${setTable(scene)}${endings(scene)}`;
  return { title: "Overview", body };
}

function nothing({ reader }: Scene): Html {
  return reader.name
    ? empty(
        "There is nothing that you may see.",
        html`Ask the administrator of the cluster for the role <code>connect-sso-viewer</code> in your namespace, then reload this page.`,
      )
    : empty(
        "Nothing is declared here yet.",
        html`Apply a persona and its users, then reload: ${command("kubectl apply -f examples/recommended/")}`,
      );
}

function people({ objects, reader }: Scene): Html {
  if (objects.users.length === 0)
    return section(
      "People",
      objects.withoutPeople.size > 0
        ? empty(
            "You may not see people.",
            html`${reader.name ?? "You"} may not list <code>connectusers</code> in this namespace.`,
          )
        : empty(
            "No person is declared yet.",
            html`Declare ConnectUsers, or make them from a list: ${command("connect-sso users from-csv agents.csv --persona agents --out users/")}`,
          ),
    );
  const counts = Map.groupBy(objects.users, stateOf);
  const tiles = (Object.keys(STATES) as State[])
    .filter((state) => counts.has(state))
    .map(
      (state) =>
        html`<li><a class="tile ${state}" href="${withQuery("/people", { state })}"><strong>${number(counts.get(state)!.length)}</strong> <span>${STATES[state].label}</span></a></li>`,
    );
  const total = objects.users.length;
  return section(`${number(total)} ${total === 1 ? "person" : "people"}`, html`<ul class="tiles">${tiles}</ul>`);
}

function approvals({ objects, now }: Scene): Html | undefined {
  const waiting = [...objects.personas, ...objects.sets].flatMap((object) => {
    const approval = approvalOf(object);
    return approval ? [{ object, approval }] : [];
  });
  if (waiting.length === 0) return undefined;
  const items = waiting.map(
    ({ object, approval }) =>
      html`<li>${linkTo(object)}: ${objects.withoutPeople.has(object.metadata.namespace) ? "changes are held" : approval.text} <span class="dim">(since ${when(approval.since, now)})</span><br>${command(approval.command)}</li>`,
  );
  return section("Waits for approval", html`<ul class="list">${items}</ul>`);
}

function troubled({ objects, now }: Scene): Html {
  const bad = objects.users.filter((user) => stateOf(user) === "attention");
  if (bad.length === 0) return html``;
  const rest = bad.length - NAMED;
  return section("People who need attention", [
    table(
      "People who need attention",
      [
        { head: "Person", cell: (user) => linkTo(user, nameOf(user)) },
        { head: "What is wrong", cell: sentenceOf },
        { head: "Since", cell: (user) => when(sinceOf(user), now) },
      ],
      bad.slice(0, NAMED),
    ),
    html`${rest > 0 && html`<p><a href="/people?state=attention">${number(rest)} more</a></p>`}`,
  ]);
}

function personaTable({ objects }: Scene): Html {
  if (objects.personas.length === 0) return html``;
  const byPersona = Map.groupBy(objects.users, ({ metadata, spec }) => `${metadata.namespace}/${spec.personaRef.name}`);
  return section(
    "Personas",
    table(
      "Personas",
      [
        { head: "Persona", cell: (one) => linkTo(one) },
        { head: "State", cell: (one) => badge(stateOf(one)) },
        { head: "Application", cell: ({ spec }) => spec.application.displayName },
        {
          head: "People ready",
          cell: ({ metadata }) => {
            if (objects.withoutPeople.has(metadata.namespace)) return "–";
            const mine = byPersona.get(`${metadata.namespace}/${metadata.name}`) ?? [];
            return `${number(mine.filter((user) => stateOf(user) === "ready").length)} of ${number(mine.length)}`;
          },
        },
        { head: "In one sentence", cell: (one) => sentenceFor(one, objects) },
      ],
      objects.personas,
    ),
  );
}

function setTable({ objects }: Scene): Html {
  if (objects.sets.length === 0) return html``;
  return section(
    "Sets",
    table(
      "Sets",
      [
        { head: "Set", cell: (one) => linkTo(one) },
        { head: "State", cell: (one) => badge(stateOf(one)) },
        { head: "In one sentence", cell: sentenceOf },
      ],
      objects.sets,
    ),
  );
}

function endings({ objects, now }: Scene): Html {
  const all = objects.personas
    .flatMap((persona) => endingsOf(persona).map((ending) => ({ persona, ...ending })))
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  if (all.length === 0) return html``;
  return section(
    "What ends when",
    table(
      "Certificates and access keys by their end",
      [
        { head: "What", cell: ({ what }) => what },
        { head: "Persona", cell: ({ persona }) => linkTo(persona) },
        { head: "Ends", cell: ({ at }) => dated(at, now) },
        { head: "Replaced by the controller", cell: ({ replacedAt }) => when(replacedAt, now) },
      ],
      all,
    ),
  );
}
