/** Inline policies of roles and users, and what groups grant. */
import {
  DeleteRolePolicyCommand,
  DeleteUserPolicyCommand,
  GetGroupPolicyCommand,
  GetRolePolicyCommand,
  GetUserPolicyCommand,
  ListAttachedGroupPoliciesCommand,
  ListGroupPoliciesCommand,
  ListGroupsForUserCommand,
  ListRolePoliciesCommand,
  ListUserPoliciesCommand,
  RemoveUserFromGroupCommand,
} from "@aws-sdk/client-iam";
import type { CallOptions } from "../../errors.ts";
import { orMissing } from "../errors.ts";
import type { Iam, IamInlinePolicy } from "../types.ts";
import { type IamContext, pages, parseDocument } from "./context.ts";

export function inlineCalls({ client, call }: IamContext) {
  /** All inline policies of one identity; one that goes meanwhile is left out, and an identity that is not there has none. */
  const inline = async (
    names: (marker: string | undefined) => Promise<[string[], string | undefined]>,
    read: (name: string) => Promise<string | undefined>,
  ): Promise<IamInlinePolicy[]> => {
    const all = (await orMissing(pages(names))) ?? [];
    const found = await Promise.all(
      all.map(async (name) => {
        const text = await orMissing(read(name));
        return text === undefined ? [] : [{ name, document: parseDocument(text) }];
      }),
    );
    return found.flat();
  };

  const groupPolicies = (GroupName: string, o?: CallOptions) =>
    inline(
      async (Marker) => {
        const input = { GroupName, Marker };
        const r = await call("ListGroupPolicies", (s) => client.send(new ListGroupPoliciesCommand(input), s), o);
        return [r.PolicyNames ?? [], r.Marker];
      },
      async (PolicyName) => {
        const input = { GroupName, PolicyName };
        return (await call("GetGroupPolicy", (s) => client.send(new GetGroupPolicyCommand(input), s), o))
          .PolicyDocument;
      },
    );

  const attachedGroupPolicies = (GroupName: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const input = { GroupName, Marker };
      const r = await call(
        "ListAttachedGroupPolicies",
        (s) => client.send(new ListAttachedGroupPoliciesCommand(input), s),
        o,
      );
      return [(r.AttachedPolicies ?? []).map((one) => one.PolicyArn!), r.Marker];
    });

  return {
    inlineRolePolicies: (RoleName, o) =>
      inline(
        async (Marker) => {
          const input = { RoleName, Marker };
          const r = await call("ListRolePolicies", (s) => client.send(new ListRolePoliciesCommand(input), s), o);
          return [r.PolicyNames ?? [], r.Marker];
        },
        async (PolicyName) => {
          const input = { RoleName, PolicyName };
          return (await call("GetRolePolicy", (s) => client.send(new GetRolePolicyCommand(input), s), o))
            .PolicyDocument;
        },
      ),
    async deleteRolePolicy(RoleName, PolicyName, o) {
      const input = { RoleName, PolicyName };
      await orMissing(
        call(
          "DeleteRolePolicy",
          (s) => client.send(new DeleteRolePolicyCommand(input), s),
          o,
          `${RoleName} ${PolicyName}`,
        ),
      );
    },
    inlineUserPolicies: (UserName, o) =>
      inline(
        async (Marker) => {
          const input = { UserName, Marker };
          const r = await call("ListUserPolicies", (s) => client.send(new ListUserPoliciesCommand(input), s), o);
          return [r.PolicyNames ?? [], r.Marker];
        },
        async (PolicyName) => {
          const input = { UserName, PolicyName };
          return (await call("GetUserPolicy", (s) => client.send(new GetUserPolicyCommand(input), s), o))
            .PolicyDocument;
        },
      ),
    async deleteUserPolicy(UserName, PolicyName, o) {
      const input = { UserName, PolicyName };
      await orMissing(
        call(
          "DeleteUserPolicy",
          (s) => client.send(new DeleteUserPolicyCommand(input), s),
          o,
          `${UserName} ${PolicyName}`,
        ),
      );
    },
    async userGroups(UserName, o) {
      const names = pages(async (Marker) => {
        const input = { UserName, Marker };
        const r = await call("ListGroupsForUser", (s) => client.send(new ListGroupsForUserCommand(input), s), o);
        return [(r.Groups ?? []).map((one) => one.GroupName!), r.Marker];
      });
      return Promise.all(
        ((await orMissing(names)) ?? []).map(async (name) => ({
          name,
          attachedPolicyArns: (await orMissing(attachedGroupPolicies(name, o))) ?? [],
          inline: await groupPolicies(name, o),
        })),
      );
    },
    async removeFromGroup(UserName, GroupName, o) {
      const input = { UserName, GroupName };
      await orMissing(
        call(
          "RemoveUserFromGroup",
          (s) => client.send(new RemoveUserFromGroupCommand(input), s),
          o,
          `${UserName} ${GroupName}`,
        ),
      );
    },
  } satisfies Partial<Iam>;
}
