/** The way of an AWS call: what is tried again, and what never is. */
import { ConnectClient, DeleteUserCommand, ListUsersCommand } from "@aws-sdk/client-connect";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { createCall } from "../../../src/providers/aws/call.ts";
import { clientConfig } from "../../../src/providers/aws/clients.ts";
import { createBreaker } from "../../../src/providers/breaker.ts";
import { createLimiter } from "../../../src/providers/limiter.ts";
import { systemClock } from "../../../src/runtime/clock.ts";
import { ADMIN, type Sandbox, startSandbox } from "../../../src/sandbox/server.ts";

const InstanceId = "11111111-2222-4333-8444-555555555555";
let sandbox: Sandbox;
beforeAll(async () => {
  const instances = [{ id: InstanceId, region: "us-east-1", users: [{ username: "jane@example.com" }] }];
  sandbox = await startSandbox({ world: { instances, behaviour: { quotas: "unlimited" } } });
});
afterAll(() => sandbox.close());

function connectOf(offsetMs = 0, secretAccessKey = ADMIN.secretAccessKey) {
  const codes: string[] = [];
  const breaker = createBreaker("connect", { threshold: 1 });
  const limiter = createLimiter(() => ({ rate: 1000, burst: 1000 }));
  const onCall = (record: { code: string }) => codes.push(record.code);
  const client = new ConnectClient({
    ...clientConfig({ region: "us-east-1", credentials: async () => ({ ...ADMIN, secretAccessKey }) }),
    endpoint: `${sandbox.url}/connect`,
    systemClockOffset: offsetMs,
  });
  const call = createCall({ client, api: "connect", scope: "a/r", limiter, breaker, clock: systemClock, onCall });
  return { call, client, codes, breaker };
}

test("a wrong clock is corrected by the first refusal: writes too go out again, and the circuit stays closed", async () => {
  const { call, client, codes, breaker } = connectOf(-20 * 60_000);
  const { UserSummaryList } = await call(new ListUsersCommand({ InstanceId }));
  expect(codes).toEqual(["403", "200"]);
  client.config.systemClockOffset = 20 * 60_000;
  const UserId = UserSummaryList![0]!.Id;
  await call(new DeleteUserCommand({ InstanceId, UserId }));
  expect(codes).toEqual(["403", "200", "403", "200"]);
  expect(breaker.state().state).toBe("closed");
  client.destroy();
});

test("a wrong secret is said once, by its name", async () => {
  const { call, client, codes } = connectOf(0, "another");
  const refused = call(new ListUsersCommand({ InstanceId }));
  await expect(refused).rejects.toMatchObject({ kind: "terminal", reason: "CredentialsInvalid" });
  expect(codes).toEqual(["403"]);
  client.destroy();
});
