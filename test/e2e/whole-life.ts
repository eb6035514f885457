/**
 * The whole life of personas and their users in one piece: set-up in both modes and take-over of one made by hand, drift, rotation,
 * deletion, and apply again within 30 days. It must go the same way whatever the real services do where they are not documented.
 */
import {
  DisassociateUserProficienciesCommand,
  ListSecurityProfilesCommand,
  TagResourceCommand,
  UpdateUserConfigCommand,
  UpdateUserPhoneConfigCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import { DetachRolePolicyCommand, GetRoleCommand, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { ANNOTATIONS, PERSONA, USER } from "../../src/api/resources.ts";
import { graphPermissions } from "../../src/domain/permissions/entra.ts";
import type { Open } from "../../src/sandbox/open.ts";
import type { Sandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { type HandMadePersona, personaByHand, sharedPoliciesByHand, until, whereOf } from "../support/by-hand.ts";
import { type Json, Judge, leftovers } from "./life-judge.ts";
import {
  type Harness,
  INSTANCE,
  PATIENCE_MS,
  persona,
  type StartOptions,
  start,
  status,
  user,
  world,
} from "./support.ts";

const ENDPOINT = "https://signin.aws.amazon.com/saml";
const POLL_MS = 30_000;
const LOOK_MS = 5_000;
const HOUR_MS = 3_600_000;
/** Of real time: a loaded machine takes longer, and a life that hangs says so itself. */
export const LIFE_MS = 600_000;
/** Entra keeps what was deleted for 30 days. */
const LATER_MS = 20 * 24 * HOUR_MS;

const BY_HAND: HandMadePersona = {
  displayName: "Amazon Connect by hand",
  identifier: `${ENDPOINT}#7`,
  destination: "/connect/ccp",
  provider: "AzureAD_Connect",
  role: "AzureAD_Role",
  iamUser: "azure_cli_user",
  securityProfile: "Agent",
  users: ["alice@example.com"],
};

/** Writes that must not count twice when their answers are lost: what a second one is answered is open. */
const LOST = [
  "POST */appRoleAssignedTo",
  "POST */claimsMappingPolicies/$ref",
  "DELETE */claimsMappingPolicies/*/$ref",
  "POST */synchronization/jobs",
];

/** The tenant forbids certificates of more than two years, where its policy binds those that Entra makes; searches need two pages of 100. */
export function lifeWorld(open: Partial<Open> = {}): WorldInput {
  const base = world();
  const days = 730;
  return {
    ...base,
    tenant: {
      verifiedDomains: ["example.com"],
      appManagement: { asymmetricKeyLifetimeDays: days, passwordLifetimeDays: days },
    },
    groups: [{ displayName: "Agents", members: ["disabled@example.com"] }],
    instances: [{ ...base.instances![0]!, predefinedAttributes: ["Language"] }],
    generate: { users: 101, connectUsers: 101 },
    behaviour: {
      ...base.behaviour,
      timeScale: 4,
      roleImportInterval: "2m",
      consistencyDelay: "1s",
      graphPermissions: graphPermissions({ groups: true, claims: true }).map(({ name }) => name),
      open,
    },
  };
}

const shared = {
  connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile", allowAdoption: true },
  deletionPolicy: "Delete",
};
const application = (displayName: string, more: object = {}) => ({
  displayName,
  signingCertificate: { lifetime: "8760h" },
  ...more,
});
const PERSONAS = {
  agents: {
    ...shared,
    application: application("Connect agents", { roleSessionName: { from: "mail", transform: "None" } }),
  },
  supervisors: {
    ...shared,
    application: application("Connect supervisors", { groups: [{ displayName: "Agents" }] }),
    roleDelivery: { mode: "Provisioning" },
  },
  taken: {
    ...shared,
    application: application(BY_HAND.displayName, { identifier: BY_HAND.identifier }),
    aws: {
      path: "/",
      federationPolicyName: "azure_federation_policy",
      samlProviderName: BY_HAND.provider,
      roleName: BY_HAND.role,
      maxSessionDuration: "1h",
    },
    roleDelivery: {
      mode: "Provisioning",
      provisioning: { iamUserName: BY_HAND.iamUser, policyName: "azure_cli_policy" },
    },
    adoptionPolicy: "IfUnowned",
  },
} as const;
const USERS: Record<string, { of: keyof typeof PERSONAS; spec: object }> = {
  jane: {
    of: "agents",
    spec: {
      contactHandling: {
        voice: { afterContactWorkSeconds: 30, autoAccept: true },
        chat: { afterContactWorkSeconds: 10 },
      },
      proficiencies: [{ attribute: "Language", value: "English", level: 3 }],
      hierarchyGroup: ["Dublin"],
      tags: { team: "blue" },
    },
  },
  omar: { of: "supervisors", spec: {} },
  alice: { of: "taken", spec: { adoptionPolicy: "IfUnowned" } },
};

/** `prepare` as in StartOptions, before the set-up by hand. */
export async function live(input: WorldInput, { prepare }: Pick<StartOptions, "prepare"> = {}): Promise<void> {
  const h = await start(input, {
    pollIntervalMs: POLL_MS,
    async prepare(sandbox) {
      await makeByHand(sandbox);
      return (await prepare?.(sandbox)) ?? {};
    },
  });
  try {
    await new Life(h).all();
  } finally {
    await h.stop();
  }
}

async function makeByHand(sandbox: Sandbox): Promise<void> {
  const where = whereOf(sandbox, INSTANCE);
  const { behaviour } = sandbox.world;
  const held = behaviour.graphPermissions;
  behaviour.graphPermissions = undefined;
  await sharedPoliciesByHand(where);
  const certificateEnds = new Date(sandbox.clock.now().getTime() + 365 * 24 * HOUR_MS);
  await personaByHand(sandbox, where, { ...BY_HAND, certificateEnds });
  behaviour.graphPermissions = held;
  for (const match of LOST) sandbox.faults.add({ match: `graph:${match}`, kind: "lostAnswer", count: 1 });
}

class Life {
  readonly #h: Harness;
  readonly #judge: Judge;

  constructor(h: Harness) {
    this.#h = h;
    this.#judge = new Judge(h.sandbox, {
      agents: { name: "agents", claims: true, groups: [], user: "jane", policies: 1 },
      supervisors: { name: "supervisors", claims: false, groups: ["Agents"], user: "omar", policies: 2 },
      taken: {
        name: "taken",
        role: BY_HAND.role,
        provider: BY_HAND.provider,
        iamUser: BY_HAND.iamUser,
        claims: false,
        groups: [],
        user: "alice",
        policies: 2,
      },
    });
  }

  async all(): Promise<void> {
    this.#declare();
    await this.#settled("set-up and take-over");
    await this.#still("set-up and take-over");
    const before = await this.#judge.applications();
    await this.#drift();
    await this.#settled("drift of settings");
    await this.#disabledPerson();
    await this.#roleImportOfAChangedRole();
    await this.#settled("a role that did not qualify for a while");
    await this.#deletedInEntra();
    await this.#settled("an application and a service principal deleted in Entra");
    await this.#rotate();
    await this.#settled("rotation");
    await this.#still("rotation");
    await this.#recreate();
    await this.#settled("a user created again");
    await this.#remove();
    this.#h.sandbox.clock.advance(LATER_MS);
    this.#declare();
    await this.#settled("apply again");
    await this.#still("apply again");
    const after = await this.#judge.applications();
    if (JSON.stringify(after) !== JSON.stringify(before))
      throw new Error(`other applications than before: ${JSON.stringify({ before, after })}`);
  }

  #declare(suspended?: string): void {
    for (const [name, spec] of Object.entries(PERSONAS))
      this.#h.apply(persona(name, { ...spec, suspend: name === suspended }));
    for (const [name, { of, spec }] of Object.entries(USERS))
      this.#h.apply(user(name, of, { deletionPolicy: "Delete", ...spec }));
  }

  #ask(kind: string, name: string, annotation: string): void {
    this.#h.controller.store.annotate({ kind, namespace: "team", name }, { [annotation]: "1" });
  }

  /** All is as declared, and everything says so. */
  async #settled(when: string): Promise<void> {
    let complaints: string[] = [];
    await this.#until(async () => {
      complaints = this.#notReady();
      if (complaints.length === 0) complaints = await this.#judge.complaints();
      return complaints.length === 0;
    }).catch(() => {
      throw new Error(`${when}: not as declared after ${PATIENCE_MS / 60_000} minutes:\n${complaints.join("\n")}`);
    });
  }

  /** Two polls in which nothing is written. */
  async #still(when: string): Promise<void> {
    let written: string[] = [];
    for (let tries = 0; tries < 5; tries++) {
      const from = this.#h.writes().length;
      await pause(2 * POLL_MS);
      written = this.#h
        .writes()
        .slice(from)
        .map(({ api, operation, target }) => `${api} ${operation} ${target ?? ""}`);
      if (written.length === 0) return;
    }
    throw new Error(`${when}: a pass over what is as declared still writes:\n${written.join("\n")}`);
  }

  #notReady(): string[] {
    return this.#h.controller.resources().flatMap((one) => {
      const ready = status(one, "Ready");
      const current = one.status?.observedGeneration === one.metadata.generation;
      return ready?.status === "True" && current
        ? []
        : [`${one.kind} ${one.metadata.name}: ${ready?.reason}: ${ready?.message}`];
    });
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + PATIENCE_MS; !(await holds()); await pause(LOOK_MS))
      if (Date.now() > end) throw new Error(`not in time: ${this.#notReady().join("\n")}`);
  }

  async #drift(): Promise<void> {
    const { connect, iam } = this.#judge;
    const { principal } = await this.#judge.objects("agents");
    await this.#judge.graph("PATCH", `/servicePrincipals/${principal.id}`, {
      samlSingleSignOnSettings: { relayState: "https://example.com" },
      preferredTokenSigningKeyThumbprint: null,
    });
    await this.#anotherClaimsPolicy(principal.id);
    const supervisors = await this.#judge.objects("supervisors");
    for (const { id } of supervisors.assigned)
      await this.#judge.graph("DELETE", `/servicePrincipals/${supervisors.principal.id}/appRoleAssignedTo/${id}`);
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: BY_HAND.role }));
    await iam.send(
      new DetachRolePolicyCommand({
        RoleName: Role!.RoleName!,
        PolicyArn: "arn:aws:iam::111122223333:policy/azure_federation_policy",
      }),
    );
    const InstanceId = INSTANCE;
    const { Id: UserId, Arn: resourceArn } = await this.#judge.connectUser("jane");
    const PhoneConfig = { PhoneType: "SOFT_PHONE" as const, AutoAccept: false, AfterContactWorkTimeLimit: 99 };
    await connect.send(new UpdateUserPhoneConfigCommand({ InstanceId, UserId, PhoneConfig }));
    const { Id: omar } = await this.#judge.connectUser("omar");
    const AutoAcceptConfigs = [{ Channel: "CHAT" as const, AutoAccept: true }];
    await connect.send(new UpdateUserConfigCommand({ InstanceId, UserId: omar, AutoAcceptConfigs }));
    const { SecurityProfileSummaryList: profiles } = await connect.send(
      new ListSecurityProfilesCommand({ InstanceId }),
    );
    const SecurityProfileIds = profiles!.map(({ Id }) => Id!).slice(0, 2);
    await connect.send(new UpdateUserSecurityProfilesCommand({ InstanceId, UserId, SecurityProfileIds }));
    await connect.send(new TagResourceCommand({ resourceArn, tags: { team: "red" } }));
    const UserProficiencies = [{ AttributeName: "Language", AttributeValue: "English" }];
    await connect.send(new DisassociateUserProficienciesCommand({ InstanceId, UserId, UserProficiencies }));
  }

  /** Beside ours, where Entra takes a second one; else in its place. */
  async #anotherClaimsPolicy(principalId: string): Promise<void> {
    const path = `/servicePrincipals/${principalId}/claimsMappingPolicies`;
    const definition = [
      JSON.stringify({ ClaimsMappingPolicy: { Version: 1, IncludeBasicClaimSet: "true", ClaimsSchema: [] } }),
    ];
    const { id } = await this.#judge.graph("POST", "/policies/claimsMappingPolicies", {
      definition,
      displayName: "Somebody's",
    });
    await until("another claims policy", () => this.#judge.graph("GET", `/policies/claimsMappingPolicies/${id}`));
    const put = () =>
      this.#judge.graph("POST", `${path}/$ref`, {
        "@odata.id": `https://graph.microsoft.com/v1.0/policies/claimsMappingPolicies/${id}`,
      });
    await put().catch(async () => {
      for (const { id: ours } of (await this.#judge.graph("GET", path)).value)
        await this.#judge.graph("DELETE", `${path}/${ours}/$ref`);
      await until("another claims policy in place of ours", put);
    });
  }

  async #disabledPerson(): Promise<void> {
    await this.#judge.graph("PATCH", "/users/jane@example.com", { accountEnabled: false });
    await this.#h.reason(USER, "jane", "RoleAssigned", "EntraUserDisabled");
    await this.#judge.graph("PATCH", "/users/jane@example.com", { accountEnabled: true });
  }

  /** Nobody corrects the role while Entra imports. */
  async #roleImportOfAChangedRole(): Promise<void> {
    const { iam } = this.#judge;
    const RoleName = "connect-sso-team-supervisors";
    this.#declare("supervisors");
    await this.#h.reason(PERSONA, "supervisors", "Ready", "Suspended");
    const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
    const trust = JSON.parse(decodeURIComponent(Role!.AssumeRolePolicyDocument!));
    trust.Statement[0].Principal = { AWS: "arn:aws:iam::111122223333:root" };
    trust.Statement[0].Action = "sts:AssumeRole";
    trust.Statement[0].Condition = undefined;
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(trust) }));
    await pause(2_000);
    this.#h.sandbox.clock.advance(HOUR_MS);
    await pause(2_000);
    this.#declare();
  }

  async #deletedInEntra(): Promise<void> {
    const { application: gone, principal } = await this.#judge.objects("agents");
    await this.#judge.graph("PATCH", `/servicePrincipals/${principal.id}`, { preferredSingleSignOnMode: null });
    await this.#judge.graph("PATCH", `/applications/${gone.id}`, { identifierUris: [] });
    await this.#judge.graph("DELETE", `/applications/${gone.id}`);
    const supervisors = await this.#judge.objects("supervisors");
    await this.#judge.graph("DELETE", `/servicePrincipals/${supervisors.principal.id}`);
    await pause(2_000);
  }

  async #rotate(): Promise<void> {
    const before = await this.#judge.credentials();
    for (const name of Object.keys(PERSONAS)) this.#ask(PERSONA, name, ANNOTATIONS.rotateCertificate);
    for (const name of ["supervisors", "taken"]) this.#ask(PERSONA, name, ANNOTATIONS.rotateKey);
    await this.#until(async () => {
      const now = await this.#judge.credentials();
      // The former certificate stays for an hour, the former key for two imports.
      this.#h.sandbox.clock.advance(HOUR_MS / 4);
      return Object.keys(before).every((what) => now[what]!.length === 1 && now[what]![0] !== before[what]![0]);
    });
  }

  async #recreate(): Promise<void> {
    const { Id } = await this.#judge.connectUser("jane");
    this.#ask(USER, "jane", ANNOTATIONS.recreate);
    await this.#until(async () => (await this.#judge.connectUser("jane").catch((): Json => ({ Id }))).Id !== Id);
  }

  async #remove(): Promise<void> {
    const { store } = this.#h.controller;
    for (const name of Object.keys(USERS)) store.delete({ kind: USER, namespace: "team", name });
    for (const name of Object.keys(PERSONAS)) store.delete({ kind: PERSONA, namespace: "team", name });
    let left: string[] = [];
    await this.#until(async () => {
      left = [...this.#notReady(), ...(await leftovers(this.#judge))];
      return left.length === 0;
    }).catch(() => {
      throw new Error(`left after deletion:\n${left.join("\n")}`);
    });
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
