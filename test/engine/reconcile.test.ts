/** The engine with a made-up kind: what changed, who changed it, what was done about it. Every row of the table of causes. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import type { Change } from "../../src/engine/change.ts";
import { createReconciler } from "../../src/engine/reconcile.ts";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import { FINALIZER, type Gadget, type GadgetCloud, gadgetKind, terminal, transient } from "./gadget.ts";

const POLL_MS = 300_000;
let now = 0;
let cloud: GadgetCloud;
let store: FolderStore;
let told: { change: Change; action?: string }[];
let logged: [string, string][];
let reconcile: ReturnType<typeof createReconciler>;

beforeEach(() => {
  now = Date.parse("2026-01-05T08:00:00Z");
  cloud = { things: new Map(), writes: [], fails: [] };
  store = new FolderStore({ Gadget: {} });
  restart();
});

/** A new process: nothing is remembered but the store. */
function restart(): void {
  told = [];
  logged = [];
  const log = (level: string) => (_: object, message: string) => void logged.push([level, message]);
  reconcile = createReconciler(gadgetKind(cloud), {
    store,
    log: { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") },
    pollIntervalMs: POLL_MS,
    now: () => now,
    observer: {
      change: (_, change) => void told.push({ change: structuredClone(change) }),
      drift: (_, change, action) => void told.push({ change: structuredClone(change), action }),
    },
  });
}

const spec = (more: Partial<Gadget["spec"]> = {}): Gadget["spec"] => ({
  base: { size: "1", power: "low", door: "shut" },
  lid: { colour: "red" },
  ...more,
});
const apply = (more?: Partial<Gadget["spec"]>) =>
  store.apply({
    apiVersion: "example.com/v1",
    kind: "Gadget",
    metadata: { namespace: "n", name: "g" },
    spec: spec(more),
  });
const gadget = () => store.get<Gadget>("Gadget", "n", "g")!;
const thing = (name: "base" | "lid") => cloud.things.get(`g/${name}`)!;
const context = () => ({
  reason: "Changed",
  isSweep: false,
  signal: new AbortController().signal,
  aborted: false,
  abortReason: undefined,
  deadline: now + 60_000,
  mayWrite: true,
});
const look = () => reconcile({ namespace: "n", name: "g" }, context());
const condition = (type: string) => gadget().status!.conditions!.find((one) => one.type === type)!;
/** What the pass told: component, cause, fate and paths of each change; nothing is told twice. */
async function changes() {
  told = [];
  await look();
  return told
    .filter(({ action }) => action === undefined)
    .map(({ change: { component, cause, fate, differences } }) => [
      component,
      cause,
      fate,
      differences.map(({ path }) => path).join(),
    ]);
}
const drifts = () =>
  told.flatMap(({ change, action }) => (action ? [`${change.component} ${change.concern} ${action}`] : []));
const warnings = () =>
  store.events.filter(({ event }) => event.type === "Warning").map(({ event }) => `${event.reason}: ${event.note}`);
async function setUp(more?: Partial<Gadget["spec"]>): Promise<void> {
  apply(more);
  await look();
  await look();
  cloud.writes = [];
  store.events.length = 0;
}

test("set-up: each component after its needs, told once, and nothing at the next pass", async () => {
  apply();
  expect(await changes()).toEqual([
    ["base", "setup", "applied", ""],
    ["lid", "setup", "applied", ""],
  ]);
  expect(drifts()).toEqual([]);
  expect(gadget().metadata.finalizers).toEqual([FINALIZER]);
  expect(condition("Ready")).toMatchObject({
    status: "True",
    reason: "Converged",
    message: "The gadget is as declared",
  });
  const { resourceVersion } = gadget().metadata;
  expect(await changes()).toEqual([]);
  expect(gadget().metadata.resourceVersion).toBe(resourceVersion);
  expect(cloud.writes).toEqual(["create base g", "create lid g"]);
});

describe.each(["Correct", "Report"] as const)("driftPolicy %s", (driftPolicy) => {
  test("a changed declaration is applied, and is no drift", async () => {
    await setUp({ driftPolicy });
    apply({ driftPolicy, base: { size: "2", power: "low", door: "shut" } });
    expect(await changes()).toEqual([["base", "declared", "applied", "size"]]);
    expect(drifts()).toEqual([]);
    expect(condition("Drifted").status).toBe("False");
    expect(thing("base").fields.size).toBe("2");
  });

  test("somebody changed the cloud: drift, with before and after", async () => {
    await setUp({ driftPolicy });
    thing("base").fields.size = "9";
    const corrects = driftPolicy === "Correct";
    expect(await changes()).toEqual([["base", "drift", corrects ? "applied" : "held", "size"]]);
    expect(drifts()).toEqual([`base settings ${corrects ? "corrected" : "reported"}`]);
    expect(thing("base").fields.size).toBe(corrects ? "1" : "9");
    expect(gadget().status!.drift).toEqual([
      expect.objectContaining({ component: "base", path: "size", desired: "1", observed: "9", concern: "settings" }),
    ]);
    expect(condition("Drifted")).toMatchObject({ status: "True", reason: corrects ? "DriftCorrected" : "DriftFound" });
    if (!corrects) expect(condition("Ready").message).toMatch(/^1 difference found, not corrected .*base size/);
    // Told once.
    expect(await changes()).toEqual([]);
    expect(drifts()).toEqual([]);
  });

  test.each(["power", "door"])("of rights and trust (%s) it is a Warning", async (path) => {
    await setUp({ driftPolicy });
    thing("base").fields[path] = "theirs";
    await look();
    const reason = driftPolicy === "Correct" ? "SecurityDriftCorrected" : "SecurityDriftFound";
    const declared = path === "power" ? "low" : "shut";
    expect(warnings()).toContainEqual(
      expect.stringMatching(`${reason}: base g differs: ${path} is theirs, declared ${declared}`),
    );
    expect(logged).toContainEqual(["warn", expect.stringMatching(`${path} is theirs, declared ${declared}`)]);
  });

  test("both in one component: each path by its own cause", async () => {
    await setUp({ driftPolicy });
    thing("base").fields.power = "high";
    apply({ driftPolicy, base: { size: "2", power: "low", door: "shut" } });
    const held = driftPolicy === "Correct" ? "applied" : "held";
    expect((await changes()).sort()).toEqual([
      ["base", "declared", "applied", "size"],
      ["base", "drift", held, "power"],
    ]);
    expect(thing("base").fields).toMatchObject({ size: "2", power: driftPolicy === "Correct" ? "low" : "high" });
  });

  test("both on one path: it is drift, and what is declared is applied", async () => {
    await setUp({ driftPolicy });
    thing("base").fields.size = "9";
    apply({ driftPolicy, base: { size: "2", power: "low", door: "shut" } });
    expect(await changes()).toEqual([["base", "drift", "applied", "size"]]);
    expect(thing("base").fields.size).toBe("2");
  });

  test("status lost: it differs, and who changed it is not known", async () => {
    await setUp({ driftPolicy });
    thing("base").fields.power = "high";
    await store.updateStatus(gadget(), undefined);
    restart();
    const corrects = driftPolicy === "Correct";
    expect(await changes()).toEqual([["base", "unknown", corrects ? "applied" : "held", "power"]]);
    expect(drifts()).toEqual([]);
    expect(warnings()[0]).toMatch(/power is high, declared low; who changed it is not known/);
    expect(thing("base").fields.power).toBe(corrects ? "low" : "high");
    expect(cloud.writes.filter((text) => text.startsWith("create"))).toEqual([]);
    // Left alone, it stays unknown; declared anew, it is applied.
    if (corrects) return;
    expect(await changes()).toEqual([]);
    apply({ driftPolicy, base: { size: "1", power: "middle", door: "shut" } });
    expect(await changes()).toEqual([["base", "declared", "applied", "power"]]);
  });

  test("taken over: our tag is put on, everything else is unknown", async () => {
    cloud.things.set("g/base", { fields: { size: "1", power: "high", door: "shut" } });
    apply({ driftPolicy, adoption: true });
    expect(await changes()).toEqual([
      ["base", "setup", "applied", "owner"],
      ["base", "unknown", driftPolicy === "Correct" ? "applied" : "held", "power"],
      ["lid", "setup", "applied", ""],
    ]);
    expect(thing("base").fields.power).toBe(driftPolicy === "Correct" ? "low" : "high");
  });

  test("a later step fails: what was done is told as done, and the failure as failed", async () => {
    await setUp({ driftPolicy });
    thing("base").fields.power = "high";
    cloud.fails.push({ match: /lid/, error: terminal("Refused") });
    apply({ driftPolicy, lid: { colour: "blue" } });
    await look();
    if (driftPolicy === "Correct")
      expect(warnings().join()).toMatch(/SecurityDriftCorrected: base g differs: power is high/);
    expect(condition("Stalled")).toMatchObject({ status: "True", reason: "Refused" });
    expect(thing("base").fields.power).toBe(driftPolicy === "Correct" ? "low" : "high");
  });

  test("an object that somebody deleted is created again, as drift, unless it is only reported", async () => {
    await setUp({ driftPolicy });
    cloud.things.delete("g/lid");
    const corrects = driftPolicy === "Correct";
    expect(await changes()).toEqual([["lid", "drift", corrects ? "applied" : "held", ""]]);
    expect(cloud.things.has("g/lid")).toBe(corrects);
  });

  test("what is declared no more is cleared when we set it, and kept when others did", async () => {
    await setUp({ driftPolicy });
    thing("base").fields.sticker = "theirs";
    apply({ driftPolicy, base: { power: "low", door: "shut" } });
    expect(await changes()).toEqual([["base", "declared", "applied", "size"]]);
    expect(thing("base").fields).toEqual({ power: "low", door: "shut", sticker: "theirs" });
    expect(await changes()).toEqual([]);
  });
});

test("a process that dies halfway leaves word of it: the next one goes on setting up, also under Report", async () => {
  apply({ driftPolicy: "Report" });
  cloud.fails.push({ match: /lid/, error: transient() });
  await look();
  thing("base").fields = { size: "0" };
  delete gadget().status!.lastApplied!.base;
  cloud.fails = [];
  restart();
  await look();
  expect(thing("base").fields).toEqual({ size: "1", power: "low", door: "shut" });
  expect(drifts()).toEqual([]);
});

test("an object whose owner tag is gone is compared, shown and left", async () => {
  await setUp();
  delete thing("base").owner;
  await look();
  thing("lid").fields.colour = "green";
  await look();
  expect(cloud.writes).toEqual([]);
  expect(gadget().status!.drift!.map(({ component, path }) => `${component} ${path}`)).toContain("lid colour");
  expect(condition("Stalled")).toMatchObject({ status: "True", reason: "NotOwned" });
});

test("suspended: nothing is written, deletion included", async () => {
  await setUp();
  apply({ suspend: true, base: { size: "2" } });
  store.delete({ kind: "Gadget", namespace: "n", name: "g" });
  expect(await look()).toEqual({});
  expect(cloud.writes).toEqual([]);
  expect(condition("Ready")).toMatchObject({
    status: "False",
    reason: "Suspended",
    message: expect.stringMatching(/deletion waits/),
  });
  apply({});
  await look();
  expect(gadget()).toBeUndefined();
  expect(cloud.writes).toEqual(["delete lid g", "delete base g"]);
});

test("errors: terminal ones wait for the poll, transient ones back off, and each is counted", async () => {
  apply();
  cloud.fails.push({ match: /create base/, error: terminal("Refused") });
  const first = await look();
  expect(first.error).toEqual({ kind: "terminal", reason: "Refused" });
  expect(first.requeueAfterMs).toBeGreaterThan(POLL_MS * 0.8);
  cloud.fails = [{ match: /create base/, error: transient() }];
  const waits: number[] = [];
  for (let attempt = 0; attempt < 8; attempt++) waits.push((await look()).requeueAfterMs!);
  expect(waits[0]).toBeLessThan(6_000);
  for (const [index, wait] of waits.slice(1, 5).entries()) expect(wait).toBeGreaterThan(waits[index]! * 1.5);
  expect(Math.max(...waits)).toBeLessThanOrEqual(POLL_MS * 1.1);
});

test("what could not be compared within two intervals is Unknown", async () => {
  await setUp();
  const kind = gadgetKind(cloud);
  const broken = createReconciler(
    { ...kind, open: async () => Promise.reject(transient()) },
    { store, log: { debug() {}, info() {}, warn() {}, error() {} }, pollIntervalMs: POLL_MS, now: () => now },
  );
  const lookBroken = () => broken({ namespace: "n", name: "g" }, context());
  await lookBroken();
  expect(condition("BaseReady").status).toBe("True");
  now += 2 * POLL_MS + 1;
  await lookBroken();
  expect(condition("BaseReady")).toMatchObject({ status: "Unknown", reason: "NotCompared" });
});

test("what was never compared still waits for what comes before it, however long that takes", async () => {
  apply();
  cloud.fails = [{ match: /create base/, error: transient() }];
  await look();
  now += 2 * POLL_MS + 1;
  await look();
  expect(condition("LidReady")).toMatchObject({ status: "False", reason: "WaitingForDependency" });
});

test("a field that is changed again and again: the controller says so, and backs off", async () => {
  await setUp();
  const waits: number[] = [];
  for (let times = 0; times < 6; times++) {
    thing("base").fields.size = "9";
    waits.push((await look()).requeueAfterMs!);
    now += 60_000;
  }
  expect(Math.max(...waits.slice(0, 4))).toBeLessThan(6_000);
  expect(waits.at(-1)).toBeGreaterThan(POLL_MS * 0.8);
  expect(condition("Drifted")).toMatchObject({ status: "True", reason: "DriftRecurring" });
  expect(condition("Ready").message).toMatch(/Somebody else changes base size again and again/);
  expect(warnings().filter((text) => text.startsWith("DriftRecurring"))).toHaveLength(1);
  // The other side gave up.
  now += 3 * POLL_MS;
  await look();
  expect(condition("Drifted").status).toBe("False");
});

test("a pass that ends at its deadline writes a status; one that was stopped does not", async () => {
  await setUp();
  const aborted = Object.assign(new Error("the reconcile took longer than 60 s"), { name: "Aborted" });
  const kind = { ...gadgetKind(cloud), open: () => Promise.reject(aborted) };
  const late = createReconciler(kind, {
    store,
    log: { debug() {}, info() {}, warn() {}, error() {} },
    pollIntervalMs: POLL_MS,
    now: () => now,
  });
  await late({ namespace: "n", name: "g" }, { ...context(), aborted: true, abortReason: "Stopping" });
  expect(condition("Ready").status).toBe("True");
  await late({ namespace: "n", name: "g" }, { ...context(), aborted: true, abortReason: "Deadline" });
  expect(condition("Ready")).toMatchObject({
    status: "False",
    reason: "Timeout",
    message: expect.stringMatching(/longer than 60 s/),
  });
});
