/**
 * The life of one person, step by step: after each one a script in Python reads both clouds with boto3 and plain Graph, and finds one Connect
 * user of hers, no access that is not declared, and no quick connect that rings no one.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ConnectClient, CreateQuickConnectCommand } from "@aws-sdk/client-connect";
import { afterEach, beforeAll, expect, test } from "@jest/globals";
import type { ConnectUser } from "../../src/api/resources.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, start, status, user, world } from "../e2e/support.ts";
import { base64, createIdentity, metadataOf, respond } from "../saml/idp.ts";

const { pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  pythonTools(name: string): Promise<string>;
};
const SCRIPT = fileURLToPath(new URL("life.py", import.meta.url));
const REF = { kind: "ConnectUser", namespace: "team", name: "jane" };

let python: string;
let h: Harness;
beforeAll(async () => {
  python = join(await pythonTools("aws"), "python");
}, 300_000);
afterEach(() => h?.stop());

/** Runs the script with the sandbox's variables, and with nothing of our own environment. */
async function judge(...args: string[]): Promise<void> {
  const env = {
    PATH: process.env.PATH,
    PYTHONDONTWRITEBYTECODE: "1",
    AWS_EC2_METADATA_DISABLED: "true",
    ...h.sandbox.env,
  };
  const { stdout } = await promisify(execFile)(python, [SCRIPT, INSTANCE, ...args], { env });
  expect((JSON.parse(stdout) as { problems: string[] }).problems).toEqual([]);
}

async function graph(method: string, path: string, body?: object): Promise<{ id: string }> {
  const response = await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
    method,
    headers: { authorization: `Bearer ${h.sandbox.env.CONNECT_SSO_GRAPH_TOKEN}`, "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.status === 204 ? { id: "" } : ((await response.json()) as { id: string });
}

const get = () => h.controller.store.get<ConnectUser>(REF.kind, REF.namespace, REF.name);
const lively = () =>
  world({
    instances: [{ ...world().instances![0]!, securityProfiles: ["Admin", "Agent", "CallCenterManager"] }],
  });
const MANAGERS = {
  connectUsers: { securityProfiles: ["CallCenterManager"], routingProfile: "Basic Routing Profile" },
};

test("join, move with recreate, rename, disable, enable, leave, come back", async () => {
  h = await start(lively());
  const recreate = (value: string) => h.controller.store.annotate(REF, { "connectsso.dev/recreate": value });
  const isRecreated = (value: string) =>
    h.controller.until(() => get()?.status?.handledRequests?.recreate === value, PATIENCE_MS, `recreated for ${value}`);
  h.apply(persona("agents"), persona("managers", MANAGERS), user("jane", "agents", { quickConnects: "Delete" }));
  const { id: objectId } = await graph("GET", "/users/jane@example.com");
  let person = {
    objectId,
    username: "jane@example.com",
    application: "Connect agents" as string | null,
    profiles: ["Agent"],
    signedIn: false,
  };
  const judged = (change: Partial<typeof person> = {}) => {
    person = { ...person, ...change };
    return judge(JSON.stringify({ people: [person] }));
  };

  await h.ready("she joined");
  await judged();
  await new ConnectClient({ region: "us-east-1" }).send(
    new CreateQuickConnectCommand({
      InstanceId: INSTANCE,
      Name: "Jane",
      QuickConnectConfig: {
        QuickConnectType: "USER",
        UserConfig: { UserId: get()!.status!.connectUserId!, ContactFlowId: "00000000-0000-4000-8000-000000000001" },
      },
    }),
  );
  await judge("login", person.username);
  await judged({ signedIn: true });

  h.apply(user("jane", "managers", { quickConnects: "Delete" }));
  recreate("moved");
  await isRecreated("moved");
  await h.ready("she moved");
  await judged({ application: "Connect managers", profiles: ["CallCenterManager"], signedIn: false });

  await graph("PATCH", `/users/${objectId}`, { userPrincipalName: "jane.smith@example.com" });
  await h.reason("ConnectUser", "jane", "Ready", "UsernameChanged");
  await judged();
  recreate("renamed");
  await isRecreated("renamed");
  await h.ready("she has her new name");
  await judged({ username: "jane.smith@example.com" });

  await judge("login", person.username);
  await judged({ signedIn: true });
  await graph("PATCH", `/users/${objectId}`, { accountEnabled: false });
  await h.reason("ConnectUser", "jane", "RoleAssigned", "EntraUserDisabled");
  await judged({ application: null, signedIn: false });
  await graph("PATCH", `/users/${objectId}`, { accountEnabled: true });
  await h.ready("her account is enabled again");
  await judged({ application: "Connect managers" });

  await judge("login", person.username);
  h.controller.store.delete(REF);
  await h.controller.until(() => get() === undefined, PATIENCE_MS, "she left");
  await judged({ application: null, signedIn: false });
  h.apply(user("jane", "agents", { entraUser: { objectId }, quickConnects: "Delete", deletionPolicy: "Delete" }));
  await h.ready("she came back");
  await judged({ application: "Connect agents", profiles: ["Agent"] });

  h.controller.store.delete(REF);
  await h.controller.until(() => get() === undefined, PATIENCE_MS, "she left for good");
  await judge(JSON.stringify({ people: [] }));
}, 300_000);

test("join, move between personas that share their role, and back: the Connect user stays, and its sign-ins hold", async () => {
  h = await start(lively());
  const role = "connect-sso-team_0a1b2c3d";
  const sharing = { aws: { roleSharing: "Instance" } };
  h.apply(persona("agents", sharing), persona("managers", { ...MANAGERS, ...sharing }), user("jane", "agents"));
  await h.ready("she joined");
  const { id: objectId } = await graph("GET", "/users/jane@example.com");
  const id = get()!.status!.connectUserId!;
  const identity = await createIdentity();
  const username = "jane@example.com";
  const judged = (of: string, profiles: string[], signedIn: boolean) =>
    judge(
      JSON.stringify({
        people: [{ objectId, username, application: `Connect ${of}`, profiles, signedIn, id, persona: of, role }],
      }),
    );
  /** While no controller runs: it would take the provider's trust in this identity for drift. */
  const signIn = async (of: string) => {
    await h.controller.stop();
    const account = "arn:aws:iam::111122223333";
    const [roleArn, provider] = [
      `${account}:role/connect-sso/${role}`,
      `${account}:saml-provider/connect-sso-team-${of}`,
    ];
    const response = await respond(identity, { role: `${roleArn},${provider}`, roleSessionName: username });
    await judge("sign-in", roleArn, provider, metadataOf(identity), base64(response), id);
    await h.restart("kept");
  };
  const move = async (to: string) => {
    const from = h.writes().length;
    h.apply(user("jane", to));
    // The tag that names the persona comes last: by it a move that was interrupted is known.
    const isTagged = () =>
      h
        .writes()
        .slice(from)
        .some(({ operation }) => operation === "TagResource");
    const isThere = () => isTagged() && status(get(), "Ready")?.status === "True";
    await h.controller.until(isThere, PATIENCE_MS, `she moved to ${to}`);
  };

  await judged("agents", ["Agent"], false);
  await signIn("agents");
  await judged("agents", ["Agent"], true);
  await move("managers");
  await judged("managers", ["CallCenterManager"], true);
  await signIn("managers");
  await move("agents");
  await judged("agents", ["Agent"], true);
  await signIn("agents");
  h.controller.store.delete(REF);
  await h.controller.until(() => get() === undefined, PATIENCE_MS, "she left");
  await judge(
    JSON.stringify({
      people: [{ objectId, username, application: null, profiles: ["Agent"], signedIn: false, id }],
    }),
  );
}, 300_000);
