/** Managed policies and their versions. */

import { type Account, dropTags, type IamOperation, mergeTags, page, read, tagsXml, write } from "./account.ts";
import { checkManagedPolicy } from "./documents.ts";
import { conflict, exists, limit, notFound } from "./error.ts";
import { type Policy, uniqueId } from "./state.ts";
import { percentEncode } from "./xml.ts";

export function policyOperations({
  state,
  policies,
  now,
  room,
  policy,
  ownPolicy,
  put,
  attachments,
  policyXml,
  iamArn,
}: Account): Record<string, IamOperation> {
  const versioned = (arn: string, id: string, deed?: string): Policy => {
    if (arn.includes(":iam::aws:") || policies.get(arn.toLowerCase())?.versions.some((one) => one.id === id))
      return ownPolicy(arn, "attachable", deed);
    throw notFound(`Policy ${arn} version ${id} does not exist or is not attachable.`);
  };
  return {
    CreatePolicy: write((p) => {
      const name = p.required("PolicyName");
      const path = p.optional("Path") ?? "/";
      const document = p.required("PolicyDocument");
      checkManagedPolicy(document);
      if ([...policies.values()].some((one) => one.name.toLowerCase() === name.toLowerCase()))
        throw exists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
      room("policies", policies.size);
      const tags = mergeTags([], p.tags(), false);
      const created = now();
      const value: Policy = {
        name,
        path,
        id: uniqueId("ANPA"),
        arn: iamArn("policy", path, name),
        created,
        updated: created,
        description: p.optional("Description"),
        defaultVersion: "v1",
        versions: [{ id: "v1", document, created }],
        nextVersion: 2,
        tags,
      };
      put.policy(value);
      return { Policy: policyXml(value, "create") };
    }),
    GetPolicy: read((p) => ({ Policy: policyXml(policy(p.arn("PolicyArn"), "attachable", "read"), "get") })),
    DeletePolicy: write((p) => {
      const value = ownPolicy(p.arn("PolicyArn"), "found", "delete policies");
      const used = attachments(value.arn);
      if (used.roles.length + used.users.length + used.groups.length + used.boundaries > 0)
        throw conflict("Cannot delete a policy attached to entities.");
      if (value.versions.length > 1)
        throw conflict(
          "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.",
        );
      policies.delete(value.arn.toLowerCase());
      return undefined;
    }),
    CreatePolicyVersion: write((p) => {
      const value = ownPolicy(p.arn("PolicyArn"), "attachable");
      const document = p.required("PolicyDocument");
      checkManagedPolicy(document);
      if (value.versions.length >= 5)
        throw limit(
          "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
        );
      const version = { id: `v${value.nextVersion}`, document, created: now() };
      const isDefault = p.flag("SetAsDefault");
      put.policy({
        ...value,
        versions: [version, ...value.versions],
        nextVersion: value.nextVersion + 1,
        updated: now(),
        defaultVersion: isDefault ? version.id : value.defaultVersion,
      });
      return { PolicyVersion: { VersionId: version.id, IsDefaultVersion: isDefault, CreateDate: version.created } };
    }),
    GetPolicyVersion: read((p) => {
      const arn = p.arn("PolicyArn");
      const id = p.required("VersionId");
      const value = policies.read(arn.toLowerCase());
      const version = value?.versions.find((one) => one.id === id);
      if (!value || !version) throw notFound(`Policy ${arn} version ${id} does not exist or is not attachable.`);
      return {
        PolicyVersion: {
          Document: percentEncode(version.document),
          VersionId: id,
          IsDefaultVersion: id === value.defaultVersion,
          CreateDate: version.created,
        },
      };
    }),
    ListPolicyVersions: read((p) => {
      const value = policy(p.arn("PolicyArn"), "attachable", "read");
      return page(
        p,
        value.versions.map(({ id, created }) => ({
          VersionId: id,
          IsDefaultVersion: id === value.defaultVersion,
          CreateDate: created,
        })),
        "Versions",
      );
    }),
    DeletePolicyVersion: write((p) => {
      const arn = p.arn("PolicyArn");
      const id = p.required("VersionId");
      const value = versioned(arn, id, "delete policy versions for policies");
      if (id === value.defaultVersion) throw conflict("Cannot delete the default version of a policy.");
      put.policy({ ...value, versions: value.versions.filter((one) => one.id !== id) });
      return undefined;
    }),
    SetDefaultPolicyVersion: write((p) => {
      const arn = p.arn("PolicyArn");
      const id = p.required("VersionId");
      const value = versioned(arn, id);
      put.policy({ ...value, defaultVersion: id, updated: now() });
      return undefined;
    }),
    ListEntitiesForPolicy: read((p) => {
      const value = policy(p.arn("PolicyArn"), "attachable", "read");
      const filter = p.optional("EntityFilter");
      const usage = p.optional("PolicyUsageFilter");
      const wanted = <T extends { boundary?: string; attached: string[] }>(kind: string, all: Iterable<T>): T[] =>
        filter !== undefined && filter !== kind
          ? []
          : [...all].filter(
              ({ attached, boundary }) =>
                (usage !== "PermissionsBoundary" && attached.includes(value.arn)) ||
                (usage !== "PermissionsPolicy" && boundary === value.arn),
            );
      const users = wanted("User", state.users.values());
      const roles = wanted("Role", state.roles.values());
      return {
        PolicyGroups: wanted("Group", state.groups.values()).map(({ name, id }) => ({ GroupName: name, GroupId: id })),
        PolicyUsers: users.map(({ name, id }) => ({ UserName: name, UserId: id })),
        PolicyRoles: roles.map(({ name, id }) => ({ RoleName: name, RoleId: id })),
        IsTruncated: false,
      };
    }),
    ListPolicies: read((p) => {
      const prefix = p.optional("PathPrefix") ?? "/";
      const attachedOnly = p.flag("OnlyAttached");
      const own = p.optional("Scope") === "AWS" ? [] : policies.readAll().filter(({ path }) => path.startsWith(prefix));
      const shown = own.filter(({ arn }) => !attachedOnly || Object.values(attachments(arn)).flat().some(Boolean));
      return page(
        p,
        shown.map((value) => policyXml(value, "list")),
        "Policies",
      );
    }),
    TagPolicy: write((p) => {
      const value = ownPolicy(p.arn("PolicyArn"));
      put.policy({ ...value, tags: mergeTags(value.tags, p.tags(), false) });
      return undefined;
    }),
    UntagPolicy: write((p) => {
      const value = ownPolicy(p.arn("PolicyArn"));
      put.policy({ ...value, tags: dropTags(value.tags, p.tagKeys(), false) });
      return undefined;
    }),
    ListPolicyTags: read((p) => page(p, tagsXml(policy(p.arn("PolicyArn"), "found", "read").tags), "Tags")),
  };
}
