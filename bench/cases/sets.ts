/** A ConnectUserSet with everybody else around: its first expansion, a quiet hour, and people who join its group. */
import { GROUP_ID, NAMESPACE, objectIdOf, upnOf } from "../lib/people.ts";
import type { Controller } from "../lib/program.ts";
import type { Result } from "../lib/results.ts";
import { DEFAULT_QUOTAS } from "../lib/sandbox.ts";
import type { Write } from "../lib/sandbox-process.ts";
import type { Scene } from "../lib/scene.ts";
import { quantile } from "../lib/statistics.ts";
import { sleep, until } from "../lib/wait.ts";
import { LATENCY_MS } from "./sweep.ts";

/** People in the group at first. */
export const FIRST = 2_000;
/** People who join: a fifth of them one by one, then all others at once. */
export const JOINERS = 125;
/** Of the program. */
const INTERVAL_SECONDS = 30;
const QUIET_INTERVALS = 10;
const { rate, burst } = DEFAULT_QUOTAS.connect;
const floorOf = (users: number) => Math.max(0, users - burst) / rate;

const SETS = { group: "connectsso.dev", version: "v1alpha1", plural: "connectusersets", kind: "ConnectUserSet" };
const SET = {
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUserSet",
  metadata: { name: "staff", namespace: NAMESPACE },
  spec: {
    source: { groups: [{ id: GROUP_ID }] },
    rules: [{ name: "everybody", set: { persona: "agents" } }],
    // At a small scale those who join are more than a fifth.
    limits: { grants: "100%" },
  },
};

export async function sets(scene: Scene, first: number, joiners: number): Promise<Result[]> {
  await scene.sandbox.behave({ latencyMs: LATENCY_MS, quotas: DEFAULT_QUOTAS });
  // The poll of everybody else would hide what a set costs.
  const controller = await scene.controller(["--poll-interval", "2h"]);
  try {
    await controller.untilReconciled(scene.users, 180_000);
    const results = [await expansion(scene, first), ...(await quiet(scene, controller))];
    const all = Array.from({ length: joiners }, (_, offset) => scene.users + first + 1 + offset);
    const single = Math.ceil(joiners / 5);
    results.push(await oneByOne(scene, all.slice(0, single)), await atOnce(scene, all.slice(single)));
    return results;
  } catch (error) {
    throw new Error(`${String(error)}\n${controller.said}`);
  } finally {
    await controller.stop();
  }
}

async function expansion(scene: Scene, first: number): Promise<Result> {
  const people = Array.from({ length: first }, (_, offset) => scene.users + 1 + offset);
  await scene.sandbox.writes();
  const began = Date.now();
  await scene.client.create(SETS, NAMESPACE, SET);
  const times = await granted(scene, new Map(people.map((index) => [index, began])));
  return {
    what: `first expansion of a set of ${first.toLocaleString("en")} people, to the last one who can sign in`,
    value: quantile(times, 1) / 1000,
    unit: "s",
    bound: floorOf(first) * 1.05,
    note: `the quota's floor is ${floorOf(first)} s`,
  };
}

async function quiet(scene: Scene, controller: Controller): Promise<Result[]> {
  // Until every user was looked at again after its last change.
  await sleep(INTERVAL_SECONDS * 1000);
  await scene.sandbox.count();
  const kube = async () => (await controller.metrics())!.sum("rest_client_requests_total", {}, { method: "GET" });
  const before = await kube();
  await sleep(QUIET_INTERVALS * INTERVAL_SECONDS * 1000);
  const { calls, writes } = await scene.sandbox.count();
  const graph = Object.entries(calls).filter(([name]) => name.startsWith("graph:"));
  const what = `${QUIET_INTERVALS} quiet intervals of the directory`;
  return [
    {
      what: `${what}, calls to Graph for each`,
      value: graph.reduce((sum, [, count]) => sum + count, 0) / QUIET_INTERVALS,
      unit: "",
      bound: 1,
      note: graph.map(([name, count]) => `${count} ${name}`).join(", "),
    },
    { what: `${what}, writes to clouds and Kubernetes`, value: writes + (await kube()) - before, unit: "", bound: 0 },
  ];
}

async function oneByOne(scene: Scene, people: readonly number[]): Promise<Result> {
  await scene.sandbox.writes();
  const joined = new Map<number, number>();
  for (const index of people) {
    // Seven seconds divide no interval, so that they fall anywhere in one.
    const next = sleep(7_000);
    joined.set(index, Date.now());
    await join(scene, index);
    await next;
  }
  const times = await granted(scene, joined);
  return {
    what: "a person joins the group of a set, to role assignment and Connect user, p95",
    value: quantile(times, 0.95) / 1000,
    unit: "s",
    bound: 45,
    note: `${times.length} people; half of them within ${(quantile(times, 0.5) / 1000).toFixed(0)} s`,
  };
}

async function atOnce(scene: Scene, people: readonly number[]): Promise<Result> {
  await scene.sandbox.writes();
  const began = Date.now();
  for (const index of people) await join(scene, index);
  const times = await granted(scene, new Map(people.map((index) => [index, began])));
  return {
    what: `${people.length} people join at once, to the last one who can sign in`,
    value: quantile(times, 1) / 1000,
    unit: "s",
    bound: floorOf(people.length) + 45,
    note: `the quota's floor is ${floorOf(people.length)} s`,
  };
}

/** Milliseconds from `since`, by index of a person, to the later one of role assignment and Connect user. */
function granted(scene: Scene, since: ReadonlyMap<number, number>): Promise<number[]> {
  const writes: Write[] = [];
  return until(
    `${since.size} people can sign in`,
    (floorOf(since.size) * 1.5 + 240) * 1000,
    async () => {
      writes.push(...(await scene.sandbox.writes()));
      const done = writes.filter(({ status }) => status < 300);
      const assigned = new Map(done.map(({ principalId, at }) => [principalId, at]));
      const created = new Map(done.map(({ username, at }) => [username, at]));
      const times: number[] = [];
      for (const [index, began] of since) {
        const [role, user] = [assigned.get(objectIdOf(index)), created.get(upnOf(index))];
        if (role === undefined || user === undefined) return undefined;
        times.push(Math.max(role, user) - began);
      }
      return times;
    },
    500,
  );
}

const join = (scene: Scene, index: number): Promise<unknown> =>
  scene.sandbox.graph("POST", `/groups/${GROUP_ID}/members/$ref`, {
    "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${objectIdOf(index)}`,
  });
