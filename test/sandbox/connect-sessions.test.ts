/** Sign-in sessions: opened by a federated login, ended by an administrator, gone after twelve hours. */

import * as connect from "@aws-sdk/client-connect";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterEach, expect, test } from "@jest/globals";
import { SignatureV4 } from "@smithy/signature-v4";
import type { Open } from "../../src/sandbox/open.ts";
import { ADMIN } from "../../src/sandbox/server.ts";
import { type ConnectScene, connectScene, InstanceId, ROUTING } from "./connect-support.ts";
import { failure, Sha256 } from "./iam-support.ts";

const HOUR = 3_600_000;
let scene: ConnectScene;
const clients: { destroy(): void }[] = [];
afterEach(async () => {
  for (const one of clients.splice(0)) one.destroy();
  const { departures } = scene;
  await scene.close();
  expect([...departures]).toEqual([]);
});
const keep = <T extends { destroy(): void }>(client: T): T => {
  clients.push(client);
  return client;
};

/** Signs in as Entra's users do, with the credentials of a session of a role that is named after the user. */
async function login(username: string, RoleName = "Agents"): Promise<void> {
  const shared = { region: "us-east-1", maxAttempts: 1 };
  const iam = keep(new IAMClient({ ...shared, endpoint: `${scene.sandbox.url}/iam`, credentials: ADMIN }));
  const sts = keep(new STSClient({ ...shared, endpoint: `${scene.sandbox.url}/sts`, credentials: ADMIN }));
  const document = (statement: object) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const AssumeRolePolicyDocument = document({ Principal: { AWS: "*" }, Action: "sts:AssumeRole" });
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument })).catch(() => {});
  const PolicyDocument = document({ Action: "connect:GetFederationToken", Resource: "*" });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "federation", PolicyDocument }));
  const RoleArn = `arn:aws:iam::${scene.sandbox.world.account}:role/${RoleName}`;
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: username }));
  const credentials = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  const own = keep(new connect.ConnectClient({ ...shared, endpoint: `${scene.sandbox.url}/connect`, credentials }));
  await own.send(new connect.GetFederationTokenCommand({ InstanceId }));
}

async function online(): Promise<string[]> {
  const Filters = { RoutingProfiles: [ROUTING] };
  const { UserDataList } = await scene.client.send(new connect.GetCurrentUserDataCommand({ InstanceId, Filters }));
  return UserDataList!.map(({ User }) => User!.Id!);
}

/** The SDK at hand has no command for it. */
async function endSessions(EntityId: string, EntityType = "USER"): Promise<[status: number, error: string | null]> {
  const url = new URL(`${scene.sandbox.url}/connect/auth/sessions/delete-all-entity-sessions`);
  const signer = new SignatureV4({ credentials: ADMIN, region: "us-east-1", service: "connect", sha256: Sha256 });
  const body = JSON.stringify({ InstanceId, EntityId, EntityType });
  const signed = await signer.sign({
    method: "POST",
    protocol: "http:",
    hostname: url.hostname,
    path: url.pathname,
    headers: { host: url.host, "content-type": "application/json" },
    body,
  });
  const answer = await fetch(url, { method: "POST", headers: signed.headers, body });
  return [answer.status, answer.headers.get("x-amzn-errortype")];
}

test("a login opens one, DeleteAllEntitySessions ends all of the user's", async () => {
  scene = await connectScene();
  const jane = await scene.create("jane");
  const joe = await scene.create("joe");
  expect(await online()).toEqual([]);
  await login("jane");
  await login("jane");
  await login("joe");
  expect(await online()).toEqual([jane, joe]);
  expect(await endSessions(jane)).toEqual([200, null]);
  expect(await online()).toEqual([joe]);
  expect(await endSessions(`${scene.sandbox.world.instances[0]!.id}/agent/${joe}`)).toEqual([200, null]);
  expect(await online()).toEqual([]);
  expect(await endSessions("nobody")).toEqual([404, "ResourceNotFoundException"]);
  expect(await endSessions(jane, "AGENT")).toEqual([400, "InvalidParameterException"]);
});

test("a session lasts twelve hours", async () => {
  scene = await connectScene();
  const jane = await scene.create("jane");
  await login("jane");
  scene.sandbox.clock.advance(11.9 * HOUR);
  expect(await online()).toEqual([jane]);
  scene.sandbox.clock.advance(0.2 * HOUR);
  expect(await online()).toEqual([]);
});

test.each<[Partial<Open>, number, string]>([
  [{ deleteAllEntitySessions: "refused" }, 400, "InvalidRequestException"],
  [{ deleteAllEntitySessions: "unknown" }, 404, "UnknownOperationException"],
])("%j", async (open, status, error) => {
  scene = await connectScene({ open });
  const jane = await scene.create("jane");
  await login("jane");
  expect(await endSessions(jane)).toEqual([status, error]);
  expect(await online()).toEqual([jane]);
  scene.departures.clear();
});

test.each([
  ["ends", 0],
  ["kept", 1],
] as const)("DeleteUser: sessions %s", async (deleteUserEndsSessions, left) => {
  scene = await connectScene({ open: { deleteUserEndsSessions } });
  const UserId = await scene.create("jane");
  await login("jane");
  await scene.client.send(new connect.DeleteUserCommand({ InstanceId, UserId }));
  expect(await online()).toHaveLength(left);
});

test.each([
  ["first", "DuplicateResourceException"],
  ["none", undefined],
] as const)("binding to a role: %s", async (federatedRoleBinding, error) => {
  scene = await connectScene({ open: { federatedRoleBinding } });
  await scene.create("jane");
  await login("jane", "One");
  if (error) expect((await failure(login("jane", "Two")))[0]).toBe(error);
  else await login("jane", "Two");
});
