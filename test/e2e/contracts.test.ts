import { afterEach, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { contractIsHere } from "../sandbox/graph-contract.ts";
import { watchRequests } from "./contracts.ts";

let sandbox: Sandbox;
afterEach(() => sandbox?.close());

test("requests that no description knows are seen, in every service", async () => {
  sandbox = await startSandbox();
  const departures = watchRequests(sandbox);
  const send = (path: string, method: string, body?: string) =>
    fetch(`${sandbox.url}${path}`, { method, headers: { authorization: "Bearer test" }, ...(body ? { body } : {}) });
  await send("/graph/v1.0/applications?$filter=displayName eq 'x'&$nonsense=1", "GET");
  await send("/graph/v1.0/servicePrincipals/1", "PATCH", JSON.stringify({ relaystate: "x" }));
  await send(
    "/graph/v1.0/$batch",
    "POST",
    JSON.stringify({ requests: [{ id: "1", method: "GET", url: "/users/1/x" }] }),
  );
  await send("/iam", "POST", "Action=CreateRole&Version=2010-05-08&RoleName=a%20b&RollName=x");
  await send(
    "/connect/users/0a1b2c3d-1111-4222-8333-444455556666",
    "PUT",
    JSON.stringify({ Username: "x", Colour: "red" }),
  );
  await fetch(`${sandbox.url}/graph/v1.0/users/1`, {
    method: "PATCH",
    headers: { "user-agent": "connect-sso" },
    body: "{}",
  });
  await send("/graph/v1.0/users/2", "PATCH", "{}");
  expect(departures()).toContain("request PATCH /v1.0/users/1: the controller writes neither people nor groups");
  expect(departures().join()).not.toContain("/users/2");
  if (!contractIsHere) return;
  const text = departures().join("\n");
  for (const wanted of [
    "unknown parameter $nonsense",
    "relaystate: unknown property",
    "GET /users/1/x: not in the description",
    "CreateRole: unknown parameter RollName",
    "CreateRole: AssumeRolePolicyDocument is missing",
    "CreateRole: RoleName does not match",
    "CreateUser request.Colour: unknown member",
    "CreateUser request.SecurityProfileIds: missing",
  ])
    expect(text).toContain(wanted);
});
