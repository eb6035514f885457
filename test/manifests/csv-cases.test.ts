/** Files as the console, Excel, PowerShell and Entra write them; the shared cases among them where they are. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import type { ConnectUser } from "../../src/api/resources.ts";
import { usersFromCsv } from "../../src/manifests/csv.ts";
import { decodeCsv } from "../../src/manifests/encoding.ts";
import { mergeManifests, writeMerged } from "../../src/manifests/merge.ts";
import { readManifests } from "../../src/manifests/read.ts";

const CASES = new URL("../../../shared/cases/csv/", import.meta.url);
const options = { persona: "agents", namespace: "team" };
const read = (file: string | Uint8Array) => {
  const { users, problems, dropped } = usersFromCsv(file, options);
  return { people: users.map(({ object }) => object.spec), problems, dropped };
};
const jane = {
  personaRef: { name: "agents" },
  entraUser: { userPrincipalName: "jane@example.com" },
  firstName: "Jane",
  lastName: "Doe",
};

test.each<[string, object[], object[]]>([
  [
    "a-template-2026",
    [
      {
        ...jane,
        routingProfile: "Basic Routing Profile",
        securityProfiles: ["Agent"],
        hierarchyGroup: ["Dublin", "Team A"],
        phone: { type: "SoftPhone" },
        contactHandling: { voice: { persistentConnection: false, enhancement: "None" } },
        tags: { team: "a" },
      },
    ],
    [],
  ],
  [
    "b-cp1252",
    [
      { firstName: "Jürgen", lastName: "Müller" },
      { firstName: "Søren", lastName: "Åkesson" },
    ],
    [],
  ],
  ["c-utf16", [{ firstName: "Zoë", lastName: "Nuñez", entraUser: { userPrincipalName: "zoe@example.com" } }], []],
  ["d-sep", [jane], []],
  ["e-entra-export", [jane], []],
  [
    "q-type",
    [],
    [
      { line: 3, message: expect.stringContaining('"J?rgen" lost letters') },
      { line: 3, message: expect.stringContaining('"M?ller" lost letters') },
    ],
  ],
  ["s-tags", [{ ...jane, tags: { Team: "A", Site: "B" } }, { tags: { Team: "A" } }], []],
])("%s", (name, people, problems) => {
  const file = new URL(`${name}.csv`, CASES);
  if (!existsSync(file)) return console.log(`${name} is absent: not read`);
  const found = read(readFileSync(file));
  expect(found.problems).toEqual(problems);
  expect(found.people).toHaveLength(people.length);
  expect(found.people).toMatchObject(people);
});

const HEAD = "first name,last name,user login";
const bytes = (text: string, map: Record<string, number> = {}) =>
  Buffer.from([...text].map((character) => map[character] ?? character.charCodeAt(0)));
const CENTRAL = { Ł: 0xa3, ł: 0xb3, ś: 0x9c, ń: 0xf1, ř: 0xf8, š: 0x9a, Č: 0xc8, ő: 0xf5, ű: 0xfb };

test.each<[string, Uint8Array, string | object[]]>([
  ["UTF-8", Buffer.from("Zoë"), "Zoë"],
  ["UTF-8 with a mark", Buffer.from("\ufeffZoë"), "Zoë"],
  ["UTF-16, big end first", Buffer.from("\ufeffZoë", "utf16le").swap16(), "Zoë"],
  ["UTF-16 without a mark", Buffer.from("first name,last name\nJane,Doe", "utf16le"), "first name,last name\nJane,Doe"],
  ["German", bytes("Jörg,Müller\nJürgen,Schäfer"), "Jörg,Müller\nJürgen,Schäfer"],
  ["Polish", bytes("Łukasz,Wiśniewski\nSławomir,Zieliński", CENTRAL), "Łukasz,Wiśniewski\nSławomir,Zieliński"],
  [
    "Czech, too little to tell",
    bytes("a,b\nJiří,Dvořák", CENTRAL),
    [
      {
        line: 2,
        message:
          '"Jiøí" or "Jiří": the file does not say which letters it means; save the file as UTF-8 (in Excel: CSV UTF-8)',
      },
    ],
  ],
  [
    "Hungarian, nothing to choose",
    bytes("Kovács,Péter\nSzűcs,Győző", CENTRAL),
    [{ line: 2, message: expect.stringContaining('"Szûcs" or "Szűcs"') }],
  ],
  ["letters that both code pages share", bytes("Zoé,Müller"), "Zoé,Müller"],
  [
    "Russian",
    Buffer.from("c8e2e0ed2ccfe5f2f0eee22ccce0f0e8ff20c8e2e0edeee2ed", "hex"),
    [{ line: 1, message: expect.stringContaining("looks like windows-1251") }],
  ],
])("encoding: %s", (_, file, expected) => {
  const { text, problems } = decodeCsv(file);
  if (typeof expected === "string") expect({ text, problems }).toEqual({ text: expected, problems: [] });
  else expect(problems).toEqual(expected);
});

test("what is not certain is a problem of its line, and no manifest comes of it in silence", () => {
  const { problems } = read(bytes(`${HEAD}\nJane,Doe,jane@example.com\nJiří,Dvořák,jiri@example.com\n`, CENTRAL));
  expect(problems).toEqual([{ line: 3, message: expect.stringContaining("Jiří") }]);
});

test.each<[string, string, object[], object[]]>([
  ["PowerShell's type", `#TYPE A.B\r\n"first name","last name","user login"\r\nJane,Doe,jane@example.com`, [jane], []],
  ["sep with a tab", `sep=\t\r\nfirst name\tlast name\tuser login\r\nJane\tDoe\tjane@example.com`, [jane], []],
  [
    "lines are counted from the top",
    `sep=;\nfirst name;last name;user login\n;Doe;jane@example.com`,
    [],
    [{ line: 3, message: expect.stringContaining("no first name") }],
  ],
  [
    "unknown columns, the list once",
    `${HEAD},a,b\nJane,Doe,jane@example.com,1,2`,
    [jane],
    [
      { line: 1, message: 'unknown column "a"' },
      { line: 1, message: expect.stringMatching(/^unknown column "b"; understood are first name, /) },
    ],
  ],
  [
    "tags in the template's form",
    `${HEAD},tags\nJane,Doe,jane@example.com,team|a||site|b:c`,
    [{ ...jane, tags: { team: "a", site: "b:c" } }],
    [],
  ],
  [
    "one tag whose value holds a colon",
    `${HEAD},tags\nJane,Doe,jane@example.com,url|http:x`,
    [{ ...jane, tags: { url: "http:x" } }],
    [],
  ],
  [
    "a tag twice",
    `${HEAD},tags\nJane,Doe,jane@example.com,a:b|a:c`,
    [],
    [{ line: 2, message: "tag a is given twice" }],
  ],
  [
    "two hierarchies that agree",
    `${HEAD},agent hierarchy,user_hierarchy_1\nJane,Doe,jane@example.com,A|B,A|B`,
    [{ ...jane, hierarchyGroup: ["A", "B"] }],
    [],
  ],
  [
    "two hierarchies that do not",
    `${HEAD},agent hierarchy,user_hierarchy_1\nJane,Doe,jane@example.com,A|B,A|C`,
    [],
    [{ line: 2, message: "agent hierarchy and user_hierarchy name different groups" }],
  ],
  ["a question that is one", `${HEAD}\nJane ?,Doe,jane@example.com`, [{ ...jane, firstName: "Jane ?" }], []],
  [
    "a guest of Entra's export",
    `userPrincipalName,givenName,surname,displayName\njane_x.com#EXT#@example.com,Jane,Doe,Jane`,
    [{ ...jane, entraUser: { userPrincipalName: "jane_x.com#EXT#@example.com" } }],
    [],
  ],
])("%s", (_, text, people, problems) => {
  const found = read(text);
  expect(found.problems).toEqual(problems);
  expect(found.people).toEqual(people);
});

test("what Entra's export has beyond Connect is told in one line", () => {
  const { dropped } = read("userPrincipalName,givenName,surname,displayName,city\nj@example.com,Jane,Doe,Jane,Dublin");
  expect(dropped).toEqual([{ title: "displayName, city", why: "Connect has nothing of the kind" }]);
});

test("a folder that holds manifests is merged into, field by field", () => {
  const folder = mkdtempSync(join(tmpdir(), "merge-"));
  try {
    const path = join(folder, "people.yaml");
    writeFileSync(
      path,
      `# by hand\napiVersion: connectsso.dev/v1alpha1\nkind: ConnectUser\nmetadata: {name: boss, namespace: team}\nspec:\n  personaRef: {name: agents}\n  entraUser: {userPrincipalName: Jane@example.com}\n  firstName: Jane\n  lastName: Roe # her own\n  routingProfile: Escalations\n  deletionPolicy: Delete\n`,
    );
    const updated = readManifests(folder, "team").objects as ConnectUser[];
    const csv = `${HEAD},security profiles\nJane,Doe,jane@example.com,Agent|Lead\nOmar,Haddad,omar@example.com,\n`;
    const { users, problems } = usersFromCsv(csv, { ...options, updated });
    expect(problems).toEqual([]);
    const merged = mergeManifests(folder, users);
    expect(merged.changes).toEqual([
      "ConnectUser team/boss: spec.lastName: Roe → Doe",
      'ConnectUser team/boss: spec.securityProfiles: (none) → ["Agent","Lead"]',
    ]);
    expect(merged.files.map(({ path: file }) => file)).toEqual([path, join(folder, "team", "connectuser-omar.yaml")]);
    writeMerged(merged);
    const text = readFileSync(path, "utf8");
    for (const kept of ["# by hand", "deletionPolicy: Delete", "routingProfile: Escalations", "Jane@example.com"])
      expect(text).toContain(kept);
    expect(readManifests(folder, "team")).toMatchObject({ problems: [], objects: [{}, {}] });
    expect(mergeManifests(folder, users)).toEqual({ files: [], changes: [] });
    const moved = usersFromCsv(csv, { ...options, persona: "managers", updated });
    expect(moved.problems).toEqual([
      { line: 2, message: expect.stringContaining("of persona agents; move it by hand") },
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
