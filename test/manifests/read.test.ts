import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { formatProblem, type Manifests, parseManifests, readManifests } from "../../src/manifests/read.ts";

const ARN = "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666";
const persona = (fields: Record<string, unknown> = {}, name = "agents") => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectSsoPersona",
  metadata: { name },
  spec: {
    instanceArn: ARN,
    landingPage: "AdminConsole",
    application: { displayName: "Agents" },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic" },
    ...fields,
  },
});
const user = (fields: Record<string, unknown> = {}, name = "jane") => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name },
  spec: { personaRef: { name: "agents" }, entraUser: { userPrincipalName: "jane@example.com" }, ...fields },
});

function parse(text: string): Manifests {
  const all: Manifests = { objects: [], problems: [], sources: new Map() };
  parseManifests(text, "x.yaml", "default", all);
  return all;
}
const problems = (object: unknown) =>
  parse(JSON.stringify(object)).problems.map(({ path, message }) => `${path}: ${message}`);

describe("what the schema and the CEL rules refuse", () => {
  test.each<[string, unknown, string]>([
    ["malformed ARN", persona({ instanceArn: "arn:aws:connect:nowhere" }), "spec.instanceArn: must match pattern"],
    [
      "both landing page and destination",
      persona({ destination: "/connect/ccp-v2" }),
      "exactly one of landingPage and destination",
    ],
    ["neither", persona({ landingPage: undefined }), "exactly one of landingPage and destination"],
    [
      "a destination with a space",
      persona({ landingPage: undefined, destination: "/connect/a b" }),
      "spec.destination: must match pattern",
    ],
    ["an unknown landing page", persona({ landingPage: "Ccp" }), "must be one of AdminConsole, ContactControlPanel"],
    ["an unknown field", persona({ instanceARN: ARN }), "spec.instanceARN: unknown field instanceARN"],
    [
      "no security profile",
      persona({ connectUsers: { securityProfiles: [], routingProfile: "x" } }),
      "spec.connectUsers.securityProfiles",
    ],
    [
      "a security profile twice",
      persona({ connectUsers: { securityProfiles: ["Agent", "Agent"], routingProfile: "x" } }),
      "must NOT have duplicate items",
    ],
    [
      "reserved tag keys",
      persona({ aws: { tags: { "connectsso.dev/owner": "me" } } }),
      "spec.aws.tags: tag keys must not begin with",
    ],
    [
      "names over the limit of 240",
      persona({ aws: { roleName: "r".repeat(64), samlProviderName: "p".repeat(100) } }),
      "shorter than 240 characters",
    ],
    [
      "provisioning in AWS China",
      persona({
        instanceArn: ARN.replace("arn:aws:", "arn:aws-cn:").replace("us-east-1", "cn-north-1"),
        roleDelivery: { mode: "Provisioning" },
      }),
      "reaches neither AWS GovCloud nor AWS China",
    ],
    [
      "a group by id and name",
      persona({
        application: { displayName: "x", groups: [{ displayName: "a", id: "0a1b2c3d-1111-4222-8333-444455556666" }] },
      }),
      "spec.application.groups[0]: set exactly one",
    ],
    ["a user by nothing", user({ entraUser: {} }), "spec.entraUser: set exactly one of userPrincipalName and objectId"],
    ["a user name with a plus", user({ username: "jane+1" }), "spec.username: must match pattern"],
    [
      "a desk phone without number",
      user({ phone: { type: "DeskPhone" } }),
      "spec.phone: type DeskPhone needs deskPhoneNumber",
    ],
    [
      "a desk phone that answers by itself",
      user({
        phone: { type: "DeskPhone", deskPhoneNumber: "+35315550100" },
        contactHandling: { voice: { autoAccept: true } },
      }),
      "spec: a desk phone has neither autoAccept nor persistentConnection",
    ],
    [
      "a proficiency level of 6",
      user({ proficiencies: [{ attribute: "a", value: "b", level: 6 }] }),
      "spec.proficiencies[0].level: must be <= 5",
    ],
    ["a name with capitals", { ...user(), metadata: { name: "Jane" } }, "metadata.name: must be lower-case"],
    ["another version", { ...user(), apiVersion: "connectsso.dev/v2" }, "apiVersion: unknown version"],
  ])("%s", (_, object, expected) => {
    expect(problems(object).join("\n")).toContain(expected);
  });

  test("GovCloud and China ARNs are fine", () => {
    for (const arn of [
      "arn:aws-us-gov:connect:us-gov-west-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666",
      "arn:aws-cn:connect:cn-north-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666",
    ]) {
      expect(problems(persona({ instanceArn: arn }))).toEqual([]);
    }
  });
});

test("defaults are filled as the API server fills them", () => {
  const [object] = parse(JSON.stringify(persona())).objects as ConnectSsoPersona[];
  expect(object?.spec).toMatchObject({
    application: {
      roleSessionName: { from: "userPrincipalName", transform: "None" },
      signingCertificate: { lifetime: "26280h", rotateBefore: "1440h" },
    },
    aws: { path: "/connect-sso/", maxSessionDuration: "12h" },
    roleDelivery: { mode: "Direct" },
    driftPolicy: "Correct",
    adoptionPolicy: "Never",
    deletionPolicy: "Retain",
    suspend: false,
  });
  expect(object?.metadata.namespace).toBe("default");
  // What mode Provisioning alone reads stays out of a persona that has none of it.
  expect(object?.spec.roleDelivery).toEqual({ mode: "Direct" });
  const [other] = parse(JSON.stringify(persona({ roleDelivery: { mode: "Provisioning", provisioning: {} } })))
    .objects as ConnectSsoPersona[];
  expect(other?.spec.roleDelivery.provisioning).toEqual({ accessKeyMaxAge: "2160h" });
});

test("a broken document is named by file, line and path, and the others still work", () => {
  const folder = mkdtempSync(join(tmpdir(), "manifests-"));
  writeFileSync(
    join(folder, "a.yaml"),
    `${JSON.stringify(persona())}\n---\napiVersion: connectsso.dev/v1alpha1\nkind: ConnectUser\nmetadata: {name: u}\nspec:\n  personaRef: {name: agents}\n  entraUser:\n    userPrincipalName: nobody\n---\nkind: Deployment\napiVersion: apps/v1\n`,
  );
  writeFileSync(join(folder, "b.yaml"), "a: b: c\n");
  writeFileSync(join(folder, "c.json"), JSON.stringify(user()));
  writeFileSync(join(folder, "d.yml"), JSON.stringify(user()));
  writeFileSync(join(folder, "kustomization.yaml"), "resources: [a.yaml]\n");
  const { objects, problems } = readManifests(folder);
  expect(objects.map(({ metadata }) => metadata.name)).toEqual(["agents", "jane"]);
  expect(problems.map((problem) => formatProblem(problem).replace(folder, ""))).toEqual([
    expect.stringMatching(/^\/a\.yaml:9: spec\.entraUser\.userPrincipalName: must match pattern/),
    expect.stringMatching(/^\/b\.yaml:1: Nested mappings/),
    expect.stringMatching(
      /^\/d\.yml:1: metadata\.name: ConnectUser\/default\/jane is declared already in .*c\.json:1$/,
    ),
  ]);
});

describe("a list", () => {
  test("as kubectl get -o yaml writes it: each item counts, problems are told with their line", () => {
    const { objects, problems } = parse(`apiVersion: v1
items:
- ${JSON.stringify({ ...persona(), metadata: { name: "agents", namespace: "team" }, status: { appId: "x" } })}
- apiVersion: connectsso.dev/v1alpha1
  kind: ConnectUser
  metadata: {name: jane, namespace: team}
  spec:
    personaRef: {name: agents}
    entraUser: {userPrincipalName: jane@example.com}
- apiVersion: connectsso.dev/v1alpha1
  kind: ConnectUser
  metadata: {name: omar, namespace: team}
  spec:
    personaRef: {name: agents}
    entraUser: {userPrincipalName: omar}
- {apiVersion: v1, kind: ConfigMap, metadata: {name: other}}
kind: List
metadata: {resourceVersion: ""}
`);
    expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`)).toEqual([
      "ConnectSsoPersona/team/agents",
      "ConnectUser/team/jane",
    ]);
    expect(objects[0]!.status).toEqual({ appId: "x" });
    expect(problems.map(formatProblem)).toEqual([
      expect.stringMatching(/^x\.yaml:15: items\[2\]\.spec\.entraUser\.userPrincipalName: must match pattern/),
    ]);
  });

  test("as the API server writes it: the items need not say what they are", () => {
    const items = ["jane", "omar"].map((name) => {
      const { metadata, spec } = user({}, name);
      return { metadata, spec };
    });
    const list = { apiVersion: "connectsso.dev/v1alpha1", kind: "ConnectUserList", metadata: {}, items };
    const { objects, problems } = parse(JSON.stringify(list));
    expect(problems).toEqual([]);
    expect(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
      "ConnectUser/jane",
      "ConnectUser/omar",
    ]);
  });

  test("an empty one, and one of other things", () => {
    expect(parse('{"apiVersion":"v1","kind":"List","items":[]}')).toMatchObject({ objects: [], problems: [] });
    expect(parse('{"apiVersion":"v1","kind":"PodList","items":[null,{}]}')).toMatchObject({
      objects: [],
      problems: [],
    });
  });
});

test("the examples are valid", () => {
  for (const folder of ["examples/blog", "examples/recommended"]) {
    const { objects, problems } = readManifests(folder);
    expect(problems).toEqual([]);
    expect(objects.length).toBeGreaterThan(3);
  }
});
