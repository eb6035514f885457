/** Recorded answers of Microsoft Graph, asked again of the sandbox: same status, same form, same errors. */
import { existsSync, readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type Graph, type Json, startGraph } from "./graph-support.ts";

const FOLDER = new URL("../../../shared/recordings/graph/", import.meta.url);
const here = existsSync(FOLDER);

interface Recording {
  operation: string;
  kind: string;
  request: { method: string; path: string; body: Json | null } | null;
  response: { status: number; headers: Record<string, string>; body: Json | null };
}
const recordings = (file: string): Recording[] => {
  const content: unknown = JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));
  const entries = (Array.isArray(content) ? content : (content as { entries: Recording[] }).entries) as Recording[];
  return entries.filter(({ kind }) => kind === "recorded");
};

let graph: Graph;
let replayed = 0;
beforeAll(async () => {
  graph = await startGraph({
    tenant: { id: "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb", verifiedDomains: ["contoso.onmicrosoft.com"] },
  });
});
afterAll(async () => {
  console.log(here ? `${replayed} recorded answers replayed` : "../shared/recordings is absent: nothing was replayed");
  await graph.sandbox.close();
});

/** Every name the real answer has, with the same kind of value where both have one; more names are fine. */
function expectForm(actual: unknown, recorded: unknown, where: string): void {
  if (recorded === null || actual === null) return;
  if (Array.isArray(recorded)) {
    expect([where, Array.isArray(actual)]).toEqual([where, true]);
    if (recorded.length > 0 && (actual as unknown[]).length > 0)
      expectForm((actual as unknown[])[0], recorded[0], `${where}[0]`);
  } else if (typeof recorded === "object") {
    for (const [name, value] of Object.entries(recorded)) {
      // Kept as sent: the sandbox does not fill in the defaults of optional claims, which SAML applications have none of.
      if (name === "optionalClaims") continue;
      expect([where, Object.keys(actual as Json)]).toEqual([where, expect.arrayContaining([name])]);
      expectForm((actual as Json)[name], value, `${where}.${name}`);
    }
  } else expect([where, typeof actual]).toEqual([where, typeof recorded]);
}

function expectAnswer(reply: { status: number; headers: Headers; body: Json }, recording: Recording): void {
  const { status, headers, body } = recording.response;
  expect([recording.operation, reply.status]).toEqual([recording.operation, status]);
  for (const name of ["content-type", "odata-version", "cache-control"])
    if (headers?.[name] !== undefined) expect([name, reply.headers.get(name)]).toEqual([name, headers[name]]);
  if (body?.error) expect(reply.body.error.code).toBe(body.error.code);
  else if (body) expectForm(reply.body, body, recording.operation);
  replayed++;
}

/** Object ids of the recording, by the sandbox's. */
async function replay(
  list: Recording[],
  ids = new Map<string, string>(),
  patch: (body: Json) => Json = (body) => body,
) {
  const swap = (text: string) => [...ids].reduce((result, [from, to]) => result.replaceAll(from, to), text);
  for (const recording of list) {
    const { method, path, body } = recording.request!;
    const sent = body ? patch(JSON.parse(swap(JSON.stringify(body))) as Json) : undefined;
    const reply = await graph.call(method, swap(path).replace("/v1.0", ""), sent);
    expectAnswer(reply, recording);
    for (const name of ["id", "appId"]) {
      const old = recording.response.body?.[name];
      if (reply.status === 201 && old) ids.set(old, reply.body[name]);
    }
  }
}

const only = here ? describe : describe.skip;
only("replayed", () => {
  /** The identifiers of 2022 hold neither tenant nor domain, which the policy of 2025 refuses: they get the tenant's domain. */
  const today = (body: Json): Json =>
    body.identifierUris
      ? {
          ...body,
          identifierUris: body.identifierUris.map((uri: string) =>
            uri.replace("api://", "api://contoso.onmicrosoft.com/"),
          ),
        }
      : body;

  test("applications: made, listed, changed, deleted, purged", async () => {
    await replay(recordings("application-lifecycle.json"), new Map(), today);
  });

  test("an application's update", async () => {
    const made = await graph.ok("POST", "/applications", { displayName: "update" });
    const ids = new Map([["fec5d7b5-eed3-41c1-8395-9f6d6f9acb17", made.id as string]]);
    await replay(recordings("application-update.json"), ids, today);
    const read = await graph.ok("GET", `/applications/${made.id}`);
    expect(read.keyCredentials[0]).toMatchObject({
      customKeyIdentifier: "7AB4DD9219E5E03ECC025136572DFAA262EC85CB",
      key: null,
    });
    expect(read.appRoles.map(({ displayName }: Json) => displayName)).toEqual(["ConsumerApps", "Writer"]);
  });

  test("a service principal's life", async () => {
    const application = await graph.ok("POST", "/applications", { displayName: "principal" });
    const ids = new Map([["4faba265-b3a0-4bfd-8f56-f8a1a0cee277", application.appId as string]]);
    await replay(recordings("service-principal.json").slice(0, 9), ids);
  });

  test("errors that can be provoked", async () => {
    const all = recordings("errors.json");
    await replay(all.filter(({ response }) => response.status === 404));
    const tenant = "aaaaaaaa-1111-2222-3333-bbbbbbbbbbbb";
    const prefixed = all.find(({ response }) => String(response.body?.error?.message).startsWith("Write requests"))!;
    expectAnswer(await graph.call("POST", `/${tenant}/servicePrincipals/x/claimsMappingPolicies/$ref`, {}), prefixed);
    const { servicePrincipal, application } = await graph.instantiate();
    const password = all.find(({ operation }) => operation === "PATCH servicePrincipal")!;
    const body = { passwordCredentials: [{ customKeyIdentifier: "x", secretText: "y" }] };
    expectAnswer(await graph.call("PATCH", `/servicePrincipals/${servicePrincipal.id}`, body), password);
    const enabled = all.find(
      ({ response }) => response.body?.error?.code === "CannotDeleteOrUpdateEnabledEntitlement",
    )!;
    expectAnswer(await graph.call("PATCH", `/applications/${application.id}`, { appRoles: [] }), enabled);
  });

  test("users", async () => {
    const all = recordings("user.json");
    await replay(all.slice(0, 4), new Map(), (body) => body);
  });

  test("groups", async () => {
    const [, made, read] = recordings("group.json");
    await replay([made!, read!]);
  });
});
