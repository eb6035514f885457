import { expect, test } from "@jest/globals";
import { createBreaker } from "../../src/providers/breaker.ts";
import { CloudError } from "../../src/providers/errors.ts";
import { HandClock } from "./clock.ts";

const failure = (status: number | undefined) =>
  new CloudError("it said no", { kind: "transient", reason: "Down", code: "Down", status });

function start() {
  const clock = new HandClock();
  return {
    clock,
    breaker: createBreaker("iam of account 1", { threshold: 3, pauseMs: 1_000, maxPauseMs: 4_000, clock }),
  };
}

test.each([
  [403, "open"],
  [503, "open"],
  [undefined, "open"],
  [404, "closed"],
  [429, "closed"],
])("three answers %s in a row: %s", (status, state) => {
  const { breaker } = start();
  for (let i = 0; i < 3; i++) breaker.failed(failure(status));
  expect(breaker.state().state).toBe(state);
});

test("one success in between proves that the API works", () => {
  const { breaker } = start();
  for (const status of [503, 503]) breaker.failed(failure(status));
  breaker.succeeded();
  breaker.failed(failure(503));
  expect(breaker.state()).toMatchObject({ state: "closed", failures: 1 });
});

test("open: nobody passes, everybody is told why; then one probe at a time, ever later, until one succeeds", async () => {
  const { clock, breaker } = start();
  for (let i = 0; i < 3; i++) breaker.failed(failure(503));
  const refused = { kind: "transient", reason: "CircuitOpen", message: expect.stringContaining("it said no") };
  expect(() => breaker.enter()).toThrow(expect.objectContaining(refused));
  for (const pause of [1_000, 2_000, 4_000, 4_000]) {
    await clock.advance(pause - 1);
    expect(() => breaker.enter()).toThrow(expect.objectContaining(refused));
    await clock.advance(1);
    breaker.enter();
    expect(() => breaker.enter()).toThrow(expect.objectContaining(refused));
    breaker.failed(failure(503));
  }
  await clock.advance(4_000);
  breaker.enter();
  breaker.abandoned();
  // Given back: somebody else may probe.
  breaker.enter();
  breaker.succeeded();
  expect(breaker.state()).toEqual({ state: "closed", failures: 0 });
  breaker.enter();
});
