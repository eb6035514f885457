/** IAM of one account. Documents are parsed, lists are complete, deletes are done when nothing is left. */
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DeleteSAMLProviderCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  DeleteUserPolicyCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetAccessKeyLastUsedCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  GetUserCommand,
  type IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListAttachedUserPoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListGroupsForUserCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListSAMLProvidersCommand,
  ListUserPoliciesCommand,
  PutRolePermissionsBoundaryCommand,
  PutUserPermissionsBoundaryCommand,
  RemoveUserFromGroupCommand,
  TagPolicyCommand,
  TagRoleCommand,
  TagSAMLProviderCommand,
  TagUserCommand,
  UntagPolicyCommand,
  UntagRoleCommand,
  UntagSAMLProviderCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import type { CallOptions } from "../errors.ts";
import type { Call } from "./call.ts";
import { orMissing } from "./errors.ts";
import type { Iam, Tags } from "./types.ts";

/** IAM keeps five versions of a managed policy. */
const MAX_POLICY_VERSIONS = 5;

export function createIam(p: { account: string; partition: string; client: IAMClient; call: Call; now(): Date }): Iam {
  const { client, call } = p;
  /** Versions never change, so one read of each is enough; only the newest of a policy is kept. */
  const versions = new Map<string, { id: string; document: unknown }>();

  const attachedRolePolicies = (name: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const r = await call(
        "ListAttachedRolePolicies",
        (s) => client.send(new ListAttachedRolePoliciesCommand({ RoleName: name, Marker }), s),
        o,
      );
      return [(r.AttachedPolicies ?? []).map((a) => a.PolicyArn!), r.Marker];
    });
  const attachedUserPolicies = (name: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const r = await call(
        "ListAttachedUserPolicies",
        (s) => client.send(new ListAttachedUserPoliciesCommand({ UserName: name, Marker }), s),
        o,
      );
      return [(r.AttachedPolicies ?? []).map((a) => a.PolicyArn!), r.Marker];
    });

  const policies = {
    async getPolicy(arn, o) {
      const found = await orMissing(
        call("GetPolicy", (s) => client.send(new GetPolicyCommand({ PolicyArn: arn }), s), o),
      );
      const policy = found?.Policy;
      if (!policy) return undefined;
      const id = policy.DefaultVersionId!;
      let version = versions.get(arn);
      if (version?.id !== id) {
        const r = await orMissing(
          call(
            "GetPolicyVersion",
            (s) => client.send(new GetPolicyVersionCommand({ PolicyArn: arn, VersionId: id }), s),
            o,
          ),
        );
        if (!r) return undefined;
        version = { id, document: parseDocument(r.PolicyVersion?.Document) };
        versions.set(arn, version);
      }
      return {
        arn,
        name: policy.PolicyName!,
        path: policy.Path ?? "/",
        defaultVersionId: id,
        document: version.document,
        tags: tagsOf(policy.Tags),
      };
    },
    async createPolicy(c, o) {
      const input = {
        PolicyName: c.name,
        Path: c.path,
        PolicyDocument: JSON.stringify(c.document),
        Description: c.description,
        ...tagList(c.tags),
      };
      const r = await call("CreatePolicy", (s) => client.send(new CreatePolicyCommand(input), s), o, c.name);
      return r.Policy!.Arn!;
    },
    async setPolicyDocument(arn, document, o) {
      const all = await listVersions(arn, o);
      if (all.length >= MAX_POLICY_VERSIONS) {
        const oldest = all.filter((v) => !v.isDefault).sort((a, b) => a.number - b.number)[0]!;
        await deleteVersion(arn, oldest.id, o);
      }
      const input = { PolicyArn: arn, PolicyDocument: JSON.stringify(document), SetAsDefault: true };
      await call("CreatePolicyVersion", (s) => client.send(new CreatePolicyVersionCommand(input), s), o, arn);
    },
    async policyEntities(arn, o) {
      const all = { roles: [] as string[], users: [] as string[], groups: [] as string[] };
      await pages(async (Marker) => {
        const r = await call(
          "ListEntitiesForPolicy",
          (s) => client.send(new ListEntitiesForPolicyCommand({ PolicyArn: arn, Marker }), s),
          o,
        );
        all.roles.push(...(r.PolicyRoles ?? []).map((x) => x.RoleName!));
        all.users.push(...(r.PolicyUsers ?? []).map((x) => x.UserName!));
        all.groups.push(...(r.PolicyGroups ?? []).map((x) => x.GroupName!));
        return [[], r.Marker];
      });
      return all;
    },
    async deletePolicy(arn, o) {
      const all = (await orMissing(listVersions(arn, o))) ?? [];
      for (const version of all) if (!version.isDefault) await orMissing(deleteVersion(arn, version.id, o));
      await orMissing(call("DeletePolicy", (s) => client.send(new DeletePolicyCommand({ PolicyArn: arn }), s), o, arn));
      versions.delete(arn);
    },
    async tagPolicy(arn, set, remove, o) {
      if (remove.length)
        await call(
          "UntagPolicy",
          (s) => client.send(new UntagPolicyCommand({ PolicyArn: arn, TagKeys: remove }), s),
          o,
          arn,
        );
      if (hasAny(set))
        await call(
          "TagPolicy",
          (s) => client.send(new TagPolicyCommand({ PolicyArn: arn, Tags: pairs(set) }), s),
          o,
          arn,
        );
    },
  } satisfies Partial<Iam>;

  async function listVersions(arn: string, o?: CallOptions) {
    return pages(async (Marker) => {
      const r = await call(
        "ListPolicyVersions",
        (s) => client.send(new ListPolicyVersionsCommand({ PolicyArn: arn, Marker }), s),
        o,
      );
      const found = (r.Versions ?? []).map((v) => ({
        id: v.VersionId!,
        number: Number(v.VersionId!.slice(1)),
        isDefault: v.IsDefaultVersion === true,
      }));
      return [found, r.Marker];
    });
  }
  function deleteVersion(arn: string, id: string, o?: CallOptions) {
    return call(
      "DeletePolicyVersion",
      (s) => client.send(new DeletePolicyVersionCommand({ PolicyArn: arn, VersionId: id }), s),
      o,
      `${arn} ${id}`,
    );
  }

  const roles = {
    async getRole(name, o) {
      const r = await orMissing(call("GetRole", (s) => client.send(new GetRoleCommand({ RoleName: name }), s), o));
      const role = r?.Role;
      if (!role) return undefined;
      return {
        arn: role.Arn!,
        name: role.RoleName!,
        path: role.Path ?? "/",
        id: role.RoleId!,
        trust: parseDocument(role.AssumeRolePolicyDocument),
        maxSessionDurationSeconds: role.MaxSessionDuration ?? 3600,
        description: role.Description,
        permissionsBoundaryArn: role.PermissionsBoundary?.PermissionsBoundaryArn,
        tags: tagsOf(role.Tags),
        attachedPolicyArns: (await orMissing(attachedRolePolicies(name, o))) ?? [],
      };
    },
    async createRole(c, o) {
      const input = {
        RoleName: c.name,
        Path: c.path,
        AssumeRolePolicyDocument: JSON.stringify(c.trust),
        Description: c.description,
        MaxSessionDuration: c.maxSessionDurationSeconds,
        PermissionsBoundary: c.permissionsBoundaryArn,
        ...tagList(c.tags),
      };
      const r = await call("CreateRole", (s) => client.send(new CreateRoleCommand(input), s), o, c.name);
      return r.Role!.Arn!;
    },
    async updateRole(name, c, o) {
      const input = { RoleName: name, MaxSessionDuration: c.maxSessionDurationSeconds, Description: c.description };
      await call("UpdateRole", (s) => client.send(new UpdateRoleCommand(input), s), o, name);
    },
    async setTrust(name, trust, o) {
      const input = { RoleName: name, PolicyDocument: JSON.stringify(trust) };
      await call("UpdateAssumeRolePolicy", (s) => client.send(new UpdateAssumeRolePolicyCommand(input), s), o, name);
    },
    async setRoleBoundary(name, arn, o) {
      if (arn)
        await call(
          "PutRolePermissionsBoundary",
          (s) => client.send(new PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary: arn }), s),
          o,
          name,
        );
      else
        await orMissing(
          call(
            "DeleteRolePermissionsBoundary",
            (s) => client.send(new DeleteRolePermissionsBoundaryCommand({ RoleName: name }), s),
            o,
            name,
          ),
        );
    },
    async attachRolePolicy(name, PolicyArn, o) {
      await call(
        "AttachRolePolicy",
        (s) => client.send(new AttachRolePolicyCommand({ RoleName: name, PolicyArn }), s),
        o,
        `${name} ${PolicyArn}`,
      );
    },
    async detachRolePolicy(name, PolicyArn, o) {
      await orMissing(
        call(
          "DetachRolePolicy",
          (s) => client.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn }), s),
          o,
          `${name} ${PolicyArn}`,
        ),
      );
    },
    async tagRole(name, set, remove, o) {
      if (remove.length)
        await call(
          "UntagRole",
          (s) => client.send(new UntagRoleCommand({ RoleName: name, TagKeys: remove }), s),
          o,
          name,
        );
      if (hasAny(set))
        await call("TagRole", (s) => client.send(new TagRoleCommand({ RoleName: name, Tags: pairs(set) }), s), o, name);
    },
    async deleteRole(name, o) {
      for (const arn of (await orMissing(attachedRolePolicies(name, o))) ?? [])
        await roles.detachRolePolicy(name, arn, o);
      const inline = pages(async (Marker) => {
        const r = await call(
          "ListRolePolicies",
          (s) => client.send(new ListRolePoliciesCommand({ RoleName: name, Marker }), s),
          o,
        );
        return [r.PolicyNames ?? [], r.Marker];
      });
      for (const policy of (await orMissing(inline)) ?? [])
        await orMissing(
          call(
            "DeleteRolePolicy",
            (s) => client.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: policy }), s),
            o,
            `${name} ${policy}`,
          ),
        );
      await orMissing(call("DeleteRole", (s) => client.send(new DeleteRoleCommand({ RoleName: name }), s), o, name));
    },
    async listRoles(PathPrefix, o) {
      return pages(async (Marker) => {
        const r = await call("ListRoles", (s) => client.send(new ListRolesCommand({ PathPrefix, Marker }), s), o);
        const found = (r.Roles ?? []).map((x) => ({
          arn: x.Arn!,
          name: x.RoleName!,
          path: x.Path ?? "/",
          trust: parseDocument(x.AssumeRolePolicyDocument),
        }));
        return [found, r.Marker];
      });
    },
  } satisfies Partial<Iam>;

  const samlProviders = {
    async getSamlProvider(arn, o) {
      const r = await orMissing(
        call("GetSAMLProvider", (s) => client.send(new GetSAMLProviderCommand({ SAMLProviderArn: arn }), s), o),
      );
      if (!r) return undefined;
      return {
        arn,
        uuid: r.SAMLProviderUUID,
        metadata: r.SAMLMetadataDocument ?? "",
        tags: tagsOf(r.Tags),
        createdAt: r.CreateDate,
      };
    },
    async createSamlProvider(c, o) {
      const input = { Name: c.name, SAMLMetadataDocument: c.metadata, ...tagList(c.tags) };
      const r = await call(
        "CreateSAMLProvider",
        (s) => client.send(new CreateSAMLProviderCommand(input), s),
        o,
        c.name,
      );
      return r.SAMLProviderArn!;
    },
    async updateSamlProvider(arn, metadata, o) {
      const input = { SAMLProviderArn: arn, SAMLMetadataDocument: metadata };
      await call("UpdateSAMLProvider", (s) => client.send(new UpdateSAMLProviderCommand(input), s), o, arn);
    },
    async deleteSamlProvider(arn, o) {
      await orMissing(
        call(
          "DeleteSAMLProvider",
          (s) => client.send(new DeleteSAMLProviderCommand({ SAMLProviderArn: arn }), s),
          o,
          arn,
        ),
      );
    },
    async tagSamlProvider(arn, set, remove, o) {
      if (remove.length)
        await call(
          "UntagSAMLProvider",
          (s) => client.send(new UntagSAMLProviderCommand({ SAMLProviderArn: arn, TagKeys: remove }), s),
          o,
          arn,
        );
      if (hasAny(set))
        await call(
          "TagSAMLProvider",
          (s) => client.send(new TagSAMLProviderCommand({ SAMLProviderArn: arn, Tags: pairs(set) }), s),
          o,
          arn,
        );
    },
    async listSamlProviders(o) {
      const r = await call("ListSAMLProviders", (s) => client.send(new ListSAMLProvidersCommand({}), s), o);
      return (r.SAMLProviderList ?? []).map((x) => x.Arn!);
    },
  } satisfies Partial<Iam>;

  const users = {
    async getUser(name, o) {
      const r = await orMissing(call("GetUser", (s) => client.send(new GetUserCommand({ UserName: name }), s), o));
      const user = r?.User;
      if (!user) return undefined;
      return {
        arn: user.Arn!,
        name: user.UserName!,
        path: user.Path ?? "/",
        permissionsBoundaryArn: user.PermissionsBoundary?.PermissionsBoundaryArn,
        tags: tagsOf(user.Tags),
        attachedPolicyArns: (await orMissing(attachedUserPolicies(name, o))) ?? [],
      };
    },
    async createUser(c, o) {
      const input = {
        UserName: c.name,
        Path: c.path,
        PermissionsBoundary: c.permissionsBoundaryArn,
        ...tagList(c.tags),
      };
      const r = await call("CreateUser", (s) => client.send(new CreateUserCommand(input), s), o, c.name);
      return r.User!.Arn!;
    },
    async setUserBoundary(name, arn, o) {
      if (arn)
        await call(
          "PutUserPermissionsBoundary",
          (s) => client.send(new PutUserPermissionsBoundaryCommand({ UserName: name, PermissionsBoundary: arn }), s),
          o,
          name,
        );
      else
        await orMissing(
          call(
            "DeleteUserPermissionsBoundary",
            (s) => client.send(new DeleteUserPermissionsBoundaryCommand({ UserName: name }), s),
            o,
            name,
          ),
        );
    },
    async attachUserPolicy(name, PolicyArn, o) {
      await call(
        "AttachUserPolicy",
        (s) => client.send(new AttachUserPolicyCommand({ UserName: name, PolicyArn }), s),
        o,
        `${name} ${PolicyArn}`,
      );
    },
    async detachUserPolicy(name, PolicyArn, o) {
      await orMissing(
        call(
          "DetachUserPolicy",
          (s) => client.send(new DetachUserPolicyCommand({ UserName: name, PolicyArn }), s),
          o,
          `${name} ${PolicyArn}`,
        ),
      );
    },
    async tagUser(name, set, remove, o) {
      if (remove.length)
        await call(
          "UntagUser",
          (s) => client.send(new UntagUserCommand({ UserName: name, TagKeys: remove }), s),
          o,
          name,
        );
      if (hasAny(set))
        await call("TagUser", (s) => client.send(new TagUserCommand({ UserName: name, Tags: pairs(set) }), s), o, name);
    },
    async deleteUser(name, o) {
      for (const key of (await orMissing(keys.listAccessKeys(name, o))) ?? [])
        await keys.deleteAccessKey(name, key.id, o);
      for (const arn of (await orMissing(attachedUserPolicies(name, o))) ?? [])
        await users.detachUserPolicy(name, arn, o);
      const inline = pages(async (Marker) => {
        const r = await call(
          "ListUserPolicies",
          (s) => client.send(new ListUserPoliciesCommand({ UserName: name, Marker }), s),
          o,
        );
        return [r.PolicyNames ?? [], r.Marker];
      });
      for (const policy of (await orMissing(inline)) ?? [])
        await orMissing(
          call(
            "DeleteUserPolicy",
            (s) => client.send(new DeleteUserPolicyCommand({ UserName: name, PolicyName: policy }), s),
            o,
            `${name} ${policy}`,
          ),
        );
      await leaveGroups(name, o);
      await orMissing(call("DeleteUser", (s) => client.send(new DeleteUserCommand({ UserName: name }), s), o, name));
    },
  } satisfies Partial<Iam>;

  async function leaveGroups(name: string, o?: CallOptions): Promise<void> {
    const groups = pages(async (Marker) => {
      const r = await call(
        "ListGroupsForUser",
        (s) => client.send(new ListGroupsForUserCommand({ UserName: name, Marker }), s),
        o,
      );
      return [(r.Groups ?? []).map((g) => g.GroupName!), r.Marker];
    });
    for (const GroupName of (await orMissing(groups)) ?? [])
      await orMissing(
        call(
          "RemoveUserFromGroup",
          (s) => client.send(new RemoveUserFromGroupCommand({ UserName: name, GroupName }), s),
          o,
          `${name} ${GroupName}`,
        ),
      );
  }

  const keys = {
    async listAccessKeys(UserName, o) {
      return pages(async (Marker) => {
        const r = await call(
          "ListAccessKeys",
          (s) => client.send(new ListAccessKeysCommand({ UserName, Marker }), s),
          o,
        );
        return [
          (r.AccessKeyMetadata ?? []).map((k) => ({ id: k.AccessKeyId!, status: k.Status!, createdAt: k.CreateDate! })),
          r.Marker,
        ];
      });
    },
    async createAccessKey(UserName, o) {
      const r = await call(
        "CreateAccessKey",
        (s) => client.send(new CreateAccessKeyCommand({ UserName }), s),
        o,
        UserName,
      );
      return { id: r.AccessKey!.AccessKeyId!, secret: r.AccessKey!.SecretAccessKey! };
    },
    async deactivateAccessKey(UserName, id, o) {
      const input = { UserName, AccessKeyId: id, Status: "Inactive" as const };
      await call("UpdateAccessKey", (s) => client.send(new UpdateAccessKeyCommand(input), s), o, UserName);
    },
    async deleteAccessKey(UserName, id, o) {
      await orMissing(
        call(
          "DeleteAccessKey",
          (s) => client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: id }), s),
          o,
          UserName,
        ),
      );
    },
    async accessKeyUse(id, o) {
      const r = await call(
        "GetAccessKeyLastUsed",
        (s) => client.send(new GetAccessKeyLastUsedCommand({ AccessKeyId: id }), s),
        o,
      );
      const used = r.AccessKeyLastUsed;
      return used?.LastUsedDate ? { lastUsedAt: used.LastUsedDate, service: used.ServiceName } : {};
    },
  } satisfies Partial<Iam>;

  return {
    account: p.account,
    partition: p.partition,
    now: p.now,
    ...policies,
    ...roles,
    ...samlProviders,
    ...users,
    ...keys,
  };
}

/** All pages of an IAM list; IAM gives the next marker until nothing is left. */
async function pages<T>(read: (marker: string | undefined) => Promise<[T[], string | undefined]>): Promise<T[]> {
  const all: T[] = [];
  let marker: string | undefined;
  do {
    const [page, next] = await read(marker);
    all.push(...page);
    marker = next;
  } while (marker);
  return all;
}

/** IAM answers RFC 3986 encoded, emulators raw; a raw document may contain "%", so it is decoded only when it must be. */
function parseDocument(text = ""): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(decodeURIComponent(text));
  }
}

function tagsOf(tags: { Key?: string; Value?: string }[] = []): Tags {
  return Object.fromEntries(tags.map((t) => [t.Key!, t.Value ?? ""]));
}
const pairs = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
const hasAny = (tags: Tags) => Object.keys(tags).length > 0;
const tagList = (tags: Tags) => (hasAny(tags) ? { Tags: pairs(tags) } : {});
