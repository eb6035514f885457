/** Users, their boundary, attachments and groups. */
import {
  AttachUserPolicyCommand,
  CreateUserCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  DeleteUserPolicyCommand,
  DetachUserPolicyCommand,
  GetUserCommand,
  ListAttachedUserPoliciesCommand,
  ListGroupsForUserCommand,
  ListUserPoliciesCommand,
  PutUserPermissionsBoundaryCommand,
  RemoveUserFromGroupCommand,
  TagUserCommand,
  UntagUserCommand,
} from "@aws-sdk/client-iam";
import type { CallOptions } from "../../errors.ts";
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";
import { hasAny, type IamContext, pages, pairs, tagList, tagsOf } from "./context.ts";

export function userCalls({ client, call }: IamContext, keys: Pick<Iam, "listAccessKeys" | "deleteAccessKey">) {
  const attachedUserPolicies = (name: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const r = await call(
        "ListAttachedUserPolicies",
        (s) => client.send(new ListAttachedUserPoliciesCommand({ UserName: name, Marker }), s),
        o,
      );
      return [(r.AttachedPolicies ?? []).map((a) => a.PolicyArn!), r.Marker];
    });

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

  return users;
}
