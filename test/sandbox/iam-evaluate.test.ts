// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables are written so
/** The sandbox's evaluation of identity policies. Source of the verdicts: IAM user guide, condition operators and policy variables. */
import { describe, expect, test } from "@jest/globals";
import { evaluate } from "../../src/sandbox/iam/evaluate.ts";

const ARN = "arn:aws:connect:eu-west-2:111122223333:instance/i/agent/u";
const decide = (statement: object, context: Record<string, string[]> = {}, version = "2012-10-17", resource = ARN) =>
  evaluate(
    [JSON.stringify({ Version: version, Statement: { Effect: "Allow", Action: "*", Resource: "*", ...statement } })],
    { action: "connect:DescribeUser", resource, context },
  ) === "allowed";

describe("conditions", () => {
  test.each<[operator: string, wanted: unknown, actual: string[] | undefined, holds: boolean]>([
    ["StringEquals", "a", ["a"], true],
    ["StringEquals", "a", ["A"], false],
    ["StringEquals", "a", undefined, false],
    ["StringEqualsIfExists", "a", undefined, true],
    ["StringNotEquals", "a", undefined, true],
    ["StringNotEquals", ["a", "b"], ["b"], false],
    ["StringEqualsIgnoreCase", "a", ["A"], true],
    ["StringLike", "a*c?", ["abbcd"], true],
    ["StringLike", "a${*}", ["abc"], false],
    ["StringLike", "a${*}", ["a*"], true],
    ["StringNotLike", "a*", ["abc"], false],
    ["NumericLessThanEquals", "5", ["5"], true],
    ["NumericNotEquals", 5, ["5.0"], false],
    ["NumericGreaterThan", "5", ["many"], false],
    ["DateGreaterThan", "2026-01-01T00:00:00Z", ["2026-11-29T00:00:00Z"], true],
    ["DateLessThan", "2026-01-01T00:00:00Z", ["2026-11-29T00:00:00Z"], false],
    ["DateEquals", "1796083200", ["2026-12-01T00:00:00Z"], true],
    ["Bool", true, ["TRUE"], true],
    ["BoolIfExists", "false", undefined, true],
    ["BinaryEquals", "YWI=", ["YWI"], true],
    ["IpAddress", "10.0.0.0/8", ["10.1.2.3"], true],
    ["IpAddress", "10.0.0.0/8", ["11.1.2.3"], false],
    ["NotIpAddress", "10.0.0.0/8", ["11.1.2.3"], true],
    ["IpAddress", "2001:db8::/32", ["2001:db8::1"], true],
    ["ArnLike", "arn:aws:iam::*:role/*", ["arn:aws:iam::111122223333:role/a/b"], true],
    ["ArnLike", "arn:aws:iam:*:role/*", ["arn:aws:iam::111122223333:role/a"], false],
    ["ArnNotEquals", "arn:aws:iam::*:role/*", ["arn:aws:iam::111122223333:user/a"], true],
    ["Null", "true", undefined, true],
    ["Null", "false", undefined, false],
    ["ForAllValues:StringEquals", ["a", "b"], ["a", "b"], true],
    ["ForAllValues:StringEquals", ["a"], ["a", "b"], false],
    ["ForAllValues:StringEquals", ["a"], undefined, true],
    ["ForAnyValue:StringEquals", ["a"], ["a", "b"], true],
    ["ForAnyValue:StringEquals", ["a"], undefined, false],
    ["ForAnyValue:StringNotEquals", ["a"], ["a", "b"], true],
    ["StringEquals", "${aws:username}", ["jane"], true],
    ["StringEquals", "${no:such, 'jane'}", ["jane"], true],
    ["StringEquals", "${no:such}", ["jane"], false],
  ])("%s %j of %j: %j", (operator, wanted, actual, holds) => {
    const context = { "aws:username": ["jane"], ...(actual && { "test:Key": actual }) };
    expect(decide({ Condition: { [operator]: { "TEST:key": wanted } } }, context)).toBe(holds);
  });
});

test.each([
  ["arn:aws:connect", true],
  ["arn:aws:connect:eu-west-2", true],
  ["arn:aws:iam", false],
  ["arn:aws:connect:*:*:instance/i/*", true],
  [["arn:aws:iam::*:role/x", null], false],
  ["arn:aws:connect:*:*:instance/i/agent/${aws:username}", true],
])("resource %j: %j", (Resource, holds) => {
  expect(decide({ Resource }, { "aws:username": ["u"] })).toBe(holds);
});

test("a policy of the first version has no variables", () => {
  const Resource = "arn:aws:connect:*:*:instance/i/agent/${aws:username}";
  expect(decide({ Resource }, { "aws:username": ["u"] }, "2008-10-17")).toBe(false);
  expect(decide({ Resource }, {}, "2008-10-17", "arn:aws:connect:::instance/i/agent/${aws:username}")).toBe(true);
});
test("a Deny wins over every Allow", () => {
  const document = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "*", Resource: "*" },
      { Effect: "Deny", NotAction: "iam:*", NotResource: "arn:aws:iam::*:role/*" },
    ],
  });
  const question = { resource: ARN, context: {} };
  expect(evaluate([document], { action: "connect:DescribeUser", ...question })).toBe("explicitDeny");
  expect(evaluate([document], { action: "iam:GetRole", ...question })).toBe("allowed");
});
