/**
 * The real controller over a real API server and sandbox clouds: every kind of drift and trouble is made through public APIs, the metrics
 * endpoint is scraped, and the rules are evaluated over what it served. At each look exactly the right alerts fire.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, test } from "@jest/globals";
import type { ConnectSsoPersonaStatus, ConnectUserStatus } from "../../src/api/resources.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { type Program, startProgram, until } from "./program.ts";
import { type Look, parseScrape, Timeline } from "./timeline.ts";
import {
  driftConnectUser,
  driftDirectPersona,
  driftPersona,
  type Graph,
  graphOf,
  pauseJob,
  revokeAssignment,
  revokeGroup,
  widenTrust,
} from "./trouble.ts";

const NAMESPACE = "team";
const TARGET = 'job="connect-sso",instance="10.0.0.1:8080",pod="connect-sso-a"';
const INSTANCES = ["0a1b2c3d-1111-4222-8333-444455556666", "9f8e7d6c-2222-4222-8333-444455556666"];
/** The sandbox has no TLS, and the controller says so all the time. */
const ALWAYS = "ConnectSsoInsecureEndpoints";

const HOUR = 3_600_000;
const BLIND = [
  "ConnectSsoCircuitOpen",
  "ConnectSsoDriftCheckStale agents",
  "ConnectSsoDriftCheckStale importers",
  "ConnectSsoInventoryStale",
  "ConnectSsoPersonaNotReady agents",
  "ConnectSsoPersonaNotReady importers",
  "ConnectSsoUsersStalled agents",
];
const QUARANTINED = [
  "ConnectSsoPersonaStalled importers",
  "ConnectSsoDriftDetected importers provisioning",
  "ConnectSsoSyncQuarantined importers",
  "ConnectSsoSyncStale importers",
  "ConnectSsoAccessKeyUnused importers",
];
const YEARS = [
  ...QUARANTINED,
  ...["agents", "late"].map((one) => `ConnectSsoPersonaStalled ${one}`),
  ...["agents", "importers", "late"].map((one) => `ConnectSsoSigningCertificateExpiring ${one}`),
  ...["importers", "late"].map((one) => `ConnectSsoAccessKeyTooOld ${one}`),
];

let server: ApiServer;
let sandbox: Sandbox;
let program: Program;
let graph: Graph;
const folder = mkdtempSync(join(tmpdir(), "connect-sso-alerts-"));
const timeline = new Timeline();
const looks: Look[] = [];

beforeAll(async () => {
  const people = ["alice", "jane", "omar", "mary", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"];
  sandbox = await startSandbox({
    world: {
      account: "111122223333",
      users: people.map((name) => ({
        userPrincipalName: `${name}@example.com`,
        mail: `${name}@example.com`,
        displayName: name,
        givenName: name,
        surname: "Doe",
      })),
      groups: [{ displayName: "Agents", members: ["alice@example.com"] }],
      instances: INSTANCES.map((id) => ({
        id,
        region: "us-east-1",
        securityProfiles: ["Admin", "Agent"],
        routingProfiles: ["Basic", "Other"],
      })),
      behaviour: { quotas: "unlimited", consistencyDelay: "0ms", roleImportInterval: "40m", timeScale: 1 },
    },
  });
  Object.assign(process.env, sandbox.env);
  graph = graphOf(sandbox.env.CONNECT_SSO_GRAPH_URL!);
  server = await startApiServer();
  await server.kubectl(["apply", "--server-side", "-f", "crds"]);
  await server.kubectl(["wait", "--for=condition=Established", "--timeout=30s", "-f", "crds"]);
  await server.kubectl(["create", "namespace", NAMESPACE]);
  const rate = { rate: 1_000, burst: 1_000 };
  const limits = { connect: rate, iam: rate, graph: rate, graphWrites: rate };
  writeFileSync(join(folder, "config.json"), JSON.stringify({ limits }));
  await startController();
});
afterAll(async () => {
  await program?.stop();
  await server?.stop();
  await sandbox?.close();
  rmSync(folder, { recursive: true });
});

async function startController(): Promise<void> {
  const config = `--config=${join(folder, "config.json")}`;
  const args = ["--poll-interval=3s", "--cluster-name=test", "--leader-elect", config];
  program = await startProgram([...args, `--kubeconfig=${server.kubeconfig}`], { POD_NAMESPACE: NAMESPACE });
}

const persona = (name: string, instance: number, more: Record<string, unknown> = {}) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectSsoPersona",
  metadata: { name, namespace: NAMESPACE },
  spec: {
    instanceArn: `arn:aws:connect:us-east-1:111122223333:instance/${INSTANCES[instance]}`,
    landingPage: "ContactControlPanel",
    application: { displayName: `Connect ${name}`, ...(more.application as object) },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic" },
    ...Object.fromEntries(Object.entries(more).filter(([key]) => key !== "application")),
  },
});
const user = (name: string, of: string, more: object = {}, as = name) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name: as, namespace: NAMESPACE },
  spec: { personaRef: { name: of }, entraUser: { userPrincipalName: `${name}@example.com` }, ...more },
});
const apply = (...objects: object[]) =>
  server.kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
const patch = (kind: string, name: string, spec: object) =>
  server.kubectl(["patch", kind, name, "-n", NAMESPACE, "--type=merge", "-p", JSON.stringify({ spec })]);
const remove = (kind: string, ...names: string[]) =>
  server.kubectl(["delete", kind, "-n", NAMESPACE, "--wait=false", ...names]);
const statusOf = async <T>(kind: string, name: string) =>
  JSON.parse(await server.kubectl(["get", kind, name, "-n", NAMESPACE, "-o", "json"])).status as T;
const personaStatus = (name: string) => statusOf<ConnectSsoPersonaStatus>("connectssopersona", name);
const userStatus = (name: string) => statusOf<ConnectUserStatus>("connectuser", name);

/** Waits until a scrape has all of these lines; says what stands in the way otherwise. */
async function served(what: string, ...lines: RegExp[]): Promise<void> {
  let missing = lines;
  const look = async () => {
    const text = await program.scrape();
    missing = lines.filter((line) => !line.test(text));
    return missing.length === 0;
  };
  await until(what, look, program).catch(async (error: Error) => {
    const path =
      '{range .items[*]}{range .status.conditions[?(@.status!="True")]}{.type} {.status} {.reason} {.message}{"\\n"}{end}{end}';
    const open = await server.kubectl(["get", "connectssopersonas,connectusers", "-A", "-o", `jsonpath=${path}`]);
    throw new Error(`${error.message}\nnot served: ${missing.join("\n")}\n${open}`);
  });
}

/** Scrapes for so many minutes of the alerts' time, holds the last one for longer, and notes what is to fire at the end. */
async function watch(what: string, firing: string[], { scrapes = 20, hold = 0 } = {}): Promise<void> {
  for (let index = 0; index < scrapes; index++) {
    await scrapeOnce();
    await sleep(100);
  }
  timeline.hold(hold);
  looks.push({ minute: timeline.minute, what, firing: [ALWAYS, ...firing].sort() });
}
async function scrapeOnce(): Promise<void> {
  timeline.add(parseScrape(await program.scrape(), TARGET), Date.now(), sandbox.clock.now().getTime());
}
/** Everything that was to be done again is done, and the alerts that last for a while have ended. */
async function calm(): Promise<void> {
  const open = /^connectsso_(limiter_waiting|drift_detected|users_drifted)\{.*\} [1-9]/m;
  await until("nothing waits or differs", async () => !open.test(await program.scrape()), program);
  await watch("calm", [], { scrapes: 2, hold: 100 });
}
const ready = (name: string) =>
  new RegExp(`^connectsso_condition\\{namespace="team",persona="${name}",type="Ready",status="True"\\} 1$`, "m");
const count = (persona: string, component: string, concern: string, action = "corrected") =>
  new RegExp(
    `^connectsso_drift_total\\{namespace="team",persona="${persona}",component="${component}",concern="${concern}",action="${action}"\\} [1-9]`,
    "m",
  );
const drifted = (persona: string, component: string, concern: string, value = 1) =>
  new RegExp(
    `^connectsso_drift_detected\\{namespace="team",persona="${persona}",component="${component}",concern="${concern}"\\} ${value}$`,
    "m",
  );
const notDrifted = (persona: string, component: string, concern: string) => drifted(persona, component, concern, 0);
const circuit = (api: string, is: string, value: number) =>
  new RegExp(`^connectsso_circuit_breaker_state\\{api="${api}",scope="111122223333",state="${is}"\\} ${value}$`, "m");
const state = (persona: string, name: string, value: number) =>
  new RegExp(`^connectsso_users\\{namespace="team",persona="${persona}",state="${name}"\\} ${value}$`, "m");

test("a healthy fleet: nothing fires", async () => {
  await apply(
    persona("agents", 0, { application: { groups: [{ displayName: "Agents" }] } }),
    persona("importers", 1, {
      roleDelivery: { mode: "Provisioning" },
      application: { roleSessionName: { from: "mail", transform: "None" } },
    }),
    user("jane", "agents"),
    user("omar", "agents"),
  );
  await served("agents are ready", ready("agents"), state("agents", "ready", 2));
  await served("the import is awaited", /^connectsso_role_import_waiting_since_timestamp_seconds\{.*importers/m);
  sandbox.clock.advance(41 * 60_000);
  await served("importers are ready", ready("importers"));
  await watch("healthy", [], { scrapes: 20, hold: 100 });
  // A new process knows nothing of what the old one wrote, and must not see drift in it.
  await program.stop();
  const restarted = Date.now() / 1000;
  await startController();
  await served("all is ready after a restart", ready("agents"), ready("importers"), state("agents", "ready", 2));
  await until("the new process has compared every persona", async () => {
    const checks = (await program.scrape()).matchAll(/^connectsso_drift_last_check_timestamp_seconds\{.*\} (\S+)$/gm);
    const times = [...checks].map(([, seconds]) => Number(seconds));
    return times.length === 2 && times.every((seconds) => seconds >= restarted);
  });
  await calm();
});

test("every kind of drift that is set back", async () => {
  const [agents, importers, jane, omar] = await Promise.all([
    personaStatus("agents"),
    personaStatus("importers"),
    userStatus("jane"),
    userStatus("omar"),
  ]);
  await driftPersona(importers, graph);
  await driftDirectPersona(agents, graph);
  await driftConnectUser(jane, "Admin", "Other");
  await served(
    "all drift is found",
    count("importers", "federation-policy", "permissions"),
    count("importers", "listing-policy", "permissions"),
    count("importers", "application", "settings"),
    count("importers", "certificate", "trust"),
    count("importers", "claims", "settings"),
    count("importers", "saml-provider", "trust"),
    count("importers", "role", "trust"),
    count("importers", "role", "permissions"),
    count("importers", "role", "settings"),
    count("importers", "provisioning-user", "permissions"),
    count("agents", "role-delivery", "settings"),
    count("agents", "connect-user", "permissions"),
    count("agents", "connect-user", "settings"),
  );
  await served("all is set back", ready("agents"), ready("importers"), state("agents", "ready", 2));
  await pauseJob(importers, graph);
  await revokeGroup(agents, graph);
  await revokeAssignment(agents, omar, graph);
  await served(
    "what stands on it is found",
    count("importers", "provisioning", "settings"),
    count("agents", "assignments", "permissions"),
    count("agents", "role-assignment", "settings"),
  );
  await served("all is set back", ready("agents"), ready("importers"), state("agents", "ready", 2));
  await watch(
    "drift",
    [
      ...["certificate", "role", "saml-provider"].map((one) => `ConnectSsoTrustDrift importers ${one}`),
      ...["federation-policy", "listing-policy", "provisioning-user", "role"].map(
        (one) => `ConnectSsoPermissionDrift importers ${one}`,
      ),
      "ConnectSsoPermissionDrift agents assignments",
      ...["application", "claims", "provisioning", "role"].map((one) => `ConnectSsoDriftCorrected importers ${one}`),
      ...["connect-user", "role-delivery", "role-assignment"].map((one) => `ConnectSsoDriftCorrected agents ${one}`),
    ],
    { scrapes: 10 },
  );
  await calm();
});

test("driftPolicy Report: a widened trust and a promoted user stand", async () => {
  const [agents, jane] = await Promise.all([personaStatus("agents"), userStatus("jane")]);
  await patch("connectssopersona", "agents", { driftPolicy: "Report" });
  await patch("connectuser", "jane", { driftPolicy: "Report" });
  await until("both specs were looked at", async () => {
    const [persona, one] = await Promise.all([personaStatus("agents"), userStatus("jane")]);
    return (
      persona.observedGeneration !== agents.observedGeneration && one.observedGeneration !== jane.observedGeneration
    );
  });
  await widenTrust(agents.roleArn!);
  await driftConnectUser(jane, "Admin");
  await served(
    "both stand",
    drifted("agents", "role", "trust"),
    /^connectsso_users_drifted\{.*"connect-user",concern="permissions"\} 1$/m,
  );
  await watch("reported drift", [
    "ConnectSsoTrustDrift agents role",
    "ConnectSsoDriftDetected agents role",
    "ConnectSsoDriftDetected agents connect-user",
  ]);
  await patch("connectssopersona", "agents", { driftPolicy: "Correct" });
  await patch("connectuser", "jane", { driftPolicy: "Correct" });
  await served("both are set back", notDrifted("agents", "role", "trust"), ready("agents"));
  await until("no user differs", async () => !/^connectsso_users_drifted\{/m.test(await program.scrape()), program);
  await calm();
});

test("clouds that refuse everything, and then for their rate", async () => {
  for (const match of ["iam:*", "connect:*"]) sandbox.faults.add({ match, kind: "denied" });
  await served("both circuits are open", circuit("iam", "closed", 0), circuit("connect", "closed", 0));
  const stale = (text: string, name: string) =>
    [...text.matchAll(new RegExp(`^${name}_timestamp_seconds\\{.*\\} (\\S+)$`, "gm"))].every(
      ([, at]) => Date.now() / 1000 - Number(at) > 10,
    );
  await until(
    "the last looks are old",
    async () => {
      const text = await program.scrape();
      return stale(text, "connectsso_drift_last_check") && stale(text, "connectsso_inventory_read");
    },
    program,
  );
  await watch("blind", BLIND, { hold: 20 });
  sandbox.faults.clear();
  await served(
    "all is well again",
    circuit("iam", "closed", 1),
    circuit("connect", "closed", 1),
    ready("agents"),
    ready("importers"),
    state("agents", "ready", 2),
  );
  await calm();
  sandbox.faults.add({ match: "iam:*", kind: "throttle", probability: 0.3 });
  for (let minute = 0; minute < 20; minute++) {
    await server.kubectl([
      "annotate",
      "connectssopersonas",
      "--all",
      "-n",
      NAMESPACE,
      "--overwrite",
      `connectsso.dev/reconcile=${minute}`,
    ]);
    await sleep(200);
    await scrapeOnce();
  }
  await watch("throttled", ["ConnectSsoApiThrottled"], { scrapes: 1 });
  sandbox.faults.clear();
  await served("all is well again", ready("agents"), ready("importers"));
  await calm();
});

test("users: in two personas, unknown to Entra, deleted in a mass", async () => {
  const many = ["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8"];
  await apply(persona("others", 0), ...many.map((name) => user(name, "agents")));
  await served("all are ready", ready("others"), state("agents", "ready", 10));
  await apply(user("jane", "others", {}, "jane-too"), user("nobody", "others"));
  await remove("connectuser", ...many);
  await served(
    "all is found",
    state("others", "conflict", 1),
    state("others", "stalled", 1),
    state("agents", "conflict", 1),
    /^connectsso_removals_halted\{namespace="team",persona="agents"\} [1-9]/m,
  );
  await watch("users", [
    "ConnectSsoUserConflict agents",
    "ConnectSsoUserConflict others",
    "ConnectSsoUsersStalled others",
    "ConnectSsoRemovalsHalted agents",
  ]);
  const now = String(Date.now());
  await server.kubectl([
    "annotate",
    "connectssopersona",
    "agents",
    "-n",
    NAMESPACE,
    `connectsso.dev/allow-mass-deletion=${now}`,
  ]);
  await remove("connectuser", "jane-too", "nobody");
  await until(
    "they are gone",
    async () => !/u8|nobody|jane-too/.test(await server.kubectl(["get", "connectusers", "-n", NAMESPACE])),
    program,
  );
  await remove("connectssopersona", "others");
  await until(
    "no series of the persona is left",
    async () => !(await program.scrape()).includes('persona="others"'),
    program,
  );
  await served("all is well again", state("agents", "ready", 2), ready("agents"));
  await calm();
});

test("what takes hours and years: role import, quarantine, keys and certificates", async () => {
  sandbox.world.behaviour.roleImportIntervalMs = 100 * HOUR;
  await apply(persona("late", 1, { roleDelivery: { mode: "Provisioning" } }));
  await served("the import is awaited", /^connectsso_role_import_waiting_since_timestamp_seconds\{.*"late"/m);
  sandbox.clock.advance(3 * HOUR);
  await served("importers had their run", ready("importers"));
  await watch("slow import", ["ConnectSsoRoleImportSlow late"]);
  for (const match of ["iam:CreateAccessKey", "graph:POST /servicePrincipals/*/addTokenSigningCertificate"])
    sandbox.faults.add({ match, kind: "denied" });
  const principal = `/servicePrincipals/${(await personaStatus("importers")).servicePrincipalId}`;
  const { value: jobs } = await graph("GET", `${principal}/synchronization/jobs`);
  await graph("PUT", `${principal}/synchronization/secrets`, {
    value: [{ key: "SecretToken", value: "somebody-elses-secret" }],
  });
  await graph("POST", `${principal}/synchronization/jobs/${jobs[0]!.id}/restart`, { criteria: { resetScope: "Full" } });
  sandbox.clock.advance(104 * HOUR);
  await served("quarantine", /^connectsso_sync_job_state\{.*"importers",state="Quarantine"\} 1$/m);
  await watch("quarantine", QUARANTINED, { hold: 80 });
  sandbox.clock.advance((1095 - 50) * 24 * HOUR);
  const stalled = (name: string) =>
    new RegExp(`^connectsso_condition\\{namespace="team",persona="${name}",type="Stalled",status="True"\\} 1$`, "m");
  await served("rotation is refused", stalled("agents"), stalled("importers"), stalled("late"));
  await watch("years", YEARS, { hold: 80 });
});

test("a controller that does not lead, and one that is gone", async () => {
  const now = new Date().toISOString().replace("Z", "000Z");
  const spec = { holderIdentity: "somebody", leaseDurationSeconds: 3600, acquireTime: now, renewTime: now };
  const metadata = { name: "taken", namespace: NAMESPACE };
  await apply({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
  const args = ["--leader-elect", "--leader-election-id=taken", "--cluster-name=test"];
  const standby = await startProgram([...args, `--kubeconfig=${server.kubeconfig}`], { POD_NAMESPACE: NAMESPACE });
  const alone = new Timeline();
  try {
    const text = await standby.scrape();
    alone.add(parseScrape(text, TARGET), Date.now(), Date.now());
  } finally {
    await standby.stop();
  }
  alone.hold(10);
  const idle = alone.minute;
  // What a scrape of nothing gives.
  for (let minute = 0; minute < 20; minute++) alone.add(new Map(), Date.now(), Date.now());
  await alone.evaluate(
    [
      { minute: idle, what: "standby", firing: [ALWAYS, "ConnectSsoNoLeader"] },
      { minute: alone.minute, what: "gone", firing: ["ConnectSsoControllerAbsent"] },
    ],
    folder,
  );
});

test("what the endpoint served makes exactly these alerts fire", async () => {
  await timeline.evaluate(looks, folder);
});
