/**
 * The set's reconciler over real HTTP, while people join, leave and are renamed, groups are nested, deleted and restored, rules change,
 * answers fail and processes die, in any order: no one is removed who is in the source, nothing is removed without a source that was read,
 * a user written by hand is never touched, and in the end everybody is where the rules say.
 */
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import type { ConnectUser, ConnectUserSet, ConnectUserSetSpec } from "../../src/api/resources.ts";
import { INDEXES, reconcilerDeps } from "../../src/controller/kinds.ts";
import { createReconciler } from "../../src/engine/reconcile.ts";
import type { Clouds } from "../../src/providers/clouds.ts";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import type { Fault } from "../../src/sandbox/world.ts";
import { setKind } from "../../src/set/kind.ts";
import { persona, user } from "../e2e/support.ts";
import { type Scene, withSandbox } from "../providers/graph/sandbox.ts";

const PEOPLE = 14;
const BY_HAND = 3;
const numbers = Array.from({ length: PEOPLE }, (_, index) => index + 1);
const idOf = (number: number) => `11111111-0000-4000-8000-${String(number).padStart(12, "0")}`;
const TEAM = "22222222-0000-4000-8000-000000000001";
const INNER = "22222222-0000-4000-8000-000000000002";
const LEADS = "22222222-0000-4000-8000-000000000003";
const GROUPS = [TEAM, INNER, LEADS] as const;
const everybody = { name: "everybody", set: { persona: "agents" } };
const leads = { name: "leads", group: { displayName: "leads" }, set: { persona: "managers" } };
const RULES: ConnectUserSetSpec["rules"][] = [
  [leads, everybody],
  [everybody],
  [{ name: "renamed", when: "user.displayName == 'New'", set: { persona: "managers" } }, everybody],
];
const MINUTE = 60_000;
const WINDOW = 60 * MINUTE;

type Event =
  | { do: "join" | "leave"; group: (typeof GROUPS)[number]; who: number }
  | { do: "rename"; who: number; name: string }
  | { do: "nest" | "unnest" | "delete" | "restore" | "empty" | "heal" | "expire" | "restart" | "look" | "approve" }
  | { do: "rules"; index: number }
  | { do: "fault"; kind: Fault["kind"]; match: string }
  | { do: "time"; minutes: number };
const who = fc.integer({ min: 1, max: PEOPLE });
const group = fc.constantFrom(...GROUPS);
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom("join" as const, "leave" as const), group, who }) },
  fc.record({ do: fc.constant("rename" as const), who, name: fc.constantFrom("Old", "New") }),
  fc.record({ do: fc.constantFrom("nest" as const, "unnest" as const, "delete" as const, "restore" as const) }),
  fc.record({ do: fc.constantFrom("empty" as const, "heal" as const, "expire" as const, "restart" as const) }),
  fc.record({ do: fc.constant("rules" as const), index: fc.integer({ min: 0, max: RULES.length - 1 }) }),
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("fault" as const),
      kind: fc.constantFrom<Fault["kind"][]>("truncated", "denied", "malformed", "cut"),
      match: fc.constantFrom("graph:GET */members/*", "graph:POST /$batch", "graph:GET */delta", "graph:*"),
    }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("look" as const, "look" as const, "approve" as const) }) },
  fc.record({ do: fc.constant("time" as const), minutes: fc.integer({ min: 1, max: 90 }) }),
);

/** What everybody agrees on in the end, kept beside the sandbox. */
class Play {
  readonly #scene: Scene;
  readonly #store = new FolderStore(INDEXES, () => undefined);
  readonly #members = new Map<string, Set<number>>([
    [TEAM, new Set([1, 2, 3, 4, 5, 6])],
    [INNER, new Set([7, 8, 9, 10])],
    [LEADS, new Set([1])],
  ]);
  readonly #names = new Map<number, string>();
  #nested = true;
  #deleted = false;
  #rules = RULES[0]!;
  #now = Date.parse("2026-01-01T12:00:00Z");
  #reconcile!: ReturnType<typeof createReconciler>;
  /** Removed without an approval. */
  #removed: { at: number; of: number }[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
    for (const one of [persona("agents"), persona("managers")]) this.#store.apply(one as never);
    this.#store.apply(user("by-hand", "agents", { entraUser: { objectId: idOf(BY_HAND) } }) as never);
    this.#declare();
    this.#restart();
  }

  #declare(): void {
    this.#store.apply({
      apiVersion: "connectsso.dev/v1alpha1",
      kind: "ConnectUserSet",
      metadata: { name: "cc", namespace: "team" },
      spec: {
        source: { groups: [{ displayName: "team" }], nested: true },
        rules: this.#rules,
        template: {},
        removal: { gracePeriod: "0s" },
        limits: { removals: "20%", moves: "20%", grants: "20%", ignoreBelow: 3 },
        mode: "Apply",
        deletionPolicy: "Orphan",
      },
    } as never);
  }

  /** A new process: nothing is remembered but the store. */
  #restart(): void {
    const found = async () => ({ id: "found" });
    const connect = { securityProfile: found, routingProfile: found, hierarchyGroup: found };
    const clouds = {
      graph: async () => this.#scene.graph,
      aws: async () => ({ account: { instance: () => connect } }),
    } as unknown as Clouds;
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const common = { store: this.#store, clouds, cluster: "test", log, pollIntervalMs: MINUTE, directoryIntervalMs: 0 };
    const deps = { ...reconcilerDeps(common), now: () => this.#now };
    this.#reconcile = createReconciler(setKind(deps), deps);
  }

  get #set(): ConnectUserSet {
    return this.#store.get<ConnectUserSet>("ConnectUserSet", "team", "cc")!;
  }

  users(): ReadonlyMap<number, string> {
    const made = this.#store.list<ConnectUser>("ConnectUser").filter(({ metadata }) => metadata.name !== "by-hand");
    return new Map(
      made.map(({ spec }) => [numbers.find((one) => idOf(one) === spec.entraUser.objectId)!, spec.personaRef.name]),
    );
  }

  /** As the rules say, by hand. */
  wanted(): ReadonlyMap<number, string> {
    const inSource = numbers.filter(
      (one) => this.#members.get(TEAM)!.has(one) || (this.#nested && this.#members.get(INNER)!.has(one)),
    );
    const personaOf = (one: number) => {
      if (this.#rules === RULES[0]) return this.#members.get(LEADS)!.has(one) ? "managers" : "agents";
      return this.#rules === RULES[2] && this.#names.get(one) === "New" ? "managers" : "agents";
    };
    return new Map(inSource.filter((one) => one !== BY_HAND).map((one) => [one, personaOf(one)]));
  }

  async look(): Promise<void> {
    const before = this.users();
    const { pending } = this.#set.status ?? {};
    await this.#reconcile(
      { namespace: "team", name: "cc" },
      {
        reason: "Changed",
        isSweep: false,
        signal: new AbortController().signal,
        aborted: false,
        abortReason: undefined,
        deadline: this.#now + MINUTE,
        mayWrite: true,
      },
    );
    const after = this.users();
    const wanted = this.wanted();
    const gone = [...before.keys()].filter((one) => !after.has(one));
    for (const one of gone) expect({ gone: one, wanted: wanted.has(one) }).toEqual({ gone: one, wanted: false });
    const isRead = this.#set.status?.conditions?.some(
      ({ type, status }) => type === "SourceReady" && status === "True",
    );
    if (!isRead || this.#deleted) expect(gone).toEqual([]);
    const isApproved = pending?.hash !== undefined && this.#set.status?.handledRequests?.approve === pending.hash;
    if (!isApproved) for (const _ of gone) this.#removed.push({ at: this.#now, of: before.size });
    const byHand = this.#store.get<ConnectUser>("ConnectUser", "team", "by-hand");
    expect([byHand?.spec.personaRef.name, byHand?.metadata.deletionTimestamp]).toEqual(["agents", undefined]);
  }

  async approve(): Promise<void> {
    const hash = this.#set.status?.pending?.hash;
    if (hash)
      this.#store.annotate(
        { kind: "ConnectUserSet", namespace: "team", name: "cc" },
        { "connectsso.dev/approve": hash },
      );
    await this.look();
  }

  async run(one: Event): Promise<void> {
    const { plain } = this.#scene;
    const ref = (id: string) => ({ "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}` });
    switch (one.do) {
      case "join":
      case "leave": {
        const members = this.#members.get(one.group)!;
        if ((one.group === TEAM && this.#deleted) || members.has(one.who) === (one.do === "join")) return;
        if (one.do === "join") await plain.ok("POST", `/groups/${one.group}/members/$ref`, ref(idOf(one.who)));
        else await plain.ok("DELETE", `/groups/${one.group}/members/${idOf(one.who)}/$ref`);
        if (one.do === "join") members.add(one.who);
        else members.delete(one.who);
        return;
      }
      case "rename":
        this.#names.set(one.who, one.name);
        return void (await plain.ok("PATCH", `/users/${idOf(one.who)}`, { displayName: one.name }));
      case "nest":
      case "unnest":
        if (this.#deleted || this.#nested === (one.do === "nest")) return;
        if (one.do === "nest") await plain.ok("POST", `/groups/${TEAM}/members/$ref`, ref(INNER));
        else await plain.ok("DELETE", `/groups/${TEAM}/members/${INNER}/$ref`);
        this.#nested = !this.#nested;
        return;
      case "delete":
      case "restore":
        if (this.#deleted === (one.do === "delete")) return;
        if (one.do === "delete") await plain.ok("DELETE", `/groups/${TEAM}`);
        else await plain.ok("POST", `/directory/deletedItems/${TEAM}/restore`, {});
        this.#deleted = !this.#deleted;
        return;
      case "empty":
        await this.run({ do: "unnest" });
        for (const number of numbers) await this.run({ do: "leave", group: TEAM, who: number });
        return;
      case "rules":
        this.#rules = RULES[one.index]!;
        return this.#declare();
      case "fault":
        plain.sandbox.faults.add({ match: one.match, kind: one.kind });
        // What fails is what the controller asks for, not what people do.
        await this.look();
        return plain.sandbox.faults.clear();
      case "heal":
        return plain.sandbox.faults.clear();
      case "expire":
        // A deleted group can be restored for 30 days.
        if (!this.#deleted) plain.sandbox.clock.advance(8 * 24 * 60 * MINUTE);
        return;
      case "restart":
        return this.#restart();
      case "time":
        this.#now += one.minutes * MINUTE;
        return;
      default:
        return one.do === "approve" ? this.approve() : this.look();
    }
  }

  /** No window sees more than its limit without the hash of exactly that list. */
  checkLimits(): void {
    for (const { at } of this.#removed) {
      const window = this.#removed.filter((one) => one.at >= at && one.at < at + WINDOW);
      const most = Math.max(...window.map(({ of }) => of)) + window.length;
      expect(window.length).toBeLessThanOrEqual(Math.max(2, 0.2 * most));
    }
  }

  /** Everything works again, a person approves, and time passes. */
  async settle(): Promise<void> {
    await this.run({ do: "restore" });
    await this.run({ do: "join", group: TEAM, who: 1 });
    for (let round = 0; round < 6; round++) {
      await this.look();
      await this.approve();
      this.#now += WINDOW;
    }
  }
}

test("any order of changes and faults ends where the rules say, and removes no one who is in the source", async () => {
  const world = {
    users: numbers.map((one) => ({ id: idOf(one), userPrincipalName: `p${one}@example.com`, displayName: "Old" })),
    groups: [
      {
        id: TEAM,
        displayName: "team",
        members: [1, 2, 3, 4, 5, 6].map((one) => `p${one}@example.com`),
        groups: ["inner"],
      },
      { id: INNER, displayName: "inner", members: [7, 8, 9, 10].map((one) => `p${one}@example.com`) },
      { id: LEADS, displayName: "leads", members: ["p1@example.com"] },
    ],
  };
  await fc.assert(
    fc.asyncProperty(fc.array(event, { maxLength: 30 }), (events) =>
      withSandbox(world, async (scene) => {
        const play = new Play(scene);
        await play.look();
        expect(play.users()).toEqual(play.wanted());
        for (const one of events) await play.run(one);
        play.checkLimits();
        await play.settle();
        expect(new Map([...play.users()].sort(([a], [b]) => a - b))).toEqual(play.wanted());
      }),
    ),
    { seed: 20261129, numRuns: 25 },
  );
});
