/** Inline policies of roles and users, and what groups grant. What goes meanwhile is left out. */
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
import { type Call, pages } from "../call.ts";
import { orMissing } from "../errors.ts";
import type { Iam, IamInlinePolicy } from "../types.ts";
import { parseDocument } from "./context.ts";

type PolicyNames = { PolicyNames?: string[] | undefined; Marker?: string | undefined };

export function inlineCalls(call: Call) {
  /** None of an identity that is not there. */
  const names = async (list: (Marker: string | undefined) => Promise<PolicyNames>): Promise<string[]> => {
    const all = pages<string>(async (marker) => {
      const { PolicyNames = [], Marker } = await list(marker);
      return [PolicyNames, Marker];
    });
    return (await orMissing(all)) ?? [];
  };
  const rolePolicies = (RoleName: string, o?: CallOptions) =>
    names((Marker) => call(new ListRolePoliciesCommand({ RoleName, Marker }), o));
  const userPolicies = (UserName: string, o?: CallOptions) =>
    names((Marker) => call(new ListUserPoliciesCommand({ UserName, Marker }), o));
  const groupPolicies = (GroupName: string, o?: CallOptions) =>
    names((Marker) => call(new ListGroupPoliciesCommand({ GroupName, Marker }), o));
  const groupsOf = async (UserName: string, o?: CallOptions) => {
    const all = pages(async (Marker) => {
      const r = await call(new ListGroupsForUserCommand({ UserName, Marker }), o);
      return [(r.Groups ?? []).map((one) => one.GroupName!), r.Marker];
    });
    return (await orMissing(all)) ?? [];
  };
  const attachedGroupPolicies = (GroupName: string, o?: CallOptions) =>
    pages(async (Marker) => {
      const r = await call(new ListAttachedGroupPoliciesCommand({ GroupName, Marker }), o);
      return [(r.AttachedPolicies ?? []).map((one) => one.PolicyArn!), r.Marker];
    });
  const documents = async (
    all: string[],
    read: (name: string) => Promise<{ PolicyDocument: string | undefined }>,
  ): Promise<IamInlinePolicy[]> => {
    const found = await Promise.all(
      all.map(async (name) => {
        const policy = await orMissing(read(name));
        return policy ? [{ name, document: parseDocument(policy.PolicyDocument) }] : [];
      }),
    );
    return found.flat();
  };

  const calls = {
    inlineRolePolicies: async (RoleName, o) =>
      documents(await rolePolicies(RoleName, o), (PolicyName) =>
        call(new GetRolePolicyCommand({ RoleName, PolicyName }), o),
      ),
    async deleteRolePolicy(RoleName, PolicyName, o) {
      const command = new DeleteRolePolicyCommand({ RoleName, PolicyName });
      await orMissing(call(command, o, `${RoleName} ${PolicyName}`));
    },
    inlineUserPolicies: async (UserName, o) =>
      documents(await userPolicies(UserName, o), (PolicyName) =>
        call(new GetUserPolicyCommand({ UserName, PolicyName }), o),
      ),
    async deleteUserPolicy(UserName, PolicyName, o) {
      const command = new DeleteUserPolicyCommand({ UserName, PolicyName });
      await orMissing(call(command, o, `${UserName} ${PolicyName}`));
    },
    async userGroups(UserName, o) {
      return Promise.all(
        (await groupsOf(UserName, o)).map(async (GroupName) => ({
          name: GroupName,
          attachedPolicyArns: (await orMissing(attachedGroupPolicies(GroupName, o))) ?? [],
          inline: await documents(await groupPolicies(GroupName, o), (PolicyName) =>
            call(new GetGroupPolicyCommand({ GroupName, PolicyName }), o),
          ),
        })),
      );
    },
    async removeFromGroup(UserName, GroupName, o) {
      const command = new RemoveUserFromGroupCommand({ UserName, GroupName });
      await orMissing(call(command, o, `${UserName} ${GroupName}`));
    },
  } satisfies Partial<Iam>;

  return {
    calls,
    /** IAM deletes nothing that has inline policies or is in a group. */
    async clearRole(name: string, o?: CallOptions): Promise<void> {
      for (const policy of await rolePolicies(name, o)) await calls.deleteRolePolicy(name, policy, o);
    },
    async clearUser(name: string, o?: CallOptions): Promise<void> {
      for (const policy of await userPolicies(name, o)) await calls.deleteUserPolicy(name, policy, o);
      for (const group of await groupsOf(name, o)) await calls.removeFromGroup(name, group, o);
    },
  };
}
