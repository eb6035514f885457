/** Groups of users, with attached and inline policies. */
import { type Account, type IamOperation, page, read, write } from "./account.ts";
import { conflict, exists, limit } from "./error.ts";
import { inlineOperations } from "./inline.ts";
import { type Group, uniqueId } from "./state.ts";

const GROUPS_PER_USER = 10;

export function groupOperations({
  groups,
  now,
  room,
  group,
  user,
  membersOf,
  put,
  groupXml,
  userXml,
  attached,
  attach,
  detach,
  iamArn,
}: Account): Record<string, IamOperation> {
  return {
    CreateGroup: write((p) => {
      const name = p.required("GroupName");
      const path = p.optional("Path") ?? "/";
      if (groups.get(name.toLowerCase())) throw exists(`Group with name ${name} already exists.`);
      room("groups", groups.size);
      const value: Group = {
        name,
        path,
        id: uniqueId("AGPA"),
        arn: iamArn("group", path, name),
        created: now(),
        attached: [],
        inline: [],
      };
      put.group(value);
      return { Group: groupXml(value) };
    }),
    GetGroup: read((p) => {
      const value = group(p.required("GroupName"), "read");
      const users = membersOf(value).map((one) => userXml(one, false));
      return { Group: groupXml(value), ...page(p, users, "Users") };
    }),
    ListGroups: read((p) => {
      const prefix = p.optional("PathPrefix") ?? "/";
      const found = groups.readAll().filter(({ path }) => path.startsWith(prefix));
      return page(p, found.map(groupXml), "Groups");
    }),
    DeleteGroup: write((p) => {
      const value = group(p.required("GroupName"));
      if (membersOf(value).length > 0) throw conflict("Cannot delete entity, must remove users from group first.");
      if (value.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      if (value.inline.length > 0) throw conflict("Cannot delete entity, must delete policies first.");
      groups.delete(value.name.toLowerCase());
      return undefined;
    }),
    AddUserToGroup: write((p) => {
      const name = group(p.required("GroupName")).name.toLowerCase();
      const member = user(p.required("UserName"));
      if (member.groups.includes(name)) return undefined;
      if (member.groups.length >= GROUPS_PER_USER)
        throw limit(`Cannot exceed quota for GroupsPerUser: ${GROUPS_PER_USER}`);
      put.user({ ...member, groups: [...member.groups, name] });
      return undefined;
    }),
    RemoveUserFromGroup: write((p) => {
      const name = group(p.required("GroupName")).name.toLowerCase();
      const member = user(p.required("UserName"));
      put.user({ ...member, groups: member.groups.filter((one) => one !== name) });
      return undefined;
    }),
    ListGroupsForUser: read((p) => {
      const { groups: names } = user(p.required("UserName"), "read");
      return page(
        p,
        names.map((name) => groupXml(group(name))),
        "Groups",
      );
    }),
    AttachGroupPolicy: write((p) => {
      const value = group(p.required("GroupName"));
      put.group({ ...value, attached: attach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    DetachGroupPolicy: write((p) => {
      const value = group(p.required("GroupName"));
      put.group({ ...value, attached: detach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    ListAttachedGroupPolicies: read((p) =>
      page(p, attached(group(p.required("GroupName"), "read").attached), "AttachedPolicies"),
    ),
    ...inlineOperations({ type: "group", field: "GroupName", find: group, put: put.group }),
  };
}
