/** Somebody covers their tracks: what is changed after the owner tag was taken away is still told, and not touched. */
import {
  CreateSAMLProviderCommand,
  DeleteSAMLProviderCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  IAMClient,
  TagSAMLProviderCommand,
  UntagRoleCommand,
  UntagSAMLProviderCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import { ANNOTATIONS, type ConnectSsoPersona } from "../../src/api/resources.ts";
import { desiredClaims } from "../../src/domain/claims/policy.ts";
import { type Harness, PATIENCE_MS, persona, start, status } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const OWNER_TAG = "connectsso.dev/owner";
const iam = () => new IAMClient({});
const get = (name: string) => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", name)!;
const concerns = () => (get("agents").status!.drift ?? []).map(({ concern }) => concern);
const until = (test: () => boolean, what: string) => h.controller.until(test, PATIENCE_MS, what);
const warned = (reason: string) =>
  h.controller.store.events.filter(({ event }) => event.type === "Warning" && event.reason === reason);
async function graph(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
  const response = await fetch(`${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
    method,
    headers: { authorization: "Bearer somebody", "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(await response.text());
  return response.status === 204 ? {} : ((await response.json()) as Record<string, unknown>);
}
/** The metadata of another persona in the place of this one's. */
async function swapMetadata(): Promise<void> {
  const [SAMLProviderArn, other] = ["agents", "administrators"].map((name) => get(name).status!.samlProviderArn!);
  const { SAMLMetadataDocument } = await iam().send(new GetSAMLProviderCommand({ SAMLProviderArn: other }));
  await iam().send(new UpdateSAMLProviderCommand({ SAMLProviderArn, SAMLMetadataDocument }));
}
async function twoPersonas(): Promise<{ SAMLProviderArn: string }> {
  h = await start();
  h.apply(persona("agents"), persona("administrators"));
  await h.ready();
  return { SAMLProviderArn: get("agents").status!.samlProviderArn! };
}

test("a SAML provider that loses its owner tag and then its metadata", async () => {
  const provider = await twoPersonas();
  const before = h.writes().length;
  await iam().send(new UntagSAMLProviderCommand({ ...provider, TagKeys: [OWNER_TAG] }));
  await h.reason("ConnectSsoPersona", "agents", "Stalled", "NotOwned");
  expect(status(get("agents"), "Stalled")!.message).toMatch(/was this persona's and lost its owner tag.*tag it/);
  expect(concerns()).toEqual(["settings"]);
  await swapMetadata();
  await until(() => concerns().includes("trust"), "drift of the trust");
  expect(status(get("agents"), "Drifted")).toMatchObject({ status: "True", reason: "DriftFound" });
  expect(warned("SecurityDriftFound").map(({ event }) => event.note.match(/[0-9A-F]{64}/g)!.length)).toEqual([2]);
  // A new process knows it from the status.
  await h.restart("kept");
  await until(() => h.calls.filter(({ operation }) => operation === "GetSAMLProvider").length > 20, "further looks");
  expect(concerns()).toEqual(["settings", "trust"]);
  expect(h.writes().slice(before)).toEqual([]);
  const Tags = [{ Key: OWNER_TAG, Value: "test/team/agents" }];
  await iam().send(new TagSAMLProviderCommand({ ...provider, Tags }));
  await h.ready("set back once it is ours again");
  await until(() => get("agents").status!.drift!.length === 0, "no drift any more");
  const good = await iam().send(new GetSAMLProviderCommand(provider));
  expect(good.SAMLMetadataDocument!.match(/X509Certificate>/g)).toHaveLength(2);
  expect(warned("SecurityDriftCorrected")).toHaveLength(1);
});

test("a provider made anew by somebody else, and an application whose tag went first", async () => {
  const provider = await twoPersonas();
  const { applicationId } = get("agents").status!;
  const { tags } = (await graph("GET", `/applications/${applicationId}`)) as { tags: string[] };
  await graph("PATCH", `/applications/${applicationId}`, { tags: tags.filter((tag) => !tag.includes(OWNER_TAG)) });
  await h.reason("ConnectSsoPersona", "agents", "ApplicationReady", "NotOwned");
  const other = get("administrators").status!.samlProviderArn!;
  const { SAMLMetadataDocument } = await iam().send(new GetSAMLProviderCommand({ SAMLProviderArn: other }));
  await iam().send(new DeleteSAMLProviderCommand(provider));
  const Name = provider.SAMLProviderArn.split("/").at(-1)!;
  await iam().send(new CreateSAMLProviderCommand({ Name, SAMLMetadataDocument }));
  await until(() => concerns().includes("trust"), "drift of the trust");
  expect(warned("SecurityDriftFound")).toHaveLength(1);
});

test("a role that loses its owner tag and then its trust", async () => {
  await twoPersonas();
  const RoleName = "connect-sso-team-agents";
  await iam().send(new UntagRoleCommand({ RoleName, TagKeys: [OWNER_TAG] }));
  await h.reason("ConnectSsoPersona", "agents", "RoleReady", "NotOwned");
  const { Role } = await iam().send(new GetRoleCommand({ RoleName }));
  const trust = JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!));
  const Principal = { AWS: "arn:aws:iam::111122223333:root" };
  trust.Statement.push({ Effect: "Allow", Principal, Action: "sts:AssumeRole" });
  await iam().send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(trust) }));
  await until(() => concerns().includes("trust"), "drift of the trust");
  expect(warned("SecurityDriftFound")).toHaveLength(1);
});

const claims = (from: "mail" | "userPrincipalName", sessionSeconds: number) =>
  desiredClaims({ from, transform: "None" }, { sessionSeconds, maxSessionSeconds: 43_200 });

test("a claims mapping policy that says as whom people sign in is taken off, and one that agrees stays", async () => {
  h = await start();
  h.apply(persona("agents"));
  await h.ready();
  const path = `/servicePrincipals/${get("agents").status!.servicePrincipalId}/claimsMappingPolicies`;
  const attach = async (displayName: string, definition: string) => {
    const made = await graph("POST", "/policies/claimsMappingPolicies", { displayName, definition: [definition] });
    const reference = `${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0/policies/claimsMappingPolicies/${made.id}`;
    await graph("POST", `${path}/$ref`, { "@odata.id": reference });
    return made.id as string;
  };
  const attached = async () => ((await graph("GET", path)) as { value: { id: string }[] }).value.map(({ id }) => id);
  const foreign = await attach("theirs", claims("mail", 3600));
  await until(() => warned("SecurityDriftCorrected").length > 0, "a security event");
  expect(warned("SecurityDriftCorrected")[0]!.event.note).toMatch(
    /foreignPolicy is theirs .*declared \(none\); corrected/,
  );
  await h.ready();
  expect(await attached()).toEqual([]);
  // Nobody's to delete: other applications may use it.
  expect(await graph("GET", `/policies/claimsMappingPolicies/${foreign}`)).toMatchObject({ displayName: "theirs" });
  const harmless = await attach("more claims", claims("userPrincipalName", 900));
  const ref = { kind: "ConnectSsoPersona", namespace: "team", name: "agents" };
  h.controller.store.annotate(ref, { [ANNOTATIONS.reconcile]: "1" });
  await until(() => get("agents").status!.handledRequests?.reconcile === "1", "a look");
  expect(await attached()).toEqual([harmless]);
  expect(status(get("agents"), "Ready")!.status).toBe("True");
});
