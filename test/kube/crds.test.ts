import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ApiServer, startApiServer } from "./apiserver.ts";

const crds = fileURLToPath(new URL("../../crds", import.meta.url));
const INSTANCE = "arn:aws:connect:eu-west-2:111122223333:instance/12345678-1234-1234-1234-123456789012";
let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(["apply", "--server-side", "-f", crds]);
  await server.kubectl(["wait", "--for=condition=Established", "--timeout=20s", "-f", crds]);
});
afterAll(() => server?.stop());

const persona = (name: string, spec: object = {}) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectSsoPersona",
  metadata: { name, namespace: "default" },
  spec: {
    instanceArn: INSTANCE,
    landingPage: "AgentWorkspace",
    application: { displayName: "Agents" },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" },
    ...spec,
  },
});
const user = (name: string, spec: object = {}) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name, namespace: "default" },
  spec: { personaRef: { name: "agents" }, entraUser: { userPrincipalName: `${name}@example.com` }, ...spec },
});
const apply = (object: object) =>
  server.kubectl(["apply", "--server-side", "--field-manager=test", "-f", "-"], JSON.stringify(object));
const get = async (kind: string, name: string) => JSON.parse(await server.kubectl(["get", kind, name, "-o", "json"]));

describe("a refused create", () => {
  const other = "aaaaaaaa-0000-4000-8000-000000000001";
  test.each<[string, object, string]>([
    ["a persona with two pages to land on", persona("no", { destination: "/x" }), "set exactly one of landingPage"],
    ["a persona with no page to land on", persona("no", { landingPage: undefined }), "set exactly one of landingPage"],
    [
      "provisioning in AWS China",
      persona("no", {
        instanceArn: INSTANCE.replace("aws:", "aws-cn:").replace("eu-west-2", "cn-north-1"),
        roleDelivery: { mode: "Provisioning" },
      }),
      "reaches neither AWS GovCloud nor AWS China",
    ],
    [
      "provisioning in GovCloud",
      persona("no", {
        instanceArn: INSTANCE.replace("aws:", "aws-us-gov:").replace("eu-west-2", "us-gov-west-1"),
        roleDelivery: { mode: "Provisioning" },
      }),
      "reaches neither AWS GovCloud nor AWS China",
    ],
    [
      "a session that is longer than the role allows",
      persona("no", { application: { displayName: "A", sessionDuration: "8h" }, aws: { maxSessionDuration: "1h" } }),
      "sessionDuration is longer than aws.maxSessionDuration",
    ],
    [
      "a session of no length",
      persona("no", { application: { displayName: "A", sessionDuration: "0h" } }),
      "must be 15m to 12h",
    ],
    [
      "a certificate that is replaced as soon as it is there",
      persona("no", { application: { displayName: "A", signingCertificate: { lifetime: "720h" } } }),
      "rotateBefore is not shorter than lifetime",
    ],
    [
      "an access key that is replaced all the time",
      persona("no", { roleDelivery: { mode: "Provisioning", provisioning: { accessKeyMaxAge: "0h" } } }),
      "must be at least 24h",
    ],
    [
      "one name for the two shared policies",
      persona("no", {
        aws: { federationPolicyName: "Shared" },
        roleDelivery: { provisioning: { policyName: "shared" } },
      }),
      "must differ",
    ],
    [
      "the listing policy under the federation policy's default name",
      persona("no", { roleDelivery: { provisioning: { policyName: "connect-sso-federation-12345678" } } }),
      "is the default name of the federation policy",
    ],
    ["another host to land on", persona("no", { landingPage: undefined, destination: "//evil" }), "names another host"],
    ["a URL to land on", persona("no", { landingPage: undefined, destination: "https://evil" }), "spec.destination"],
    [
      "two destinations",
      persona("no", { relayStateParameters: { Destination: "/x" } }),
      "not destination, which has its own field",
    ],
    [
      "the mail prefix of what is no address",
      persona("no", {
        application: { displayName: "A", roleSessionName: { from: "employeeId", transform: "MailPrefix" } },
      }),
      "MailPrefix needs an address",
    ],
    ["a reserved tag", persona("no", { aws: { tags: { "aws:x": "y" } } }), "tag keys must not begin"],
    [
      "role and provider of too long an ARN",
      persona("no", { aws: { roleName: "r".repeat(64), samlProviderName: "p".repeat(100) } }),
      "shorter than 240",
    ],
    [
      "a group by two names",
      persona("no", { application: { displayName: "A", groups: [{ id: other, displayName: "G" }] } }),
      "set exactly one of id",
    ],
    [
      "a user by two names",
      user("no", { entraUser: { userPrincipalName: "a@example.com", objectId: other } }),
      "set exactly one of userPrincipalName",
    ],
    ["a user by no name", user("no", { entraUser: {} }), "set exactly one of userPrincipalName"],
    ["a desk phone without its number", user("no", { phone: { type: "DeskPhone" } }), "needs deskPhoneNumber"],
    ["a user without a persona", user("no", { personaRef: undefined }), "personaRef"],
    ["a username that Connect would refuse", user("no", { username: "a b" }), "spec.username"],
  ])("%s", async (_, object, message) => {
    await expect(apply(object)).rejects.toThrow(message);
  });
});

describe("a refused update", () => {
  beforeAll(async () => {
    await apply(persona("kept", { aws: { roleName: "role" } }));
    await apply(user("kept", { username: "kept" }));
    await apply(user("unnamed"));
  });
  test.each<[string, object, string]>([
    [
      "instanceArn",
      persona("kept", { instanceArn: INSTANCE.replace("123456789012", "999999999999"), aws: { roleName: "role" } }),
      "instanceArn is immutable",
    ],
    ["aws.roleName", persona("kept", { aws: { roleName: "another" } }), "aws.roleName is immutable"],
    ["aws.roleName taken away", persona("kept"), "aws.roleName is immutable"],
    ["aws.path", persona("kept", { aws: { roleName: "role", path: "/another/" } }), "aws.path is immutable"],
    [
      "aws.samlProviderName added",
      persona("kept", { aws: { roleName: "role", samlProviderName: "p" } }),
      "samlProviderName is immutable",
    ],
    ["username", user("kept", { username: "another" }), "username is immutable"],
    ["username taken away", user("kept"), "username is immutable once set"],
    [
      "entraUser",
      user("kept", { username: "kept", entraUser: { userPrincipalName: "b@example.com" } }),
      "entraUser is immutable",
    ],
  ])("%s", async (_, object, message) => {
    await expect(apply(object)).rejects.toThrow(message);
  });

  test("a username may still be set where there was none", async () => {
    await apply(user("unnamed", { username: "unnamed" }));
    expect((await get("connectuser", "unnamed")).spec.username).toBe("unnamed");
  });
});

describe("what is served", () => {
  test("defaults are filled in", async () => {
    await apply(persona("defaults"));
    const { spec } = await get("persona", "defaults");
    expect(spec).toMatchObject({
      application: { roleSessionName: { from: "userPrincipalName", transform: "None" } },
      aws: { path: "/connect-sso/", maxSessionDuration: "12h" },
      roleDelivery: { mode: "Direct" },
      driftPolicy: "Correct",
      adoptionPolicy: "Never",
      deletionPolicy: "Retain",
      suspend: false,
    });
    await apply(user("defaults"));
    expect((await get("cu", "defaults")).spec).toMatchObject({
      deletionPolicy: "RevokeAccess",
      adoptionPolicy: "Never",
    });
  });

  test("columns of kubectl get, filled from status", async () => {
    const condition = (type: string, status: string, reason: string) => ({
      type,
      status,
      reason,
      message: "one line",
      lastTransitionTime: "2026-01-01T00:00:00Z",
    });
    await apply(user("columns"));
    await apply(persona("columns"));
    const patch = (kind: string, status: object) =>
      server.kubectl([
        "patch",
        kind,
        "columns",
        "--subresource=status",
        "--type=merge",
        "-p",
        JSON.stringify({ status }),
      ]);
    const conditions = [condition("Ready", "True", "AllGood"), condition("Drifted", "False", "NoDrift")];
    await patch("connectuser", { username: "columns@example.com", conditions });
    await patch("persona", { conditions, users: { total: 3, ready: 2, summary: "2/3" } });
    const cells = async (kind: string) =>
      (await server.kubectl(["get", kind, "columns"]))
        .trim()
        .split("\n")
        .map((line) => line.split(/\s{2,}/));
    const [userHead, userRow] = await cells("connectusers");
    expect(userHead).toEqual(["NAME", "PERSONA", "USERNAME", "READY", "REASON", "DRIFTED", "AGE"]);
    expect(userRow!.slice(0, 6)).toEqual(["columns", "agents", "columns@example.com", "True", "AllGood", "False"]);
    const personas = await server.kubectl(["get", "personas", "columns"]);
    expect(personas).toMatch(/^NAME\s+READY\s+DRIFTED\s+USERS\s+CERT EXPIRES\s+AGE\s+MESSAGE\n/);
    expect(personas).toMatch(/\ncolumns\s+True\s+False\s+2\/3\s.*one line\n?$/);
  });

  test("both kinds under one category, and every field explained", async () => {
    const names = await server.kubectl(["get", "connectsso", "-o", "name"]);
    expect(names).toContain("connectuser.connectsso.dev/");
    expect(names).toContain("connectssopersona.connectsso.dev/");
    expect(await server.kubectl(["explain", "connectuser.spec.deletionPolicy"])).toContain("RevokeAccess");
  });

  test("a spec write cannot set status, a status write cannot change the spec", async () => {
    await apply({ ...user("apart"), status: { username: "forged" } });
    const before = await get("connectuser", "apart");
    expect(before.status).toBeUndefined();
    await server.kubectl([
      "patch",
      "connectuser",
      "apart",
      "--subresource=status",
      "--type=merge",
      "-p",
      '{"spec":{"suspend":true},"status":{"username":"u"}}',
    ]);
    const after = await get("connectuser", "apart");
    expect(after.spec).toEqual(before.spec);
    expect(after.metadata.generation).toBe(before.metadata.generation);
    expect(after.status.username).toBe("u");
  });
});
