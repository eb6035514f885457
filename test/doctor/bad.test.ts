/** What each check of `doctor` says when it is wrong, and that it says what to do. */
import { expect, test } from "@jest/globals";
import { CRDS } from "../../src/api/generated/crds.ts";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { account, instance } from "../../src/doctor/aws.ts";
import { type Check, NETWORK } from "../../src/doctor/check.ts";
import { cluster } from "../../src/doctor/cluster.ts";
import { entra } from "../../src/doctor/entra.ts";
import type { AwsScope } from "../../src/domain/permissions/scope.ts";
import { type Manifests, parseManifests } from "../../src/manifests/read.ts";
import type { AwsAccount } from "../../src/providers/aws/types.ts";
import type { Graph } from "../../src/providers/graph/types.ts";
import type { KubeClient } from "../../src/runtime/client.ts";
import { KubeApiError } from "../../src/runtime/errors.ts";
import { persona } from "../e2e/support.ts";

const find = (checks: Check[], name: string) => checks.find((one) => one.name === name)!;
const failing = (message: string) => async () => {
  throw new Error(message);
};

const GOOD = { id: "i", identityManagement: "SAML", globalSignInEndpoint: undefined, status: "ACTIVE" };

test.each([
  ["no SAML", { identityManagement: "CONNECT_MANAGED" }, /manages identities as CONNECT_MANAGED/, /another instance/],
  ["Global Resiliency", { globalSignInEndpoint: "https://x" }, /Global Resiliency/, /by its own guide/],
  ["not active", { status: "CREATION_FAILED" }, /is CREATION_FAILED/, undefined],
])("instance: %s", async (_, facts, text, fix) => {
  const connect = { facts: async () => ({ ...GOOD, ...facts }) };
  const aws = { instance: () => connect } as unknown as AwsAccount;
  const checks = await instance(aws, "arn", [], 0);
  expect(checks).toHaveLength(1);
  expect(checks[0]).toMatchObject({ state: "bad", text: expect.stringMatching(text) });
  if (fix) expect(checks[0]!.fix).toMatch(fix);
});

test.each([
  ["refused", "connect:DescribeInstance: denied", undefined],
  ["no network", "connect:DescribeInstance: no answer (ECONNREFUSED)", NETWORK],
])("instance: %s", async (_, message, fix) => {
  const aws = { instance: () => ({ facts: failing(message), users: failing(message) }) } as unknown as AwsAccount;
  const check = find(await instance(aws, "arn", [], 0), "instance");
  expect(check).toMatchObject({ state: "bad", text: message });
  expect(check.fix).toBe(fix);
});

test("account: the root user, no boundary, SAML providers near their limit", async () => {
  const aws = {
    account: "111122223333",
    callerArn: "arn:aws:iam::111122223333:root",
    iam: {
      getPolicy: async () => undefined,
      listSamlProviders: async () => Array.from({ length: 96 }),
      now: () => new Date(),
    },
  } as unknown as AwsAccount;
  const checks = await account(aws, { boundaryArn: "arn:boundary" } as AwsScope);
  expect(find(checks, "identity")).toMatchObject({ state: "bad", text: "the root user of account 111122223333" });
  expect(find(checks, "boundary")).toMatchObject({ state: "warning", text: "there is no policy arn:boundary" });
  expect(find(checks, "SAML providers")).toMatchObject({ state: "warning", text: expect.stringMatching(/^96 of/) });
});

const graphWith = (more: object) =>
  ({
    tenantId: "t",
    now: () => new Date(),
    findApplications: async () => [],
    permissions: async () => undefined,
    selfId: async () => "self",
    identifierPolicy: async () => undefined,
    federationMetadata: async () => "<x/>",
    ...more,
  }) as unknown as Graph;

test("tenant: metadata that somebody rewrote", async () => {
  expect(find(await entra(graphWith({}), [], "test"), "metadata")).toMatchObject({
    state: "bad",
    text: "the federation metadata is refused: it is no SAML EntityDescriptor",
    fix: expect.stringMatching(/proxy/),
  });
});

test("tenant: an application that others own", async () => {
  const graph = graphWith({
    findApplications: async () => [{ id: "a", appId: "b", displayName: "Connect agents", tags: [] }],
    findServicePrincipal: async () => ({ id: "p" }),
    owners: async (kind: string) => (kind === "application" ? ["self"] : ["administrator"]),
  });
  const declared: Manifests = { objects: [], problems: [], sources: new Map() };
  parseManifests(JSON.stringify(persona("agents")), "test", "team", declared);
  const checks = await entra(graph, declared.objects as unknown as ConnectSsoPersona[], "test");
  expect(find(checks, "owners")).toMatchObject({
    state: "bad",
    text: expect.stringMatching(/no owner of Connect agents/),
    fix: expect.stringMatching(/service principal an owner/),
  });
});

const [crd] = CRDS;
const established = { conditions: [{ type: "Established", status: "True" }] };
const served = crd!.spec.versions;
const missing = new KubeApiError(404, "NotFound", "not found");

test.each<[string, unknown, RegExp]>([
  ["unknown kind", missing, /does not know this kind/],
  ["another version", { spec: { versions: [{ name: "v0", served: true }] }, status: established }, /does not serve/],
  ["a name that collides", { spec: { versions: served }, status: {} }, /not established/],
  [
    "an older schema",
    { spec: { versions: served.map((one) => ({ ...one, schema: {} })) }, status: established },
    /older schema, without .*…/,
  ],
])("cluster: %s", async (_, found, text) => {
  const client = {
    transport: { request: async () => ({ gitVersion: "v1.36.0" }) },
    async get() {
      if (found instanceof Error) throw found;
      return found;
    },
    create: async () => ({ status: { allowed: false } }),
  } as unknown as KubeClient;
  const checks = await cluster(client, { pre: false, namespace: undefined });
  const check = find(checks, crd!.spec.names.kind);
  expect(check).toMatchObject({ state: "bad", text: expect.stringMatching(text) });
  expect(check.fix).toMatch(/kubectl/);
  expect(find(checks, "rights")).toMatchObject({ state: "warning", text: expect.stringMatching(/may not get, list/) });
});
