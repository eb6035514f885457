import { describe, expect, test } from "@jest/globals";
import { PRIORITY, WorkQueue } from "../../src/runtime/queue.ts";
import { WorkerPool } from "../../src/runtime/worker-pool.ts";
import { FakeClock } from "./clock.ts";

const ref = (name: string) => ({ kind: "Toy", namespace: "ns", name });
const key = (name: string) => `Toy/ns/${name}`;

/** Steps in a short notation: `+a` add, `+a@5` add after 5 ms, `+a~` add as resync, `-a` done, `>5` let time pass, `?a` a is taken next, `?` nothing is. */
async function play(steps: string): Promise<void> {
  const clock = new FakeClock();
  const queue = new WorkQueue({ clock, random: () => 1, backoffMs: { base: 10, max: 35 } });
  for (const step of steps.split(" ")) {
    const [, verb, name = "", after, resync] = /^([+\->?!])(\w*)(?:@(\d+))?(~)?$/.exec(step)!;
    if (verb === "+")
      queue.add(ref(name), {
        reason: step,
        ...(after ? { afterMs: Number(after) } : {}),
        ...(resync ? { priority: PRIORITY.resync } : {}),
      });
    else if (verb === "-") queue.done(key(name));
    else if (verb === "!") queue.retry(ref(name), { reason: step });
    else if (verb === ">") clock.advance(Number(name));
    else if (name === "") expect([step, queue.ready]).toEqual([step, 0]);
    else {
      expect([step, queue.ready]).not.toEqual([step, 0]);
      expect((await queue.take())?.key).toBe(key(name));
    }
  }
}

describe("the work queue", () => {
  test.each([
    ["gives keys in the order in which they came", "+a +b +c ?a ?b ?c ?"],
    ["holds a key once", "+a +a +b ?a ?b ?"],
    ["gives changes before resyncs", "+a~ +b~ +c ?c ?a ?b ?"],
    ["lifts a resync that changed", "+a~ +b~ +b ?b ?a ?"],
    ["does not lower a change to a resync", "+a +a~ +b~ ?a ?b ?"],
    ["holds a key back until its time", "+a@5 ? >4 ? >1 ?a ?"],
    ["gives delayed keys by time, not by arrival", "+c@30 +a@10 +b@20 >30 ?a ?b ?c ?"],
    ["keeps the earlier of two times", "+a@5 +a@50 >5 ?a >50 ?"],
    ["moves a delayed key forward", "+a@50 +a@5 >5 ?a >50 ?"],
    ["makes a delayed key ready when it changes", "+a@50 +a ?a >50 ?"],
    ["a ready key is not delayed by a later time", "+a +a@50 ?a ?"],
    ["never gives a key that is in work", "+a ?a +a ? +b ?b -a ?a"],
    ["one look for all changes during the work", "+a ?a +a +a +a -a ?a -a ?"],
    ["keeps a time given during the work", "+a ?a +a@5 -a ? >5 ?a"],
    ["doubles the wait of a failing key up to the cap", "+a ?a !a -a ? >9 ? >1 ?a !a -a >19 ? >1 ?a !a -a >34 ? >1 ?a"],
    ["a change does not wait for the back-off", "+a ?a !a -a ? +a ?a"],
    ["done twice is done once", "+a ?a -a -a +a ?a"],
  ])("%s", async (_, steps) => play(steps));

  test("a worker for changes only is left alone by resyncs, and is the first to take a change", async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const taken: string[] = [];
    const pools = [new WorkerPool({ size: 1, changesOnly: true }), new WorkerPool({ size: 4 })] as const;
    const take = async (who: string, pool: WorkerPool) => {
      const item = await queue.take(pool);
      taken.push(`${who}: ${item?.ref.name}`);
    };
    void take("changes", pools[0]);
    void take("all", pools[1]);
    queue.add(ref("resync"), { reason: "Poll", priority: PRIORITY.resync });
    queue.add(ref("second"), { reason: "Poll", priority: PRIORITY.resync });
    queue.add(ref("change"), { reason: "Changed" });
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken).toEqual(["all: resync", "changes: change"]);
    void take("all", pools[1]);
    await new Promise((resolve) => setImmediate(resolve));
    expect(taken[2]).toBe("all: second");
  });

  test("serves namespaces in turn, and each of them in the order in which its keys came", async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const add = (namespace: string, name: string, priority: number = PRIORITY.change) =>
      queue.add({ kind: "Toy", namespace, name }, { reason: "x", priority });
    for (const name of ["1", "2", "3", "4"]) add("many", name);
    add("many", "5", PRIORITY.resync);
    add("few", "1", PRIORITY.resync);
    add("few", "2");
    add("other", "1");
    const taken: string[] = [];
    while (queue.ready > 0) {
      const { namespace, name } = (await queue.take())!.ref;
      taken.push(`${namespace}/${name}`);
    }
    expect(taken).toEqual(["many/1", "few/2", "other/1", "many/2", "many/3", "many/4", "many/5", "few/1"]);
  });

  test.each([
    [1, 1],
    [2, 1],
    [4, 3],
    [16, 12],
  ])("of %d workers one namespace occupies at most %d, and the others stay free for the rest", async (size, most) => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const pool = new WorkerPool({ size });
    const taken: string[] = [];
    for (let key = 0; key < 50; key++) queue.add(ref(String(key)), { reason: "x" });
    for (let worker = 0; worker < size; worker++)
      void queue.take(pool).then((item) => taken.push(`${item?.ref.namespace}`));
    await new Promise(setImmediate);
    expect(taken).toHaveLength(most);
    queue.add({ ...ref("a"), namespace: "other" }, { reason: "x" });
    queue.add({ ...ref("b"), namespace: "third" }, { reason: "x" });
    await new Promise(setImmediate);
    expect(taken.slice(most)).toEqual(["other", "third"].slice(0, size - most));
    queue.done(key("0"));
    await new Promise(setImmediate);
    expect(taken).toHaveLength(Math.min(size, most + 2));
  });

  test("says once that all is done", () => {
    let drained = 0;
    const queue = new WorkQueue({ clock: new FakeClock(), onDrained: () => void drained++ });
    for (const name of ["a", "b"]) queue.add(ref(name), { reason: "x" });
    void queue.take();
    void queue.take();
    queue.add(ref("a"), { reason: "again" });
    queue.add(ref("b"), { reason: "Poll", afterMs: 10 });
    queue.add(ref("c"), { reason: "later", afterMs: 10 });
    queue.done(key("b"));
    queue.done(key("a"));
    expect(drained).toBe(0);
    void queue.take();
    queue.done(key("a"));
    expect(drained).toBe(1);
  });

  test("wakes a worker that waits", async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue({ clock });
    const taken = queue.take();
    queue.add(ref("a"), { reason: "later", afterMs: 100 });
    clock.advance(100);
    expect((await taken)?.reason).toBe("later");
  });

  test("starts the back-off anew after a success", () => {
    const queue = new WorkQueue({ clock: new FakeClock(), random: () => 1, backoffMs: { base: 10, max: 1_000 } });
    const retry = () => queue.retry(ref("a"), { reason: "failed" });
    expect([retry(), retry(), retry()]).toEqual([10, 20, 40]);
    queue.forget(ref("a"));
    expect(retry()).toBe(10);
    expect(queue.retry(ref("a"), { reason: "told to wait", atLeastMs: 500 })).toBe(500);
  });

  test("a closed queue takes nothing, gives nothing and frees its workers", async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const waiting = [queue.take(), queue.take()];
    queue.close();
    queue.add(ref("a"), { reason: "late" });
    expect(await Promise.all([...waiting, queue.take()])).toEqual([undefined, undefined, undefined]);
    expect(queue.size).toBe(0);
  });

  test("tells its depth, waits and work in seconds", async () => {
    const clock = new FakeClock();
    const told: (string | number)[][] = [];
    const queue = new WorkQueue({
      clock,
      metrics: {
        added: () => told.push(["added"]),
        retried: () => told.push(["retried"]),
        waited: (seconds) => told.push(["waited", seconds]),
        worked: (seconds) => told.push(["worked", seconds]),
      },
    });
    queue.add(ref("a"), { reason: "changed" });
    clock.advance(2_000);
    expect(queue.depth(PRIORITY.change)).toBe(1);
    await queue.take();
    clock.advance(3_000);
    expect([queue.depth(PRIORITY.change), queue.working]).toEqual([0, 1]);
    expect(queue.workingSeconds()).toEqual([3]);
    queue.done(key("a"));
    expect(told).toContainEqual(["waited", 2]);
    expect(told).toContainEqual(["worked", 3]);
    expect(queue.working).toBe(0);
  });
});
