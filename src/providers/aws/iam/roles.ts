/** Roles, their trust, boundary and attachments. */
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import type { CallOptions } from "../../errors.ts";
import { type Call, pages } from "../call.ts";
import { orMissing } from "../errors.ts";
import { readNewerMembers, sendNewerMembers } from "../newer-members.ts";
import type { Iam } from "../types.ts";
import { hasAny, pairs, parseDocument, tagList, tagsOf } from "./context.ts";

/** `clear`: takes a role's inline policies away. */
export function roleCalls(call: Call, clear: (name: string, o?: CallOptions) => Promise<void>) {
  const attachedRolePolicies = (name: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const r = await call(new ListAttachedRolePoliciesCommand({ RoleName: name, Marker }), o);
      return [(r.AttachedPolicies ?? []).map((a) => a.PolicyArn!), r.Marker];
    });

  const roles = {
    async getRole(name, o) {
      const command = new GetRoleCommand({ RoleName: name });
      // @aws-sdk/client-iam 3.1169.0 does not know MaxSigninSessionDuration.
      const newer = readNewerMembers(command.middlewareStack, ["MaxSigninSessionDuration"]);
      const r = await orMissing(call(command, o));
      const role = r?.Role;
      if (!role) return undefined;
      return {
        arn: role.Arn!,
        name: role.RoleName!,
        path: role.Path ?? "/",
        id: role.RoleId!,
        trust: parseDocument(role.AssumeRolePolicyDocument),
        maxSessionDurationSeconds: role.MaxSessionDuration ?? 3600,
        ...(newer().MaxSigninSessionDuration && { maxSigninSessionSeconds: Number(newer().MaxSigninSessionDuration) }),
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
      const r = await call(new CreateRoleCommand(input), o, c.name);
      return r.Role!.Arn!;
    },
    async updateRole(name, c, o) {
      const input = { RoleName: name, MaxSessionDuration: c.maxSessionDurationSeconds, Description: c.description };
      const command = new UpdateRoleCommand(input);
      const signin = c.maxSigninSessionSeconds;
      if (signin !== undefined)
        sendNewerMembers(
          command.middlewareStack,
          signin === null ? { ResetMaxSigninSessionDuration: "true" } : { MaxSigninSessionDuration: String(signin) },
        );
      await call(command, o, name);
    },
    async setTrust(name, trust, o) {
      const input = { RoleName: name, PolicyDocument: JSON.stringify(trust) };
      await call(new UpdateAssumeRolePolicyCommand(input), o, name);
    },
    async setRoleBoundary(name, arn, o) {
      if (arn) await call(new PutRolePermissionsBoundaryCommand({ RoleName: name, PermissionsBoundary: arn }), o, name);
      else await orMissing(call(new DeleteRolePermissionsBoundaryCommand({ RoleName: name }), o, name));
    },
    async attachRolePolicy(name, PolicyArn, o) {
      await call(new AttachRolePolicyCommand({ RoleName: name, PolicyArn }), o, `${name} ${PolicyArn}`);
    },
    async detachRolePolicy(name, PolicyArn, o) {
      await orMissing(call(new DetachRolePolicyCommand({ RoleName: name, PolicyArn }), o, `${name} ${PolicyArn}`));
    },
    async tagRole(name, set, remove, o) {
      if (remove.length) await call(new UntagRoleCommand({ RoleName: name, TagKeys: remove }), o, name);
      if (hasAny(set)) await call(new TagRoleCommand({ RoleName: name, Tags: pairs(set) }), o, name);
    },
    async deleteRole(name, o) {
      for (const arn of (await orMissing(attachedRolePolicies(name, o))) ?? [])
        await roles.detachRolePolicy(name, arn, o);
      await clear(name, o);
      await orMissing(call(new DeleteRoleCommand({ RoleName: name }), o, name));
    },
    async listRoles(PathPrefix, o) {
      return pages(async (Marker) => {
        const r = await call(new ListRolesCommand({ PathPrefix, Marker, MaxItems: 1000 }), o);
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

  return roles;
}
