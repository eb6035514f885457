/**
 * Two tenants on a real API server. One has every right that the chart's roles give, in its own namespace, and uses all of it against the
 * other, who lives a whole life beside it: set-up, with a role and a Connect user that were made by hand, joiners, by hand and by a set,
 * drift, a mover, a leaver, the end. Nothing of the other is late, wrong, or reported wrong.
 */
import { mkdtempSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectClient, ListSecurityProfilesCommand, ListUsersCommand } from "@aws-sdk/client-connect";
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  GetRoleCommand,
  IAMClient,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Condition } from "../../src/runtime/conditions.ts";
import { equalJson } from "../../src/runtime/equal.ts";
import { type Cluster, type Controller, startCluster, until } from "../helm/controller.ts";
import { type Manifest, render, root } from "../helm/support.ts";
import { established } from "../kube/established.ts";
import { graphByHand } from "../support/by-hand.ts";
import { trust } from "./company.ts";
import { bind, condition, instance, isReady, mail, object, person, ROLES, rightsOf } from "./tenants.ts";

const ACCOUNT = "111122223333";
const OURS = "0a1b2c3d-1111-4222-8333-444455556666";
const THEIRS = "1b2c3d4e-1111-4222-8333-444455556666";
const arn = (id: string) => `arn:aws:connect:us-east-1:${ACCOUNT}:instance/${id}`;
const VICTIM = "victim";
const EVIL = "evil";
/** People of the victim, and of the other one: more than its quota lets it create while the victim is set up. */
const BY_SET = ["eve", "fay"];
const PEOPLE = ["ada", "bob", "cyd", "dan", ...BY_SET];
/** Of the victim, made by hand before: a role, and ada's Connect user. */
const BY_HAND = "victim-m";
const CROWD = Array.from({ length: 300 }, (_, index) => `crowd${index}`);
const persona = (namespace: string, name: string, instanceId: string, spec: object = {}) =>
  object("ConnectSsoPersona", namespace, name, {
    instanceArn: arn(instanceId),
    landingPage: "ContactControlPanel",
    application: { displayName: `Connect ${namespace} ${name}` },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" },
    deletionPolicy: "Delete",
    ...spec,
  });
const user = (namespace: string, name: string, personaName: string, upn: string, spec: object = {}, metadata = {}) =>
  object(
    "ConnectUser",
    namespace,
    name,
    { personaRef: { name: personaName }, entraUser: { userPrincipalName: upn }, ...spec },
    metadata,
  );
const ours = (name: string, personaName = "agents") =>
  user(VICTIM, name, personaName, mail(name), { deletionPolicy: "Delete", adoptionPolicy: "IfUnowned" });

/** Everything that the other one declares before the victim is there, all of it valid to the API server. */
function hostile(): object[] {
  const huge = { "connectsso.dev/reconcile": "x".repeat(120_000), "example.com/x": "y".repeat(120_000) };
  const everyone = { displayName: "Connect victim agents", groups: [{ displayName: "Everyone" }] };
  return [
    // An instance that is not its own, and the victim's people under it.
    persona(EVIL, "decoy", OURS, { adoptionPolicy: "IfUnowned", application: everyone }),
    ...PEOPLE.map((name) => user(EVIL, `decoy-${name}`, "decoy", mail(name), { adoptionPolicy: "IfUnowned" })),
    // The victim's names, before the victim has them.
    persona(EVIL, "role", THEIRS, { aws: { roleName: "connect-sso-victim-agents" } }),
    // What the victim made by hand, and is about to take over.
    persona(EVIL, "thief", THEIRS, { aws: { roleName: BY_HAND }, adoptionPolicy: "IfUnowned" }),
    persona(EVIL, "provider", THEIRS, { aws: { path: "/evil/", samlProviderName: "connect-sso-victim-agents" } }),
    persona(EVIL, "policy", THEIRS, {
      aws: { path: "/evil/", federationPolicyName: `connect-sso-federation-${OURS.slice(0, 8)}` },
    }),
    // Its own instance, with everybody in it.
    persona(EVIL, "agents", THEIRS, { adoptionPolicy: "IfUnowned", application: everyone }),
    persona(EVIL, "managers", THEIRS, {
      connectUsers: { securityProfiles: ["Admin"], routingProfile: "Basic Routing Profile" },
    }),
    ...PEOPLE.map((name) => user(EVIL, `own-${name}`, "agents", mail(name), { adoptionPolicy: "IfUnowned" })),
    ...CROWD.map((name, index) => user(EVIL, name, "agents", mail(name), {}, index < 40 ? { annotations: huge } : {})),
    object("ConnectUserSet", EVIL, "cc", {
      source: { groups: [{ displayName: "Victim agents" }] },
      rules: [{ name: "everybody", set: { persona: "agents" } }],
    }),
    object("ConnectUserSet", EVIL, "all", {
      source: { groups: [{ displayName: "Everyone" }] },
      rules: [{ name: "everybody", set: { persona: "managers" } }],
      limits: { removals: "100%", moves: "100%", grants: "100%" },
    }),
  ];
}

let cluster: Cluster;
let controller: Controller;
let manifests: Manifest[];
let port: number;
let more: string[];
beforeAll(async () => {
  cluster = await startCluster({
    world: {
      account: ACCOUNT,
      tenant: { id: "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071", verifiedDomains: ["example.com"] },
      users: [...PEOPLE, ...CROWD].map(person),
      groups: [
        { displayName: "Everyone", members: [...PEOPLE, ...CROWD.slice(0, 20)].map(mail) },
        { displayName: "Victim agents", members: BY_SET.map(mail) },
      ],
      instances: [instance(OURS, [{ username: mail("ada"), securityProfiles: ["Agent"] }]), instance(THEIRS)],
    },
  });
  Object.assign(process.env, cluster.sandbox.env);
  await new IAMClient({}).send(
    new CreateRoleCommand({
      RoleName: BY_HAND,
      Path: "/connect-sso/",
      AssumeRolePolicyDocument: trust("connect-sso-victim-managers"),
    }),
  );
  for (const namespace of ["connect-sso", VICTIM, EVIL]) await cluster.kubectl(`create namespace ${namespace}`);
  await cluster.kubectl(`apply --server-side -f ${root}/crds`);
  await established(cluster.server);
  manifests = await render("--set", "crds.enabled=false");
  const bindings = [VICTIM, EVIL].flatMap((namespace) => ROLES.map((role) => bind(namespace, role)));
  await cluster.kubectl("apply --server-side -f -", {
    apiVersion: "v1",
    kind: "List",
    items: [...rightsOf(manifests), ...bindings],
  });
  const config = join(mkdtempSync(join(tmpdir(), "tenants-")), "config.yaml");
  writeFileSync(
    config,
    JSON.stringify({
      accounts: [
        { id: ACCOUNT, namespaces: [VICTIM], instances: [OURS] },
        { id: ACCOUNT, namespaces: [EVIL], instances: [THEIRS] },
      ],
      adoption: [
        { namespaces: [VICTIM], policy: "Patterns", names: ["victim-*", mail("ada")] },
        { namespaces: [EVIL], policy: "Patterns", names: ["evil-*", "crowd*"] },
      ],
      limits: { connect: { rate: 4, burst: 5 } },
    }),
  );
  port = await freePort();
  more = [`--config=${config}`, `--metrics-bind-address=127.0.0.1:${port}`];
});
afterAll(async () => {
  await controller?.stop("SIGKILL");
  await cluster?.stop();
});

/** As a user with the chart's roles in the namespace of the same name. */
const as = (who: string, args: string, input?: unknown) => cluster.kubectl(`--as=${who} ${args}`, input);
const apply = (who: string, items: object[]) =>
  as(who, "apply --server-side --force-conflicts -f -", { apiVersion: "v1", kind: "List", items });
const get = async (kind: string, namespace = VICTIM): Promise<Manifest[]> =>
  JSON.parse(await cluster.kubectl(`get ${kind} -n ${namespace} -o json`)).items;
const settled = async (count: number) => {
  const all = [...(await get("connectssopersonas")), ...(await get("connectusers")), ...(await get("connectusersets"))];
  return all.length === count && all.every(isReady);
};
const connectUsers = async (InstanceId = OURS) => {
  const { UserSummaryList } = await new ConnectClient({ region: "us-east-1" }).send(
    new ListUsersCommand({ InstanceId, MaxResults: 1000 }),
  );
  return UserSummaryList!.map(({ Username }) => Username!).sort();
};
/** Reasons of the events of each object of the victim. */
async function events(): Promise<Record<string, string[]>> {
  const all = await get("events.events.k8s.io");
  const by = Map.groupBy(all, ({ regarding }) => `${regarding.kind}/${regarding.name}`);
  const reasons = (of: Manifest[]) =>
    [
      ...new Set(of.map(({ type, reason, note }) => `${type} ${reason}${type === "Warning" ? `: ${note}` : ""}`)),
    ].sort();
  return Object.fromEntries([...by].map(([name, of]) => [name, reasons(of)]));
}
/** What each object of the victim says of trouble. */
const trouble = async () =>
  [...(await get("connectssopersonas")), ...(await get("connectusers")), ...(await get("connectusersets"))].flatMap(
    (one) =>
      (one.status?.conditions ?? []).flatMap(({ type, status, reason, message }: Condition) =>
        (/^(Stalled|Conflict|Drifted|RemovalsHalted|ChangesHeld)$/.test(type) ? status === "False" : status !== "False")
          ? []
          : type === "Reconciling"
            ? []
            : [
                `${one.kind}/${one.metadata.name} ${type} ${reason}: ${message} ${JSON.stringify(one.status.drift ?? [])}`,
              ],
      ),
  );

test("the chart's roles end at the namespace, and no one of them writes a status", async () => {
  const can = (args: string) =>
    as(EVIL, `auth can-i ${args}`).then(
      (answer) => answer.trim(),
      () => "no",
    );
  expect(await can(`create connectssopersonas.connectsso.dev -n ${EVIL}`)).toBe("yes");
  for (const refused of [
    `create connectusers.connectsso.dev -n ${VICTIM}`,
    `list connectusers.connectsso.dev -n ${VICTIM}`,
    `patch connectssopersonas.connectsso.dev/status -n ${EVIL} --subresource=status`,
    `update connectusers.connectsso.dev -n ${EVIL} --subresource=status`,
    `patch connectusersets.connectsso.dev -n ${EVIL} --subresource=status`,
    `get secrets -n ${EVIL}`,
    `create events -n ${VICTIM}`,
  ])
    expect([refused, await can(refused)]).toEqual([refused, "no"]);
});

test("a whole life beside a hostile namespace is the life that it would be alone", async () => {
  await apply(EVIL, hostile());
  controller = cluster.start(manifests, await cluster.kubeconfig(manifests), more);
  await until("the hostile users are being created", async () => (await connectUsers(THEIRS)).length >= 5, controller);

  // Set-up and joiners, while most of the crowd still waits.
  await apply(VICTIM, [
    persona(VICTIM, "agents", OURS, {
      connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile", allowAdoption: true },
    }),
    persona(VICTIM, "managers", OURS, {
      connectUsers: { securityProfiles: ["Admin"], routingProfile: "Basic Routing Profile" },
      aws: { roleName: BY_HAND },
      adoptionPolicy: "IfUnowned",
    }),
    object("ConnectUserSet", VICTIM, "cc", {
      source: { groups: [{ displayName: "Victim agents" }] },
      rules: [{ name: "everybody", set: { persona: "agents" } }],
      template: { deletionPolicy: "Delete" },
      deletionPolicy: "Delete",
    }),
    ...["ada", "bob", "cyd"].map((name) => ours(name)),
  ]);
  // Specs that flap all the while.
  let flaps = 0;
  const flapping = (async () => {
    while (flaps >= 0) {
      flaps++;
      const landingPage = flaps % 2 ? "AdminConsole" : "ContactControlPanel";
      await as(
        EVIL,
        `patch connectssopersona agents -n ${EVIL} --type=merge -p {"spec":{"landingPage":"${landingPage}"}}`,
      );
    }
  })();
  try {
    await until("the victim is set up", () => settled(8), controller);
    expect((await connectUsers(THEIRS)).length).toBeLessThan(CROWD.length / 2);
    expect(await connectUsers()).toEqual(["ada", "bob", "cyd", ...BY_SET].map(mail));
    const alone = {
      setUp: ["Normal Converged", "Normal Created", "Normal Updated"],
      user: ["Normal Converged", "Normal Created"],
    };
    // Events come after the status, in the order in which they were made: with the last one, all are there.
    const first = await until(
      "every object of the victim has its last event",
      async () => {
        const found = await events();
        const all = Object.values(found);
        return all.length === 8 && all.every((one) => one.includes("Normal Converged")) && found;
      },
      controller,
    );
    expect(first["ConnectSsoPersona/agents"]).toEqual(alone.setUp);
    // A role that is taken over gets its policies, and that is said.
    const managers = first["ConnectSsoPersona/managers"]!;
    expect(managers).toEqual(expect.arrayContaining(["Normal Adopted", ...alone.setUp]));
    expect(managers.filter((one) => /^Warning/.test(one))).toEqual([
      expect.stringMatching(/^Warning SecurityDriftCorrected: IAM role victim-m differs: policies is \(none\)/),
    ]);
    expect(first["ConnectUser/ada"]).toContain("Normal Adopted");
    for (const name of ["bob", "cyd"])
      expect(first[`ConnectUser/${name}`]!.filter((one) => !/Persona(NotReady|NotFound)/.test(one))).toEqual(
        alone.user,
      );
    expect(await trouble()).toEqual([]);

    // One who comes later; drift that somebody makes in AWS.
    await apply(VICTIM, [ours("dan")]);
    await until("dan can sign in", () => settled(9), controller);
    const [agents] = await get("connectssopersonas");
    const RoleName = agents.status.roleArn.split("/").at(-1);
    expect(RoleName).toBe("connect-sso-victim-agents");
    const iam = new IAMClient({});
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    expect(Role!.Path).toBe("/connect-sso/");
    const PolicyDocument = JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
    });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "door", PolicyDocument }));
    await until(
      "the back door is closed and said",
      async () =>
        (await events())["ConnectSsoPersona/agents"]!.some((one) => one.startsWith("Warning SecurityDriftCorrected")),
      controller,
    );
    await expect(iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: "door" }))).rejects.toThrow();
    await until("no drift any more", async () => (await settled(9)) && (await trouble()).length === 0, controller);

    // A mover and a leaver.
    await apply(VICTIM, [ours("bob", "managers")]);
    await until(
      "bob has moved",
      async () =>
        (await settled(9)) &&
        (await get("connectusers")).some(
          ({ metadata, status }) => metadata.name === "bob" && status.observedGeneration === metadata.generation,
        ),
      controller,
    );
    await as(VICTIM, `delete connectuser cyd -n ${VICTIM} --timeout=60s`);
    // ListUsers lags behind the deletion, as everything in this sandbox does.
    const staff = ["ada", "bob", "dan", ...BY_SET].map(mail);
    await until("Connect lists who is left", async () => equalJson(await connectUsers(), staff), controller);
    expect(await trouble()).toEqual([]);
    const graph = graphByHand(cluster.sandbox);
    const profiles = await new ConnectClient({ region: "us-east-1" }).send(
      new ListSecurityProfilesCommand({ InstanceId: OURS }),
    );
    expect(profiles.SecurityProfileSummaryList!.map(({ Name }) => Name)).toEqual(
      expect.arrayContaining(["Admin", "Agent"]),
    );
    const [app] = (await graph("GET", `/servicePrincipals?$filter=displayName eq 'Connect victim managers'`)).value;
    const { value: assigned } = await graph("GET", `/servicePrincipals/${app.id}/appRoleAssignedTo`);
    expect(assigned.map((one: Manifest) => one.principalDisplayName)).toEqual(["bob"]);

    // Nothing that the other one declared got hold of anything of the victim's.
    const evil = await get("connectssopersonas", EVIL);
    const reasonOf = (name: string) =>
      condition(
        evil.find(({ metadata }) => metadata.name === name),
        "Ready",
      )?.reason;
    expect(reasonOf("decoy")).toBe("ScopeNotAllowed");
    expect(reasonOf("thief")).toMatch(/^(NotOwned|ForeignOwner)$/);
    // Reserved before the victim had them, the victim's since.
    for (const name of ["role", "provider", "policy"]) expect(reasonOf(name)).toMatch(/^(InvalidSpec|ForeignOwner)$/);

    // The metrics of the victim.
    const metrics = await scrape();
    const of = (name: string, labels: RegExp) =>
      metrics.filter(
        (line) => line.startsWith(`${name}{`) && line.includes(`namespace="${VICTIM}"`) && labels.test(line),
      );
    expect(of("connectsso_removals_halted", /./).every((line) => line.endsWith(" 0"))).toBe(true);
    const drift = of("connectsso_drift_total", /./).filter((line) => !line.endsWith(" 0"));
    expect(drift).toHaveLength(1);
    expect(drift[0]).toMatch(/persona="agents".*1$/);

    // The end, all of it.
    await as(VICTIM, `delete connectusersets --all -n ${VICTIM} --timeout=60s`);
    await as(VICTIM, `delete connectusers --all -n ${VICTIM} --timeout=60s`);
    await as(VICTIM, `delete connectssopersonas --all -n ${VICTIM} --timeout=60s`);
    const left = async () => ({
      users: await connectUsers(),
      role: await iam.send(new GetRoleCommand({ RoleName })).then(
        () => true,
        (error) => error.name !== "NoSuchEntityException",
      ),
      applications: (await graph("GET", "/applications")).value
        .map((one: Manifest) => one.displayName)
        .filter((name: string) => /victim managers/.test(name)),
    });
    const nothing = { users: [], role: false, applications: [] };
    await until("nothing is left in the clouds", async () => equalJson(await left(), nothing), controller);
    const warnings = (await get("events.events.k8s.io")).filter(({ type }) => type === "Warning");
    expect(
      warnings
        .filter(({ reason }) => reason !== "SecurityDriftCorrected")
        .map(({ regarding, reason, note }) => `${regarding.kind}/${regarding.name} ${reason}: ${note}`),
    ).toEqual([]);
  } finally {
    flaps = -Infinity;
    await flapping.catch(() => {});
  }
  expect(controller.ended()).toBe(false);
}, 600_000);

async function scrape(): Promise<string[]> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text.split("\n").filter((line) => line && !line.startsWith("#"));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port: free } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return free;
}
