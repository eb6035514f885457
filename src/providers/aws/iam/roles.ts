/** Roles, their trust, boundary and attachments. */
import {
  AttachRolePolicyCommand,
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePermissionsBoundaryCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePermissionsBoundaryCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from "@aws-sdk/client-iam";
import type { CallOptions } from "../../errors.ts";
import { orMissing } from "../errors.ts";
import { readNewerMembers, sendNewerMembers } from "../newer-members.ts";
import type { Iam } from "../types.ts";
import { hasAny, type IamContext, pages, pairs, parseDocument, tagList, tagsOf } from "./context.ts";

export function roleCalls({ client, call }: IamContext) {
  const attachedRolePolicies = (name: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const r = await call(
        "ListAttachedRolePolicies",
        (s) => client.send(new ListAttachedRolePoliciesCommand({ RoleName: name, Marker }), s),
        o,
      );
      return [(r.AttachedPolicies ?? []).map((a) => a.PolicyArn!), r.Marker];
    });

  const roles = {
    async getRole(name, o) {
      const command = new GetRoleCommand({ RoleName: name });
      // @aws-sdk/client-iam 3.1169.0 does not know MaxSigninSessionDuration.
      const newer = readNewerMembers(command.middlewareStack, ["MaxSigninSessionDuration"]);
      const r = await orMissing(call("GetRole", (s) => client.send(command, s), o));
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
      const r = await call("CreateRole", (s) => client.send(new CreateRoleCommand(input), s), o, c.name);
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
      await call("UpdateRole", (s) => client.send(command, s), o, name);
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
        const r = await call(
          "ListRoles",
          (s) => client.send(new ListRolesCommand({ PathPrefix, Marker, MaxItems: 1000 }), s),
          o,
        );
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
