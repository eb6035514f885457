import { expect, test } from "@jest/globals";
import type { Reason } from "../../src/api/reasons.ts";
import { createBreaker } from "../../src/providers/breaker.ts";
import { CloudError } from "../../src/providers/errors.ts";
import { HandClock } from "./clock.ts";

const failure = (status: number | undefined, reason: Reason = "ServiceFailure") =>
  new CloudError("it said no", { kind: "transient", reason, code: reason, status });
const READ = { operation: "SearchUsers", write: false };
const write = (target: string, operation = "CreateUser") => ({ operation, write: true, target });

function start() {
  const clock = new HandClock();
  const told: string[] = [];
  const onChange = (open: boolean, text: string) => void told.push(`${open ? "open" : "closed"}: ${text}`);
  return {
    clock,
    told,
    breaker: createBreaker("iam of account 1", { threshold: 3, pauseMs: 1_000, maxPauseMs: 4_000, clock, onChange }),
  };
}

test.each([
  [401, "open"],
  [403, "open"],
  [503, "open"],
  [undefined, "open"],
  [404, "closed"],
  [429, "closed"],
])("three answers %s in a row: %s", (status, state) => {
  const { breaker } = start();
  for (let i = 0; i < 3; i++) breaker.failed(failure(status), READ);
  expect(breaker.state().state).toBe(state);
});

test("a quota that is used up is no outage, whatever its status", () => {
  const { breaker } = start();
  for (let i = 0; i < 9; i++) breaker.failed(failure(403, "QuotaExceeded"), write(`app ${i}`));
  for (let i = 0; i < 9; i++) breaker.failed(failure(403, "QuotaExceeded"), READ);
  expect(breaker.state()).toMatchObject({ state: "closed", failures: 0 });
  expect(() => breaker.enter(write("another"))).not.toThrow();
});

test("one success in between proves that the API works", () => {
  const { breaker } = start();
  for (const status of [503, 503]) breaker.failed(failure(status), READ);
  breaker.succeeded(READ);
  breaker.failed(failure(503), READ);
  expect(breaker.state()).toMatchObject({ state: "closed", failures: 1 });
});

test("open: nobody passes, everybody is told why; then one probe at a time, ever later, until one succeeds", async () => {
  const { clock, breaker } = start();
  for (let i = 0; i < 3; i++) breaker.failed(failure(503), READ);
  const refused = { kind: "transient", reason: "CircuitOpen", message: expect.stringContaining("it said no") };
  expect(() => breaker.enter(READ)).toThrow(expect.objectContaining(refused));
  for (const pause of [1_000, 2_000, 4_000, 4_000]) {
    await clock.advance(pause - 1);
    expect(() => breaker.enter(READ)).toThrow(expect.objectContaining(refused));
    await clock.advance(1);
    breaker.enter(READ);
    expect(() => breaker.enter(READ)).toThrow(expect.objectContaining(refused));
    breaker.failed(failure(503), READ);
  }
  await clock.advance(4_000);
  breaker.enter(READ);
  breaker.abandoned(READ);
  // Given back: somebody else may probe.
  breaker.enter(READ);
  breaker.succeeded(READ);
  expect(breaker.state()).toEqual({ state: "closed", failures: 0 });
  breaker.enter(READ);
});

const denied = () => failure(403, "AccessDenied");

test("a right to read that is missing makes blind: everything is left alone", () => {
  const { breaker } = start();
  for (let i = 0; i < 3; i++) breaker.failed(denied(), READ);
  expect(breaker.state().state).toBe("open");
});

test("a write that one object is refused for, however often, concerns nobody else", () => {
  const { breaker } = start();
  for (let i = 0; i < 50; i++) breaker.failed(denied(), write("jane"));
  breaker.enter(write("jane"));
  breaker.enter(write("omar"));
  expect(breaker.state()).toEqual({ state: "closed", failures: 0 });
});

test("a write that is refused for everybody is left alone, and nothing else; reads in between do not open it", async () => {
  const { breaker, clock } = start();
  for (const name of ["jane", "omar", "mary"]) {
    breaker.failed(denied(), write(name));
    breaker.succeeded(READ);
  }
  const again = { kind: "terminal", reason: "AccessDenied", message: expect.stringContaining("it said no") };
  expect(() => breaker.enter(write("alice"))).toThrow(expect.objectContaining(again));
  breaker.enter(write("alice", "DeleteUser"));
  breaker.enter(READ);
  expect(breaker.state().state).toBe("closed");
  await clock.advance(1_000);
  // The probe.
  breaker.enter(write("alice"));
  expect(() => breaker.enter(write("omar"))).toThrow(expect.objectContaining(again));
  breaker.succeeded(write("alice"));
  breaker.enter(write("omar"));
});

test("credentials that expired concern everybody, although they are refused with 403 to writes", () => {
  const { breaker } = start();
  for (let i = 0; i < 3; i++) breaker.failed(failure(403, "CredentialsExpired"), write("jane"));
  expect(() => breaker.enter(READ)).toThrow(expect.objectContaining({ reason: "CircuitOpen" }));
});

test("a refused write as the probe decides nothing: the next one may probe at once", async () => {
  const { breaker, clock } = start();
  for (let i = 0; i < 3; i++) breaker.failed(failure(503), READ);
  await clock.advance(1_000);
  breaker.enter(write("jane"));
  breaker.failed(denied(), write("jane"));
  breaker.enter(READ);
  breaker.succeeded(READ);
  expect(breaker.state().state).toBe("closed");
});

test("told once when it opens and once when it answers again, whatever happens in between", async () => {
  const { breaker, clock, told } = start();
  for (let i = 0; i < 5; i++) breaker.failed(failure(503), READ);
  for (const pause of [1_000, 2_000, 4_000]) {
    await clock.advance(pause);
    breaker.enter(READ);
    breaker.failed(failure(503), READ);
  }
  for (let i = 0; i < 2; i++) breaker.succeeded(READ);
  for (const name of ["jane", "omar", "mary", "alice"]) breaker.failed(denied(), write(name));
  breaker.succeeded(write("jane"));
  expect(told).toEqual([
    "open: iam of account 1 is left alone, it refused everything: it said no",
    "closed: iam of account 1 answers again",
    "open: CreateUser, iam of account 1, is left alone, it is refused for every object: it said no",
    "closed: CreateUser, iam of account 1, is allowed again",
  ]);
});

test("a refused probe is told as the open circuit to a reader, and as it is to a writer", async () => {
  const { clock, breaker } = start();
  expect(breaker.failed(failure(403, "AccessDenied"), READ).reason).toBe("AccessDenied");
  for (let i = 0; i < 2; i++) breaker.failed(failure(403, "AccessDenied"), READ);
  await clock.advance(1_000);
  breaker.enter(READ);
  const refused = breaker.failed(failure(403, "AccessDenied"), READ);
  expect(refused).toMatchObject({ kind: "transient", reason: "CircuitOpen", retryAfterMs: 2_000 });
  expect(breaker.failed(failure(404), READ).reason).toBe("ServiceFailure");
  const unknown = new CloudError("no answer", {
    kind: "transient",
    reason: "ServiceFailure",
    code: "x",
    outcomeUnknown: true,
  });
  expect(breaker.failed(unknown, write("jane"))).toBe(unknown);
});
