import { describe, expect, test } from "@jest/globals";
import type { ConnectUserSetSpec } from "../../src/api/resources.ts";
import { compileSet, decide, formatProblem, groupsOf } from "../../src/set/rules.ts";
import { compiled, person, setOf } from "./support.ts";

type Rules = ConnectUserSetSpec["rules"];
const everybody = { name: "everybody", set: { persona: "agents" } };
const managers = { name: "managers", group: { displayName: "CC Managers" } };
const decision = (rules: Rules, groups: string[] = [], attributes: object = {}, template: object = {}) =>
  decide(
    compiled(setOf({ rules, template: template as ConnectUserSetSpec["template"] })),
    person(1, attributes),
    new Set(groups),
  );

describe("single values: the first rule that sets one wins", () => {
  const rules: Rules = [
    { ...managers, set: { persona: "managers", routingProfile: "Escalations" } },
    { name: "irish", when: "user.country == 'IE'", set: { routingProfile: "Basic", hierarchyGroup: ["IE"] } },
    { ...everybody, compute: { hierarchyGroup: "[user.country, user.officeLocation]" } },
  ];
  test.each<[string, string[], object, object]>([
    [
      "by group",
      ["name:CC Managers"],
      { country: "FR", officeLocation: "Lyon" },
      { persona: "managers", routingProfile: "Escalations", hierarchyGroup: ["FR", "Lyon"] },
    ],
    ["by attribute", [], { country: "IE" }, { persona: "agents", routingProfile: "Basic", hierarchyGroup: ["IE"] }],
    [
      "each field for itself",
      ["name:CC Managers"],
      { country: "IE" },
      { persona: "managers", routingProfile: "Escalations", hierarchyGroup: ["IE"] },
    ],
  ])("%s", (_, groups, attributes, expected) => {
    expect(decision(rules, groups, attributes)).toMatchObject({ ...expected, problems: [] });
  });

  test("who decided, and what was overridden by whom", () => {
    const { because, overridden } = decision(rules, ["name:CC Managers"], { country: "IE", officeLocation: "Dublin" });
    expect(because).toEqual({ persona: "managers", routingProfile: "managers", hierarchyGroup: "irish" });
    expect(overridden).toEqual([
      { field: "routingProfile", value: "Basic", rule: "irish", by: "managers" },
      { field: "persona", value: "agents", rule: "everybody", by: "managers" },
      { field: "hierarchyGroup", value: "IE / Dublin", rule: "everybody", by: "irish" },
    ]);
  });

  test("a rule by group and expression needs both", () => {
    const both: Rules = [{ ...managers, when: "user.country == 'IE'", set: { persona: "managers" } }, everybody];
    expect(decision(both, ["name:CC Managers"], { country: "FR" }).persona).toBe("agents");
    expect(decision(both, [], { country: "IE" }).persona).toBe("agents");
    expect(decision(both, ["name:CC Managers"], { country: "IE" }).persona).toBe("managers");
  });

  test("a rule wins over the template", () => {
    const { routingProfile, overridden } = decision(
      rules,
      ["name:CC Managers"],
      { country: "FR", officeLocation: "x" },
      { routingProfile: "Basic" },
    );
    expect(routingProfile).toBe("Escalations");
    expect(overridden).toContainEqual({ field: "routingProfile", value: "Basic", rule: "template", by: "managers" });
  });
});

describe("sets: all of them", () => {
  const french = (level: number) => ({ attribute: "Language", value: "French", level });
  const rules: Rules = [
    { name: "a", add: { securityProfiles: ["Lead", "Agent"], proficiencies: [french(2)], tags: { team: "a" } } },
    {
      name: "b",
      add: { securityProfiles: ["Agent", "Quality"], proficiencies: [french(4)], tags: { team: "b", site: "b" } },
    },
    { name: "c", add: { proficiencies: [french(3), { attribute: "Language", value: "Irish", level: 1 }] } },
    everybody,
  ];
  test("united; one level above another, the first value of a tag", () => {
    const found = decision(rules, [], {}, { securityProfiles: ["Common"], tags: { site: "t", floor: "t" } });
    expect(found.securityProfiles).toEqual(["Lead", "Agent", "Quality", "Common"]);
    expect(found.proficiencies).toEqual([french(4), { attribute: "Language", value: "Irish", level: 1 }]);
    expect(found.tags).toEqual({ team: "a", site: "b", floor: "t" });
    expect(found.because).toMatchObject({
      "securityProfiles[Agent]": "a",
      "securityProfiles[Quality]": "b",
      "securityProfiles[Common]": "template",
      "proficiencies[Language=French]": "b",
      "tags[team]": "a",
      "tags[floor]": "template",
    });
    expect(found.overridden).toEqual([
      { field: "proficiencies[Language=French]", value: "2", rule: "a", by: "b" },
      { field: "tags[team]", value: "b", rule: "b", by: "a" },
      { field: "proficiencies[Language=French]", value: "3", rule: "c", by: "b" },
      { field: "tags[site]", value: "t", rule: "template", by: "b" },
    ]);
  });

  const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}${index}`);
  test("ten profiles are possible, eleven are an error with the list and not cut", () => {
    const ten: Rules = [{ name: "a", add: { securityProfiles: names("P", 10) } }, everybody];
    expect(decision(ten).problems).toEqual([]);
    const eleven: Rules = [...ten, { name: "b", add: { securityProfiles: ["Q"] } }];
    const { problems, securityProfiles } = decision(eleven);
    expect(problems).toEqual([`11 security profiles, at most 10 are possible: ${names("P", 10).join(", ")}, Q`]);
    expect(securityProfiles).toHaveLength(11);
  });
  test("the same for proficiencies and tags", () => {
    const more = (rule: string, count: number) => ({
      name: rule,
      add: { proficiencies: names(rule, count).map((value) => ({ attribute: "Skill", value, level: 1 })) },
    });
    expect(decision([more("a", 10), more("b", 1), everybody]).problems[0]).toContain("11 proficiencies, at most 10");
    const tags = (rule: string) => ({
      name: rule,
      add: { tags: Object.fromEntries(names(rule, 30).map((key) => [key, "x"])) },
    });
    expect(decision([tags("a"), tags("b"), everybody]).problems[0]).toContain("60 tags, at most 40");
  });
});

describe("what cannot be worked out for one person", () => {
  test("an empty part of a computed value names rule, field and value", () => {
    const rules: Rules = [{ ...everybody, compute: { hierarchyGroup: "[user.country, user.officeLocation]" } }];
    expect(decision(rules, [], { country: "IE" }).problems).toEqual([
      "rule everybody: hierarchyGroup is empty for this person: [IE, ]",
    ]);
  });
  test("an error at run time names its rule", () => {
    const rules: Rules = [{ ...everybody, when: "user.mail.split('@')[1] == 'example.com'" }];
    expect(decision(rules).problems).toEqual(["rule everybody: No such key: index out of bounds, index 1 >= size 1"]);
  });
  test("a later rule that is overridden does no harm by being empty", () => {
    const rules: Rules = [
      { name: "a", set: { hierarchyGroup: ["IE"] } },
      { ...everybody, compute: { hierarchyGroup: "[user.country]" } },
    ];
    expect(decision(rules).problems).toEqual([]);
  });
});

test("expressions that do not compile are all named with rule, field and place", () => {
  const result = compileSet(
    setOf({
      source: { where: "user.salary > 1" },
      rules: [{ ...everybody, when: "user.country ==", compute: { routingProfile: "user.accountEnabled" } }],
    }).spec,
  );
  expect("problems" in result && result.problems.map(formatProblem)).toEqual([
    "source.where, 1:6: No such key: salary",
    "rule everybody, compute.routingProfile, 1:1: yields bool, not string",
    "rule everybody, when, 1:16: Unexpected token: EOF",
  ]);
});

test("every group that a set speaks of, once", () => {
  const { spec } = setOf({
    source: { groups: [{ displayName: "CC Agents" }, { displayName: "CC Managers" }] },
    rules: [{ ...managers, set: { persona: "managers" } }, everybody],
  });
  expect(groupsOf(spec)).toEqual([{ displayName: "CC Agents" }, { displayName: "CC Managers" }]);
});
