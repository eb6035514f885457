/** The frame of every view, and the few parts that views are made of. */
import { encodeQR } from "qr";
import { type Resource, STATES, type State } from "./facts.ts";
import { Html, html, path } from "./html.ts";
import type { Reader, Source, Visible } from "./source.ts";
import { exact } from "./times.ts";

/** What a view is made from. */
export interface Scene {
  source: Source;
  reader: Reader;
  objects: Visible;
  query: URLSearchParams;
  /** Milliseconds. */
  now: number;
}

/** `status` is the HTTP status. */
export interface View {
  status?: number;
  title: string;
  body: Html;
}

const SECTIONS: [string, string][] = [
  ["/", "Overview"],
  ["/people", "People"],
  ["/sets", "Sets"],
  ["/changes", "Changes"],
];

export const STYLE_PATH = "/style.css";

export function frame({ title, body }: View, current: string, scene?: Scene): Html {
  const links = SECTIONS.map(
    ([address, label]) =>
      html`<li><a href="${address}"${address === current && new Html(' aria-current="page"')}>${label}</a></li>`,
  );
  const who = scene?.reader.name;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · connect-sso</title>
<link rel="stylesheet" href="${STYLE_PATH}">
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header class="bar">
<span class="brand">connect-sso</span>
${scene && html`<nav aria-label="Sections"><ul>${links}</ul></nav>`}
${who && html`<form class="who" method="post" action="/sign-out"><span>${who}</span> <button>Sign out</button></form>`}
</header>
<main id="main" tabindex="-1">
<h1>${title}</h1>
${body}
</main>
<footer>${scene && html`<p>${scene.source.place}, as of ${exact(new Date(scene.source.seenAt()).toISOString())}. This page is read only.</p>`}</footer>
</body>
</html>
`;
}

/** A state as a word, never by colour alone. */
export function badge(state: State, label: string = STATES[state].label): Html {
  return html`<span class="badge ${state}">${label}</span>`;
}

export interface Column<T> {
  head: string;
  cell(row: T): Html | string;
}

/** A table that becomes a list of cards on a narrow screen; roles keep it a table for a screen reader there. */
export function table<T>(caption: string, columns: Column<NoInfer<T>>[], rows: readonly T[]): Html {
  const [first, ...others] = columns;
  return html`<table role="table"><caption>${caption}</caption>
<thead role="rowgroup"><tr role="row">${columns.map(({ head }) => html`<th role="columnheader" scope="col">${head}</th>`)}</tr></thead>
<tbody role="rowgroup">${rows.map(
    (row) => html`<tr role="row"><th role="rowheader" scope="row">${first!.cell(row)}</th>${others.map(
      ({ head, cell }) =>
        html`<td role="cell"><span class="head" aria-hidden="true">${head}</span><span>${cell(row)}</span></td>`,
    )}</tr>
`,
  )}</tbody></table>`;
}

/** Names and values; those without a value are left out. */
export function facts(rows: [string, Html | string | undefined][]): Html {
  const shown = rows.filter(([, value]) => value !== undefined && value !== "");
  return html`<dl>${shown.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

export function section(title: string, body: Html | Html[], note?: string): Html {
  return html`<section><h2>${title}</h2>${note && html`<p class="dim">${note}</p>`}${body}</section>`;
}

/** What to do where there is nothing to show. */
export function empty(text: string, hint?: Html): Html {
  return html`<div class="empty"><p>${text}</p>${hint && html`<p>${hint}</p>`}</div>`;
}

export const command = (line: string): Html => html`<code class="command">${line}</code>`;

/** The address where a person signs in, to click and to scan. Anything but https is shown as text. */
export function signIn(address: string | undefined, who: string): Html | undefined {
  if (!address) return undefined;
  if (!address.startsWith("https://")) return html`<p><code>${address}</code></p>`;
  return html`<div class="sign-in"><div class="qr" role="img" aria-label="QR code of the sign-in address">${new Html(
    encodeQR(address, "svg", { border: 2 }),
  )}</div><div><p>${who} here:</p><p><a href="${address}" rel="noreferrer">${address}</a></p></div></div>`;
}

const KIND_PATHS: Record<string, string> = {
  ConnectSsoPersona: "persona",
  ConnectUser: "person",
  ConnectUserSet: "set",
};

export function pathOf({ kind, namespace, name }: { kind: string; namespace: string; name: string }): string {
  return path(KIND_PATHS[kind] ?? "unknown", namespace, name);
}

export function linkTo(object: Resource, label = `${object.metadata.namespace}/${object.metadata.name}`): Html {
  const { namespace, name } = object.metadata;
  return html`<a href="${pathOf({ kind: object.kind, namespace, name })}">${label}</a>`;
}

const NUMBER = new Intl.NumberFormat("en");
export const number = (value: number): string => NUMBER.format(value);

export function notFound(what: string): View {
  return {
    status: 404,
    title: "Not found",
    body: empty(`${what} does not exist, or you may not see it.`, html`<a href="/">Back to the overview</a>`),
  };
}
