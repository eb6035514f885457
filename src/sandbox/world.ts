/** The world of the sandbox: who and what exists before anybody calls, and how the clouds behave. Read from YAML or given as an object. */
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { type Open, openDefaults } from "./open.ts";
import type { FAULT_KINDS } from "./service.ts";
import { DEFAULT_IAM_QUOTAS, worldSchema } from "./world-schema.ts";

export interface WorldUser {
  id?: string;
  userPrincipalName: string;
  mail?: string | null;
  displayName?: string;
  givenName?: string;
  surname?: string;
  accountEnabled?: boolean;
  userType?: string;
  mailNickname?: string;
  employeeId?: string;
  employeeType?: string;
  onPremisesSamAccountName?: string;
  department?: string;
  jobTitle?: string;
  officeLocation?: string;
  companyName?: string;
  country?: string;
  usageLocation?: string;
  preferredLanguage?: string;
  /** extensionAttribute1 to extensionAttribute15. */
  onPremisesExtensionAttributes?: Record<string, string>;
}
export interface HierarchyNode {
  name: string;
  groups?: HierarchyNode[];
}
export interface WorldInstance {
  id: string;
  region: string;
  alias?: string;
  identityManagement?: "SAML" | "CONNECT_MANAGED" | "EXISTING_DIRECTORY";
  /** Set for a Global Resiliency instance. */
  globalSignInEndpoint?: string;
  /** Names; with `permissions` (API names) where they differ from the defaults. */
  securityProfiles?: (string | { name: string; description?: string; permissions?: string[] })[];
  routingProfiles?: string[];
  hierarchy?: { levels?: string[]; groups?: HierarchyNode[] };
  predefinedAttributes?: string[];
  /** What the service quota of users is; Amazon's default is 500. */
  userQuota?: number;
  /** Amazon's default is 100. */
  quickConnectQuota?: number;
  /** Whose account it is in; default the world's. */
  account?: string;
  users?: WorldConnectUser[];
  /** Quick connects of type USER, as [name, username]. */
  quickConnects?: { name: string; user: string }[];
}
export interface WorldConnectUser {
  username: string;
  firstName?: string;
  lastName?: string;
  /** Names; default the instance's first one. */
  securityProfiles?: string[];
  routingProfile?: string;
  tags?: Record<string, string>;
}
export interface Fault {
  /** "service:Operation" with `*`, for example "connect:CreateUser" or "graph:PATCH*". */
  match: string;
  kind: (typeof FAULT_KINDS)[number];
  /** 0 to 1, default 1. */
  probability?: number;
  /** How often it strikes at most. */
  count?: number;
  /** How many matching requests it lets pass first. */
  after?: number;
}
export interface Quota {
  /** Requests per real second. */
  rate: number;
  burst: number;
}
export interface Behaviour {
  latencyMs: number;
  /** How long a write stays invisible to reads, in real milliseconds. */
  consistencyDelayMs: number;
  /** In simulated milliseconds. */
  roleImportIntervalMs: number;
  timeScale: number;
  seed: number;
  /** Per account, region and operation for AWS, per tenant for Graph (tokens are resource units). "unlimited" switches one off. */
  quotas: Record<QuotaName, Quota | "unlimited">;
  faults: Fault[];
  /** False: instantiate does not make the caller an owner, as it was until 2022. */
  instantiateOwner: boolean;
  /** Application permissions of the caller of Graph, by name; absent: all. */
  graphPermissions?: string[];
  metadata?: "doctype" | "otherTenant" | "tooLarge";
  /** The answer to each open fact. */
  open: Open;
}
export type QuotaName = "connect" | "iam" | "graph";
export interface WorldTenant {
  id: string;
  verifiedDomains: string[];
  /** Default Global. The others lack actions, and their metadata names other hosts. */
  cloud?: "Global" | "USGovernment" | "China";
  /** Rules of the application management policy beyond those that every tenant has. */
  appManagement?: {
    passwordAddition?: boolean;
    passwordLifetimeDays?: number;
    asymmetricKeyLifetimeDays?: number;
    trustedCertificateAuthority?: boolean;
  };
  /** Applications and service principals, deleted ones within 30 days included, that the caller may have; default no limit. */
  directoryQuota?: number;
}
export interface World {
  /** The account of callers that do not come from another one. */
  account: string;
  /** All accounts, the first is `account`. Further ones are entered with sts:AssumeRole. */
  accounts: string[];
  tenant: WorldTenant;
  /** All tenants, the first is `tenant`. */
  tenants: WorldTenant[];
  users: WorldUser[];
  /** `members` are names of users or devices, `groups` are names of groups that this one holds. */
  groups: { id?: string; displayName: string; members?: string[]; groups?: string[] }[];
  /** Devices of the first tenant, which can be members of groups. */
  devices: { id?: string; displayName: string }[];
  instances: WorldInstance[];
  applications: { displayName: string; identifierUris?: string[] }[];
  /** Managed policies that the first account has, for example a permissions boundary; `document` as JSON or as an object. */
  policies: { name: string; path?: string; document: unknown }[];
  iamQuotas: IamQuotas;
  behaviour: Behaviour;
}
/** How many of each an account may have. */
export interface IamQuotas {
  roles: number;
  policies: number;
  users: number;
  groups: number;
  samlProviders: number;
  /** Characters of one trust policy, without white space. */
  trustPolicyCharacters: number;
}
/** Durations are written "20ms", "3s", "40m", "2h", or as a number of milliseconds. */
export interface BehaviourInput {
  latency?: string | number;
  consistencyDelay?: string | number;
  roleImportInterval?: string | number;
  timeScale?: number;
  seed?: number;
  /** "unlimited" for all, or per API. */
  quotas?: "unlimited" | Partial<Behaviour["quotas"]>;
  faults?: Fault[];
  instantiateOwner?: boolean;
  graphPermissions?: string[];
  metadata?: Behaviour["metadata"];
  open?: Partial<Open>;
}
/** Many people at once: user00001@DOMAIN and so on, members of `group` when it is given; `connectUsers` of them exist in every instance. */
export interface Generate {
  users: number;
  group?: string;
  connectUsers?: number;
}
export type WorldInput = Partial<Omit<World, "behaviour" | "tenant" | "tenants" | "iamQuotas">> & {
  iamQuotas?: Partial<IamQuotas>;
  tenant?: Partial<WorldTenant>;
  tenants?: WorldTenant[];
  generate?: Generate;
  behaviour?: BehaviourInput;
};

const UNIT: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** "20ms", "3s", "40m"; a bare number is milliseconds. */
export function milliseconds(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number") return value;
  const match = /^([0-9.]+)(ms|s|m|h|d)$/.exec(String(value));
  if (!match) throw new Error(`not a duration: ${String(value)}`);
  return Number(match[1]) * UNIT[match[2]!]!;
}

/** Throws with the path of each wrong field. */
export function readWorld(input: WorldInput | string = {}): World {
  const raw = (typeof input === "string" ? (parse(readFileSync(input, "utf8")) ?? {}) : input) as WorldInput;
  const validate = new Ajv({ allErrors: true, strict: false }).compile(worldSchema);
  if (!validate(raw)) {
    const problems = (validate.errors ?? []).map(
      (error) =>
        `${error.instancePath || "/"} ${error.message}${error.params.additionalProperty ? ` (${error.params.additionalProperty})` : ""}`,
    );
    throw new Error(`the world is not valid:\n  ${problems.join("\n  ")}`);
  }
  const tenant = raw.tenants?.[0] ?? DEFAULT_TENANT;
  const world: World = {
    account: raw.account ?? raw.accounts?.[0] ?? "111122223333",
    accounts: [],
    tenant: { ...tenant, ...raw.tenant },
    tenants: [],
    users: [...(raw.users ?? [])],
    groups: [...(raw.groups ?? [])],
    devices: raw.devices ?? [],
    instances: (raw.instances ?? []).map((instance) => ({ ...instance })),
    applications: raw.applications ?? [],
    policies: raw.policies ?? [],
    iamQuotas: { ...DEFAULT_IAM_QUOTAS, ...raw.iamQuotas },
    behaviour: behaviourOf(raw.behaviour ?? {}),
  };
  world.accounts = [
    ...new Set([world.account, ...(raw.accounts ?? []), ...world.instances.flatMap(({ account }) => account ?? [])]),
  ];
  world.tenants = [world.tenant, ...(raw.tenants ?? []).filter(({ id }) => id !== world.tenant.id)];
  if (raw.generate) generate(world, raw.generate);
  return world;
}

const DEFAULT_TENANT = { id: "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071", verifiedDomains: ["example.com"] };

/** Amazon's documented defaults for the AWS APIs; Graph counts resource units per application and tenant (3,500 in 10 s for a small tenant). */
const DEFAULT_QUOTAS: Record<QuotaName, Quota> = {
  connect: { rate: 2, burst: 5 },
  iam: { rate: 20, burst: 40 },
  graph: { rate: 350, burst: 3500 },
};

function behaviourOf(input: BehaviourInput): Behaviour {
  const { quotas } = input;
  const quotaOf = (name: QuotaName) =>
    quotas === "unlimited" ? "unlimited" : (quotas?.[name] ?? DEFAULT_QUOTAS[name]);
  return {
    latencyMs: milliseconds(input.latency, 0),
    consistencyDelayMs: milliseconds(input.consistencyDelay, 0),
    roleImportIntervalMs: milliseconds(input.roleImportInterval, 40 * 60_000),
    timeScale: input.timeScale ?? 1,
    seed: input.seed ?? 1,
    quotas: { connect: quotaOf("connect"), iam: quotaOf("iam"), graph: quotaOf("graph") },
    faults: input.faults ?? [],
    instantiateOwner: input.instantiateOwner ?? true,
    graphPermissions: input.graphPermissions,
    metadata: input.metadata,
    open: { ...openDefaults(), ...input.open },
  };
}

function generate(world: World, { users, group, connectUsers = 0 }: Generate): void {
  const names = Array.from(
    { length: Math.max(users, connectUsers) },
    (_, index) => `user${String(index + 1).padStart(5, "0")}@${world.tenant.verifiedDomains[0]}`,
  );
  const people = names.slice(0, users);
  world.users.push(
    ...people.map((name, index) => ({
      userPrincipalName: name,
      mail: name,
      displayName: `User ${index + 1}`,
      givenName: "User",
      surname: String(index + 1),
      accountEnabled: true,
    })),
  );
  if (group !== undefined) world.groups.push({ displayName: group, members: people });
  const agents = names
    .slice(0, connectUsers)
    .map((username, index) => ({ username, firstName: "User", lastName: String(index + 1) }));
  for (const instance of world.instances) {
    instance.users = [...(instance.users ?? []), ...agents];
    instance.userQuota = Math.max(instance.userQuota ?? 0, users + connectUsers, 500);
  }
}
