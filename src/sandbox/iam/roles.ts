/** Roles. */

import { type Account, dropTags, type IamOperation, mergeTags, page, read, tagsXml, write } from "./account.ts";
import { checkTrustPolicy, federatedPrincipals } from "./documents.ts";
import { conflict, exists, IamError, notFound } from "./error.ts";
import { inlineOperations } from "./inline.ts";
import { type Role, uniqueId } from "./state.ts";

export function roleOperations({
  roles,
  providers,
  open,
  now,
  room,
  quotas,
  role,
  put,
  checkBoundary,
  roleXml,
  attached,
  attach,
  detach,
  iamArn,
}: Account): Record<string, IamOperation> {
  const checkTrust = (trust: string) => {
    checkTrustPolicy(trust, quotas.trustPolicyCharacters);
    const missing = federatedPrincipals(trust).some(
      (one) => one.includes(":saml-provider/") && !providers.has(one.toLowerCase()),
    );
    if (missing && open.missingProviderInTrust === "refused")
      throw new IamError("MalformedPolicyDocument", "Invalid principal in policy", 400);
  };
  return {
    CreateRole: write((p) => {
      const name = p.required("RoleName");
      const path = p.optional("Path") ?? "/";
      const trust = p.required("AssumeRolePolicyDocument");
      checkTrust(trust);
      const boundary = p.optional("PermissionsBoundary");
      checkBoundary(boundary);
      const maxSessionDuration = p.integer("MaxSessionDuration", 3600, 43_200) ?? 3600;
      if (roles.get(name.toLowerCase())) throw exists(`Role with name ${name} already exists.`);
      room("roles", roles.size);
      const value: Role = {
        name,
        path,
        id: uniqueId("AROA"),
        arn: iamArn("role", path, name),
        created: now(),
        trust,
        description: p.optional("Description"),
        maxSessionDuration,
        maxSigninSessionDuration: p.integer("MaxSigninSessionDuration", 3600, 7_776_000),
        boundary,
        tags: mergeTags([], p.tags(), true),
        attached: [],
        inline: [],
      };
      put.role(value);
      return { Role: roleXml(value, "create") };
    }),
    GetRole: read((p) => ({ Role: roleXml(role(p.required("RoleName"), "read"), "get") })),
    ListRoles: read((p) => {
      const prefix = p.optional("PathPrefix") ?? "/";
      return page(
        p,
        roles
          .readAll()
          .filter(({ path }) => path.startsWith(prefix))
          .map((value) => roleXml(value, "list")),
        "Roles",
      );
    }),
    UpdateRole: write((p) => {
      const value = role(p.required("RoleName"));
      const signin = p.integer("MaxSigninSessionDuration", 3600, 7_776_000);
      const reset = p.flag("ResetMaxSigninSessionDuration");
      if (reset && signin !== undefined)
        throw new IamError(
          "InvalidInput",
          "MaxSigninSessionDuration and ResetMaxSigninSessionDuration cannot be used together.",
          400,
        );
      put.role({
        ...value,
        maxSigninSessionDuration: reset ? undefined : (signin ?? value.maxSigninSessionDuration),
        description: p.optional("Description") ?? value.description,
        maxSessionDuration: p.integer("MaxSessionDuration", 3600, 43_200) ?? value.maxSessionDuration,
      });
      return {};
    }),
    UpdateAssumeRolePolicy: write((p) => {
      const value = role(p.required("RoleName"));
      const trust = p.required("PolicyDocument");
      checkTrust(trust);
      put.role({ ...value, trust });
      return undefined;
    }),
    DeleteRole: write((p) => {
      const value = role(p.required("RoleName"));
      if (value.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      if (value.inline.length > 0) throw conflict("Cannot delete entity, must delete policies first.");
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
    ListAttachedRolePolicies: read((p) =>
      page(p, attached(role(p.required("RoleName"), "read").attached), "AttachedPolicies"),
    ),
    ...inlineOperations({ type: "role", field: "RoleName", find: role, put: put.role }),
    ListInstanceProfilesForRole: read((p) => {
      role(p.required("RoleName"), "read");
      return page(p, [], "InstanceProfiles");
    }),
    TagRole: write((p) => {
      const value = role(p.required("RoleName"));
      put.role({ ...value, tags: mergeTags(value.tags, p.tags(), true) });
      return undefined;
    }),
    UntagRole: write((p) => {
      const value = role(p.required("RoleName"));
      put.role({ ...value, tags: dropTags(value.tags, p.tagKeys(), true) });
      return undefined;
    }),
    ListRoleTags: read((p) => page(p, tagsXml(role(p.required("RoleName"), "read").tags), "Tags")),
  };
}
