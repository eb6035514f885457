/**
 * Named outages in simulated time, each over a set-up that works and over one that is only being made: afterwards everything is as
 * declared, nothing exists twice, nothing of others changed, and a further pass writes nothing (test/property judges).
 */

import { describe, expect, test } from "@jest/globals";
import type { Outage, PersonaSpec, Step, UserSpec } from "../property/scenario.ts";
import { simulate, type Trace } from "../property/simulate.ts";

const AGENTS: PersonaSpec = {
  landingPage: "ContactControlPanel",
  displayName: "Connect agents",
  source: "mail",
  sessionHours: 12,
  groups: ["Night shift"],
  mode: "Provisioning",
  profiles: ["Agent"],
  team: "blue",
  deletionPolicy: "Delete",
};
const ADMINISTRATORS: PersonaSpec = {
  ...AGENTS,
  landingPage: "AdminConsole",
  displayName: "Connect administrators",
  groups: [],
  mode: "Direct",
  profiles: ["Admin"],
};
const USER: UserSpec = {
  persona: "agents",
  hierarchyGroup: ["Dublin", "Blue"],
  proficiencyLevel: 3,
  deletionPolicy: "Delete",
};

const SET_UP: Step[] = [
  { persona: "agents", spec: AGENTS },
  { persona: "administrators", spec: ADMINISTRATORS },
  { user: "jane", spec: USER },
  { user: "alice", spec: { persona: "administrators", deletionPolicy: "RevokeAccess" } },
];
/** Of everything something: new and changed specs, a removal, drift in each cloud, requests. */
const EDITS: Step[] = [
  { persona: "agents", spec: { ...AGENTS, landingPage: "AgentWorkspace", team: "red" } },
  { user: "omar", spec: { persona: "administrators", deletionPolicy: "Delete" } },
  { deleteUser: "alice" },
  { somebody: "trust rewritten", of: "agents" },
  { somebody: "relay state", of: "administrators" },
  { somebody: "routing changed", ofUser: "jane" },
  { recreate: "jane", value: "1" },
  { rotateKey: "agents", value: "1" },
];

async function survives(steps: Step[]): Promise<void> {
  const trace: Trace = { lines: [] };
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  try {
    await simulate({ seed: 1, consistencyDelaySeconds: 3, faults: [], kubernetesTrouble: 0, steps }, trace);
  } catch (error) {
    throw new Error(`${(error as Error).message}\n${trace.lines.slice(-100).join("\n")}`);
  } finally {
    process.off("unhandledRejection", note);
  }
  expect(unhandled).toEqual([]);
}

const all = (
  kind: "unauthorized" | "denied" | "malformed" | "truncated" | "throttle" | "timeout" | "unavailable",
  match: string,
): Outage => ({
  faults: [{ match, kind }],
});
const spoilt = (kind: "malformed" | "truncated"): Outage => ({
  faults: ["iam", "sts"].map((api) => ({ match: `${api}:*`, kind })),
});
const storm: Outage = { faults: [{ match: "*", kind: "throttle", probability: 0.8 }] };

describe.each<[string, Outage, number?]>([
  ["expired Graph tokens", all("unauthorized", "graph:*")],
  [
    "expired AWS credentials",
    { faults: ["iam", "sts", "connect"].map((api) => ({ match: `${api}:*`, kind: "unauthorized" })) },
  ],
  ["rights taken away in AWS", { faults: ["iam", "connect"].map((api) => ({ match: `${api}:*`, kind: "denied" })) }],
  ["rights taken away in Entra", all("denied", "graph:*")],
  ["names that do not resolve", { unresolvable: true }],
  ["malformed answers of IAM and STS", spoilt("malformed")],
  ["malformed answers of Connect", all("malformed", "connect:*")],
  ["malformed answers of Graph", all("malformed", "graph:*")],
  ["malformed metadata", all("malformed", "login:*")],
  ["truncated answers of IAM and STS", spoilt("truncated")],
  ["truncated answers of Connect", all("truncated", "connect:*")],
  ["truncated answers of Graph", all("truncated", "graph:*")],
  ["truncated metadata", all("truncated", "login:*")],
  ["a storm of 429", storm],
  ["quotas at zero", { quotasAtZero: true }],
  ["a Connect region that is down", all("unavailable", "connect:*"), 60],
  ["no answer from anybody", all("timeout", "*")],
])("%s", (_, outage, minutes = 15) => {
  test("over a set-up that works", () =>
    survives([...SET_UP, { waitMinutes: 60 }, { begin: outage }, ...EDITS, { waitMinutes: minutes }]));
  test("from the very beginning", () => survives([{ begin: outage }, ...SET_UP, { waitMinutes: minutes }]));
});

describe("the controller's machine", () => {
  test.each([-300, -20, 20, 300])("has a wall clock that is %i minutes off for an hour", (clockErrorMinutes) =>
    survives([...SET_UP, { waitMinutes: 60 }, { clockErrorMinutes }, ...EDITS, { waitMinutes: 60 }]),
  );

  test("is one of two that believe to lead", () =>
    survives([...SET_UP, { waitMinutes: 60 }, ...EDITS, { twoLeadersMinutes: 2 }, { waitMinutes: 10 }]));

  test("dies at every twentieth call, and forgets everything now and then", () =>
    survives([
      ...SET_UP,
      ...Array.from({ length: 15 }, (_, index): Step => ({ crashAfterCalls: 20, forget: index % 5 === 4 })),
      ...EDITS,
      ...Array.from({ length: 10 }, (): Step => ({ crashAfterCalls: 20, forget: false })),
    ]));
});
