import { describe, expect, test } from "@jest/globals";
import type { KubeClient } from "../../src/runtime/client.ts";
import { KubeApiError } from "../../src/runtime/errors.ts";
import { LeaderElector } from "../../src/runtime/leader.ts";
import { FakeClock } from "./clock.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** One Lease, with the API server's optimistic locking. */
class LeaseServer {
  lease: { metadata: { resourceVersion: string }; spec: Record<string, unknown> } | undefined;
  /** What every request gets instead of an answer. */
  fault: "refused" | "silent" | undefined;
  #version = 0;

  client(): KubeClient {
    const store = (spec: Record<string, unknown>) => {
      this.lease = { metadata: { resourceVersion: String(++this.#version) }, spec };
    };
    return {
      get: async (...[, , , call]: unknown[]) => {
        await this.#reach(call as { signal?: AbortSignal });
        if (!this.lease) throw new KubeApiError(404, "NotFound", "no lease");
        return structuredClone(this.lease);
      },
      create: async (...[, , body, call]: unknown[]) => {
        await this.#reach(call as { signal?: AbortSignal });
        if (this.lease) throw new KubeApiError(409, "AlreadyExists", "there is one");
        store((body as { spec: Record<string, unknown> }).spec);
      },
      replace: async (...[, , , body, call]: unknown[]) => {
        await this.#reach(call as { signal?: AbortSignal });
        const { metadata, spec } = body as NonNullable<LeaseServer["lease"]>;
        if (metadata.resourceVersion !== this.lease?.metadata.resourceVersion)
          throw new KubeApiError(409, "Conflict", "changed");
        store(spec);
      },
    } as unknown as KubeClient;
  }

  async #reach(call: { signal?: AbortSignal }): Promise<void> {
    if (this.fault === "refused") throw new Error("connection refused");
    if (this.fault !== "silent") return;
    await new Promise((_, reject) => call.signal?.addEventListener("abort", () => reject(call.signal!.reason)));
  }
}

function setUp() {
  const clock = new FakeClock();
  const server = new LeaseServer();
  const told: string[] = [];
  const candidate = (identity: string) =>
    new LeaderElector({
      client: server.client(),
      log: quiet,
      clock,
      identity,
      leaseName: "controller",
      namespace: "ns",
      onElected: () => told.push(`${identity} leads`),
      onLost: () => told.push(`${identity} lost`),
    });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 100) {
      clock.advance(100);
      await new Promise(setImmediate);
    }
  };
  return { clock, server, told, candidate, pass };
}

describe("leader election", () => {
  test("of two that start together one leads", async () => {
    const { told, candidate, pass } = setUp();
    const both = [candidate("a"), candidate("b")];
    for (const one of both) one.start();
    await pass(60_000);
    expect(told).toHaveLength(1);
    await Promise.all(both.map((one) => one.stop()));
  });

  test("a silent holder is waited for by our own clock, whatever its stamps say", async () => {
    const { server, told, candidate, pass } = setUp();
    const spec = { holderIdentity: "dead", leaseDurationSeconds: 15, renewTime: "1999-01-01T00:00:00.000000Z" };
    server.lease = { metadata: { resourceVersion: "x" }, spec: { ...spec, leaseTransitions: 4 } };
    const one = candidate("a");
    one.start();
    await pass(14_000);
    expect(told).toEqual([]);
    await pass(3_000);
    expect(told).toEqual(["a leads"]);
    expect(server.lease.spec).toMatchObject({ holderIdentity: "a", leaseTransitions: 5 });
    await one.stop();
  });

  test("a holder that renews is never robbed", async () => {
    const { server, told, candidate, pass } = setUp();
    const one = candidate("a");
    one.start();
    for (let renewal = 0; renewal < 10; renewal++) {
      const spec = { holderIdentity: "other", leaseDurationSeconds: 15, renewTime: `renewal ${renewal}` };
      server.lease = { metadata: { resourceVersion: `r${renewal}` }, spec };
      await pass(10_000);
    }
    expect(told).toEqual([]);
    await one.stop();
    expect(server.lease?.spec.holderIdentity).toBe("other");
  });

  test.each(["refused", "silent"] as const)("a %s server costs the lead before another may take it", async (fault) => {
    const { server, told, candidate, pass } = setUp();
    const one = candidate("a");
    one.start();
    await pass(3_000);
    server.fault = fault;
    await pass(8_000);
    expect(told).toEqual(["a leads"]);
    await pass(3_000);
    expect(told).toEqual(["a leads", "a lost"]);
    expect(one.leading).toBe(false);
    server.fault = undefined;
    await pass(30_000);
    expect(told).toHaveLength(2);
    await one.stop();
    expect(server.lease?.spec.holderIdentity).toBe("a");
  });

  test("a short outage costs nothing", async () => {
    const { server, told, candidate, pass } = setUp();
    const one = candidate("a");
    one.start();
    await pass(3_000);
    server.fault = "refused";
    await pass(6_000);
    server.fault = undefined;
    await pass(30_000);
    expect(told).toEqual(["a leads"]);
    await one.stop();
  });

  test("a stop gives the lease back and is not a loss", async () => {
    const { server, told, candidate, pass } = setUp();
    const one = candidate("a");
    one.start();
    await pass(1_000);
    await one.stop();
    expect(server.lease?.spec).toMatchObject({ holderIdentity: "", leaseDurationSeconds: 1 });
    expect(told).toEqual(["a leads"]);
    const two = candidate("b");
    two.start();
    await pass(1_200);
    expect(told).toEqual(["a leads", "b leads"]);
    await two.stop();
  });
});
