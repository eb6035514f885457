import { describe, expect, test } from "@jest/globals";
import { awaitChange, requeueAfter } from "../../src/runtime/action.ts";
import { Controller, type Reconcile, type ReconcileContext } from "../../src/runtime/controller.ts";
import { KubeApiError, ReconcileError } from "../../src/runtime/errors.ts";
import { WorkQueue } from "../../src/runtime/queue.ts";
import { FakeClock } from "./clock.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const ref = { kind: "Toy", namespace: "ns", name: "a" };

function setUp(reconcile: Reconcile) {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 1, backoffMs: { base: 1_000, max: 60_000 } });
  const results: string[] = [];
  const metrics = {
    reconciled: (result: string) => results.push(result),
    terminal: () => results.push("terminal"),
    panic: () => results.push("panic"),
    timeout: () => results.push("timeout"),
    unreported: () => {},
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
      "throttled, far beyond the longest wait: not later than that",
      () => Promise.reject(new ReconcileError("throttled", "Slow", "?", { retryAfterMs: 3_000_000_000 })),
      300_000,
      ["error"],
    ],
    [
      "waiting: when it said, and it is no error",
      () => Promise.reject(new ReconcileError("waiting", "Replicating", "?", { retryAfterMs: 3_000 })),
      3_000,
      ["requeue_after"],
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

  test("after the deadline a status may still be written, and the pass ends as it likes", async () => {
    const ends: unknown[] = [];
    const { clock, controller, results, pass } = setUp(async (_, context) => {
      ends.push(context.deadline - clock.now());
      await new Promise((resolve) => context.signal.addEventListener("abort", resolve));
      ends.push(context.signal.reason.reason, context.abortReason, context.mayWrite);
      return requeueAfter(5_000);
    });
    controller.enqueue(ref, { reason: "Changed" });
    await pass(60_000);
    expect(ends).toEqual([60_000, "Deadline", "Deadline", true]);
    expect(results).toEqual(["requeue_after"]);
    await controller.stop(0);
  });

  test("a lost leadership aborts at once and forbids writes, a stop aborts only when it has waited", async () => {
    const runs: ReconcileContext[] = [];
    const never: Reconcile = (_, context) => {
      runs.push(context);
      return new Promise(() => {});
    };
    const lost = setUp(never);
    lost.controller.enqueue(ref, { reason: "Changed" });
    await lost.pass(0);
    lost.controller.loseLeadership();
    expect(runs[0]).toMatchObject({ aborted: true, abortReason: "LeadershipLost", mayWrite: false });

    const stopping = setUp(never);
    stopping.controller.enqueue(ref, { reason: "Changed" });
    await stopping.pass(0);
    const stopped = stopping.controller.stop(20_000);
    await stopping.pass(19_999);
    expect(runs[1]!.aborted).toBe(false);
    await stopping.pass(1);
    await stopped;
    expect(runs[1]).toMatchObject({ aborted: true, abortReason: "Stopping", mayWrite: true });
  });
});

test("one namespace cannot occupy all workers", async () => {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock });
  const looked: string[] = [];
  const reconcile: Reconcile = ({ namespace, name }) => {
    looked.push(`${namespace}/${name}`);
    return new Promise(() => {});
  };
  const controller = new Controller({ name: "toy", reconcile, queue, clock, log: quiet, workers: 4 });
  for (let index = 0; index < 300; index++)
    controller.enqueue({ ...ref, namespace: "hostile", name: String(index) }, { reason: "Changed" });
  controller.start();
  await new Promise(setImmediate);
  expect(looked).toHaveLength(3);
  controller.enqueue(ref, { reason: "Changed" });
  await new Promise(setImmediate);
  expect(looked.slice(3)).toEqual(["ns/a"]);
  controller.loseLeadership();
});
