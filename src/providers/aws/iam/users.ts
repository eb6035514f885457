/** Users, their boundary and attachments. */
import {
  AttachUserPolicyCommand,
  CreateUserCommand,
  DeleteUserCommand,
  DeleteUserPermissionsBoundaryCommand,
  DetachUserPolicyCommand,
  GetUserCommand,
  ListAttachedUserPoliciesCommand,
  PutUserPermissionsBoundaryCommand,
  TagUserCommand,
  UntagUserCommand,
} from "@aws-sdk/client-iam";
import type { CallOptions } from "../../errors.ts";
import { type Call, pages } from "../call.ts";
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";
import { hasAny, pairs, tagList, tagsOf } from "./context.ts";

/** `clear`: takes a user's inline policies and groups away. */
export function userCalls(
  call: Call,
  keys: Pick<Iam, "listAccessKeys" | "deleteAccessKey">,
  clear: (name: string, o?: CallOptions) => Promise<void>,
) {
  const attachedUserPolicies = (name: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const r = await call(new ListAttachedUserPoliciesCommand({ UserName: name, Marker }), o);
      return [(r.AttachedPolicies ?? []).map((a) => a.PolicyArn!), r.Marker];
    });

  const users = {
    async getUser(name, o) {
      const r = await orMissing(call(new GetUserCommand({ UserName: name }), o));
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
      const r = await call(new CreateUserCommand(input), o, c.name);
      return r.User!.Arn!;
    },
    async setUserBoundary(name, arn, o) {
      if (arn) await call(new PutUserPermissionsBoundaryCommand({ UserName: name, PermissionsBoundary: arn }), o, name);
      else await orMissing(call(new DeleteUserPermissionsBoundaryCommand({ UserName: name }), o, name));
    },
    async attachUserPolicy(name, PolicyArn, o) {
      await call(new AttachUserPolicyCommand({ UserName: name, PolicyArn }), o, `${name} ${PolicyArn}`);
    },
    async detachUserPolicy(name, PolicyArn, o) {
      await orMissing(call(new DetachUserPolicyCommand({ UserName: name, PolicyArn }), o, `${name} ${PolicyArn}`));
    },
    async tagUser(name, set, remove, o) {
      if (remove.length) await call(new UntagUserCommand({ UserName: name, TagKeys: remove }), o, name);
      if (hasAny(set)) await call(new TagUserCommand({ UserName: name, Tags: pairs(set) }), o, name);
    },
    async deleteUser(name, o) {
      for (const key of (await orMissing(keys.listAccessKeys(name, o))) ?? [])
        await keys.deleteAccessKey(name, key.id, o);
      for (const arn of (await orMissing(attachedUserPolicies(name, o))) ?? [])
        await users.detachUserPolicy(name, arn, o);
      await clear(name, o);
      await orMissing(call(new DeleteUserCommand({ UserName: name }), o, name));
    },
  } satisfies Partial<Iam>;

  return users;
}
