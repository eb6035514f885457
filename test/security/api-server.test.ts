/**
 * Attacks of a tenant on a real API server, one after the other on one cluster: X2, X8, X9, X10, X13, X14, the same kinds by sets, and the
 * manifests of the first attack. `team-a` may use the victim's instance, `team-x` may not; both have every right that the chart's roles give.
 */
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ConnectClient, SearchUsersCommand, type UserSearchSummary } from "@aws-sdk/client-connect";
import {
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  GetPolicyCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  IAMClient,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { type Cluster, type Controller, startCluster, until } from "../helm/controller.ts";
import { type Manifest, render, root } from "../helm/support.ts";
import { established } from "../kube/established.ts";
import { metadataDocument } from "../sandbox/iam-support.ts";
import { graphByHand } from "../support/by-hand.ts";
import { company, ELSEWHERE, policy, seen, trust } from "./company.ts";
import { bind, condition, instance, isReady, mail, object, person, ROLES, rightsOf } from "./tenants.ts";

const CASES = fileURLToPath(new URL("../../../shared/cases/security", import.meta.url));
const withCases = existsSync(CASES) ? test : test.skip;
const ACCOUNT = "111122223333";
/** Control characters but for the line end of the log. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
const ESCAPES = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/;
const OURS = "0a1b2c3d-1111-4222-8333-444455556666";
const OTHER = "9f9f9f9f-2222-4222-8333-444455556666";
const VICTIM = "team-b";
const NEIGHBOUR = "team-a";
const STRANGER = "team-x";
const WRITTEN = ["bob", "carol", ...Array.from({ length: 12 }, (_, index) => `a${index}`)];
const OF_GROUP = ["gil", "hal", "ida"];
const persona = (namespace: string, name: string, spec: object = {}) =>
  object("ConnectSsoPersona", namespace, name, {
    instanceArn: `arn:aws:connect:us-east-1:${ACCOUNT}:instance/${OURS}`,
    landingPage: "ContactControlPanel",
    application: { displayName: `${namespace} ${name}` },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" },
    ...spec,
  });
const user = (namespace: string, name: string, personaName: string, spec: object = {}) =>
  object("ConnectUser", namespace, name, {
    personaRef: { name: personaName },
    entraUser: { userPrincipalName: mail(name) },
    ...spec,
  });
const set = (namespace: string, name: string, group: string, personaName: string) =>
  object("ConnectUserSet", namespace, name, {
    source: { groups: [{ displayName: group }] },
    rules: [{ name: "everybody", set: { persona: personaName } }],
    limits: { removals: "100%", moves: "100%", grants: "100%" },
  });
const allowing = (...securityProfiles: string[]) =>
  persona(VICTIM, "managers", { connectUsers: { securityProfiles, routingProfile: "Basic Routing Profile" } });

let cluster: Cluster;
let controller: Controller;
let graph: ReturnType<typeof graphByHand>;
/** What the victim was warned of while it was set up: Entra takes a new key late. */
let known: string[] = [];
beforeAll(async () => {
  const everybody = [...WRITTEN, ...OF_GROUP, "root.admin"];
  cluster = await startCluster({
    world: {
      account: ACCOUNT,
      users: everybody.map(person),
      groups: [
        { displayName: "CC Agents", members: OF_GROUP.map(mail) },
        { displayName: "Everyone", members: everybody.map(mail) },
      ],
      instances: [instance(OURS, [{ username: mail("root.admin"), securityProfiles: ["Admin"] }]), instance(OTHER)],
    },
  });
  Object.assign(process.env, cluster.sandbox.env);
  graph = graphByHand(cluster.sandbox);
  await company(ELSEWHERE);
  await platform();
  for (const namespace of ["connect-sso", VICTIM, NEIGHBOUR, STRANGER])
    await cluster.kubectl(`create namespace ${namespace}`);
  await cluster.kubectl(`apply --server-side -f ${root}/crds`);
  await established(cluster.server);
  const manifests = await render("--set", "crds.enabled=false");
  const bindings = [NEIGHBOUR, STRANGER].flatMap((namespace) => ROLES.map((role) => bind(namespace, role)));
  await admin([...rightsOf(manifests), ...bindings, bind(VICTIM, "user-operator")]);
  // A name that another owner's application bears before the victim's is made: X13.
  const tags = [`connectsso.dev/owner:test/${NEIGHBOUR}/bait`];
  await graph("POST", "/applications", { displayName: `Connect-SSO test/${VICTIM}/agents`, tags });
  await admin([
    persona(VICTIM, "agents", { roleDelivery: { mode: "Provisioning" } }),
    allowing("Admin", "Agent"),
    ...WRITTEN.map((name) =>
      user(VICTIM, name, name === "carol" ? "managers" : "agents", { deletionPolicy: "Delete" }),
    ),
    set(VICTIM, "cc", "CC Agents", "agents"),
  ]);
  const config = join(mkdtempSync(join(tmpdir(), "api-server-")), "config.yaml");
  const accounts = [{ id: ACCOUNT, namespaces: [VICTIM, NEIGHBOUR], instances: [OURS, OTHER] }];
  writeFileSync(config, JSON.stringify({ accounts }));
  controller = cluster.start(manifests, await cluster.kubeconfig(manifests), [`--config=${config}`]);
  await until("the victim is set up", settled, controller);
  await until("the events of that are written", areToldReady, controller);
  known = await warnings();
});
afterAll(async () => {
  await controller?.stop("SIGKILL");
  await cluster?.stop();
});

/** A role below the controller's path that may do everything, and a provider under its prefix. */
const RoleName = "PlatformAdmin";
const Name = "connect-sso-company";
async function platform(): Promise<void> {
  const iam = new IAMClient({});
  await iam.send(
    new CreateSAMLProviderCommand({ Name, SAMLMetadataDocument: metadataDocument("https://sso.example.com/idp") }),
  );
  await iam.send(
    new CreateRoleCommand({
      RoleName,
      Path: "/connect-sso/",
      AssumeRolePolicyDocument: trust("connect-sso-team-a-evil"),
    }),
  );
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "all", PolicyDocument: policy("*") }));
}
/** What the company has, as it sees it. */
async function ofCompany(): Promise<unknown> {
  const iam = new IAMClient({});
  const SAMLProviderArn = `arn:aws:iam::${ACCOUNT}:saml-provider/${Name}`;
  const { SAMLMetadataDocument, Tags } = await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn }));
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
  const { PolicyNames } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const { AssumeRolePolicyDocument, PermissionsBoundary, Tags: tags } = Role!;
  return [
    await seen(ELSEWHERE),
    [SAMLMetadataDocument, Tags, AssumeRolePolicyDocument, PermissionsBoundary, tags, PolicyNames],
    await federation(),
  ];
}

const admin = (items: object[]) =>
  cluster.kubectl("apply --server-side --force-conflicts -f -", { apiVersion: "v1", kind: "List", items });
const as = (who: string, items: object[]) =>
  cluster.kubectl(`--as=${who} apply -f -`, { apiVersion: "v1", kind: "List", items });
const file = (who: string, name: string) => cluster.kubectl(`--as=${who} apply -f ${join(CASES, name)}`);
const list = async (kind: string, namespace = VICTIM): Promise<Manifest[]> =>
  JSON.parse(await cluster.kubectl(`get ${kind} -n ${namespace} -o json`)).items;
/** Objects of the victim: two personas, a set, and users. */
const OBJECTS = 3 + WRITTEN.length + OF_GROUP.length;
const settled = async () => {
  const kinds = await Promise.all(["connectssopersonas", "connectusers", "connectusersets"].map((kind) => list(kind)));
  const all = kinds.flat();
  return all.length === OBJECTS && all.every(isReady);
};
/** Events come after the status, in the order in which they were made: with the last one of each object, all are there. */
const areToldReady = async () => {
  const told = (await list("events.events.k8s.io")).filter(({ reason }) => reason === "Converged");
  return new Set(told.map(({ regarding }) => `${regarding.kind}/${regarding.name}`)).size === OBJECTS;
};
/** Waits until the object has this reason in this condition. */
const says = (namespace: string, kind: string, name: string, type: string, reason: RegExp) =>
  until(
    `${kind} ${namespace}/${name} ${type} ${reason}`,
    async () => {
      const found = (await list(kind, namespace)).find(({ metadata }) => metadata.name === name);
      return found && reason.test(condition(found, type)?.reason ?? "") && found;
    },
    controller,
  );
/** Some passes of everything: the poll interval is a second. */
const passes = () => sleep(2_500);
const connectUsers = async (): Promise<Map<string, UserSearchSummary>> => {
  const { Users } = await new ConnectClient({ region: "us-east-1" }).send(
    new SearchUsersCommand({ InstanceId: OURS, MaxResults: 500 }),
  );
  return new Map(Users!.map((one) => [one.Username!, one]));
};
/** Warnings about the victim's objects since it was set up, but for those with these reasons. */
const warnings = async (...expected: string[]) =>
  (await list("events.events.k8s.io"))
    .filter(({ type, reason }) => type === "Warning" && !expected.includes(reason))
    .map(({ regarding, reason, note }) => `${regarding.kind}/${regarding.name} ${reason}: ${note}`)
    .filter((text) => !known.includes(text));
const federation = async () => {
  const PolicyArn = `arn:aws:iam::${ACCOUNT}:policy/connect-sso/connect-sso-federation-${OURS.slice(0, 8)}`;
  return (await new IAMClient({}).send(new GetPolicyCommand({ PolicyArn }))).Policy!.DefaultVersionId;
};

test("X13: the application that bore the name first is not written to", async () => {
  const { value } = await graph("GET", `/applications?$filter=displayName eq 'Connect-SSO test/${VICTIM}/agents'`);
  expect(value.map(({ tags, identifierUris }: Manifest) => [tags, identifierUris])).toEqual([
    [[`connectsso.dev/owner:test/${NEIGHBOUR}/bait`], []],
  ]);
});

withCases(
  "the manifests of the first attack: refused, or without any effect on others",
  async () => {
    const before = await ofCompany();
    const administrator = (await connectUsers()).get(mail("root.admin"));
    await expect(file(NEIGHBOUR, "A1-bait.yaml")).rejects.toThrow("displayName");
    await expect(file(NEIGHBOUR, "A2-evil.yaml")).rejects.toThrow("federationPolicyName");
    await expect(file(NEIGHBOUR, "A2b-evil.yaml")).rejects.toThrow("policyName");
    await expect(file(NEIGHBOUR, "A3-decoy.yaml")).rejects.toThrow("forbidden");
    for (const name of ["C3-persona.json", "C3b.json", "A6-adopt.yaml", "M23.yaml"]) await file(NEIGHBOUR, name);
    for (const name of ["A3-decoy.yaml", "A3-user.yaml", "A3-user2.yaml"]) await file(STRANGER, name);
    await file(VICTIM, "A5-adopt-admin.yaml");
    await says(NEIGHBOUR, "connectssopersonas", "evil", "Stalled", /NotOwned|AdoptionRefused|ForeignOwner/);
    await says(STRANGER, "connectssopersonas", "decoy", "Ready", /^ScopeNotAllowed$/);
    await says(VICTIM, "connectusers", "root", "Stalled", /^AdoptionNotAllowed$/);
    await cluster.kubectl(`delete connectssopersona evil -n ${NEIGHBOUR} --timeout=60s`);
    await file(NEIGHBOUR, "A8b.yaml");
    await says(NEIGHBOUR, "connectssopersonas", "evil", "Stalled", /NotOwned|AdoptionRefused|ForeignOwner|Converged/);
    await passes();
    await cluster.kubectl(`delete connectuser root -n ${VICTIM} --timeout=60s`);
    expect(await ofCompany()).toEqual(before);
    expect((await connectUsers()).get(mail("root.admin"))).toEqual(administrator);
    expect(await settled()).toBe(true);
    expect(await warnings("AdoptionNotAllowed")).toEqual([]);
    // What people read of C3: neither a control character nor a line of its own.
    const notes = (await list("events.events.k8s.io", NEIGHBOUR)).map(({ note }) => note);
    for (const text of [controller.output(), ...notes]) expect(text).not.toMatch(ESCAPES);
  },
  180_000,
);

test("X2: two personas that give one name to both shared policies: the second is refused, and says so", async () => {
  const before = await federation();
  await as(NEIGHBOUR, [
    persona(NEIGHBOUR, "third", { aws: { federationPolicyName: "third" } }),
    persona(NEIGHBOUR, "fourth", { roleDelivery: { mode: "Provisioning", provisioning: { policyName: "third" } } }),
  ]);
  const refusals = async () =>
    (await list("connectssopersonas", NEIGHBOUR)).filter(
      (one) => condition(one, "PoliciesReady")?.reason === "ForeignOwner",
    );
  await until("one of the two is refused", async () => (await refusals()).length === 1, controller);
  await passes();
  expect(await refusals()).toHaveLength(1);
  expect(await federation()).toBe(before);
}, 120_000);

test("a set that claims the people, the persona and the users of another namespace gets none of them", async () => {
  const before = await connectUsers();
  const mine = (await list("connectusers")).filter(({ metadata }) => metadata.labels?.["connectsso.dev/set"] === "cc");
  const { uid } = (await list("connectusersets"))[0].metadata;
  const [first] = mine;
  await as(NEIGHBOUR, [
    persona(NEIGHBOUR, "own"),
    // The victim's persona, its set by name, and everybody.
    set(NEIGHBOUR, "theirs", "Everyone", "agents"),
    set(NEIGHBOUR, "cc", "CC Agents", "own"),
    set(NEIGHBOUR, "all", "Everyone", "own"),
    // A member of the victim's set, by name, label and owner reference.
    object(
      "ConnectUser",
      NEIGHBOUR,
      first.metadata.name,
      { ...first.spec, personaRef: { name: "own" } },
      {
        labels: { "connectsso.dev/set": "cc" },
        annotations: { "connectsso.dev/removed-by-set": "cc", "connectsso.dev/orphan-of": "cc" },
        ownerReferences: [
          { apiVersion: "connectsso.dev/v1alpha1", kind: "ConnectUserSet", name: "cc", uid, controller: true },
        ],
      },
    ),
  ]);
  const refused = (command: string) =>
    expect(cluster.kubectl(`--as=${NEIGHBOUR} ${command}`)).rejects.toThrow("orbidden");
  const status = '{"status":{"admitted":[{"time":"2026-01-01T00:00:00Z","removals":99}]}}';
  await refused(`patch connectuserset all -n ${NEIGHBOUR} --subresource=status --type=merge -p ${status}`);
  await refused(`annotate connectuserset cc -n ${VICTIM} connectsso.dev/approve=0123456789abcdef`);
  await says(NEIGHBOUR, "connectusersets", "all", "MembersReady", /./);
  await says(NEIGHBOUR, "connectusers", first.metadata.name, "Ready", /^TwoPersonas$/);
  await passes();
  expect(await settled()).toBe(true);
  // Each says who else declares the person, and stays Ready.
  expect(await warnings("AdoptionNotAllowed", "TwoPersonas", "UsersConflict", "AssignedHere")).toEqual([]);
  const after = await connectUsers();
  for (const [name, one] of before) expect(after.get(name)).toEqual(one);
  // Nor when all of it goes, sets first.
  await cluster.kubectl(`--as=${NEIGHBOUR} delete connectusersets --all -n ${NEIGHBOUR} --timeout=60s`);
  await cluster.kubectl(`--as=${NEIGHBOUR} delete connectusers -l connectsso.dev/set -n ${NEIGHBOUR} --timeout=60s`);
  await passes();
  for (const [name, one] of before) expect((await connectUsers()).get(name)).toEqual(one);
  expect(await settled()).toBe(true);
}, 240_000);

test("X8: a profile taken off the persona's list is taken away", async () => {
  await admin([user(VICTIM, "carol", "managers", { securityProfiles: ["Admin"], deletionPolicy: "Delete" })]);
  const profiles = async () => (await connectUsers()).get(mail("carol"))!.SecurityProfileIds!.length;
  await until("carol has Admin alone", async () => (await settled()) && (await profiles()) === 1, controller);
  const [admin1] = (await connectUsers()).get(mail("carol"))!.SecurityProfileIds!;
  await admin([allowing("Agent")]);
  await says(VICTIM, "connectusers", "carol", "Stalled", /^SecurityProfileNotAllowed$/);
  // SearchUsers lags behind the change, as everything in this sandbox does.
  const isTaken = async () => !(await connectUsers()).get(mail("carol"))!.SecurityProfileIds!.includes(admin1!);
  await until("carol has no Admin any more", isTaken, controller);
}, 120_000);

test("X10: a user principal name that another person has now hands nothing over", async () => {
  const [{ status }] = (await list("connectusers")).filter(({ metadata }) => metadata.name === "bob");
  const [{ status: agents }] = (await list("connectssopersonas")).filter(({ metadata }) => metadata.name === "agents");
  await graph("DELETE", `/users/${status.entraObjectId}`);
  const password = { passwordProfile: { password: "Xk2!aslkdj22" }, mailNickname: "bob", accountEnabled: true };
  const second = await graph("POST", "/users", { ...person("bob"), displayName: "Bob the second", ...password });
  const bob = await says(VICTIM, "connectusers", "bob", "Stalled", /^EntraUserReplaced$/);
  expect(condition(bob, "RoleAssigned")?.status).toBe("False");
  const { value } = await graph("GET", `/servicePrincipals/${agents.servicePrincipalId}/appRoleAssignedTo`);
  expect(value.map(({ principalId }: Manifest) => principalId)).not.toContain(second.id);
}, 120_000);

test("X14: neither a persona that does not exist nor a set's label opens the guard of mass deletion", async () => {
  const before = new Set((await connectUsers()).keys());
  const going = WRITTEN.filter((name) => name.startsWith("a"));
  const metadata = {
    labels: { "connectsso.dev/set": "cc" },
    annotations: { "connectsso.dev/removed-by-set": "cc" },
  };
  await as(
    VICTIM,
    going.map((name) => ({
      ...user(VICTIM, name, "nowhere", { deletionPolicy: "Delete" }),
      metadata: { namespace: VICTIM, name, ...metadata },
    })),
  );
  await cluster.kubectl(`--as=${VICTIM} delete connectuser -n ${VICTIM} --wait=false ${going.join(" ")}`);
  const waiting = async () => (await list("connectusers")).filter(({ metadata }) => metadata.deletionTimestamp);
  const isHalted = (one: Manifest) => condition(one, "Stalled")?.reason === "MassDeletionHalted";
  await until("those that are left are halted", async () => (await waiting()).every(isHalted), controller);
  await passes();
  // Five at once are never held.
  expect((await waiting()).filter(isHalted).length).toBeGreaterThanOrEqual(going.length - 5);
  const after = await connectUsers();
  const gone = going.filter((name) => before.has(mail(name)) && !after.has(mail(name)));
  expect(gone.length).toBeLessThanOrEqual(5);
  expect(controller.ended()).toBe(false);
}, 120_000);
