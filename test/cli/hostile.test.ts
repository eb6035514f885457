/** Strings that a spec or a cloud may carry, through every view: none moves the cursor, adds a line, a document, markup or a mention. */
import { expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { explanationText } from "../../src/cli/commands/why.ts";
import type { PlanDocument } from "../../src/cli/dry-run.ts";
import { Steps } from "../../src/cli/render/condition-lines.ts";
import { planMarkdown, planText } from "../../src/cli/render/plan.ts";
import { findingLines } from "../../src/cli/render/saml.ts";
import { paint } from "../../src/cli/render/terminal.ts";
import { tree } from "../../src/cli/render/tree.ts";
import { usersFromCsv } from "../../src/manifests/csv.ts";
import { manifestStream } from "../../src/manifests/write.ts";
import type { Explanation } from "../../src/why/index.ts";

const HOSTILE = [
  "\u001b[2J\u001b]0;owned\u0007",
  "a\n✔ ConnectUser team/eve Ready",
  "\r✔ fine",
  "\u202egnp.exe",
  "\u2028\u0085\u009b31m",
  "---\nkind: ConnectUser",
  '<img src=x onerror="alert(1)">',
  "![x](https://evil.example/a.png) @everyone #1 | `",
  "```\n# heading\n<script>alert(1)</script>",
  "half \ud83d",
];
const plain = paint(false);
const UNSAFE = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;
const meta = (text: string) => ({ namespace: "team", name: "agents", annotations: { a: text } });
const condition = (text: string) => ({
  type: "Stalled",
  status: "True",
  reason: "GroupNotFound",
  message: text,
  lastTransitionTime: "2026-11-28T10:00:00Z",
});

const plan = (text: string) =>
  ({
    cluster: "c",
    otherClusters: [text],
    resources: [
      {
        kind: "ConnectSsoPersona",
        namespace: "team",
        name: "agents",
        changes: [
          {
            component: "application",
            cloud: "entra",
            verb: "update",
            object: `application ${text}`,
            why: text,
            differences: [{ path: "displayName", desired: text, observed: text }],
            settings: [{ path: "a", value: text }],
            wait: text,
          },
        ],
        problem: { reason: "GroupNotFound", message: text, waits: false },
      },
    ],
    losingAccess: [{ namespace: "team", name: text }],
    undeclared: [{ kind: "ConnectUser", namespace: "team", name: text, object: text }],
    summary: { create: 0, update: 1, delete: 0, adopt: 0, problems: 1 },
  }) as unknown as PlanDocument;
const persona = (text: string) =>
  ({
    kind: "ConnectSsoPersona",
    metadata: meta(text),
    spec: { application: { displayName: text }, roleDelivery: { mode: "Direct" } },
    status: {
      conditions: [condition(text)],
      drift: [{ component: "application", path: text, desired: text, observed: text }],
    },
  }) as unknown as ConnectSsoPersona;
const user = (text: string) =>
  ({
    kind: "ConnectUser",
    metadata: meta(text),
    spec: { personaRef: { name: text }, entraUser: { userPrincipalName: text } },
    status: { username: text, conditions: [condition(text)] },
  }) as unknown as ConnectUser;
const explanation = (text: string) =>
  ({
    user: meta(text),
    persona: { name: text },
    person: text,
    links: [{ name: "declared", state: "broken", text, seen: text, fix: text }],
  }) as unknown as Explanation;

test.each<[string, (text: string) => string]>([
  ["plan", (text) => planText(plan(text), plain)],
  ["plan -o markdown", (text) => planMarkdown(plan(text))],
  ["status", (text) => tree([persona(text), user(text)], plain)],
  ["apply, line by line", (text) => new Steps(plain).since([persona(text)]).join("\n")],
  ["why", (text) => explanationText(explanation(text), plain)],
  ["saml decode", (text) => findingLines([{ level: "error", what: text, seen: text, fix: text }], plain).join("\n")],
  [
    "comments of import and from-csv",
    (text) => manifestStream([{ object: { kind: "A", metadata: { name: "a" } }, comments: [text] }], [text]),
  ],
])("%s", (_, render) => {
  const lines = render("harmless").split("\n").length;
  for (const text of HOSTILE) {
    const shown = render(text);
    expect(shown).not.toMatch(UNSAFE);
    expect(shown.split("\n")).toHaveLength(lines);
  }
});

test("Markdown outside of code is neither HTML, nor an image, nor a mention", () => {
  for (const text of HOSTILE) {
    const prose = planMarkdown(plan(text))
      .replace(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, "")
      .replace(/(`+)[^`][\s\S]*?[^`]\1(?!`)/g, "");
    expect(prose.replace(/<\/?(details|summary|b)( open)?>/g, "")).not.toMatch(/(^|[^\\])<|(^|[^\\])!\[/);
    expect(prose).not.toMatch(/@[a-z]|(?<!&)#\d/);
  }
});

test("comments never become a document", () => {
  for (const text of HOSTILE) {
    const written = manifestStream([{ object: { kind: "A", metadata: { name: "a" } }, comments: [text] }], [text]);
    expect(parseAllDocuments(written)).toHaveLength(1);
  }
});

test("a cell of a CSV file is data, and what is wrong with it is one line", () => {
  for (const text of HOSTILE) {
    const cell = `"${text.replaceAll('"', '""')}"`;
    const csv = `first name,last name,user login,routing profile name\n${cell},Doe,jane@example.com,${cell}\nOmar,Haddad,${cell},\n`;
    const { users } = usersFromCsv(csv, { persona: "agents", namespace: "team" });
    const documents = parseAllDocuments(manifestStream(users, []));
    expect(documents.map((one) => (one.toJS() as { kind: string }).kind)).toEqual(users.map(() => "ConnectUser"));
  }
});
