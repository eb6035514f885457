/**
 * What a company made itself is neither taken over, nor weakened, nor deleted, with `adoptionPolicy: IfUnowned`: X4, X5, X16. Each with all
 * rights in AWS, and with those of the recommended policy, which covers what the company has below the controller's path as well.
 */
import {
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  GetUserPolicyCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  PutUserPermissionsBoundaryCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { afterEach, describe, expect, test } from "@jest/globals";
import type { Sandbox } from "../../src/sandbox/server.ts";
import { type Harness, PATIENCE_MS, persona, start, status, world } from "../e2e/support.ts";
import { ACCOUNT, BOUNDARY, adminIam as iam, startEnforced } from "../policy/support.ts";
import { COMPANY_BOUNDARY, company, ELSEWHERE, type Place, policy, seen, WITHIN } from "./company.ts";
import { field, find, settings } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const POLL_MS = 5_000;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const settingsFile = settings(`accounts:\n  - {id: "${ACCOUNT}", permissionsBoundaryArn: "${BOUNDARY}"}\n`);
/** With all rights in AWS, or with those of the recommended policy and the boundary that --config asks for. */
async function begin(recommended: boolean, place = ELSEWHERE): Promise<void> {
  const prepare = async ({ env }: Sandbox) => {
    Object.assign(process.env, env);
    await company(place);
    return {};
  };
  const options = { pollIntervalMs: POLL_MS, prepare };
  // A second is twenty minutes in the clouds: Entra imports a role in forty.
  const input = world({ behaviour: { timeScale: 1200 } });
  h = recommended
    ? (await startEnforced(input, true, { ...options, settingsFile })).harness
    : await start(input, options);
}
const conditionOf = (type: string) => status(find(h, "ConnectSsoPersona", "agents"), type);

test.each<[string, boolean, Place]>([
  ["with all rights", false, ELSEWHERE],
  ["with the recommended policy, outside its path", true, ELSEWHERE],
  ["with the recommended policy, within its path", true, WITHIN],
])("X4: IfUnowned does not take what others stand on: %s", async (_, recommended, place) => {
  const { path, provider: samlProviderName } = place;
  const provisioning = { mode: "Provisioning", provisioning: { iamUserName: "ci-deployer" } };
  const attempts: [what: string, aws: object, roleDelivery?: object][] = [
    [
      "everything at once",
      { roleName: "CompanyAdmin", samlProviderName, federationPolicyName: "CompanyDeveloperAccess" },
      provisioning,
    ],
    ["a provider that other roles trust", { samlProviderName }],
    ["a role with a boundary and an inline policy", { roleName: "CompanyAdmin" }],
    ["a role that trusts another provider", { roleName: "Finance" }],
    ["a role that has more rights", { roleName: "Legacy" }],
    ["a policy that is attached elsewhere", { federationPolicyName: "CompanyDeveloperAccess" }],
    ["a user with other policies and keys", {}, provisioning],
  ];
  await begin(recommended, place);
  const before = await seen(place);
  const evil = () => find(h, "ConnectSsoPersona", "evil");
  // Outside its path the recommended policy lets the controller read none of it.
  for (const [what, aws, roleDelivery] of recommended && place === ELSEWHERE ? attempts.slice(0, 1) : attempts) {
    h.apply(
      persona("evil", {
        application: { displayName: "evil", groups: [{ displayName: "Agents" }] },
        adoptionPolicy: "IfUnowned",
        deletionPolicy: "Delete",
        aws: { path, ...aws },
        ...(roleDelivery ? { roleDelivery } : {}),
      }),
    );
    const isRefused = () => status(evil(), "Stalled")?.status === "True";
    const said = (error: Error) => {
      throw new Error(`${what}: ${error.message}: ${JSON.stringify(evil()?.status?.conditions)}`);
    };
    await h.controller.until(isRefused, 300_000, "it is refused").catch(said);
    await pause(2 * POLL_MS);
    expect([what, isRefused(), await seen(place)]).toEqual([what, true, before]);
    // Nor at the end.
    h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "evil" });
    await h.controller.until(() => evil() === undefined, PATIENCE_MS, "it is deleted").catch(said);
    expect([what, await seen(place)]).toEqual([what, before]);
  }
});

describe.each([
  ["with all rights", false],
  ["with the recommended policy", true],
])("%s", (_, recommended) => {
  const provisioned = { roleDelivery: { mode: "Provisioning" } };
  const nameOf = () => field(h, "ConnectSsoPersona", "agents", "roleArn").split("/").at(-1)!;

  test("X5: an inline policy that somebody puts on our role or user is drift of permissions", async () => {
    await begin(recommended);
    h.apply(persona("agents", provisioned));
    await h.ready();
    // The user's name is the role's.
    const [RoleName, UserName, PolicyName, PolicyDocument] = [nameOf(), nameOf(), "backdoor", policy("*")];
    await iam().send(new PutRolePolicyCommand({ RoleName, PolicyName, PolicyDocument }));
    await iam().send(new PutUserPolicyCommand({ UserName, PolicyName, PolicyDocument }));
    const drifted = new Set<string>();
    const drifts = () => {
      for (const { component, concern } of driftOf()) drifted.add(`${component} ${concern}`);
      return drifted.size >= 2;
    };
    await h.controller.until(drifts, 300_000, "the drift shows");
    await pause(4 * POLL_MS);
    await expect(iam().send(new GetRolePolicyCommand({ RoleName, PolicyName }))).rejects.toThrow("cannot be found");
    await expect(iam().send(new GetUserPolicyCommand({ UserName, PolicyName }))).rejects.toThrow("cannot be found");
    expect([...drifted].sort()).toEqual(["provisioning-user permissions", "role permissions"]);
  });

  test("X16: a boundary that somebody puts on our role or user is reported and left", async () => {
    await begin(recommended);
    h.apply(persona("agents", provisioned));
    await h.ready();
    const [RoleName, UserName, PermissionsBoundary] = [nameOf(), nameOf(), COMPANY_BOUNDARY];
    await iam().send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    await iam().send(new PutUserPermissionsBoundaryCommand({ UserName, PermissionsBoundary }));
    await pause(6 * POLL_MS);
    const { Role } = await iam().send(new GetRoleCommand({ RoleName }));
    const { User } = await iam().send(new GetUserCommand({ UserName }));
    for (const one of [Role, User]) expect(one!.PermissionsBoundary?.PermissionsBoundaryArn).toBe(COMPANY_BOUNDARY);
    expect(JSON.stringify(conditionOf("RoleReady"))).toContain("CompanyBoundary");
    // With a boundary that is asked for, another one is a problem: it holds something else.
    if (recommended) expect(conditionOf("RoleReady")).toMatchObject({ status: "False", reason: "ForeignBoundary" });
  });
});

const driftOf = () =>
  (find(h, "ConnectSsoPersona", "agents")!.status as { drift?: { component: string; concern: string }[] }).drift ?? [];
