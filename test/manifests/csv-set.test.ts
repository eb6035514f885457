/** A set made of a file grants everybody exactly what the manifests of the file grant: the rules of sets are the judge. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ConnectUserSetSpec, ConnectUserSpec } from "../../src/api/resources.ts";
import { setFromCsv } from "../../src/manifests/csv-set.ts";
import { problemsOf } from "../../src/manifests/schema.ts";
import { look, person, setOf, sourceOf } from "../set/support.ts";

type Fields = Partial<ConnectUserSpec>;
const OPTIONS = { name: "cc", namespace: "contact-centre", persona: "agents", group: "CC Agents", isNew: true };
const userOf = (spec: Fields, index: number, domain = "Example.com") => ({
  line: index + 2,
  object: {
    kind: "ConnectUser",
    metadata: { name: `p${index + 1}`, namespace: "contact-centre" },
    spec: {
      personaRef: { name: "agents" },
      entraUser: { userPrincipalName: `P${index + 1}@${domain}` },
      ...spec,
    } as ConnectUserSpec,
  },
  comments: [],
});
const specOf = (set: { object: object }) => (set.object as { spec: ConnectUserSetSpec }).spec;
const GRANTED = ["securityProfiles", "routingProfile", "hierarchyGroup", "tags", "phone", "contactHandling"] as const;
const granted = (spec: Fields | undefined) =>
  Object.fromEntries(
    GRANTED.flatMap((field) => {
      const value = spec?.[field];
      return value === undefined
        ? []
        : [[field, Array.isArray(value) && field === "securityProfiles" ? [...value].sort() : value]];
    }),
  );

/** Whom the set has, by number, with what it grants. */
function expanded(set: { object: object }, count: number, domain = "example.com") {
  const numbers = Array.from({ length: count }, (_, index) => index + 1);
  const people = numbers.map((number) => person(number, { userPrincipalName: `p${number}@${domain}` }));
  const members = look(setOf(specOf(set)), { source: sourceOf(people, { "CC Agents": numbers }) });
  return new Map(members.map(({ id, wanted, reasons }) => [Number(id.slice(-12)), { wanted, reasons }]));
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const fields: fc.Arbitrary<Fields> = fc
  .record({
    routingProfile: maybe(fc.constantFrom("Basic", "Escalations")),
    securityProfiles: maybe(fc.constantFrom(["Agent"], ["Quality"], ["Agent", "Quality"], ["Quality", "Agent"])),
    hierarchyGroup: maybe(fc.constantFrom(["IE"], ["IE", "Dublin"], ["FR"])),
    tags: maybe(fc.constantFrom({ team: "one" }, { team: "one", site: "x" }, { team: "two" })),
    phone: maybe(fc.constantFrom({ type: "SoftPhone" as const })),
    mobile: fc.option(fc.constant("+353861234567"), { nil: undefined, freq: 1 }),
  })
  .map((one) => JSON.parse(JSON.stringify(one)) as Fields);

test("every person is granted by the set, or by the ConnectUser that stays, what the file says", () => {
  fc.assert(
    fc.property(fc.array(fields, { minLength: 1, maxLength: 12 }), (rows) => {
      const users = rows.map((row, index) => userOf(row, index));
      const { set, rest } = setFromCsv(users, OPTIONS);
      expect(problemsOf(set)).toEqual([]);
      const members = expanded(set, rows.length);
      for (const [index, row] of rows.entries()) {
        const own = rest.find(({ object }) => object.metadata.name === `p${index + 1}`);
        if (own) expect(own.object.spec).toEqual(users[index]!.object.spec);
        else expect([index, granted(members.get(index + 1)?.wanted)]).toEqual([index, granted(row)]);
      }
    }),
    { numRuns: 100, seed: 1 },
  );
});

test("what all have in common is the template; who differs is named by a rule; who has something of one person stays", () => {
  const common = { routingProfile: "Basic", securityProfiles: ["Agent"], tags: { team: "one" } };
  const { set, rest } = setFromCsv(
    [
      common,
      common,
      { ...common, routingProfile: "Escalations", securityProfiles: ["Agent", "Quality"] },
      { ...common, secondaryEmail: "p4@example.org" },
    ].map((row, index) => userOf(row, index)),
    OPTIONS,
  );
  expect(specOf(set)).toEqual({
    source: { groups: [{ displayName: "CC Agents" }] },
    rules: [
      {
        name: "difference-1",
        when: 'user.userPrincipalName.lowerAscii() in ["p3@example.com"]',
        set: { routingProfile: "Escalations" },
        add: { securityProfiles: ["Quality"] },
      },
      { name: "everybody", set: { persona: "agents" }, add: { tags: { team: "one" } } },
    ],
    template: { routingProfile: "Basic", securityProfiles: ["Agent"] },
    mode: "Plan",
  });
  expect(set.comments?.[0]).toMatch(/^3 of 4 people of the file, once they are members of group "CC Agents"/);
  expect(rest).toMatchObject([
    {
      object: { metadata: { name: "p4" } },
      comments: ["not in the set, which cannot say secondaryEmail of one person"],
    },
  ]);
});

test("a manifest that is there already keeps its mode", () => {
  expect(specOf(setFromCsv([userOf({}, 0)], { ...OPTIONS, isNew: false }).set)).not.toHaveProperty("mode");
});

test("who differs takes as many rules as expressions have room; the others stay ConnectUsers", () => {
  const domain = `${"a".repeat(60)}.example.com`;
  const rows = Array.from({ length: 1_400 }, (_, index) => ({
    routingProfile: index < 700 ? "Basic" : "Escalations",
    hierarchyGroup: ["IE"],
  }));
  const { set, rest } = setFromCsv(
    rows.map((row, index) => userOf(row, index, domain)),
    OPTIONS,
  );
  expect(problemsOf(set)).toEqual([]);
  expect(specOf(set).rules).toHaveLength(50);
  expect(rest.length).toBeGreaterThan(0);
  expect(rest[0]!.comments).toEqual(["not in the set, which has room for 50 rules"]);
  const members = expanded(set, rows.length, domain);
  const left = new Set(rest.map(({ object }) => object.metadata.name));
  for (const [index, { routingProfile }] of rows.entries())
    if (!left.has(`p${index + 1}`)) expect(members.get(index + 1)?.wanted?.routingProfile).toBe(routingProfile);
});
