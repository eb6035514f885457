import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ConnectClient } from "@aws-sdk/client-connect";
import { expect, test } from "@jest/globals";
import { searchUsers } from "../../../src/providers/aws/search-users.ts";

async function answered(status: number, body: string, headers: Record<string, string> = {}) {
  const server = createServer((_, to) => to.writeHead(status, headers).end(body));
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const client = new ConnectClient({
    region: "us-east-1",
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
  try {
    return await searchUsers(client, { InstanceId: "11111111-2222-4333-8444-555555555555" }, {});
  } finally {
    client.destroy();
    server.closeAllConnections();
    server.close();
  }
}

const user = {
  Id: "1",
  Username: "ann",
  SecurityProfileIds: ["a"],
  PhoneConfig: { PhoneType: "SOFT_PHONE", AutoAccept: true, AfterContactWorkTimeLimit: 5 },
  Tags: { team: "blue" },
};

test("users come as they were sent, the rest by the SDK", async () => {
  const body = JSON.stringify({ NextToken: "next", Users: [user], ApproximateTotalCount: 1 });
  await expect(answered(200, body)).resolves.toEqual({ NextToken: "next", Users: [user] });
});

test("a page without users", async () => {
  await expect(answered(200, "{}")).resolves.toEqual({ NextToken: undefined, Users: [] });
});

test("a refusal is the SDK's error", async () => {
  const refused = answered(403, JSON.stringify({ Message: "no" }), { "x-amzn-errortype": "AccessDeniedException" });
  await expect(refused).rejects.toMatchObject({ name: "AccessDeniedException", $metadata: { httpStatusCode: 403 } });
});

test("what is no JSON is an error that knows its answer", async () => {
  await expect(answered(200, '{"Users":[')).rejects.toMatchObject({ $response: { statusCode: 200 } });
});
