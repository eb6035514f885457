/** What the views show, without a browser. */
import { afterEach, expect, it } from "@jest/globals";
import { servePage } from "../../src/page/server.ts";
import { EVERYTHING, type Readable, type Source, visibleTo } from "../../src/page/source.ts";
import { relative } from "../../src/page/times.ts";
import {
  ADDRESSES,
  Browser,
  condition,
  everything,
  HOSTILE,
  openSignedIn,
  persona,
  set,
  sourceOf,
  user,
} from "./scene.ts";

let browser: Browser | undefined;
afterEach(async () => {
  await browser?.page.close();
  browser = undefined;
});

async function textOf(source: Source, address: string): Promise<string> {
  browser ??= await openSignedIn(source);
  return (await browser.get(address)).text();
}

it.each(ADDRESSES)("%s shows hostile names as text", async (address) => {
  const text = await textOf(
    sourceOf(everything(HOSTILE), {
      planned: () => [{ kind: "ConnectUser", namespace: "team", name: "jane", sentence: HOSTILE }],
      happenings: async () => [
        {
          kind: "ConnectUser",
          namespace: "team",
          name: "jane",
          reason: HOSTILE,
          text: HOSTILE,
          warning: true,
          time: "",
        },
      ],
      explain: async () => ({
        user: null,
        persona: null,
        person: HOSTILE,
        links: [{ name: HOSTILE, state: "broken", text: HOSTILE, seen: HOSTILE, fix: HOSTILE }],
      }),
    }),
    address,
  );
  expect(text).not.toMatch(/<script|<img|\u202e|\u2066|" onload| style=/i);
  if (!/nowhere|q=|sets$/.test(address)) expect(text).toMatch(/&lt;script&gt;alert\(1\)/);
});

it("the overview counts people by state, and says what waits for approval and what ends when", async () => {
  const text = await textOf(sourceOf(everything()), "/");
  expect(text).toMatch(/2 people/);
  expect(text).toMatch(/state=attention"><strong>1<\/strong>/);
  expect(text).toMatch(/Waits for approval/);
  expect(text).toMatch(/connectsso\.dev\/allow-mass-deletion/);
  expect(text).toMatch(/connectsso\.dev\/approve=plain/);
  expect(text).toMatch(/Signing certificate/);
  expect(text).toMatch(/1 Jan 2029, 00:00 UTC/);
});

it("a persona shows its steps in the order of the blog, and a QR code of the sign-in address", async () => {
  const conditions = ["RoleReady", "CertificateReady", "ApplicationReady"].map((type) =>
    condition(type, "True", "UpToDate", "x"),
  );
  const text = await textOf(
    sourceOf({ personas: [persona("agents", { conditions })], users: [], sets: [] }),
    "/persona/team/agents",
  );
  expect(text).toMatch(/Entra application[\s\S]*Signing certificate[\s\S]*IAM role and its trust/);
  expect(text).toMatch(/aria-label="QR code[^>]*><svg/);
});

it("an address that is not https is neither a link nor a QR code", async () => {
  const address = "javascript:alert(1)";
  const text = await textOf(
    sourceOf({ personas: [persona("agents", { userAccessUrl: address })], users: [], sets: [] }),
    "/persona/team/agents",
  );
  expect(text).toMatch(/<code>javascript:alert\(1\)<\/code>/);
  expect(text).not.toMatch(/href="javascript|<svg/);
});

it("ten thousand people: search, filter, pages of a hundred", async () => {
  const users = Array.from({ length: 10_000 }, (_, index) => {
    const name = `user${String(index).padStart(5, "0")}`;
    return user(
      name,
      index % 1000 === 7 ? { conditions: [condition("Ready", "False", "EntraUserNotFound", "gone")] } : {},
      { firstName: "Ada", lastName: `L${index}` },
    );
  });
  const source = sourceOf({ personas: [persona("agents")], users, sets: [] });
  expect(await textOf(source, "/people")).toMatch(/1 to 100 of 10,000[\s\S]*user00099[\s\S]*Page 1 of 100/);
  expect(await textOf(source, "/people?page=100")).toMatch(/9,901 to 10,000 of 10,000/);
  expect(await textOf(source, "/people?page=999999")).toMatch(/9,901 to 10,000/);
  expect(await textOf(source, "/people?page=-1")).toMatch(/1 to 100/);
  expect(await textOf(source, "/people?q=USER0042")).toMatch(/1 to 10 of 10 found among 10,000/);
  expect(await textOf(source, "/people?q=ada+l4711")).toMatch(/1 to 1 of 1 found/);
  expect(await textOf(source, "/people?state=attention")).toMatch(/1 to 10 of 10 found/);
  expect(await textOf(source, "/people?persona=team/others")).toMatch(/No one fits this search/);
});

it("a person shows the chain as it is now, what they see and what fixes it", async () => {
  const explain = async () => ({
    user: null,
    persona: null,
    person: "jane",
    links: [
      { name: "assignment", state: "holds" as const, text: "assigned with the role" },
      { name: "role", state: "broken" as const, text: "the trust differs", seen: "Access Denied.", fix: "set it back" },
    ],
  });
  const text = await textOf(sourceOf(everything(), { explain }), "/person/team/jane");
  expect(text).toMatch(/Holds<\/span> <strong>assignment/);
  expect(text).toMatch(/Broken<\/span> <strong>role<\/strong>[\s\S]*Access Denied\.[\s\S]*set it back/);
});

it("clouds that cannot be asked are said to be so", async () => {
  const text = await textOf(
    sourceOf(everything(), { explain: async () => Promise.reject(new Error("no credentials")) }),
    "/person/team/jane",
  );
  expect(text).toMatch(/The clouds could not be asked[\s\S]*no credentials/);
});

it("a set shows held changes with the hash that approves them, and who is left out", async () => {
  const status = {
    conditions: [condition("ChangesHeld", "True", "ChangesHeld", "4 removals are held")],
    pending: {
      hash: "abc123",
      since: "2026-11-27T10:00:00Z",
      removals: 4,
      sample: [{ who: "jane@example.com", change: "Remove" }],
    },
    leftOut: [{ who: "guest@example.com", reason: "no mail address" }],
  };
  const text = await textOf(
    sourceOf({ personas: [], users: [user("omar")], sets: [set("everybody", status)] }),
    "/set/team/everybody",
  );
  expect(text).toMatch(/connectsso\.dev\/approve=abc123/);
  expect(text).toMatch(/jane@example\.com[\s\S]*Remove/);
  expect(text).toMatch(/guest@example\.com[\s\S]*no mail address/);
  expect(text).toMatch(/1 member</);
});

it("drift of a set is among the changes and on its own view", async () => {
  const drift = [
    { component: "members", path: "user jane", desired: "agents", observed: "managers", concern: "permissions" },
  ].map((one) => ({ ...one, since: "2026-11-27T10:00:00Z" }));
  const source = sourceOf({ personas: [], users: [], sets: [set("everybody", { drift })] });
  expect(await textOf(source, "/changes")).toMatch(/href="\/set\/team\/everybody"[\s\S]*user jane[\s\S]*managers/);
  expect(await textOf(source, "/set/team/everybody")).toMatch(/What is not as declared[\s\S]*user jane/);
});

it("each member of a set has the rules that decided, on the set's view and on the person's", async () => {
  const source = sourceOf({ personas: [], users: [user("jane"), user("omar")], sets: [set("everybody")] });
  const text = await textOf(source, "/set/team/everybody");
  expect(text).toMatch(
    /jane@example\.com[\s\S]*persona=rule of jane[\s\S]*omar@example\.com[\s\S]*persona=rule of omar/,
  );
  expect(await textOf(source, "/person/team/omar")).toMatch(/Decided by rule[\s\S]*persona=rule of omar/);
});

it("an empty place says what to do", async () => {
  const source = sourceOf({ personas: [], users: [], sets: [] });
  expect(await textOf(source, "/")).toMatch(/Nothing is declared here yet[\s\S]*kubectl apply/);
  expect(await textOf(source, "/people")).toMatch(/connect-sso users from-csv/);
  expect(await textOf(source, "/changes")).toMatch(/Everything that was checked is as declared/);
});

const allowed = (rights: Record<string, Readable[]>) => ({
  name: "sam@example.com",
  may: async (kind: Readable, namespace: string) => rights[namespace]?.includes(kind) ?? false,
});

/** Two namespaces whose texts all name who is in them. */
const two = {
  personas: [
    persona("agents", { conditions: [condition("Ready", "False", "UsersConflict", "1 user(s): jane")], drift: [] }),
    persona("others", {}, "far"),
  ],
  users: [user("jane"), user("pete", {}, {}, "far")],
  sets: [set("everybody"), set("remote", {}, "far")],
};

it("a reader of one namespace sees that one alone", async () => {
  const seen = await visibleTo(allowed({ team: ["personas", "users", "sets"] }), two);
  expect([...seen.personas, ...seen.users, ...seen.sets].map(({ metadata }) => metadata.namespace)).toEqual([
    "team",
    "team",
    "team",
  ]);
  expect(await visibleTo(EVERYTHING, two)).toMatchObject(two);
});

it("a reader of none sees nothing", async () => {
  const seen = await visibleTo(allowed({}), two);
  expect([seen.personas, seen.users, seen.sets]).toEqual([[], [], []]);
});

it("who may see personas and no people finds no name of a person on any page", async () => {
  const reader = allowed({ team: ["personas", "sets"] });
  const page = await servePage({
    source: sourceOf({ ...two, sets: everything("jane").sets }),
    listen: { host: "127.0.0.1", port: 0 },
    gate: () => ({ admit: async () => ({ reader }) }),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  browser = new Browser(page);
  for (const address of ADDRESSES.filter((one) => !/jane/.test(one))) {
    const text = await (await browser.get(address)).text();
    expect(text).not.toMatch(/jane|pete/);
  }
  expect((await browser.get("/person/team/jane")).status).toBe(404);
  expect(await (await browser.get("/persona/team/agents")).text()).toMatch(/UsersConflict/);
});

it.each([
  [0, "just now"],
  [-59_000, "just now"],
  [-60_000, "1 minute ago"],
  [-3 * 3_600_000, "3 hours ago"],
  [-86_400_000, "yesterday"],
  [30_000, "in less than a minute"],
  [12 * 86_400_000, "in 12 days"],
  [400 * 86_400_000, "next year"],
])("%i ms is %s", (offset, words) => {
  expect(relative(new Date(1_800_000_000_000 + offset).toISOString(), 1_800_000_000_000)).toBe(words);
});
