import { describe, expect, test } from "@jest/globals";
import { createLimiter, type Quota } from "../../src/providers/limiter.ts";
import { quotaOf } from "../../src/providers/limits.ts";
import { HandClock } from "./clock.ts";

const KEY = "connect/1/us-east-1/CreateUser";

function start(quota: Quota) {
  const clock = new HandClock();
  const settings = { quota };
  const limiter = createLimiter(() => settings.quota, { clock, longestPauseMs: 60_000 });
  const gone: string[] = [];
  /** Answered at once. */
  const take = (name: string, priority: "person" | "sweep" = "person", cost?: number) =>
    limiter.take(KEY, { priority }, cost).then((answered) => {
      gone.push(name);
      answered();
    });
  return { clock, limiter, gone, take, settings };
}

describe("limiter", () => {
  test("in no window more than the cloud counts: the burst, and the rate times its length", async () => {
    const { clock, gone, take } = start({ rate: 2, burst: 5 });
    for (let i = 0; i < 100; i++) void take(String(i));
    await clock.advance(0);
    expect(gone.length).toBeLessThanOrEqual(5);
    await clock.advance(10_000);
    expect(gone.length).toBeLessThanOrEqual(25);
    // And not much less.
    expect(gone.length).toBeGreaterThanOrEqual(23);
  });

  test("what is held up on its way does not pile up: at most the burst is out, and what the way itself explains", async () => {
    const { clock, limiter } = start({ rate: 50, burst: 5 });
    const out: (() => void)[] = [];
    const answer = () => {
      for (const answered of out.splice(0)) answered();
    };
    for (let i = 0; i < 200; i++) void limiter.take(KEY).then((answered) => out.push(answered));
    await clock.advance(20);
    answer();
    // 20 ms there and back explain one call; the burst is five.
    await clock.advance(1_000);
    expect(out).toHaveLength(5);
    await clock.advance(1_000);
    expect(out).toHaveLength(5);
    // The cloud may have counted all of them a moment ago: nothing was saved up.
    answer();
    await clock.advance(1);
    expect(out).toHaveLength(0);
    await clock.advance(100);
    expect(out).toHaveLength(4);
  });

  test("a person goes before every sweep that waits, and the state says who waits", async () => {
    const { clock, limiter, gone, take } = start({ rate: 1, burst: 1 });
    void take("first");
    for (let i = 0; i < 3; i++) void take(`sweep ${i}`, "sweep");
    void take("person");
    await clock.advance(0);
    expect(limiter.states()).toMatchObject([{ key: KEY, waiting: { person: 1, sweep: 3 } }]);
    await clock.advance(1_100);
    expect(gone).toEqual(["first", "person"]);
  });

  test("a person does not wait for the timer of a dear sweep", async () => {
    const { clock, gone, take } = start({ rate: 1, burst: 21 });
    void take("all", "sweep", 20);
    void take("dear", "sweep", 20);
    await clock.advance(0);
    void take("person");
    await clock.advance(1_100);
    expect(gone).toEqual(["all", "person"]);
  });

  test("a 429 halves the rate and is silent for as long as was asked; successes bring it back", async () => {
    const { clock, limiter, gone, take } = start({ rate: 10, burst: 1 });
    const rate = () => limiter.states()[0]!.rate;
    await take("first");
    const whole = rate();
    limiter.throttled(KEY, 3_000);
    expect(rate()).toBe(whole / 2);
    void take("second");
    await clock.advance(2_900);
    expect(gone).toEqual(["first"]);
    await clock.advance(400);
    expect(gone).toEqual(["first", "second"]);
    for (let second = 0; second < 15; second++) {
      await clock.advance(1_000);
      limiter.succeeded(KEY);
    }
    expect(rate()).toBe(whole);
    for (let i = 0; i < 20; i++) limiter.throttled(KEY);
    // Or nothing would find out that the storm is over.
    expect(rate()).toBeGreaterThan(0.5);
  });

  test("a burst that is refused as one halves the rate once", async () => {
    const { clock, limiter } = start({ rate: 16, burst: 10 });
    const rate = () => limiter.states()[0]!.rate;
    const sentAt = clock.monotonic();
    const answers = await Promise.all(Array.from({ length: 5 }, () => limiter.take(KEY)));
    const whole = rate();
    await clock.advance(50);
    for (const answered of answers) {
      limiter.throttled(KEY, 1_000, sentAt);
      answered();
    }
    expect(rate()).toBe(whole / 2);
    await clock.advance(2_000);
    limiter.throttled(KEY, 1_000, clock.monotonic() - 20);
    expect(rate()).toBe(whole / 4);
  });

  test("a pause longer than the longest is cut; during a long one calls fail at once, and say until when", async () => {
    const { clock, limiter, gone, take } = start({ rate: 1, burst: 2 });
    void take("first");
    const waiting = take("second");
    limiter.throttled(KEY, 3_000_000_000);
    const refused = { kind: "throttled", retryAfterMs: 60_000 };
    await expect(waiting).rejects.toMatchObject(refused);
    await expect(take("third")).rejects.toMatchObject(refused);
    expect(limiter.states()[0]!.waiting).toEqual({ person: 0, sweep: 0 });
    await clock.advance(31_000);
    void take("fourth");
    await clock.advance(33_000);
    expect(gone).toEqual(["first", "fourth"]);
  });

  test("tenants take turns: one with many calls holds up its own", async () => {
    const { clock, limiter } = start({ rate: 1, burst: 1 });
    const gone: string[] = [];
    const take = (tenant: string) =>
      limiter.take(KEY, { tenant }).then((answered) => {
        gone.push(tenant);
        answered();
      });
    for (let i = 0; i < 300; i++) void take("many");
    await clock.advance(0);
    for (let i = 0; i < 2; i++) void take("few");
    await clock.advance(5_200);
    expect(gone).toEqual(["many", "many", "few", "many", "few", "many"]);
  });

  test("however many people wait, a sweep gets its turn now and then", async () => {
    const { clock, gone, take } = start({ rate: 10, burst: 1 });
    void take("first");
    void take("sweep", "sweep");
    for (let i = 0; i < 100; i++) void take(`person ${i}`);
    await clock.advance(0);
    await clock.advance(2_500);
    expect(gone.indexOf("sweep")).toBe(16);
  });

  test("who gave up takes no token", async () => {
    const { clock, limiter, gone, take } = start({ rate: 1, burst: 1 });
    const abort = new AbortController();
    void take("first");
    const left = limiter.take(KEY, { signal: abort.signal });
    void take("second");
    abort.abort(new Error("enough"));
    await expect(left).rejects.toThrow("enough");
    await clock.advance(1_100);
    expect(gone).toEqual(["first", "second"]);
  });

  test("a raised quota holds from the next call on", async () => {
    const { clock, gone, take, settings } = start({ rate: 1, burst: 1 });
    for (let i = 0; i < 50; i++) void take(String(i));
    await clock.advance(1_000);
    settings.quota = { rate: 100, burst: 1 };
    void take("last");
    await clock.advance(1_000);
    expect(gone).toContain("last");
  });
});

test.each([
  ["connect/1/us-east-1/SearchUsers", {}, 2],
  ["connect/1/us-east-1/CreateUser", { operations: { CreateUser: { rate: 50, burst: 5 } } }, 50],
  ["connect/1/us-east-1/SearchUsers", { connect: { rate: 7, burst: 5 } }, 7],
  ["iam/1/global/GetRole", { connect: { rate: 7, burst: 5 } }, 10],
  ["iam/1/global/GetRole", { iam: { rate: 3, burst: 5 } }, 3],
  ["graph/tenant/read", { graph: { rate: 9, burst: 5 } }, 9],
  ["graph/tenant/write", { graph: { rate: 9, burst: 5 } }, 6],
  ["graph/tenant/write", { graphWrites: { rate: 8, burst: 5 } }, 8],
])("quota of %s under %j: %d a second", (key, settings, rate) => expect(quotaOf(key, settings).rate).toBe(rate));
