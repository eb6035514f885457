/** The sandbox's IAM against what the real one answered (../shared/recordings/iam) and against its service model. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as iam from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DOMParser, type Element } from "@xmldom/xmldom";
import { ADMIN, type Exchange, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { metadataDocument, postSigned } from "./iam-support.ts";

const SHARED = new URL("../../../shared/", import.meta.url);
const available = existsSync(fileURLToPath(SHARED));
if (!available) process.stdout.write("skipped: ../shared is absent, recordings and contracts of IAM are not checked\n");
const describeShared = available ? describe : describe.skip;
const load = <T>(path: string): T => JSON.parse(readFileSync(fileURLToPath(new URL(path, SHARED)), "utf8")) as T;

interface Entry {
  operation: string;
  request: { body: string | Record<string, string> };
  response: { status: number; body: string | { Error?: { Code: string; Message: string } } };
}
const recorded = (file: string): Entry[] => (available ? load<Entry[]>(`recordings/iam/${file}.json`) : []);

let sandbox: Sandbox;
let account: string;
beforeAll(async () => {
  sandbox = await startSandbox({ world: { behaviour: { quotas: "unlimited" } } });
  account = sandbox.world.account;
});
afterAll(() => sandbox.close());

async function post(
  fields: Record<string, string>,
  service = "iam",
): Promise<[status: number, code?: string, message?: string]> {
  const Version = service === "iam" ? "2010-05-08" : "2011-06-15";
  const answer = await postSigned(`${sandbox.url}/${service}/`, service, { Version, ...fields });
  const root = new DOMParser().parseFromString(await answer.text(), "text/xml").documentElement!;
  const text = (name: string) => root.getElementsByTagName(name).item(0)?.textContent ?? undefined;
  return answer.status === 200 ? [200] : [answer.status, text("Code"), text("Message")];
}

/** Names in place of the recorder's placeholders. */
const fill = (text: string): string =>
  text
    .replaceAll("<partition>", "aws")
    .replaceAll("111111111111", account)
    .replace(/^<name>$/, "never-made")
    .replaceAll("policy/<name>", "policy/ReadOnlyAccess")
    .replace(/<(role|policy|user)-name:1>/g, "recorded-$1");

function expected({ response: { status, body } }: Entry): [number, string?, string?] {
  if (status === 200) return [200];
  if (typeof body === "string")
    return [status, ...["Code", "Message"].map((tag) => body.split(new RegExp(`</?${tag}>`))[1])] as [number];
  return [status, body.Error?.Code, fill(body.Error?.Message ?? "")];
}

function fieldsOf({ request: { body } }: Entry): Record<string, string> {
  const fields = typeof body === "string" ? Object.fromEntries(new URLSearchParams(body)) : body;
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, value]) => (name === "(case)" ? [] : [[name, fill(value)]])),
  );
}

describeShared("recorded policy documents", () => {
  test.each(recorded("policy-document-validation").map((entry, index) => [index, entry] as const))(
    "CreatePolicy, document %i",
    async (index, entry) => {
      const answer = await post({
        ...fieldsOf(entry),
        Action: "CreatePolicy",
        PolicyName: `recorded-document-${index}`,
      });
      expect(answer).toEqual(expected(entry));
    },
  );
});

const role = { RoleName: "recorded-role" };
const policy = () => ({ PolicyArn: `arn:aws:iam::${account}:policy/recorded-policy` });
const noPolicy = (name: string) => ({ PolicyArn: `arn:aws:iam::${account}:policy/${name}` });
const awsPolicy = { PolicyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" };
const document = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
});
const trust = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
});
const tags = (...all: [key: string, value: string][]) =>
  Object.fromEntries(
    all.flatMap(([key, value], index) => [
      [`Tags.member.${index + 1}.Key`, key],
      [`Tags.member.${index + 1}.Value`, value],
    ]),
  );
const keys = (...all: string[]) => Object.fromEntries(all.map((key, index) => [`TagKeys.member.${index + 1}`, key]));
const fiftyOne = Array.from({ length: 51 }, (_, index) => `key${index}`);
const newRole = { RoleName: "never-made", AssumeRolePolicyDocument: trust };
const newPolicy = { PolicyName: "never-made", PolicyDocument: document };
const tooMany = tags(...fiftyOne.map((key): [string, string] => [key, "v"]));
const longKey = tags(["k".repeat(129), "v"]);
const longValue = tags(["k", "v".repeat(257)]);
const invalidKey = tags(["Invalid#Key", "v"]);

/** Takes a field away that the recorder's reconstruction has and the case had not. */
const ABSENT = "";

/** Which refusals are replayed, and the parameters that the recorder left out. */
const REFUSALS: [file: string, index: number, more: () => Record<string, string>][] = [
  ...[2, 3, 4, 5, 23, 24, 25, 26, 27].map(
    (index) => ["role", index, () => ({})] as [string, number, () => Record<string, string>],
  ),
  ...[0, 1, 2, 3, 4].map(
    (index) => ["role-trust-policy", index, () => ({})] as [string, number, () => Record<string, string>],
  ),
  ["saml-provider", 2, () => ({})],
  ["saml-provider", 7, () => ({})],
  ["managed-policy", 4, () => ({})],
  ["managed-policy", 15, () => ({ ...noPolicy("TestNonExistingPolicy"), VersionId: "v1" })],
  ["managed-policy", 16, () => ({ ...policy(), VersionId: "v9" })],
  ["managed-policy", 17, () => ({ ...policy(), VersionId: "v1" })],
  ["managed-policy", 19, () => ({ ...noPolicy("TestNonExistingPolicy"), VersionId: "v1" })],
  ["managed-policy", 20, () => ({ ...policy(), VersionId: "one" })],
  ["managed-policy", 21, () => ({ ...policy(), VersionId: "v4" })],
  ["managed-policy", 22, () => ({})],
  ["managed-policy", 23, () => awsPolicy],
  ["managed-policy", 24, () => ({ ...awsPolicy, VersionId: "v1" })],
  ["managed-policy", 25, () => ({ ...awsPolicy, VersionId: "v1" })],
  ["managed-policy", 30, () => ({})],
  ["attach-detach", 2, () => role],
  ["attach-detach", 3, () => role],
  ["attach-detach", 5, () => role],
  ["attach-detach", 9, () => ({ ...role, PolicyArn: "arn:aws:iam::aws:policy/Nonexistent" })],
  ["attach-detach", 13, () => noPolicy("nonexistent")],
  ["attach-detach", 14, policy],
  ["attach-detach", 18, () => ({ PolicyName: "recorded-policy" })],
  ["tags", 7, () => ({ RoleName: "test-nonexistent-role", ...tags(["a", "b"]) })],
  ["tags", 8, () => ({ RoleName: "test-nonexistent-role", ...keys("a") })],
  ["tags", 9, () => ({ RoleName: "test-nonexistent-role" })],
  ["tags", 10, () => ({ ...newRole, ...tooMany })],
  ["tags", 11, () => tooMany],
  ["tags", 12, () => ({ ...newRole, ...tags(["a", "1"], ["a", "2"]) })],
  ["tags", 13, () => ({ ...newRole, ...tags(["a", "1"], ["A", "2"]) })],
  ["tags", 14, () => ({ ...newRole, ...longKey })],
  ["tags", 15, () => ({ ...newRole, ...longValue })],
  ["tags", 16, () => ({ ...newRole, ...invalidKey })],
  ["tags", 18, () => tags(["a", "1"], ["A", "2"])],
  ["tags", 22, () => keys(...fiftyOne)],
  ["tags", 23, () => keys("k".repeat(129))],
  ["tags", 24, () => keys("Invalid#Key")],
  ["tags", 34, () => ({ ...newPolicy, ...tooMany })],
  ["tags", 35, () => ({ ...newPolicy, ...tags(["a", "1"], ["a", "2"]) })],
  ["tags", 36, () => ({ ...newPolicy, ...longKey })],
  ["tags", 40, () => ({ ...policy(), ...tags(["a", "1"], ["a", "2"]) })],
  ["tags", 44, () => ({ ...noPolicy("NotAPolicy"), ...tags(["a", "1"]) })],
  ["tags", 47, () => ({ ...policy(), ...keys("Invalid#Key") })],
  ["tags", 48, () => ({ ...noPolicy("NotAPolicy"), ...keys("a") })],
  ["tags", 52, () => ({ UserName: "nonexistent-user", ...tags(["a", "1"]) })],
  ["user", 5, () => ({ UserName: "recorded-user" })],
  ["user", 6, () => ({ UserName: "nonexistent-user" })],
  ["user", 7, () => ({ UserName: "nonexistent-user" })],
  ["user", 8, () => ({ UserName: "nonexistent-user" })],
  ["access-key", 8, () => ({ UserName: "nonexistent-user" })],
  ["access-key", 9, () => ({ AccessKeyId: "AKIAIOSFODNN7EXAMPLE", Status: "Inactive" })],
  ["access-key", 11, () => ({ AccessKeyId: "AKIAIOSFODNN7EXAMPLE", UserName: ABSENT })],
  ["sts", 3, () => ({ RoleArn: `arn:aws:iam::${account}:role/recorded-role`, RoleSessionName: "Session1:2" })],
  ["sts", 4, () => ({ RoleArn: `arn:aws:iam::${account}:role/recorded-role`, RoleSessionName: "s".repeat(65) })],
  ["sts", 5, () => ({ RoleArn: "nothing-valid-in-here", RoleSessionName: "session" })],
];

describeShared("recorded refusals", () => {
  beforeAll(async () => {
    await post({ Action: "CreateRole", ...role, AssumeRolePolicyDocument: trust });
    await post({ Action: "CreatePolicy", PolicyName: "recorded-policy", PolicyDocument: document });
    await post({ Action: "CreateUser", UserName: "recorded-user" });
  });
  test.each(REFUSALS)("%s.json, entry %i", async (file, index, more) => {
    const entry = recorded(file)[index]!;
    const all = Object.entries({ ...fieldsOf(entry), ...more() });
    const fields = Object.fromEntries(all.filter(([, value]) => value !== ABSENT));
    expect(await post(fields, file === "sts" ? "sts" : "iam")).toEqual(expected(entry));
  });
});

interface Shape {
  type: string;
  required?: string[];
  members?: Record<string, { shape: string }>;
  member?: { shape: string };
}
interface Model {
  operations: Record<string, { output?: { shape: string; resultWrapper: string } }>;
  shapes: Record<string, Shape>;
}

const childrenOf = (element: Element): Element[] =>
  [...element.childNodes].filter((node) => node.nodeType === 1) as Element[];

/** What in an element the model does not know or misses, as paths. */
function departures(model: Model, shapeName: string, element: Element, path: string): string[] {
  const shape = model.shapes[shapeName]!;
  const children = childrenOf(element);
  if (shape.type === "list")
    return children.flatMap((child) =>
      child.localName === "member"
        ? departures(model, shape.member!.shape, child, `${path}[]`)
        : [`${path}: ${child.localName} instead of member`],
    );
  if (shape.type !== "structure") return children.length > 0 ? [`${path}: not a ${shape.type}`] : [];
  const missing = (shape.required ?? []).filter((name) => !children.some((child) => child.localName === name));
  return [
    ...missing.map((name) => `${path}.${name} is missing`),
    ...children.flatMap((child) => {
      const member = shape.members?.[child.localName ?? ""];
      const below = `${path}.${child.localName}`;
      return member ? departures(model, member.shape, child, below) : [`${below} is unknown`];
    }),
  ];
}

describeShared("service model", () => {
  test("answers have the elements of their output shapes, and all required ones", async () => {
    const model = load<Model>("contracts/iam-service-2.json");
    const exchanges: Exchange[] = [];
    const stop = sandbox.onExchange((exchange) => exchanges.push(exchange));
    await walk(
      new iam.IAMClient({ endpoint: `${sandbox.url}/iam`, region: "us-east-1", credentials: ADMIN, maxAttempts: 1 }),
    );
    stop();
    const problems = exchanges.flatMap(({ operation, response }) => {
      const output = model.operations[operation]?.output;
      const root = new DOMParser().parseFromString(response.body!, "text/xml").documentElement!;
      const result = childrenOf(root).find(({ localName }) => localName !== "ResponseMetadata");
      if (!output) return result ? [`${operation} answers ${result.localName}`] : [];
      if (result?.localName !== output.resultWrapper) return [`${operation} lacks ${output.resultWrapper}`];
      return departures(model, output.shape, result, operation);
    });
    expect(problems).toEqual([]);
    expect(new Set(exchanges.map(({ operation }) => operation)).size).toBeGreaterThanOrEqual(25);
    expect(exchanges.filter(({ response }) => response.status !== 200)).toEqual([]);
  });
});

/** Every kind of answer once, with as many optional elements as there are. */
async function walk(client: iam.IAMClient): Promise<void> {
  const Tags = [{ Key: "owner", Value: "test" }];
  const PolicyDocument = document;
  const { Policy } = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: "walk", PolicyDocument, Tags, Description: "d" }),
  );
  const PolicyArn = Policy!.Arn!;
  const RoleName = "walk";
  const UserName = "walk";
  const created = await client.send(
    new iam.CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust, Tags, PermissionsBoundary: PolicyArn }),
  );
  await client.send(new iam.CreatePolicyVersionCommand({ PolicyArn, PolicyDocument }));
  await client.send(new iam.AttachRolePolicyCommand({ RoleName, PolicyArn }));
  await client.send(new iam.CreateUserCommand({ UserName, Tags }));
  await client.send(new iam.AttachUserPolicyCommand({ UserName, PolicyArn }));
  const { AccessKey } = await client.send(new iam.CreateAccessKeyCommand({ UserName }));
  const SAMLMetadataDocument = metadataDocument("https://sts.windows.net/walk/");
  const { SAMLProviderArn } = await client.send(
    new iam.CreateSAMLProviderCommand({ Name: "walk", SAMLMetadataDocument, Tags }),
  );
  await client.send(new iam.GetPolicyCommand({ PolicyArn }));
  await client.send(new iam.GetPolicyVersionCommand({ PolicyArn, VersionId: "v2" }));
  await client.send(new iam.ListPolicyVersionsCommand({ PolicyArn, MaxItems: 1 }));
  await client.send(new iam.ListPoliciesCommand({ Scope: "Local" }));
  await client.send(new iam.ListPolicyTagsCommand({ PolicyArn }));
  await client.send(new iam.ListEntitiesForPolicyCommand({ PolicyArn }));
  await client.send(new iam.GetRoleCommand({ RoleName }));
  await client.send(new iam.ListRolesCommand({ MaxItems: 1 }));
  await client.send(new iam.UpdateRoleCommand({ RoleName, Description: "changed" }));
  await client.send(new iam.ListRoleTagsCommand({ RoleName }));
  await client.send(new iam.ListAttachedRolePoliciesCommand({ RoleName }));
  await client.send(new iam.ListRolePoliciesCommand({ RoleName }));
  await client.send(new iam.ListInstanceProfilesForRoleCommand({ RoleName }));
  await client.send(new iam.GetUserCommand({ UserName }));
  await client.send(new iam.ListUserTagsCommand({ UserName }));
  await client.send(new iam.ListAttachedUserPoliciesCommand({ UserName }));
  await client.send(new iam.ListAccessKeysCommand({ UserName }));
  await client.send(new iam.GetAccessKeyLastUsedCommand({ AccessKeyId: AccessKey!.AccessKeyId! }));
  await client.send(new iam.GetSAMLProviderCommand({ SAMLProviderArn: SAMLProviderArn! }));
  await client.send(new iam.ListSAMLProvidersCommand({}));
  await client.send(new iam.ListSAMLProviderTagsCommand({ SAMLProviderArn: SAMLProviderArn! }));
  await client.send(
    new iam.SimulatePrincipalPolicyCommand({ PolicySourceArn: created.Role!.Arn!, ActionNames: ["s3:GetObject"] }),
  );
  await client.send(new iam.ListAccountAliasesCommand({}));
  client.destroy();
}
