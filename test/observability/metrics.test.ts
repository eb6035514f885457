/** Series of objects and clouds: what they say, that no person is among their labels, and that they go with their object. */
import { beforeEach, describe, expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import type { Change } from "../../src/engine/change.ts";
import { gravest } from "../../src/engine/change.ts";
import { concernOf } from "../../src/engine/component.ts";
import { gravestKind } from "../../src/engine/errors.ts";
import { createDomainMetrics, type DomainMetrics, type MetricsOptions } from "../../src/observability/metrics.ts";
import { COMPONENTS as PERSONA_COMPONENTS } from "../../src/persona/components/index.ts";
import type { CloudHealth } from "../../src/providers/clouds.ts";
import { COMPONENTS as USER_COMPONENTS } from "../../src/user/components/index.ts";
import { defaulted } from "./manifests.ts";

const ARN = "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666";
const quiet: CloudHealth = { breakers: new Map(), limiters: [], inventories: new Map() };
let registry: Registry;
let metrics: DomainMetrics;
let personas: ConnectSsoPersona[];
let users: ConnectUser[];

function create(options: Partial<MetricsOptions> = {}): void {
  registry = new Registry();
  metrics = createDomainMetrics({
    registry,
    version: "1.2.3",
    pollIntervalMs: 600_000,
    insecure: false,
    perUser: false,
    ...options,
  });
}
beforeEach(() => {
  create();
  personas = [persona("agents"), persona("administrators")];
  users = [user("jane", [["Ready", "True"]])];
});

/** Lines of a scrape that begin with this; an array of one text each. */
async function scrape(start: string, health: CloudHealth = quiet): Promise<string[]> {
  const objects = { list: (kind: string) => (kind === "ConnectUser" ? users : personas) as never };
  metrics.refresh(objects, health);
  return (await registry.metrics()).split("\n").filter((line) => line.startsWith(start));
}

function persona(name: string, status: ConnectSsoPersona["status"] = {}, spec: object = {}): ConnectSsoPersona {
  return defaulted(
    "ConnectSsoPersona",
    name,
    {
      instanceArn: ARN,
      landingPage: "AdminConsole",
      application: { displayName: name },
      connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic" },
      ...spec,
    },
    status,
  ) as ConnectSsoPersona;
}
function user(
  name: string,
  conditions: [string, "True" | "False"][],
  more: Partial<ConnectUser["metadata"]> = {},
  status: object = {},
) {
  const spec = { personaRef: { name: "agents" }, entraUser: { userPrincipalName: `${name}@example.com` } };
  const listed = conditions.map(([type, one]) => ({
    type,
    status: one,
    reason: "R",
    message: "",
    lastTransitionTime: "",
  }));
  const object = defaulted("ConnectUser", name, spec, { conditions: listed, ...status });
  return { ...object, metadata: { ...object.metadata, ...more } } as ConnectUser;
}
const COMPONENTS: Record<string, Parameters<typeof concernOf>[0]> = { ...PERSONA_COMPONENTS, ...USER_COMPONENTS };
const concernIn = (component: string, path: string) => concernOf(COMPONENTS[component]!, path);
const change = (component: string, path: string): Change => ({
  component,
  verb: "update",
  object: "o",
  cloud: "iam",
  why: "w",
  differences: [{ path, desired: "a", observed: "b" }],
  cause: "drift",
  fate: "applied",
  concern: concernIn(component, path),
});

describe("a persona that goes takes all its series along", () => {
  test("gauges, counters and timestamps", async () => {
    const status: ConnectSsoPersona["status"] = {
      conditions: [{ type: "Ready", status: "True", reason: "R", message: "", lastTransitionTime: "" }],
      drift: [
        { component: "application", path: "relayState", desired: "", observed: "", concern: "settings", since: "" },
      ],
      certificate: { expirationTime: "2029-01-01T00:00:00Z" },
      accessKey: { creationTime: "2026-01-01T00:00:00Z", lastUsedTime: "2026-01-02T00:00:00Z" },
      syncJob: { state: "Active", lastSuccessTime: "2026-01-02T00:00:00Z" },
      roleImportWaitingSince: "2026-01-02T00:00:00Z",
    };
    personas = [persona("agents", status), persona("administrators", status)];
    await scrape("");
    for (const one of ["agents", "administrators"])
      metrics.observer.drift!(
        { namespace: "team", persona: one },
        change("saml-provider", "trust.certificates"),
        "corrected",
      );
    const before = await scrape("connectsso_");
    expect(before.filter((line) => line.includes('persona="administrators"')).length).toBeGreaterThan(60);
    personas.pop();
    const after = await scrape("connectsso_");
    expect(after.filter((line) => line.includes('persona="administrators"'))).toEqual([]);
    expect(after.filter((line) => line.includes('persona="agents"'))).toEqual(
      before.filter((line) => line.includes('persona="agents"')),
    );
  });

  test("a standby says nothing of objects", async () => {
    await scrape("");
    metrics.refresh(undefined, quiet);
    const text = await registry.metrics();
    expect(text).not.toMatch(/^connectsso_(users|condition|suspended)\{/m);
    expect(text).toMatch(/^connectsso_build_info\{version="1.2.3"\} 1$/m);
  });
});

describe("users", () => {
  test("are counted once each, by state", async () => {
    users = [
      user("a", [["Ready", "True"]]),
      user("b", [["Ready", "False"]]),
      user("c", [
        ["Ready", "False"],
        ["Stalled", "True"],
      ]),
      user("d", [
        ["Ready", "False"],
        ["Stalled", "True"],
        ["Conflict", "True"],
      ]),
      user("e", [["Ready", "True"]], { deletionTimestamp: "2026-01-01T00:00:00Z" }),
      user("f", []),
    ];
    users.push({ ...user("g", [["Ready", "False"]]), spec: { ...users[0]!.spec, suspend: true } });
    const counts = await scrape('connectsso_users{namespace="team",persona="agents"');
    expect(counts.map((line) => line.replace(/.*state="/, ""))).toEqual([
      'ready"} 1',
      'waiting"} 2',
      'stalled"} 1',
      'conflict"} 1',
      'suspended"} 1',
      'removing"} 1',
    ]);
  });

  test("have no series of their own: no name of a person is in a scrape", async () => {
    users = [
      user(
        "jane",
        [
          ["Ready", "False"],
          ["Stalled", "True"],
        ],
        {},
        { username: "jane@example.com" },
      ),
    ];
    metrics.observer.passEnded!(users[0]!, { outcome: "terminal", complete: true });
    expect((await scrape("")).join("\n")).not.toContain("jane");
  });

  test("are named on request, only what is amiss, at most 500", async () => {
    create({ perUser: true });
    users = [
      ...Array.from({ length: 600 }, (_, index) =>
        user(`u${index}`, [
          ["Ready", "False"],
          ["Stalled", "True"],
        ]),
      ),
      user("well", [
        ["Ready", "True"],
        ["Stalled", "False"],
        ["Drifted", "False"],
      ]),
    ];
    const lines = await scrape("connectsso_user_condition{");
    expect(lines[0]).toBe('connectsso_user_condition{namespace="team",persona="agents",user="u0",type="NotReady"} 1');
    expect(lines).toHaveLength(1000);
    expect(lines.join()).not.toContain("well");
  });

  test("whose removal the guard holds back are counted", async () => {
    const halted = user("a", [["Ready", "False"]], { deletionTimestamp: "2026-01-01T00:00:00Z" });
    halted.status!.conditions![0]!.reason = "MassDeletionHalted";
    users = [halted, user("b", [["Ready", "True"]])];
    expect(await scrape('connectsso_removals_halted{namespace="team",persona="agents"}')).toEqual([
      'connectsso_removals_halted{namespace="team",persona="agents"} 1',
    ]);
  });

  test("that drifted are counted by component and concern", async () => {
    const drift = (path: string) => ({
      drift: [
        {
          component: "connect-user",
          path,
          desired: "",
          observed: "",
          concern: concernIn("connect-user", path),
          since: "",
        },
      ],
    });
    users = [
      user("a", [], {}, drift("securityProfiles")),
      user("b", [], {}, drift("securityProfiles")),
      user("c", [], {}, drift("routingProfile")),
    ];
    expect(await scrape("connectsso_users_drifted{")).toEqual([
      'connectsso_users_drifted{namespace="team",persona="agents",component="connect-user",concern="permissions"} 2',
      'connectsso_users_drifted{namespace="team",persona="agents",component="connect-user",concern="settings"} 1',
    ]);
  });
});

test("the last check is the creation, then what status knows, then what this process did; a look that could not read all is none", async () => {
  const name = 'connectsso_drift_last_check_timestamp_seconds{namespace="team",persona="agents"}';
  const value = async () => Number((await scrape(name))[0]!.split(" ")[1]);
  expect(await value()).toBe(Date.parse(personas[0]!.metadata.creationTimestamp!) / 1000);
  personas[0]!.status = { lastCheckedTime: "2026-02-01T00:00:00Z" };
  expect(await value()).toBe(Date.parse("2026-02-01T00:00:00Z") / 1000);
  metrics.observer.passEnded!(personas[0]!, { outcome: "transient", complete: false });
  expect(await value()).toBe(Date.parse("2026-02-01T00:00:00Z") / 1000);
  const before = Date.now() / 1000;
  metrics.observer.passEnded!(personas[0]!, { outcome: "success", complete: true });
  expect(await value()).toBeGreaterThanOrEqual(before);
});

test("rotation is due before the certificate's end and after the key's age, as the spec says", async () => {
  personas = [
    persona(
      "agents",
      { certificate: { expirationTime: "2026-12-31T00:00:00Z" }, accessKey: { creationTime: "2026-01-01T00:00:00Z" } },
      {
        application: { displayName: "x", signingCertificate: { rotateBefore: "240h" } },
        roleDelivery: { mode: "Provisioning", provisioning: { accessKeyMaxAge: "48h" } },
      },
    ),
  ];
  const of = async (name: string) =>
    (await scrape(name)).map((line) => new Date(Number(line.split(" ")[1]) * 1000).toISOString());
  expect(await of("connectsso_signing_certificate_rotation_due")).toEqual(["2026-12-21T00:00:00.000Z"]);
  expect(await of("connectsso_access_key_rotation_due")).toEqual(["2026-01-03T00:00:00.000Z"]);
  // Never used yet: its age counts, or a key that nobody ever uses would never be noticed.
  expect(await of("connectsso_access_key_last_used")).toEqual(["2026-01-01T00:00:00.000Z"]);
});

test("clouds: limiters, breakers and the inventories of instances that have users", async () => {
  const health: CloudHealth = {
    breakers: new Map([["iam/111122223333", { state: "open", failures: 10 }]]),
    limiters: [
      {
        key: "connect/111122223333/us-east-1/CreateUser",
        rate: 1,
        quota: { rate: 2, burst: 5 },
        tokens: 3,
        waiting: { person: 4, sweep: 5 },
      },
      {
        key: "graph/7d1a/read",
        rate: 10,
        quota: { rate: 10, burst: 20 },
        tokens: 20,
        waiting: { person: 0, sweep: 0 },
      },
    ],
    inventories: new Map([
      [ARN, 1_000_000],
      [ARN.replace("0a1b", "ffff"), 2_000_000],
    ]),
  };
  const labels = 'api="connect",scope="111122223333",region="us-east-1",operation="CreateUser"';
  expect(await scrape("connectsso_limiter_", health)).toEqual(
    expect.arrayContaining([
      `connectsso_limiter_rate{${labels}} 1`,
      `connectsso_limiter_quota_rate{${labels}} 2`,
      `connectsso_limiter_tokens{${labels}} 3`,
      `connectsso_limiter_waiting{${labels},priority="person"} 4`,
      'connectsso_limiter_rate{api="graph",scope="7d1a",region="",operation="read"} 10',
    ]),
  );
  expect(await scrape("connectsso_circuit", health)).toEqual([
    'connectsso_circuit_breaker_state{api="iam",scope="111122223333",state="closed"} 0',
    'connectsso_circuit_breaker_state{api="iam",scope="111122223333",state="half-open"} 0',
    'connectsso_circuit_breaker_state{api="iam",scope="111122223333",state="open"} 1',
  ]);
  expect(await scrape("connectsso_inventory", health)).toEqual([
    'connectsso_inventory_read_timestamp_seconds{scope="111122223333",region="us-east-1",connect_instance="0a1b2c3d-1111-4222-8333-444455556666"} 1000',
  ]);
  users = [];
  expect(await scrape("connectsso_inventory", health)).toEqual([]);
});

test("a drift counts once for its gravest concern, from a counter that stood at zero before", async () => {
  const line =
    'connectsso_drift_total{namespace="team",persona="agents",component="role",concern="trust",action="corrected"}';
  expect(await scrape(line)).toEqual([`${line} 0`]);
  const both = change("role", "trust.Statement[0].Principal");
  both.differences.unshift(...change("role", "description").differences);
  metrics.observer.drift!({ namespace: "team", persona: "agents" }, both, "corrected");
  expect(await scrape(line)).toEqual([`${line} 1`]);
});

test.each([
  ["saml-provider", "trust.certificates", "trust"],
  ["role", "trust.Statement[0].Condition", "trust"],
  ["certificate", "activeThumbprint", "trust"],
  ["role", "policies", "permissions"],
  ["role", "permissionsBoundary", "permissions"],
  ["federation-policy", "Statement[0].Action", "permissions"],
  ["federation-policy", "tags.connectsso.dev/owner", "settings"],
  ["connect-user", "securityProfiles", "permissions"],
  ["connect-user", "routingProfile", "settings"],
  ["application", "relayState", "settings"],
])("%s %s concerns %s", (component, path, concern) => {
  const found = concernIn(component, path);
  expect(found).toBe(concern);
  expect(gravest(["settings", found])).toBe(concern);
});

test("the outcome of a pass is the gravest of its errors", () => {
  const of = (...kinds: string[]) => gravestKind(kinds.map((kind) => ({ kind: kind as "waiting" }))) ?? "success";
  expect([of(), of("waiting"), of("waiting", "transient"), of("transient", "terminal")]).toEqual([
    "success",
    "waiting",
    "transient",
    "terminal",
  ]);
});
