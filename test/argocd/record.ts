/**
 * `make argocd-testdata`: a controller takes real objects through their states on a real API server; each is held against its health check and
 * recorded as test data of deploy/argocd, in the form that Argo CD asks of contributions. scripts.test.ts runs over what was recorded.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { IAMClient, UpdateRoleCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parse, stringify } from "yaml";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { type Cluster, type Controller, startCluster, until } from "../helm/controller.ts";
import { type Manifest, render, root } from "../helm/support.ts";
import { graphByHand } from "../support/by-hand.ts";
import { folderOf, KINDS, type Lua, scriptOf, startLua } from "./lua.ts";

let cluster: Cluster;
let lua: Lua;
let controller: Controller;
const NAMESPACE = "contact-centre";
const WORLD = parse(readFileSync(join(root, "examples/sandbox-world.yaml"), "utf8")) as WorldInput;
const names = (name: string) => Array.from({ length: 7 }, (_, index) => `${name}-${index}`);
const mail = (name: string) => `${name}@example.com`;
const STAFF = "22222222-0000-4000-8000-000000000001";
const NIGHT = "22222222-0000-4000-8000-000000000002";

/** Seven people for users that go at once, and seven in the groups of a set, all but one of them in the inner one. */
function crowd(): WorldInput {
  const [first, ...others] = names("staff");
  return {
    users: [
      ...WORLD.users!,
      ...[...names("many"), ...names("staff")].map((name) => ({
        userPrincipalName: mail(name),
        mail: mail(name),
        displayName: name,
        givenName: name,
        surname: "Doe",
      })),
    ],
    groups: [
      ...WORLD.groups!,
      { id: STAFF, displayName: "Contact centre staff", members: [mail(first!)], groups: ["Night shift"] },
      { id: NIGHT, displayName: "Night shift", members: others.map(mail) },
    ],
  };
}
const recorded: Record<string, { inputPath: string; healthStatus: Manifest }[]> = {
  ConnectSsoPersona: [],
  ConnectUser: [],
  ConnectUserSet: [],
};

beforeAll(async () => {
  cluster = await startCluster({ timeScale: 400, world: { ...WORLD, ...crowd() } });
  lua = await startLua();
  for (const namespace of ["connect-sso", NAMESPACE]) await cluster.kubectl(`create namespace ${namespace}`);
  await cluster.kubectl(`apply --server-side -f ${root}/crds`);
  await cluster.kubectl(`wait --for=condition=Established --timeout=20s -f ${root}/crds`);
}, 300_000);
afterAll(async () => {
  lua?.stop();
  await cluster?.stop();
});

const get = async (name: string) => JSON.parse(await cluster.kubectl(`get ${name} -n ${NAMESPACE} -o json`));
const condition = (object: Manifest, type: string) =>
  object.status?.conditions?.find((one: { type: string }) => one.type === type);

/** Waits for a state, asks the script what it thinks of it, and records it. */
async function state(
  file: string,
  name: string,
  reached: (object: Manifest) => boolean,
  status: string,
  message: RegExp,
) {
  const object = await until(
    `${file}: ${name}`,
    async () => {
      const found = await get(name);
      return reached(found) && found;
    },
    controller,
  );
  const healthStatus = await lua.run(scriptOf(object.kind, "health.lua"), object);
  expect({ file, ...healthStatus }).toEqual({ file, status, message: expect.stringMatching(message) });
  recorded[object.kind]!.push({ inputPath: `testdata/${file}.yaml`, healthStatus });
  if (!process.env.UPDATE_GOLDEN) return;
  mkdirSync(join(folderOf(object.kind), "testdata"), { recursive: true });
  writeFileSync(join(folderOf(object.kind), "testdata", `${file}.yaml`), stringify(object, { lineWidth: 0 }));
}

const PERSONA = {
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectSsoPersona",
  metadata: { name: "managers", namespace: NAMESPACE },
  spec: {
    instanceArn: "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666",
    landingPage: "MetricsAndQuality",
    application: { displayName: "Amazon Connect Managers" },
    connectUsers: { securityProfiles: ["CallCenterManager"], routingProfile: "Basic Routing Profile" },
    driftPolicy: "Report",
  },
};
const user = (name: string, persona: string, upn: string) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name, namespace: NAMESPACE },
  spec: { personaRef: { name: persona }, entraUser: { userPrincipalName: upn } },
});
const set = (name: string, group: string) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUserSet",
  metadata: { name, namespace: NAMESPACE },
  spec: {
    source: { groups: [{ displayName: group }] },
    rules: [{ name: "everybody", set: { persona: "managers" } }],
    removal: { gracePeriod: "0s" },
  },
});
const apply = (object: unknown) => cluster.kubectl("apply --server-side -f -", object);
const suspend = (name: string) =>
  cluster.kubectl(`patch -n ${NAMESPACE} ${name} --type=merge -p {"spec":{"suspend":true}}`);
const isTrue = (type: string) => (object: Manifest) => condition(object, type)?.status === "True";
const because = (type: string, reason: string) => (object: Manifest) => condition(object, type)?.reason === reason;

test("every state of a persona, of a user and of a set, as Argo CD sees it", async () => {
  await cluster.kubectl(`apply --server-side -f ${root}/examples/blog`);
  await state("progressing_new", "connectssopersona/agents", () => true, "Progressing", /^Waiting for the controller$/);
  await state("progressing_new", "connectuser/jane", () => true, "Progressing", /^Waiting for the controller$/);
  await apply(set("staff", "Contact centre staff"));
  await state("progressing_new", "connectuserset/staff", () => true, "Progressing", /^Waiting for the controller$/);
  const manifests = await render("--set", "crds.enabled=false");
  controller = cluster.start(manifests, cluster.server.kubeconfig, ["--directory-interval=1s"]);
  await state(
    "progressing_role_import",
    "connectssopersona/agents",
    because("RoleDelivered", "WaitingForRoleImport"),
    "Progressing",
    /./,
  );
  await state(
    "progressing_persona",
    "connectuser/jane",
    because("Ready", "PersonaNotReady"),
    "Progressing",
    /^PersonaNotReady: /,
  );
  await state("healthy", "connectssopersona/agents", isTrue("Ready"), "Healthy", /^Converged: /);
  await state("healthy", "connectuser/jane", isTrue("Ready"), "Healthy", /^Converged: /);

  await apply(user("nobody", "agents", "nobody@example.com"));
  await state("degraded_stalled", "connectuser/nobody", isTrue("Stalled"), "Degraded", /^EntraUserNotFound: /);
  await apply(user("omar-again", "administrators", "omar@example.com"));
  await state("degraded_conflict", "connectuser/omar-again", isTrue("Conflict"), "Degraded", /^TwoPersonas: /);
  await cluster.kubectl(`delete connectuser nobody omar-again -n ${NAMESPACE} --timeout=60s`);

  await apply({
    ...PERSONA,
    metadata: { ...PERSONA.metadata, name: "broken" },
    spec: { ...PERSONA.spec, connectUsers: { ...PERSONA.spec.connectUsers, routingProfile: "Nobody's" } },
  });
  await state(
    "degraded_stalled",
    "connectssopersona/broken",
    isTrue("Stalled"),
    "Degraded",
    /^UnknownRoutingProfile: /,
  );
  await apply(PERSONA);
  const managers = await until(
    "managers",
    async () => {
      const found = await get("connectssopersona/managers");
      return isTrue("Ready")(found) && found;
    },
    controller,
  );
  await changeBehindItsBack(managers.status.roleArn.split("/").at(-1));
  await state("degraded_drift_reported", "connectssopersona/managers", isTrue("Drifted"), "Degraded", /^DriftFound: /);

  await state(
    "healthy",
    "connectuserset/staff",
    (object) => isTrue("Ready")(object) && object.status.people.ready === 7,
    "Healthy",
    /^Converged: /,
  );
  await apply(set("broken", "Contact center staff"));
  await state("degraded_stalled", "connectuserset/broken", isTrue("Stalled"), "Degraded", /^UnknownGroup: /);
  await graphByHand(cluster.sandbox)("DELETE", `/groups/${STAFF}/members/${NIGHT}/$ref`);
  await state("degraded_changes_held", "connectuserset/staff", isTrue("ChangesHeld"), "Degraded", /^ChangesHeld: 6 /);
  await suspend("connectuserset/staff");
  await state("suspended", "connectuserset/staff", because("Ready", "Suspended"), "Suspended", /./);

  // An emptied folder in Git.
  const many = names("many").map((name) => user(name, "managers", mail(name)));
  await apply({ apiVersion: "v1", kind: "List", items: many });
  await until(
    "users of managers",
    async () => {
      const found = await Promise.all(many.map(({ metadata }) => get(`connectuser/${metadata.name}`)));
      return found.every(isTrue("Ready"));
    },
    controller,
  );
  // All of them before the controller sees the first go.
  await controller.stop();
  await cluster.kubectl(
    `delete connectuser -n ${NAMESPACE} --wait=false ${many.map(({ metadata }) => metadata.name).join(" ")}`,
  );
  controller = cluster.start(manifests, cluster.server.kubeconfig, ["--directory-interval=1s"]);
  const halted = isTrue("RemovalsHalted");
  await state("degraded_removals_halted", "connectssopersona/managers", halted, "Degraded", /^MassDeletionHalted: /);

  await suspend("connectssopersona/administrators");
  await state("suspended", "connectssopersona/administrators", because("Ready", "Suspended"), "Suspended", /./);
  await suspend("connectuser/jane");
  await state("suspended", "connectuser/jane", because("Ready", "Suspended"), "Suspended", /./);

  await cluster.kubectl(`delete connectssopersona agents -n ${NAMESPACE} --wait=false`);
  await state("degraded_deleting", "connectssopersona/agents", because("Ready", "HasUsers"), "Degraded", /^HasUsers: /);

  for (const kind of KINDS) {
    const tests = recorded[kind]!;
    if (process.env.UPDATE_GOLDEN)
      writeFileSync(join(folderOf(kind), "health_test.yaml"), stringify({ tests }, { lineWidth: 0 }));
  }
}, 240_000);

async function changeBehindItsBack(roleName: string): Promise<void> {
  Object.assign(process.env, cluster.sandbox.env);
  const iam = new IAMClient({ region: "us-east-1" });
  await iam.send(new UpdateRoleCommand({ RoleName: roleName, MaxSessionDuration: 3600 }));
  iam.destroy();
}
