/** Against the sandbox the probe finds the value of every knob, with the rights that it lists, and leaves nothing behind. */
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import { rightsOf } from "../../src/probe/rights.ts";
import { NOT_BY_API, STEPS } from "../../src/probe/steps/index.ts";
import { OPEN_FACTS, type Open } from "../../src/sandbox/open.ts";
import { type Harness, harness, INSTANCE, MARKER, TENANT } from "./support.ts";

let open: Harness | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const NAMES = Object.keys(OPEN_FACTS) as (keyof Open)[];
const FACTS = Object.assign({}, ...STEPS.map(({ facts }) => facts)) as (typeof STEPS)[number]["facts"];

test("every open fact is settled by one step, or is listed with the reason why no API shows it", () => {
  const steps = STEPS.flatMap(({ facts }) => Object.keys(facts));
  expect(new Set(steps).size).toBe(steps.length);
  expect([...steps.filter((fact) => fact in OPEN_FACTS), ...Object.keys(NOT_BY_API)].sort()).toEqual([...NAMES].sort());
  for (const reason of Object.values(NOT_BY_API)) expect(reason.length).toBeGreaterThan(20);
  for (const name of NAMES.filter((one) => one in FACTS))
    expect(FACTS[name]!.values).toEqual(expect.arrayContaining([...OPEN_FACTS[name].values]));
});

/** World `index`: every knob at its value of that number; the mixed one alternates. */
const worldOf = (index: (position: number) => number): Open =>
  Object.fromEntries(
    NAMES.map((name, position) => {
      const { values } = OPEN_FACTS[name];
      return [name, values[index(position) % values.length]];
    }),
  ) as Open;

const WORLDS: [title: string, open: Open][] = [
  ["the first value of every knob", worldOf(() => 0)],
  ["the second value of every knob", worldOf(() => 1)],
  ["the third value of every knob", worldOf(() => 2)],
  ["first and second values in turn", worldOf((position) => position % 2)],
];

test.each(WORLDS)(
  "with %s",
  async (_, knobs) => {
    const { graph, aws } = rightsOf(STEPS, INSTANCE);
    open = await harness({ open: knobs, graphPermissions: graph });
    await open.restrict(aws!);
    const before = await open.inventory();
    const report = await open.run();
    const found = Object.fromEntries(report.facts.map(({ fact, value, observed }) => [fact, value ?? observed]));
    const { deleteUserEndsSessions: _unseen, listClaimsPolicies: _needsFewerRights, ...expected } = knobs;
    expect(found).toMatchObject(expected);
    // What is no knob is a rule of the sandbox.
    expect(found).toMatchObject({
      restoreOfApplication: "alone",
      keptCredentialAsRead: "refused",
      thumbprintOfNoCertificate: "taken",
    });
    expect(report.cleanUp).toEqual({ complete: true, remains: [] });
    expect(await open.inventory()).toEqual(before);
    const text = readFileSync(open.out, "utf8");
    const secrets = [MARKER, TENANT, TENANT.replaceAll("-", ""), "444455556666", INSTANCE.split("/")[1]!];
    const keys = [
      process.env.AWS_ACCESS_KEY_ID!,
      process.env.AWS_SECRET_ACCESS_KEY!,
      process.env.CONNECT_SSO_GRAPH_TOKEN!,
      "prober",
    ];
    for (const secret of [...secrets, ...keys]) expect(text.toLowerCase()).not.toContain(secret.toLowerCase());
    for (const { exchanges } of report.steps) expect(exchanges.length).toBeGreaterThan(0);
  },
  120_000,
);

test.each(OPEN_FACTS.listClaimsPolicies.values)(
  "listClaimsPolicies: %s is seen with one of the two permissions",
  async (value) => {
    const graphPermissions = rightsOf(STEPS, INSTANCE).graph.filter((one) => one !== "Policy.Read.All");
    open = await harness({ open: { listClaimsPolicies: value }, graphPermissions });
    const before = await open.inventory();
    const report = await open.run({ steps: STEPS.filter(({ name }) => name === "claimsPolicies") });
    const found = Object.fromEntries(report.facts.map((one) => [one.fact, one.value]));
    expect(found).toMatchObject({
      listClaimsPolicies: value,
      secondClaimsPolicy: "refused",
      absentReference: "notFound",
    });
    expect(await open.inventory()).toEqual(before);
  },
);
