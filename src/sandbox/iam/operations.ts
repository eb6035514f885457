/** The operations of IAM, one function each. Writes look at the truth; reads see what has propagated. */
import type { SandboxHost } from "../host.ts";
import { checkManagedPolicy, checkMetadata, checkTrustPolicy } from "./documents.ts";
import { conflict, exists, IamError, invalid, limit, notFound } from "./error.ts";
import type { Parameters } from "./parameters.ts";
import { type AccessKey, type IamState, type Policy, type Role, type SamlProvider, type Tag, type User, uniqueId } from "./state.ts";
import { percentEncode, type XmlValue } from "./xml.ts";

export type Result = { [name: string]: XmlValue | undefined } | undefined;
export type IamOperation = { writes: boolean; run(parameters: Parameters): Result };

const YEARS_100 = 100 * 365.25 * 86_400_000;

export function iamOperations(state: IamState, host: SandboxHost): Record<string, IamOperation> {
  const { account, roles, policies, users, providers } = state;
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
  const policy = (arn: string, text: "attachable" | "found" = "found", map: "get" | "read" = "get"): Policy => {
    const found = policies[map](arn.toLowerCase());
    if (found?.arn !== arn) throw notFound(text === "found" ? `Policy ${arn} was not found.` : `Policy ${arn} does not exist or is not attachable.`);
    return found;
  };
  const provider = (arn: string, map: "get" | "read" = "get"): SamlProvider => {
    const found = providers[map](arn.toLowerCase());
    if (!found) throw notFound(`Manifest not found for arn ${arn}`);
    return found;
  };
  const put = {
    role: (value: Role) => roles.set(value.name.toLowerCase(), value),
    user: (value: User) => users.set(value.name.toLowerCase(), value),
    policy: (value: Policy) => policies.set(value.arn.toLowerCase(), value),
    provider: (value: SamlProvider) => providers.set(value.arn.toLowerCase(), value),
  };
  const attachments = (arn: string) => ({
    roles: [...roles.values()].filter(({ attached }) => attached.includes(arn)),
    users: [...users.values()].filter(({ attached }) => attached.includes(arn)),
    boundaries: [...roles.values(), ...users.values()].filter(({ boundary }) => boundary === arn).length,
  });
  const checkBoundary = (arn: string | undefined) => {
    if (arn === undefined) return;
    if (!/^arn:aws[\w-]*:iam::(\d{12}|aws):policy\/.+$/.test(arn)) throw new IamError("InvalidInput", `ARN ${arn} is not valid.`, 400);
    if (!arn.includes("::aws:") && !policies.get(arn.toLowerCase())) throw notFound(`Scope ARN: ${arn} does not exist or is not attachable.`);
  };
  const boundaryXml = (arn: string | undefined) => (arn ? { PermissionsBoundaryType: "Policy", PermissionsBoundaryArn: arn } : undefined);
  const roleXml = (value: Role, mode: "create" | "get" | "list"): { [name: string]: XmlValue | undefined } => ({
    Path: value.path,
    RoleName: value.name,
    RoleId: value.id,
    Arn: value.arn,
    CreateDate: value.created,
    AssumeRolePolicyDocument: percentEncode(mode === "create" ? value.trust : JSON.stringify(JSON.parse(value.trust))),
    Description: mode === "create" ? undefined : value.description,
    MaxSessionDuration: mode === "create" ? undefined : value.maxSessionDuration,
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
      AttachmentCount: used.roles.length + used.users.length,
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
  const read = (run: (p: Parameters) => Result): IamOperation => ({ writes: false, run });
  const write = (run: (p: Parameters) => Result): IamOperation => ({ writes: true, run });
  const iamArn = (type: string, path: string, name: string) => `arn:aws:iam::${account}:${type}${path}${name}`;

  return {
    CreatePolicy: write((p) => {
      const name = p.required("PolicyName");
      const path = p.optional("Path") ?? "/";
      const document = p.required("PolicyDocument");
      checkManagedPolicy(document);
      if ([...policies.values()].some((one) => one.name.toLowerCase() === name.toLowerCase())) throw exists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
      const tags = mergeTags([], p.tags(), false);
      const created = now();
      const value: Policy = {
        name, path, id: uniqueId("ANPA"), arn: iamArn("policy", path, name), created, updated: created, description: p.optional("Description"),
        defaultVersion: "v1", versions: [{ id: "v1", document, created }], nextVersion: 2, tags,
      };
      put.policy(value);
      return { Policy: policyXml(value, "create") };
    }),
    GetPolicy: read((p) => ({ Policy: policyXml(policy(p.arn("PolicyArn"), "attachable", "read"), "get") })),
    DeletePolicy: write((p) => {
      const value = policy(p.arn("PolicyArn"));
      const used = attachments(value.arn);
      if (used.roles.length + used.users.length + used.boundaries > 0) throw conflict("Cannot delete a policy attached to entities.");
      if (value.versions.length > 1) throw conflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.");
      policies.delete(value.arn.toLowerCase());
      return undefined;
    }),
    CreatePolicyVersion: write((p) => {
      const value = policy(p.arn("PolicyArn"), "attachable");
      const document = p.required("PolicyDocument");
      checkManagedPolicy(document);
      if (value.versions.length >= 5) throw limit("A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.");
      const version = { id: `v${value.nextVersion}`, document, created: now() };
      const isDefault = p.flag("SetAsDefault");
      put.policy({ ...value, versions: [version, ...value.versions], nextVersion: value.nextVersion + 1, updated: now(), defaultVersion: isDefault ? version.id : value.defaultVersion });
      return { PolicyVersion: { VersionId: version.id, IsDefaultVersion: isDefault, CreateDate: version.created } };
    }),
    GetPolicyVersion: read((p) => {
      const arn = p.arn("PolicyArn");
      const id = p.required("VersionId");
      const value = policy(arn, "attachable", "read");
      const version = value.versions.find((one) => one.id === id);
      if (!version) throw notFound(`Policy ${arn} version ${id} does not exist or is not attachable.`);
      return { PolicyVersion: { Document: percentEncode(version.document), VersionId: id, IsDefaultVersion: id === value.defaultVersion, CreateDate: version.created } };
    }),
    ListPolicyVersions: read((p) => {
      const value = policy(p.arn("PolicyArn"), "attachable", "read");
      return { Versions: value.versions.map(({ id, created }) => ({ VersionId: id, IsDefaultVersion: id === value.defaultVersion, CreateDate: created })), IsTruncated: false };
    }),
    DeletePolicyVersion: write((p) => {
      const arn = p.arn("PolicyArn");
      const id = p.required("VersionId");
      const value = policy(arn, "attachable");
      if (!value.versions.some((one) => one.id === id)) throw notFound(`Policy ${arn} version ${id} does not exist or is not attachable.`);
      if (id === value.defaultVersion) throw conflict("Cannot delete the default version of a policy.");
      put.policy({ ...value, versions: value.versions.filter((one) => one.id !== id) });
      return undefined;
    }),
    SetDefaultPolicyVersion: write((p) => {
      const arn = p.arn("PolicyArn");
      const id = p.required("VersionId");
      const value = policy(arn, "attachable");
      if (!value.versions.some((one) => one.id === id)) throw notFound(`Policy ${arn} version ${id} does not exist or is not attachable.`);
      put.policy({ ...value, defaultVersion: id, updated: now() });
      return undefined;
    }),
    ListEntitiesForPolicy: read((p) => {
      const value = policy(p.arn("PolicyArn"), "attachable", "read");
      const holders = attachments(value.arn);
      return {
        PolicyGroups: [],
        PolicyUsers: holders.users.map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: holders.roles.map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        IsTruncated: false,
      };
    }),
    ListPolicies: read((p) => page(p, policies.readAll().map((value) => policyXml(value, "list")), "Policies")),
    TagPolicy: write((p) => {
      const value = policy(p.arn("PolicyArn"));
      put.policy({ ...value, tags: mergeTags(value.tags, p.tags(), false) });
      return undefined;
    }),
    UntagPolicy: write((p) => {
      const value = policy(p.arn("PolicyArn"));
      put.policy({ ...value, tags: dropTags(value.tags, p.members("TagKeys"), false) });
      return undefined;
    }),
    ListPolicyTags: read((p) => ({ Tags: tagsXml(policy(p.arn("PolicyArn"), "found", "read").tags), IsTruncated: false })),

    CreateRole: write((p) => {
      const name = p.required("RoleName");
      const path = p.optional("Path") ?? "/";
      const trust = p.required("AssumeRolePolicyDocument");
      checkTrustPolicy(trust);
      const boundary = p.optional("PermissionsBoundary");
      checkBoundary(boundary);
      const maxSessionDuration = p.integer("MaxSessionDuration", 3600, 43_200) ?? 3600;
      if (roles.get(name.toLowerCase())) throw exists(`Role with name ${name} already exists.`);
      const value: Role = {
        name, path, id: uniqueId("AROA"), arn: iamArn("role", path, name), created: now(), trust, description: p.optional("Description"),
        maxSessionDuration, boundary, tags: mergeTags([], p.tags(), true), attached: [],
      };
      put.role(value);
      return { Role: roleXml(value, "create") };
    }),
    GetRole: read((p) => ({ Role: roleXml(role(p.required("RoleName"), "read"), "get") })),
    ListRoles: read((p) => {
      const prefix = p.optional("PathPrefix") ?? "/";
      return page(p, roles.readAll().filter(({ path }) => path.startsWith(prefix)).map((value) => roleXml(value, "list")), "Roles");
    }),
    UpdateRole: write((p) => {
      const value = role(p.required("RoleName"));
      put.role({ ...value, description: p.optional("Description") ?? value.description, maxSessionDuration: p.integer("MaxSessionDuration", 3600, 43_200) ?? value.maxSessionDuration });
      return {};
    }),
    UpdateAssumeRolePolicy: write((p) => {
      const value = role(p.required("RoleName"));
      const trust = p.required("PolicyDocument");
      checkTrustPolicy(trust);
      put.role({ ...value, trust });
      return undefined;
    }),
    DeleteRole: write((p) => {
      const value = role(p.required("RoleName"));
      if (value.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      roles.delete(value.name.toLowerCase());
      return undefined;
    }),
    PutRolePermissionsBoundary: write((p) => {
      const value = role(p.required("RoleName"));
      const boundary = p.required("PermissionsBoundary");
      checkBoundary(boundary);
      put.role({ ...value, boundary });
      return undefined;
    }),
    DeleteRolePermissionsBoundary: write((p) => {
      const value = role(p.required("RoleName"));
      if (!value.boundary) throw notFound(`Role with name ${value.name} does not have a permissions boundary.`);
      put.role({ ...value, boundary: undefined });
      return undefined;
    }),
    AttachRolePolicy: write((p) => {
      const value = role(p.required("RoleName"));
      put.role({ ...value, attached: attach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    DetachRolePolicy: write((p) => {
      const value = role(p.required("RoleName"));
      put.role({ ...value, attached: detach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    ListAttachedRolePolicies: read((p) => ({ AttachedPolicies: attached(role(p.required("RoleName"), "read").attached), IsTruncated: false })),
    ListRolePolicies: read((p) => (role(p.required("RoleName"), "read"), { PolicyNames: [], IsTruncated: false })),
    ListInstanceProfilesForRole: read((p) => (role(p.required("RoleName"), "read"), { InstanceProfiles: [], IsTruncated: false })),
    DeleteRolePolicy: write((p) => {
      const value = role(p.required("RoleName"));
      throw notFound(`The role policy with name ${p.required("PolicyName")} cannot be found for role ${value.name}.`);
    }),
    TagRole: write((p) => {
      const value = role(p.required("RoleName"));
      put.role({ ...value, tags: mergeTags(value.tags, p.tags(), true) });
      return undefined;
    }),
    UntagRole: write((p) => {
      const value = role(p.required("RoleName"));
      put.role({ ...value, tags: dropTags(value.tags, p.members("TagKeys"), true) });
      return undefined;
    }),
    ListRoleTags: read((p) => ({ Tags: tagsXml(role(p.required("RoleName"), "read").tags), IsTruncated: false })),

    CreateSAMLProvider: write((p) => {
      const name = p.required("Name");
      const metadata = p.required("SAMLMetadataDocument");
      checkMetadata(metadata);
      const arn = iamArn("saml-provider/", "", name);
      if (providers.get(arn.toLowerCase())) throw exists(`${arn} already exists.`);
      if (providers.size >= 100) throw limit("Cannot exceed quota for SAMLProvidersPerAccount: 100");
      const created = now();
      const tags = mergeTags([], p.tags(), true);
      put.provider({ name, arn, uuid: uniqueId("SAMLSP", 16), created, validUntil: new Date(created.getTime() + YEARS_100), metadata, tags });
      return { SAMLProviderArn: arn, Tags: tags.length > 0 ? tagsXml(tags) : undefined };
    }),
    GetSAMLProvider: read((p) => {
      const value = provider(p.arn("SAMLProviderArn"), "read");
      return {
        SAMLProviderUUID: value.uuid, SAMLMetadataDocument: value.metadata, CreateDate: value.created, ValidUntil: value.validUntil,
        Tags: tagsXml(value.tags), AssertionEncryptionMode: "Allowed", PrivateKeyList: [],
      };
    }),
    ListSAMLProviders: read(() => ({ SAMLProviderList: providers.readAll().map(({ arn, validUntil, created }) => ({ Arn: arn, ValidUntil: validUntil, CreateDate: created })) })),
    UpdateSAMLProvider: write((p) => {
      const value = provider(p.arn("SAMLProviderArn"));
      const metadata = p.optional("SAMLMetadataDocument");
      if (metadata !== undefined) checkMetadata(metadata);
      put.provider({ ...value, metadata: metadata ?? value.metadata });
      return { SAMLProviderArn: value.arn };
    }),
    DeleteSAMLProvider: write((p) => {
      providers.delete(provider(p.arn("SAMLProviderArn")).arn.toLowerCase());
      return undefined;
    }),
    TagSAMLProvider: write((p) => {
      const value = provider(p.arn("SAMLProviderArn"));
      put.provider({ ...value, tags: mergeTags(value.tags, p.tags(), true) });
      return undefined;
    }),
    UntagSAMLProvider: write((p) => {
      const value = provider(p.arn("SAMLProviderArn"));
      put.provider({ ...value, tags: dropTags(value.tags, p.members("TagKeys"), true) });
      return undefined;
    }),
    ListSAMLProviderTags: read((p) => ({ Tags: tagsXml(provider(p.arn("SAMLProviderArn"), "read").tags), IsTruncated: false })),

    CreateUser: write((p) => {
      const name = p.required("UserName");
      if (name.length > 64) throw invalid("1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64");
      const path = p.optional("Path") ?? "/";
      const boundary = p.optional("PermissionsBoundary");
      checkBoundary(boundary);
      if (users.get(name.toLowerCase())) throw exists(`User with name ${name} already exists.`);
      const value: User = { name, path, id: uniqueId("AIDA"), arn: iamArn("user", path, name), created: now(), boundary, tags: mergeTags([], p.tags(), true), attached: [], keys: [] };
      put.user(value);
      return { User: userXml(value, true) };
    }),
    GetUser: read((p) => ({ User: userXml(user(p.required("UserName"), "read"), true) })),
    DeleteUser: write((p) => {
      const value = user(p.required("UserName"));
      if (value.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      if (value.keys.length > 0) throw conflict("Cannot delete entity, must delete access keys first.");
      users.delete(value.name.toLowerCase());
      return undefined;
    }),
    PutUserPermissionsBoundary: write((p) => {
      const value = user(p.required("UserName"));
      const boundary = p.required("PermissionsBoundary");
      checkBoundary(boundary);
      put.user({ ...value, boundary });
      return undefined;
    }),
    DeleteUserPermissionsBoundary: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, boundary: undefined });
      return undefined;
    }),
    AttachUserPolicy: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, attached: attach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    DetachUserPolicy: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, attached: detach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    ListAttachedUserPolicies: read((p) => ({ AttachedPolicies: attached(user(p.required("UserName"), "read").attached), IsTruncated: false })),
    ListUserPolicies: read((p) => (user(p.required("UserName"), "read"), { PolicyNames: [], IsTruncated: false })),
    ListGroupsForUser: read((p) => (user(p.required("UserName"), "read"), { Groups: [], IsTruncated: false })),
    TagUser: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, tags: mergeTags(value.tags, p.tags(), true) });
      return undefined;
    }),
    UntagUser: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, tags: dropTags(value.tags, p.members("TagKeys"), true) });
      return undefined;
    }),
    ListUserTags: read((p) => ({ Tags: tagsXml(user(p.required("UserName"), "read").tags), IsTruncated: false })),

    CreateAccessKey: write((p) => {
      const value = user(p.required("UserName"));
      if (value.keys.length >= 2) throw limit("Cannot exceed quota for AccessKeysPerUser: 2");
      const key: AccessKey = { id: uniqueId("AKIA", 16), secret: uniqueId("", 40), status: "Active", created: now() };
      put.user({ ...value, keys: [...value.keys, key] });
      return { AccessKey: { UserName: value.name, AccessKeyId: key.id, Status: key.status, SecretAccessKey: key.secret, CreateDate: key.created } };
    }),
    ListAccessKeys: read((p) => {
      const value = user(p.required("UserName"), "read");
      return { AccessKeyMetadata: value.keys.map(({ id, status, created }) => ({ UserName: value.name, AccessKeyId: id, Status: status, CreateDate: created })), IsTruncated: false };
    }),
    UpdateAccessKey: write((p) => {
      const id = p.required("AccessKeyId");
      const status = p.required("Status");
      if (status !== "Active" && status !== "Inactive") throw invalid("1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]");
      const value = user(p.required("UserName"));
      if (!value.keys.some((key) => key.id === id)) throw notFound(`The Access Key with id ${id} cannot be found.`);
      put.user({ ...value, keys: value.keys.map((key) => (key.id === id ? { ...key, status } : key)) });
      return undefined;
    }),
    DeleteAccessKey: write((p) => {
      const id = p.required("AccessKeyId");
      const value = user(p.required("UserName"));
      if (!value.keys.some((key) => key.id === id)) throw notFound(`The Access Key with id ${id} cannot be found.`);
      put.user({ ...value, keys: value.keys.filter((key) => key.id !== id) });
      return undefined;
    }),
    GetAccessKeyLastUsed: read((p) => {
      const id = p.required("AccessKeyId");
      for (const value of users.values()) {
        const key = value.keys.find((one) => one.id === id);
        if (!key) continue;
        const used = key.lastUsed;
        return { UserName: value.name, AccessKeyLastUsed: { LastUsedDate: used?.at, ServiceName: used?.service ?? "N/A", Region: used?.region ?? "N/A" } };
      }
      throw new IamError("AccessDenied", `User: arn:aws:iam::${account}:user/administrator is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key ${id}`, 403);
    }),

    ListAccountAliases: read(() => ({ AccountAliases: [], IsTruncated: false })),
    GetAccountSummary: read(() => ({ SummaryMap: {} })),
  };
}

function page(p: Parameters, items: XmlValue[], name: string): Result {
  const size = p.integer("MaxItems", 1, 1000) ?? 100;
  const start = Number(p.optional("Marker") ?? 0);
  const more = start + size < items.length;
  return { IsTruncated: more, [name]: items.slice(start, start + size), Marker: more ? String(start + size) : undefined };
}

function tagsXml(tags: Tag[]): XmlValue {
  return tags.map(({ Key, Value }) => ({ Key, Value }));
}

/** On roles, users and providers tag keys know no case: a write in another case replaces key and case. On policies they do. */
function mergeTags(old: Tag[], set: Tag[], foldCase: boolean): Tag[] {
  const fold = (key: string) => (foldCase ? key.toLowerCase() : key);
  if (new Set(set.map(({ Key }) => fold(Key))).size !== set.length) {
    throw new IamError("InvalidInput", `Duplicate tag keys found.${foldCase ? " Please note that Tag keys are case insensitive." : ""}`, 400);
  }
  const merged = new Map(old.map((tag) => [fold(tag.Key), tag]));
  for (const tag of set) merged.set(fold(tag.Key), tag);
  if (merged.size > 50) throw limit("The number of tags has reached the maximum limit.");
  return [...merged.values()];
}

function dropTags(old: Tag[], keys: string[], foldCase: boolean): Tag[] {
  const fold = (key: string) => (foldCase ? key.toLowerCase() : key);
  const gone = new Set(keys.map(fold));
  return old.filter(({ Key }) => !gone.has(fold(Key)));
}
