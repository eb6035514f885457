import { expect, test } from "@jest/globals";
import { type Line, LogBudget } from "../../src/observability/log-budget.ts";
import { FakeClock } from "../runtime/clock.ts";

function setUp() {
  const clock = new FakeClock();
  const written: string[] = [];
  const write = ({ fields, text }: Line) => void written.push(`${text} ${JSON.stringify(fields)}`);
  const budget = new LogBudget(write, clock);
  const log = (text: string, fields: Record<string, unknown> = {}) => {
    const line = { level: 50, fields, text };
    if (budget.admit(line)) write(line);
  };
  return { clock, written, log };
}

test("an equal line is written three times a minute, and then counted, whatever it took", () => {
  const { clock, written, log } = setUp();
  for (let count = 0; count < 93_000; count++) log("failed", { name: "a", retryMs: count });
  expect(written).toHaveLength(3);
  clock.advance(60_000);
  log("other");
  expect(written.slice(3)).toEqual(['failed {"name":"a","retryMs":0,"repeated":92997}', "other {}"]);
  log("failed", { name: "a" });
  expect(written.at(-1)).toBe('failed {"name":"a"}');
});

test("lines of other objects, reasons or errors are other lines", () => {
  const { written, log } = setUp();
  for (let count = 0; count < 10; count++)
    for (const fields of [{ name: "a" }, { name: "b" }, { name: "a", reason: "x" }, { name: "a", err: new Error("y") }])
      log("failed", fields);
  expect(written).toHaveLength(12);
});

test("however many different lines: no more than the budget, and the rest is counted", () => {
  const { clock, written, log } = setUp();
  for (let index = 0; index < 5_000; index++) log(`line ${index}`);
  expect(written).toHaveLength(3_000);
  clock.advance(60_000);
  log("again");
  expect(written.slice(3_000)).toEqual(['log lines were left out {"lines":2000}', "again {}"]);
});

test("external writes are never left out", () => {
  const { written, log } = setUp();
  for (let index = 0; index < 4_000; index++) log("external write", { operation: "CreateUser", target: "x" });
  expect(written).toHaveLength(4_000);
});
