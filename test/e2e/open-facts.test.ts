/**
 * The whole life under all second answers to the open facts, and under all third ones; real-rules.test.ts has the first ones.
 * `LIVES=each`: under each answer alone, which takes half an hour. Random combinations are the property test's.
 */
import { test } from "@jest/globals";
import { OPEN_FACTS, type Open } from "../../src/sandbox/open.ts";
import { LIFE_MS, lifeWorld, live } from "./whole-life.ts";

type Answers = Partial<Open>;
const facts = Object.entries(OPEN_FACTS);
const each = facts.flatMap(([name, { values }]) =>
  values.slice(1).map((value): [string, Answers] => [`${name}: ${value}`, { [name]: value }]),
);
const all = (index: number) =>
  Object.fromEntries(facts.map(([name, { values }]) => [name, values[index] ?? values.at(-1)])) as Answers;
const together: [string, Answers][] = [
  ["every second answer", all(1)],
  ["every third answer, or else the second", all(2)],
];

test.each(process.env.LIVES === "each" ? [["first answers", {}] as [string, Answers], ...each] : together)(
  "the whole life, with %s",
  (_, open) => live(lifeWorld(open)),
  LIFE_MS,
);
