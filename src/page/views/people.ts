/** People: search by name, filter by state and persona, pages of a hundred. */
import type { ConnectUser } from "../../api/resources.ts";
import { isNamed, nameOf, STATES, sentenceOf, sinceOf, stateOf } from "../facts.ts";
import { type Html, html, withQuery } from "../html.ts";
import { badge, command, empty, linkTo, number, type Scene, table, type View } from "../layout.ts";
import { when } from "../times.ts";

const PAGE = 100;
/** Longest search that is used, characters. */
const LONGEST_SEARCH = 200;

interface Wanted {
  q: string;
  state: string;
  persona: string;
}

export function peopleView(scene: Scene): View {
  const { objects, query } = scene;
  const wanted = {
    q: (query.get("q") ?? "").trim().slice(0, LONGEST_SEARCH),
    state: query.get("state") ?? "",
    persona: query.get("persona") ?? "",
  };
  const found = search(objects.users, wanted);
  const pages = Math.max(1, Math.ceil(found.length / PAGE));
  const page = Math.min(pages, Math.max(1, Math.trunc(Number(query.get("page"))) || 1));
  const shown = found.slice((page - 1) * PAGE, page * PAGE);
  const body = html`${form(wanted, scene)}
<p role="status">${summary(found.length, objects.users.length, shown.length, page)}</p>
${shown.length > 0 ? list(shown, scene.now) : noMatch(scene)}
${pages > 1 && pager(page, pages, wanted)}`;
  return { title: "People", body };
}

/** By name; every word has to be found. Makes no object for each person: of ten thousand, that saves 17 MB of resident memory. */
function search(people: readonly ConnectUser[], { q, state, persona }: Wanted): ConnectUser[] {
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  return people
    .filter(
      (one) =>
        (state === "" || stateOf(one) === state) &&
        (persona === "" || persona === personaOf(one)) &&
        words.every((word) => isNamed(one, word)),
    )
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : 0));
}

const personaOf = ({ metadata, spec }: ConnectUser): string => `${metadata.namespace}/${spec.personaRef.name}`;

function summary(found: number, all: number, shown: number, page: number): string {
  if (found === 0) return `None of ${number(all)} people`;
  const first = (page - 1) * PAGE + 1;
  const of = found === all ? number(found) : `${number(found)} found among ${number(all)}`;
  return `${number(first)} to ${number(first + shown - 1)} of ${of}`;
}

function form({ q, state, persona }: Wanted, { objects }: Scene): Html {
  const states = Object.entries(STATES).map(([value, { label }]) => option(value, label, state));
  const names = objects.personas.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).sort();
  return html`<form class="search" method="get" action="/people" role="search">
<label>Name <input type="search" name="q" value="${q}" maxlength="${LONGEST_SEARCH}" autocomplete="off"></label>
<label>State <select name="state">${option("", "Any", state)}${states}</select></label>
<label>Persona <select name="persona">${option("", "Any", persona)}${names.map((name) => option(name, name, persona))}</select></label>
<button>Search</button>
</form>`;
}

const option = (value: string, label: string, chosen: string): Html =>
  value === chosen
    ? html`<option value="${value}" selected>${label}</option>`
    : html`<option value="${value}">${label}</option>`;

function list(people: ConnectUser[], now: number): Html {
  return table(
    "People",
    [
      { head: "Person", cell: (one) => linkTo(one, nameOf(one)) },
      { head: "State", cell: (one) => badge(stateOf(one)) },
      { head: "Persona", cell: personaOf },
      { head: "In one sentence", cell: sentenceOf },
      { head: "Since", cell: (one) => when(sinceOf(one), now) },
    ],
    people,
  );
}

function noMatch({ objects }: Scene): Html {
  if (objects.users.length > 0)
    return empty(
      "No one fits this search.",
      html`<a href="/people">Show everybody</a>, or search for another part of the name.`,
    );
  if (objects.withoutPeople.size > 0)
    return empty(
      "You may not see people.",
      html`Ask the administrator of the cluster for the right to list <code>connectusers</code>.`,
    );
  return empty(
    "No person is declared yet.",
    html`Make ConnectUsers from a list: ${command("connect-sso users from-csv agents.csv --persona agents --out users/")}`,
  );
}

function pager(page: number, pages: number, wanted: Wanted): Html {
  const link = (to: number, label: string, rel: string) =>
    to >= 1 && to <= pages
      ? html`<a href="${withQuery("/people", { ...wanted, page: to })}" rel="${rel}">${label}</a>`
      : html`<span class="dim">${label}</span>`;
  return html`<nav class="pager" aria-label="Pages">${link(page - 1, "Previous", "prev")} <span>Page ${number(page)} of ${number(pages)}</span> ${link(page + 1, "Next", "next")}</nav>`;
}
