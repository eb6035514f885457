import { describe, expect, test } from "@jest/globals";
import { awaitChange, postponed, requeueAfter } from "../../src/runtime/action.ts";
import { Controller, type Reconcile } from "../../src/runtime/controller.ts";
import { KubeApiError, ReconcileError } from "../../src/runtime/errors.ts";
import { WorkQueue } from "../../src/runtime/queue.ts";
import { FakeClock } from "./clock.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const ref = { kind: "Toy", namespace: "ns", name: "a" };

function setUp(reconcile: Reconcile) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 1, backoffMs: { base: 1_000, cap: 60_000 } });
  const results: string[] = [];
  const metrics = {
    reconciled: (result: string) => results.push(result),
    terminal: () => results.push("terminal"),
    panic: () => results.push("panic"),
    timeout: () => results.push("timeout"),
  };
  const controller = new Controller({ name: "toy", reconcile, queue, clock, metrics, log: quiet, workers: 1 });
  controller.start();
  const settle = async () => {
    for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
  };
  /** What is ready runs before time passes, and after. */
  const pass = async (ms: number) => {
    await settle();
    clock.advance(ms);
    await settle();
  };
  return { clock, queue, controller, results, pass };
}

describe("when an object is looked at again", () => {
  test.each<[string, () => Promise<object>, number | undefined, string[]]>([
    ["after a success: at the next change", async () => awaitChange(), undefined, ["success"]],
    ["after a success with a time: then", async () => requeueAfter(7_000), 7_000, ["requeue_after"]],
    ["unknown failure: back-off", () => Promise.reject(new Error("?")), 1_000, ["error"]],
    ["mistake in the program: back-off", () => Promise.reject(new TypeError("?")), 1_000, ["error", "panic"]],
    ["conflict: back-off", () => Promise.reject(new KubeApiError(409, "Conflict", "?")), 1_000, ["error"]],
    [
      "throttled: when the other side said",
      () => Promise.reject(new ReconcileError("throttled", "Slow", "?", { retryAfterMs: 9_000 })),
      9_000,
      ["error"],
    ],
    [
      "terminal: slowly, since it may be repaired elsewhere",
      () => Promise.reject(new ReconcileError("terminal", "Denied", "?")),
      300_000,
      ["error", "terminal"],
    ],
  ])("%s", async (_, outcome, afterMs, expected) => {
    let looks = 0;
    const { controller, results, pass } = setUp(async () => {
      looks++;
      return outcome();
    });
    controller.enqueue(ref, { reason: "Changed" });
    await pass((afterMs ?? 3_600_000) - 1);
    expect(results).toEqual(expected);
    expect(looks).toBe(1);
    await pass(1);
    expect(looks).toBe(afterMs === undefined ? 1 : 2);
    await controller.stop(1);
  });
});

describe("deadlines", () => {
  test("the signal aborts first; one that never returns keeps its key but not its worker", async () => {
    const signals: AbortSignal[] = [];
    const looked: string[] = [];
    const stuck = Promise.withResolvers<object>();
    const { controller, results, pass } = setUp(async ({ name }, { signal }) => {
      looked.push(name);
      signals.push(signal);
      return name === "a" ? stuck.promise : awaitChange();
    });
    controller.enqueue(ref, { reason: "Changed" });
    controller.enqueue({ ...ref, name: "b" }, { reason: "Changed" });
    await pass(59_000);
    expect([looked, signals[0]!.aborted]).toEqual([["a"], false]);
    await pass(1_000);
    expect(signals[0]!.aborted).toBe(true);
    await pass(30_000);
    expect(looked).toEqual(["a", "b"]);
    expect(results).toEqual(["error", "timeout", "success"]);
    await pass(60_000);
    expect(looked).toEqual(["a", "b"]);
    stuck.resolve(awaitChange());
    await pass(0);
    expect(looked).toEqual(["a", "b", "a"]);
    await controller.stop(0);
  });

  test("a lost leadership aborts at once, a stop only when it has waited", async () => {
    const signals: AbortSignal[] = [];
    const never: Reconcile = (_, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    };
    const lost = setUp(never);
    lost.controller.enqueue(ref, { reason: "Changed" });
    await lost.pass(0);
    await lost.controller.stop(0);
    expect(signals[0]!.aborted).toBe(true);

    const stopping = setUp(never);
    stopping.controller.enqueue(ref, { reason: "Changed" });
    await stopping.pass(0);
    const stopped = stopping.controller.stop(20_000);
    await stopping.pass(19_999);
    expect(signals[1]!.aborted).toBe(false);
    await stopping.pass(1);
    await stopped;
    expect(signals[1]!.aborted).toBe(true);
  });
});

describe("early looks", () => {
  function early(reconcile: Reconcile) {
    const seen: string[] = [];
    const queue = new WorkQueue({ clock: new FakeClock() });
    const results: string[] = [];
    const metrics = {
      reconciled: (result: string) => results.push(result),
      terminal: () => {},
      panic: () => results.push("panic"),
      timeout: () => {},
    };
    const said: string[] = [];
    const log = { ...quiet, error: () => said.push("error") };
    const controller = new Controller({
      name: "toy",
      queue,
      metrics,
      log,
      workers: 1,
      reconcile: (one, context) => {
        seen.push(`${one.name}${context.early ? " early" : ""}`);
        return reconcile(one, context);
      },
    });
    const settle = async () => {
      for (let turn = 0; turn < 3; turn++) await new Promise(setImmediate);
    };
    return { controller, queue, seen, results, said, settle };
  }

  test.each<[string, Reconcile, string[], string[]]>([
    ["one that finishes counts", async () => requeueAfter(1_000), ["a early"], ["requeue_after"]],
    [
      "one that is postponed is repeated when all are known",
      async (_, context) => (context.early ? postponed() : awaitChange()),
      ["a early", "a"],
      ["success"],
    ],
    [
      "one that fails is repeated without a word",
      async (_, context) => {
        if (context.early) throw new TypeError("?");
        return awaitChange();
      },
      ["a early", "a"],
      ["success"],
    ],
  ])("%s", async (_, reconcile, looks, expected) => {
    const { controller, seen, results, said, settle } = early(reconcile);
    controller.startEarly();
    controller.enqueue(ref, { reason: "Startup" });
    await settle();
    expect(seen).toEqual(["a early"]);
    controller.start();
    await settle();
    expect([seen, results, said]).toEqual([looks, expected, []]);
    await controller.stop(1);
  });

  test("one that was under way when all were known, and had to be postponed, is repeated at once", async () => {
    const hold = Promise.withResolvers<void>();
    const { controller, seen, settle } = early(async (_, context) => {
      if (!context.early) return awaitChange();
      await hold.promise;
      return postponed();
    });
    controller.startEarly();
    controller.enqueue(ref, { reason: "Startup" });
    await settle();
    controller.start();
    hold.resolve();
    await settle();
    expect(seen).toEqual(["a early", "a"]);
    await controller.stop(1);
  });
});
