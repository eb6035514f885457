/** One account as the operations of IAM see it: look-ups with their own texts of refusal, and what each answer shows. */
import type { SandboxHost } from "../host.ts";
import type { IamQuotas } from "../world.ts";
import { IamError, limit, notFound } from "./error.ts";
import type { Parameters } from "./parameters.ts";
import type { Group, IamState, Policy, Role, SamlProvider, Tag, User } from "./state.ts";
import { percentEncode, type XmlValue } from "./xml.ts";

const QUOTA_NAMES: Record<keyof IamQuotas, string> = {
  roles: "RolesPerAccount",
  policies: "PoliciesPerAccount",
  users: "UsersPerAccount",
  groups: "GroupsPerAccount",
  samlProviders: "SAMLProvidersPerAccount",
  trustPolicyCharacters: "ACLSizePerRole",
};

export type Result = { [name: string]: XmlValue | undefined } | undefined;
export type IamOperation = { writes: boolean; run(parameters: Parameters): Result };
export type Account = ReturnType<typeof accountOf>;

export const read = (run: (p: Parameters) => Result): IamOperation => ({ writes: false, run });
export const write = (run: (p: Parameters) => Result): IamOperation => ({ writes: true, run });

/** Writes look at the truth ("get"); reads see what has propagated ("read"). */
export function accountOf(state: IamState, host: SandboxHost) {
  const { account, roles, policies, users, groups, providers } = state;
  const now = () => host.clock.now();

  const role = (name: string, map: "get" | "read" = "get"): Role => {
    const found = roles[map](name.toLowerCase());
    if (!found) throw notFound(`The role with name ${name} cannot be found.`);
    return found;
  };
  const user = (name: string, map: "get" | "read" = "get"): User => {
    const found = users[map](name.toLowerCase());
    if (!found) throw notFound(`The user with name ${name} cannot be found.`);
    return found;
  };
  const group = (name: string, map: "get" | "read" = "get"): Group => {
    const found = groups[map](name.toLowerCase());
    if (!found) throw notFound(`The group with name ${name} cannot be found.`);
    return found;
  };
  const membersOf = ({ name }: Group): User[] =>
    [...users.values()].filter((one) => one.groups.includes(name.toLowerCase()));
  const ownPolicy = (arn: string, text: "attachable" | "found" = "found", deed = "update policies"): Policy => {
    if (arn.includes(":iam::aws:")) throw new IamError("AccessDenied", `Cannot ${deed} outside your own account.`, 403);
    return policy(arn, text);
  };
  const policy = (arn: string, text: "attachable" | "found" = "found", map: "get" | "read" = "get"): Policy => {
    const found = policies[map](arn.toLowerCase());
    if (found?.arn !== arn)
      throw notFound(
        text === "found" ? `Policy ${arn} was not found.` : `Policy ${arn} does not exist or is not attachable.`,
      );
    return found;
  };
  const provider = (arn: string, map: "get" | "read" = "get"): SamlProvider => {
    const found = providers[map](arn.toLowerCase());
    if (!found) throw notFound(`Manifest not found for arn ${arn}`);
    return found;
  };
  const put = {
    role: (value: Role) => roles.set(value.name.toLowerCase(), value),
    /** Active keys sign as their user from now on, others no more. */
    user: (value: User) => {
      for (const { id } of users.get(value.name.toLowerCase())?.keys ?? []) host.callers.delete(id);
      for (const { id, status, secret } of value.keys)
        if (status === "Active") host.callers.set(id, { account, arn: value.arn, secret });
      users.set(value.name.toLowerCase(), value);
    },
    group: (value: Group) => groups.set(value.name.toLowerCase(), value),
    policy: (value: Policy) => policies.set(value.arn.toLowerCase(), value),
    provider: (value: SamlProvider) => providers.set(value.arn.toLowerCase(), value),
  };
  const attachments = (arn: string) => ({
    roles: [...roles.values()].filter(({ attached }) => attached.includes(arn)),
    users: [...users.values()].filter(({ attached }) => attached.includes(arn)),
    groups: [...groups.values()].filter(({ attached }) => attached.includes(arn)),
    boundaries: [...roles.values(), ...users.values()].filter(({ boundary }) => boundary === arn).length,
  });
  const checkBoundary = (arn: string | undefined) => {
    if (arn === undefined) return;
    if (!/^arn:aws[\w-]*:iam::(\d{12}|aws):policy\/.+$/.test(arn))
      throw new IamError("InvalidInput", `ARN ${arn} is not valid.`, 400);
    if (!arn.includes("::aws:") && !policies.get(arn.toLowerCase()))
      throw notFound(`Scope ARN: ${arn} does not exist or is not attachable.`);
  };
  const boundaryXml = (arn: string | undefined) =>
    arn ? { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: arn } : undefined;
  const roleXml = (value: Role, mode: "create" | "get" | "list"): { [name: string]: XmlValue | undefined } => ({
    Path: value.path,
    RoleName: value.name,
    RoleId: value.id,
    Arn: value.arn,
    CreateDate: value.created,
    AssumeRolePolicyDocument: percentEncode(mode === "create" ? value.trust : JSON.stringify(JSON.parse(value.trust))),
    Description: mode === "create" ? undefined : value.description,
    MaxSessionDuration: mode === "create" ? undefined : value.maxSessionDuration,
    MaxSigninSessionDuration: mode === "create" ? undefined : value.maxSigninSessionDuration,
    PermissionsBoundary: mode === "list" ? undefined : boundaryXml(value.boundary),
    Tags: mode === "list" || value.tags.length === 0 ? undefined : tagsXml(value.tags),
    RoleLastUsed: mode === "get" ? {} : undefined,
  });
  const userXml = (value: User, tags: boolean): { [name: string]: XmlValue | undefined } => ({
    Path: value.path,
    UserName: value.name,
    UserId: value.id,
    Arn: value.arn,
    CreateDate: value.created,
    PermissionsBoundary: boundaryXml(value.boundary),
    Tags: tags && value.tags.length > 0 ? tagsXml(value.tags) : undefined,
  });
  const policyXml = (value: Policy, mode: "create" | "get" | "list"): { [name: string]: XmlValue | undefined } => {
    const used = attachments(value.arn);
    return {
      PolicyName: value.name,
      PolicyId: value.id,
      Arn: value.arn,
      Path: value.path,
      DefaultVersionId: value.defaultVersion,
      AttachmentCount: used.roles.length + used.users.length + used.groups.length,
      PermissionsBoundaryUsageCount: used.boundaries,
      IsAttachable: true,
      Description: mode === "get" ? value.description : undefined,
      CreateDate: value.created,
      UpdateDate: value.updated,
      Tags: mode === "get" ? tagsXml(value.tags) : undefined,
    };
  };
  const attached = (arns: string[]) => arns.map((arn) => ({ PolicyName: arn.split("/").at(-1)!, PolicyArn: arn }));
  const attach = (arns: string[], arn: string): string[] => {
    if (!arn.includes("::aws:")) policy(arn, "attachable");
    if (arns.includes(arn)) return arns;
    if (arns.length >= 10) throw limit("Cannot exceed quota for PoliciesPerRole: 10");
    return [...arns, arn];
  };
  const detach = (arns: string[], arn: string): string[] => {
    if (!arns.includes(arn)) throw notFound(`Policy ${arn} was not found.`);
    return arns.filter((one) => one !== arn);
  };
  /** A quota of the account, refused in the words that IAM has for all of them. */
  const room = (kind: keyof IamQuotas, used: number) => {
    const most = host.world.iamQuotas[kind];
    if (used >= most) throw limit(`Cannot exceed quota for ${QUOTA_NAMES[kind]}: ${most}`);
  };
  const groupXml = (value: Group): { [name: string]: XmlValue | undefined } => ({
    Path: value.path,
    GroupName: value.name,
    GroupId: value.id,
    Arn: value.arn,
    CreateDate: value.created,
  });
  const iamArn = (type: string, path: string, name: string) => `arn:aws:iam::${account}:${type}${path}${name}`;
  return {
    state,
    account,
    roles,
    policies,
    users,
    groups,
    providers,
    quotas: host.world.iamQuotas,
    open: host.behaviour.open,
    now,
    room,
    role,
    user,
    group,
    membersOf,
    groupXml,
    policy,
    ownPolicy,
    provider,
    put,
    attachments,
    checkBoundary,
    roleXml,
    userXml,
    policyXml,
    attached,
    attach,
    detach,
    iamArn,
  };
}

export function page(p: Parameters, items: XmlValue[], name: string): Result {
  const size = p.integer("MaxItems", 1, 1000) ?? 100;
  const start = Number(p.optional("Marker") ?? 0);
  const more = start + size < items.length;
  return {
    IsTruncated: more,
    [name]: items.slice(start, start + size),
    Marker: more ? String(start + size) : undefined,
  };
}

export function tagsXml(tags: Tag[]): XmlValue[] {
  return tags.map(({ Key, Value }) => ({ Key, Value }));
}

/** On roles, users and providers tag keys know no case: a write in another case replaces key and case. On policies they do. */
export function mergeTags(old: Tag[], set: Tag[], foldCase: boolean): Tag[] {
  const fold = (key: string) => (foldCase ? key.toLowerCase() : key);
  if (new Set(set.map(({ Key }) => fold(Key))).size !== set.length) {
    throw new IamError(
      "InvalidInput",
      `Duplicate tag keys found.${foldCase ? " Please note that Tag keys are case insensitive." : ""}`,
      400,
    );
  }
  const merged = new Map(old.map((tag) => [fold(tag.Key), tag]));
  for (const tag of set) merged.set(fold(tag.Key), tag);
  if (merged.size > 50) throw limit("The number of tags has reached the maximum limit.");
  return [...merged.values()];
}

export function dropTags(old: Tag[], keys: string[], foldCase: boolean): Tag[] {
  const fold = (key: string) => (foldCase ? key.toLowerCase() : key);
  const gone = new Set(keys.map(fold));
  return old.filter(({ Key }) => !gone.has(fold(Key)));
}
