/** The listed application permissions of Graph are enough for the controller's whole life, and each of them is needed. */
import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ANNOTATIONS, type ConnectSsoPersona } from "../../src/api/resources.ts";
import { graphPermissions } from "../../src/domain/permissions/entra.ts";
import { permissionsFor } from "../../src/sandbox/graph/permissions.ts";
import { type Harness, PATIENCE_MS, persona, start, status, user, world } from "../e2e/support.ts";

let h: Harness;
afterEach(async () => {
  const running: Harness | undefined = h;
  h = undefined as never;
  await running?.stop();
});

const persons = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents");
const names = (needs: Parameters<typeof graphPermissions>[0]) => graphPermissions(needs).map(({ name }) => name);
/** Refused calls of Graph; with the operation, so that a failure says what lacks which right. */
async function startWith(
  graphPermissions: string[],
  listClaimsPolicies: "either" | "both" = "either",
): Promise<string[]> {
  const open = { listClaimsPolicies };
  h = await start(world({ behaviour: { timeScale: 1200, graphPermissions, open } }));
  const denied: string[] = [];
  h.sandbox.onExchange(({ service, operation, response }) => {
    const refused = response.status === 403 || response.body?.includes("Authorization_RequestDenied");
    if (service === "graph" && refused) denied.push(operation);
  });
  return denied;
}
/** Made, rotated, a user recreated, brought to mode Direct and deleted: `more` is what the persona has besides. */
async function live(more: object): Promise<void> {
  const { controller } = h;
  const spec = { deletionPolicy: "Delete", ...more };
  h.apply(
    persona("agents", { roleDelivery: { mode: "Provisioning" }, ...spec }),
    user("jane", "agents", { deletionPolicy: "Delete" }),
  );
  await h.ready();
  const agents = { kind: "ConnectSsoPersona", namespace: "team", name: "agents" };
  controller.store.annotate(agents, { [ANNOTATIONS.rotateKey]: "1", [ANNOTATIONS.rotateCertificate]: "1" });
  await controller.until(
    () =>
      Object.keys(persons()?.status?.handledRequests ?? {}).length === 2 &&
      status(persons(), "Ready")?.status === "True",
    PATIENCE_MS,
    "key and certificate are rotated",
  );
  controller.store.delete({ kind: "ConnectUser", namespace: "team", name: "jane" });
  controller.store.delete(agents);
  await controller.until((all) => all.length === 0, PATIENCE_MS, "everything is deleted");
}

test.each([
  ["nothing optional", { groups: false, claims: false }, {}],
  [
    "groups and mail",
    { groups: true, claims: true },
    {
      application: {
        displayName: "Agents",
        groups: [{ displayName: "Agents" }],
        roleSessionName: { from: "mail", transform: "None" },
      },
    },
  ],
])("%s: the listed permissions are enough", async (_, needs, more) => {
  const denied = await startWith(names(needs));
  await live(more);
  expect(denied).toEqual([]);
});

describe("without any one of them something is refused", () => {
  const needs = { groups: true, claims: true };
  test.each(names(needs))("%s", async (missing) => {
    const denied = await startWith(
      names(needs).filter((name) => name !== missing),
      "both",
    );
    const application = {
      displayName: "Agents",
      groups: [{ displayName: "Agents" }],
      roleSessionName: { from: "mail", transform: "None" },
    };
    h.apply(persona("agents", { application }), user("jane", "agents"));
    await h.controller.until(() => denied.length > 0, PATIENCE_MS, "a call that is refused");
  });
});

describe("with OwnedBy the controller changes nothing that it does not own", () => {
  const graph = (method: string, path: string, body?: object) =>
    fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
      method,
      headers: { authorization: "Bearer test", "content-type": "application/json" },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });

  test("somebody's application can be read, not changed or deleted", async () => {
    h = await start(
      world({
        applications: [{ displayName: "Payroll", identifierUris: ["https://signin.aws.amazon.com/saml#9"] }],
        behaviour: { graphPermissions: names({ groups: true, claims: true }) },
      }),
    );
    const { value } = (await (await graph("GET", "/applications")).json()) as {
      value: { id: string; appId: string }[];
    };
    const [payroll] = value;
    const filtered = await graph("GET", `/servicePrincipals?$filter=appId eq '${payroll!.appId}'`);
    const principal = `/servicePrincipals/${((await filtered.json()) as { value: { id: string }[] }).value[0]!.id}`;
    for (const [method, path, body] of [
      ["PATCH", `/applications/${payroll!.id}`, { displayName: "Ours" }],
      ["DELETE", `/applications/${payroll!.id}`, undefined],
      ["PATCH", principal, { displayName: "Ours" }],
      ["POST", `${principal}/addTokenSigningCertificate`, { displayName: "CN=x" }],
      ["PUT", `${principal}/synchronization/secrets`, { value: [] }],
    ] as const) {
      const response = await graph(method, path, body);
      expect([path, response.status, ((await response.json()) as { error: { code: string } }).error.code]).toEqual([
        path,
        403,
        "Authorization_RequestDenied",
      ]);
    }
  });
});

const CONTRACT = new URL("../../../shared/contracts/graph-v1.0.json", import.meta.url);
interface Listed {
  least: string[];
  higher: string[];
  alsoRequires?: Record<string, string[]>;
}

/** Where the contract's entry says less or other than the documentation of the call. */
const DIFFERENT: Record<string, string> = {
  "POST /servicePrincipals/{}/appRoleAssignedTo": "Directory.Read.All alone is listed, and writes nothing",
  "POST /applications/{}/owners/$ref": "listed as enough for Directory.Read.All, which writes nothing",
  "POST /servicePrincipals/{}/owners/$ref": "the same",
  "DELETE /servicePrincipals/{}/claimsMappingPolicies/{}/$ref": "Policy.Read.All pairs with OwnedBy one way only",
  "GET /servicePrincipals/{}/synchronization/jobs/{}/schema": "one more permission for custom security attributes",
};

test("the sandbox's table is the permissions reference", () => {
  if (!existsSync(CONTRACT)) {
    console.log("the contract is not here: permissions are not compared");
    return;
  }
  const { paths } = JSON.parse(readFileSync(CONTRACT, "utf8")) as {
    paths: Record<string, Record<string, { "x-application-permissions"?: Listed }>>;
  };
  let compared = 0;
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, { "x-application-permissions": listed }] of Object.entries(methods)) {
      const plain = path.replaceAll(/\{[^}]*\}/g, "{}").replace("()", "");
      const operation = `${method.toUpperCase()} ${plain}`;
      if (!listed || operation in DIFFERENT || plain.startsWith("/directory/deletedItems")) continue;
      const also = listed.alsoRequires ?? {};
      const expected = [...listed.least, ...listed.higher].flatMap((name) =>
        (also[name] ?? [""]).map((other) => [name, other].filter(Boolean).sort().join("+")),
      );
      const found = (permissionsFor(operation) ?? []).map((one) => one.split("+").sort().join("+"));
      expect([operation, unimportant(found)]).toEqual([operation, unimportant(expected)]);
      compared++;
    }
  }
  expect(compared).toBeGreaterThan(40);
});

/** Broad permissions that no controller should have are left out of the comparison: the reference lists them unevenly. */
const unimportant = (all: string[]) =>
  [
    ...new Set(
      all.filter(
        (one) => !/^(Directory\.ReadWrite|Group\.Manage|Group-Nesting|User\.ReadWrite|AppRegistration)/.test(one),
      ),
    ),
  ].sort();
