/** Two implementations of the same rules: the product's evaluator and the sandbox's, over generated policies. */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { contextOf } from "../../../src/domain/policy/context.ts";
import { evaluate } from "../../../src/domain/policy/evaluate.ts";
import { evaluate as sandbox } from "../../../src/sandbox/iam/evaluate.ts";

/** SEED=n tries other policies. */
const SEED = Number(process.env.SEED ?? 20261128);
const RUNS = 3000;

const ACTIONS = ["connect:GetFederationToken", "connect:ListUsers", "iam:ListRoles"];
const INSTANCE = "arn:aws:connect:us-east-1:111122223333:instance/0a1b";
const RESOURCES = [`${INSTANCE}/user/AROA:jane`, INSTANCE, "arn:aws:iam::111122223333:role/connect-sso/agents"];
const some = <T>(...values: T[]) => fc.constantFrom(...values);
const many = <T>(value: fc.Arbitrary<T>, max = 3) => fc.oneof(value, fc.array(value, { minLength: 1, maxLength: max }));

const actions = many(some(...ACTIONS, "*", "connect:*", "CONNECT:list*", "iam:List?oles", "s3:*"));
const resources = many(
  some(
    ...RESOURCES,
    "*",
    `${INSTANCE}/*`,
    `${INSTANCE}/user/\${aws:userid}`,
    `${INSTANCE}/user/\${nothing}`,
    "arn:aws:iam::*:role/*",
    "arn:aws:connect:*",
  ),
);
const OF_STRINGS = [
  "StringEquals",
  "StringNotEquals",
  "StringEqualsIgnoreCase",
  "StringNotEqualsIgnoreCase",
  "StringLike",
  "StringNotLike",
];
const OF_NUMBERS = [
  "NumericEquals",
  "NumericNotEquals",
  "NumericLessThan",
  "NumericLessThanEquals",
  "NumericGreaterThan",
  "NumericGreaterThanEquals",
];
const OF_DATES = ["DateEquals", "DateNotEquals", "DateLessThan", "DateGreaterThanEquals"];
const full = (names: string[]) =>
  fc
    .tuple(some("", "", "ForAllValues:", "ForAnyValue:"), some(...names), some("", "", "IfExists"))
    .map(([quantifier, name, ifExists]) => `${quantifier}${name}${ifExists}`);
const test1 = (operator: fc.Arbitrary<string>, key: fc.Arbitrary<string>, values: fc.Arbitrary<unknown>) =>
  fc.tuple(operator, key, values).map(([op, name, value]) => ({ [op]: { [name]: value } }));
const KEYS = some("text", "TEXT", "list", "absent", "aws:userid");
const condition = fc.oneof(
  test1(full(OF_STRINGS), KEYS, many(some("a", "A", "b", "a*", "?", "AROA:jane", `\${aws:userid}`))),
  test1(full(OF_NUMBERS), some("number", "absent"), many(some("1", "5", "10"))),
  test1(full(OF_DATES), some("date", "absent"), many(some("2026-01-01T00:00:00Z", "2027-01-01"))),
  test1(full(["Bool"]), some("flag", "absent"), some("true", "false")),
  test1(
    full(["IpAddress", "NotIpAddress"]),
    some("ip", "absent"),
    many(some("203.0.113.0/24", "198.51.100.7", "2001:db8::/32")),
  ),
  test1(
    full(["ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"]),
    some("arn", "absent"),
    many(some(RESOURCES[2]!, "arn:aws:iam::*:role/*", "arn:aws:iam::1*:user/*")),
  ),
  test1(some("Null"), KEYS, some("true", "false")),
);
const statement = fc
  .record({
    Effect: some("Allow", "Allow", "Deny"),
    action: fc.tuple(some("Action", "Action", "NotAction"), actions),
    resource: fc.tuple(some("Resource", "Resource", "NotResource"), resources),
    Condition: fc.option(condition, { nil: undefined }),
  })
  .map(({ Effect, action, resource, Condition }) => ({
    Effect,
    [action[0]]: action[1],
    [resource[0]]: resource[1],
    ...(Condition ? { Condition } : {}),
  }));
const documents = fc.array(
  fc.array(statement, { minLength: 1, maxLength: 3 }).map((Statement) => ({ Version: "2012-10-17", Statement })),
  { minLength: 1, maxLength: 3 },
);
const context = fc.record({
  text: some(["a"], ["b"], ["A"]),
  list: some(["a"], ["a", "b"], ["b", "c"]),
  number: some(["5"], ["10"]),
  date: some(["2026-06-01T00:00:00Z"], ["2026-01-01T00:00:00Z"]),
  flag: some(["true"], ["false"]),
  ip: some(["203.0.113.9"], ["2001:db8::1"]),
  arn: some([RESOURCES[2]!], ["arn:aws:iam::111122223333:user/x"]),
  "aws:userid": some(["AROA:jane"]),
});

test(`both evaluators decide alike wherever the product's one decides (SEED=${SEED})`, () => {
  const differences: string[] = [];
  let known = 0;
  const property = fc.property(
    documents,
    context,
    some(...ACTIONS),
    some(...RESOURCES),
    (policies, keys, action, resource) => {
      const ours = evaluate(
        { policies: policies.map((document, index) => ({ name: `${index}`, document })) },
        { action, resource, context: contextOf(keys, true) },
      );
      if (ours.verdict === "not known") return;
      known++;
      const theirs = sandbox(
        policies.map((one) => JSON.stringify(one)),
        { action, resource, context: keys },
      );
      // A Deny that is not known cannot change a verdict that is "denied" already: then only the sandbox calls it explicit.
      const alike =
        ours.verdict === "allowed"
          ? theirs === "allowed"
          : theirs !== "allowed" && (!ours.explicit || theirs === "explicitDeny");
      if (alike) return;
      differences.push(
        `${ours.verdict} here, ${theirs} in the sandbox: ${JSON.stringify({ policies, keys, action, resource })}`,
      );
    },
  );
  fc.assert(property, { seed: SEED, numRuns: RUNS });
  expect(known).toBeGreaterThan(RUNS / 2);
  expect(differences.slice(0, 5)).toEqual([]);
});
