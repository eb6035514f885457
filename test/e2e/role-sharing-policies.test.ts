/** aws.roleSharing: Instance beside what else can be declared: drift policies, take-overs, provisioning by Entra, people from the directory. */
import {
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  GetRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { expect, test } from "@jest/globals";
import type { ConnectUser } from "../../src/api/resources.ts";
import { type Manifests, parseManifests } from "../../src/manifests/read.ts";
import { metadataDocument } from "../sandbox/iam-support.ts";
import {
  ACCOUNT,
  begin,
  deletePersona,
  h,
  iam,
  looked,
  personaOf,
  quiet,
  roleOf,
  SHARED,
  settled,
  sharing,
  trusted,
  userOf,
  warnings,
  where,
} from "./role-sharing.ts";
import { persona, status, user, world } from "./support.ts";

const STRANGER = { Effect: "Allow", Principal: { AWS: `${ACCOUNT}:root` }, Action: "sts:AssumeRole" };
const trustOf = async (RoleName = SHARED) => {
  const { Role } = await iam().send(new GetRoleCommand({ RoleName }));
  return JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!)) as { Statement: object[] };
};
/** Somebody lets the account's root assume the role. */
async function letStrangerIn(): Promise<void> {
  const trust = await trustOf();
  const PolicyDocument = JSON.stringify({ ...trust, Statement: [...trust.Statement, STRANGER] });
  await iam().send(new UpdateAssumeRolePolicyCommand({ RoleName: SHARED, PolicyDocument }));
}
const strangerIsIn = async () => JSON.stringify(await trustOf()).includes(`${ACCOUNT}:root`);
const isDrifted = (name: string) => status(personaOf(name), "Drifted")?.status === "True";

test("driftPolicy Report: what somebody adds to the trust is shown by each persona, stays, and outlasts a persona that leaves", async () => {
  await begin();
  const reports = { driftPolicy: "Report", deletionPolicy: "Delete" };
  h.apply(...["agents", "managers", "admins"].map((name) => sharing(name, reports)));
  await h.ready();
  await quiet();
  await letStrangerIn();
  await settled("all show it", () => ["agents", "managers", "admins"].every(isDrifted));
  await quiet();
  expect(await strangerIsIn()).toBe(true);
  const { drift } = personaOf("agents").status!;
  expect(drift).toEqual([
    expect.objectContaining({ component: "role", path: "shared.trust", concern: "trust", desired: "(none)" }),
  ]);
  expect(drift![0]!.observed).toContain(`${ACCOUNT}:root`);
  expect(JSON.stringify(personaOf("agents").status)).not.toMatch(/\d\.\d{3}Z/);
  deletePersona("admins");
  await settled("admins is gone", () => personaOf("admins") === undefined);
  await quiet();
  expect([await trusted(), await strangerIsIn()]).toEqual([["agents", "managers"], true]);
  h.apply(sharing("agents"));
  await settled("one persona that corrects is enough", async () => !(await strangerIsIn()));
  await settled("no one shows it any more", () => !["agents", "managers"].some(isDrifted));
  expect(await trusted()).toEqual(["agents", "managers"]);
  expect(warnings().length).toBeGreaterThan(0);
});

test("a principal of somebody else in the trust is told once and taken out, whoever of the personas looks first", async () => {
  await begin();
  h.apply(sharing("agents"), sharing("managers"));
  await h.ready();
  await quiet();
  const from = h.controller.store.events.length;
  await letStrangerIn();
  await settled("it is taken out", async () => !(await strangerIsIn()));
  await quiet();
  expect(await trusted()).toEqual(["agents", "managers"]);
  const told = h.controller.store.events.slice(from).filter(({ event }) => event.note.includes(`${ACCOUNT}:root`));
  expect(told.map(({ event }) => [event.type, event.reason])).toContainEqual(["Warning", "SecurityDriftCorrected"]);
  expect(told.every(({ count }) => count === 1)).toBe(true);
});

test("a role that lets somebody else in is not taken over as the shared one, and stays as it is", async () => {
  await begin();
  const roleName = "by-hand";
  await iam().send(
    new CreateRoleCommand({
      RoleName: roleName,
      Path: "/connect-sso/",
      AssumeRolePolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [STRANGER] }),
    }),
  );
  const before = await trustOf(roleName);
  const adopts = { aws: { roleName }, adoptionPolicy: "IfUnowned" };
  h.apply(sharing("agents", adopts), sharing("managers", adopts));
  for (const name of ["agents", "managers"]) {
    await h.reason("ConnectSsoPersona", name, "Stalled", "AdoptionRefused");
    expect(status(personaOf(name), "Stalled")?.message).toContain(`${ACCOUNT}:root`);
  }
  await quietTrust(roleName, before);
});

/** Neither trust nor tags of a role that is refused change. */
async function quietTrust(roleName: string, before: object): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(await trustOf(roleName)).toEqual(before);
  expect((await roleOf(roleName))!.tags).toEqual({});
}

test("a provider that belongs to another owner is not trusted under a persona's name, and stops no one from leaving", async () => {
  await begin();
  await iam().send(
    new CreateSAMLProviderCommand({
      Name: "connect-sso-team-managers",
      SAMLMetadataDocument: metadataDocument("https://sts.windows.net/7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071/"),
      Tags: [{ Key: "connectsso.dev/owner", Value: "other-cluster/team/managers" }],
    }),
  );
  h.apply(sharing("agents", { deletionPolicy: "Delete" }), sharing("managers"));
  await h.reason("ConnectSsoPersona", "managers", "Stalled", "ForeignOwner");
  await settled("agents is Ready", () => status(personaOf("agents"), "Ready")?.status === "True");
  await quietOf("agents");
  expect(await trusted()).toEqual(["agents"]);
  deletePersona("agents");
  await settled("agents is gone", () => personaOf("agents") === undefined);
});
async function quietOf(name: string): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(status(personaOf(name), "Ready")?.status).toBe("True");
}

test("Provisioning is refused: Entra imports no role that trusts two providers", () => {
  expect(() => sharingWith({ roleDelivery: { mode: "Provisioning" } })).toThrow(
    /Entra imports only roles that trust exactly one SAML provider; use Direct/,
  );
});
function sharingWith(spec: Record<string, unknown>): void {
  const all: Manifests = { objects: [], problems: [], sources: new Map() };
  parseManifests(JSON.stringify(sharing("agents", spec)), "test", "team", all);
  if (all.problems.length > 0) throw new Error(JSON.stringify(all.problems));
}

test("from Provisioning to a role that is shared: people keep the imported role until they are recreated", async () => {
  await begin(world({ behaviour: { timeScale: 1200 } }));
  const own = "connect-sso-team-agents";
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }), user("jane", "agents"));
  await h.ready();
  const { connectUserId } = userOf("jane").status!;
  h.apply(sharing("agents"), sharing("managers"));
  await settled("the shared role is delivered", () => personaOf("agents").status?.formerRoles?.[0]?.name === own);
  await h.ready();
  await settled("both are trusted", async () => (await trusted())?.join() === "agents,managers");
  expect(userOf("jane").status).toMatchObject({ connectUserId, roleName: own });
  expect(await where("jane")).toEqual([`Connect agents ${own}`]);
  expect(await trusted(own)).toEqual(["agents"]);
  h.apply(user("omar", "agents"));
  await looked("omar");
  expect(await where("omar")).toEqual([`Connect agents ${SHARED}`]);
  expect(warnings()).toEqual([]);
});

test("a ConnectUserSet moves a person between personas that share: the Connect user stays", async () => {
  const [id, group] = ["11111111-0000-4000-8000-000000000001", "22222222-0000-4000-8000-000000000001"];
  await begin(
    world({
      users: [{ id, userPrincipalName: "ada@example.com", givenName: "Ada", surname: "Doe" }],
      groups: [
        { displayName: "CC Agents", members: ["ada@example.com"] },
        { id: group, displayName: "CC Managers" },
      ],
    }),
  );
  const rules = [
    { name: "managers", group: { displayName: "CC Managers" }, set: { persona: "managers" } },
    { name: "everybody", set: { persona: "agents" } },
  ];
  h.apply(sharing("agents"), sharing("managers"), {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUserSet",
    metadata: { name: "cc", namespace: "team" },
    spec: { source: { groups: [{ displayName: "CC Agents" }] }, rules },
  });
  const name = `cc-${id}`;
  const isIn = (persona: string) => (one: ConnectUser | undefined) =>
    one?.spec.personaRef.name === persona &&
    one.status?.observedGeneration === one.metadata.generation &&
    status(one, "Ready")?.status === "True";
  await settled("ada is an agent", () => isIn("agents")(userOf(name)));
  const { connectUserId } = userOf(name).status!;
  const response = await fetch(`${h.sandbox.url}/graph/v1.0/groups/${group}/members/$ref`, {
    method: "POST",
    headers: { authorization: "Bearer test", "content-type": "application/json" },
    body: JSON.stringify({ "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${id}` }),
  });
  expect(response.status).toBe(204);
  await settled("ada is a manager", () => isIn("managers")(userOf(name)));
  await settled("in Entra as well", async () => (await where(name)).join() === `Connect managers ${SHARED}`);
  expect(userOf(name).status).toMatchObject({ connectUserId, roleName: SHARED });
});

test("a persona of the blog's way beside them keeps a role of its own", async () => {
  await begin();
  h.apply(sharing("agents"), persona("managers"));
  await h.ready();
  await quiet();
  expect([await trusted(), await trusted("connect-sso-team-managers")]).toEqual([["agents"], ["managers"]]);
});
