import { describe, expect, test } from "@jest/globals";
import { attributesOf } from "../../src/domain/people.ts";
import { compile, InvalidExpression, type Yields } from "../../src/set/expression.ts";

const jane = attributesOf({
  userPrincipalName: "jane@example.com",
  accountEnabled: true,
  country: "IE",
  officeLocation: "Dublin - 4",
  employeeType: "Agent",
  department: null,
  onPremisesExtensionAttributes: { extensionAttribute7: "gold" },
});

describe("what an expression yields", () => {
  test.each<[string, keyof Yields, unknown]>([
    ["user.accountEnabled && user.employeeType == 'Agent'", "bool", true],
    ["user.employeeType in ['Contractor', 'Agent']", "bool", true],
    ["!user.userPrincipalName.endsWith('@example.com')", "bool", false],
    ["user.department == ''", "bool", true],
    ["user.extensionAttribute7.upperAscii() == 'GOLD'", "bool", true],
    ["size(user.country) == 2", "bool", true],
    ["[user.country, user.officeLocation.split(' - ')[0]]", "list<string>", ["IE", "Dublin"]],
    ["user.country == 'IE' ? 'Ireland' : 'Elsewhere'", "string", "Ireland"],
    ["'Team ' + user.officeLocation.substring(9)", "string", "Team 4"],
    ["[user.country, // the site\n 'Team'].join(' / ')", "string", "IE / Team"],
  ])("%s", (text, type, value) => {
    expect(compile(text, type)(jane)).toEqual(value);
  });
});

describe("what does not compile, and where", () => {
  const nested = `${"(".repeat(40)}true${")".repeat(40)}`;
  test.each<[string, string, keyof Yields, [number, number], string]>([
    ["an attribute that is not on the list", "user.salary == '1'", "bool", [1, 6], "No such key: salary"],
    ["an unknown variable", "user.country == 'IE'\n  && nobody", "bool", [2, 6], "Unknown variable: nobody"],
    ["half an expression", "user.country ==", "bool", [1, 16], "Unexpected token: EOF"],
    ["a string where a truth is needed", "user.country", "bool", [1, 1], "yields string, not bool"],
    ["one string where a list is needed", "user.country", "list<string>", [1, 1], "yields string, not list<string>"],
    ["numbers and text", "user.country + 1 == ''", "bool", [1, 1], "no such overload: string + int"],
    ["a regular expression", "user.country.matches('(a+)+$')", "bool", [1, 1], "its cost has no bound"],
    ["a macro", "[user.country].exists(c, c == '')", "bool", [1, 1], "exists() is not available"],
    [
      "a macro in a macro",
      "user.country.split('').map(a, [a].map(b, b)) == []",
      "bool",
      [1, 1],
      "map() is not available",
    ],
    ["has", "has(user.country)", "bool", [1, 1], "has() is not available"],
    ["a binding", "cel.bind(a, user.country, a) == ''", "bool", [1, 1], "bind() is not available"],
    ["a multiplication", "size(user.country) * 2 == 4", "bool", [1, 1], "operator * is not available"],
    ["a map", "{'a': 'b'}['a']", "string", [1, 2], "Exceeded maxMapEntries"],
    ["deep nesting", nested, "bool", [1, 33], "Exceeded maxDepth"],
    ["a long list", `'a' in [${"'a',".repeat(100)}'b']`, "bool", [1, 409], "Exceeded maxListElements"],
    ["many parts", Array(101).fill("1==1").join("||"), "bool", [1, 454], "Exceeded maxAstNodes"],
    ["a long text", `'${"a".repeat(1024)}' == ''`, "bool", [1, 1025], "at most 1024 characters"],
  ])("%s", (_, text, type, [line, column], message) => {
    let error: unknown;
    try {
      compile(text, type);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(InvalidExpression);
    const { line: l, column: c, message: m } = error as InvalidExpression;
    expect({ line: l, column: c }).toEqual({ line, column });
    expect(m).toContain(message);
  });
});

test.each([
  ["'0123456789'.split('').join('0123456789').split('')", "cannot be split again"],
  ["(user.mail + [user.mail].join('-')).split('-')", "cannot be split again"],
  ["user.mail.split('@').join(user.mail).split('-')", "cannot be split again"],
])("a text cannot multiply: %s", (text, message) => {
  expect(() => compile(text, "list<string>")).toThrow(message);
});

test("what a text is joined with is a short literal", () => {
  expect(() => compile("user.mail.split('').join(user.mail)", "string")).toThrow("literal of at most 16 characters");
  expect(() => compile("user.mail.split('').join('01234567890123456')", "string")).toThrow("at most 16 characters");
  expect(compile("user.mail.split('@').join(' at ')", "string")(attributesOf({ mail: "a@b.c" }))).toBe("a at b.c");
});

test("a value that does not fit one person is an error for that person", () => {
  const evaluate = compile("user.officeLocation.split(' - ')[1]", "string");
  expect(evaluate(jane)).toBe("4");
  expect(() => evaluate(attributesOf({ officeLocation: "Cork" }))).toThrow("index out of bounds");
});
