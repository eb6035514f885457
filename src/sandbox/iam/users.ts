/** Users and their access keys. */

import { type Account, dropTags, type IamOperation, mergeTags, page, read, tagsXml, write } from "./account.ts";
import { conflict, exists, IamError, invalid, limit, notFound } from "./error.ts";
import { inlineOperations } from "./inline.ts";
import { type AccessKey, type User, uniqueId } from "./state.ts";

export function userOperations({
  account,
  users,
  now,
  room,
  user,
  put,
  checkBoundary,
  userXml,
  attached,
  attach,
  detach,
  iamArn,
}: Account): Record<string, IamOperation> {
  return {
    CreateUser: write((p) => {
      const name = p.required("UserName");
      if (name.length > 64)
        throw invalid(
          "1 validation error detected: Value at 'userName' failed to satisfy constraint: Member must have length less than or equal to 64",
        );
      const path = p.optional("Path") ?? "/";
      const boundary = p.optional("PermissionsBoundary");
      checkBoundary(boundary);
      if (users.get(name.toLowerCase())) throw exists(`User with name ${name} already exists.`);
      room("users", users.size);
      const value: User = {
        name,
        path,
        id: uniqueId("AIDA"),
        arn: iamArn("user", path, name),
        created: now(),
        boundary,
        tags: mergeTags([], p.tags(), true),
        attached: [],
        inline: [],
        groups: [],
        keys: [],
      };
      put.user(value);
      return { User: userXml(value, true) };
    }),
    GetUser: read((p) => ({ User: userXml(user(p.required("UserName"), "read"), true) })),
    UpdateUser: write((p) => {
      const value = user(p.required("UserName"));
      const name = p.optional("NewUserName") ?? value.name;
      const path = p.optional("NewPath") ?? value.path;
      if (name.toLowerCase() !== value.name.toLowerCase() && users.get(name.toLowerCase()))
        throw exists(`User with name ${name} already exists.`);
      users.delete(value.name.toLowerCase());
      put.user({ ...value, name, path, arn: iamArn("user", path, name) });
      return undefined;
    }),
    ListUsers: read((p) => {
      const prefix = p.optional("PathPrefix") ?? "/";
      return page(
        p,
        users
          .readAll()
          .filter(({ path }) => path.startsWith(prefix))
          .map((value) => userXml(value, false)),
        "Users",
      );
    }),
    DeleteUser: write((p) => {
      const value = user(p.required("UserName"));
      if (value.attached.length > 0) throw conflict("Cannot delete entity, must detach all policies first.");
      if (value.inline.length > 0) throw conflict("Cannot delete entity, must delete policies first.");
      if (value.groups.length > 0) throw conflict("Cannot delete entity, must remove users from group first.");
      if (value.keys.length > 0) throw conflict("Cannot delete entity, must remove referenced objects first.");
      users.delete(value.name.toLowerCase());
      return undefined;
    }),
    PutUserPermissionsBoundary: write((p) => {
      const value = user(p.required("UserName"));
      const boundary = p.required("PermissionsBoundary");
      checkBoundary(boundary);
      put.user({ ...value, boundary });
      return undefined;
    }),
    DeleteUserPermissionsBoundary: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, boundary: undefined });
      return undefined;
    }),
    AttachUserPolicy: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, attached: attach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    DetachUserPolicy: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, attached: detach(value.attached, p.arn("PolicyArn")) });
      return undefined;
    }),
    ListAttachedUserPolicies: read((p) =>
      page(p, attached(user(p.required("UserName"), "read").attached), "AttachedPolicies"),
    ),
    ...inlineOperations({ type: "user", field: "UserName", find: user, put: put.user }),
    TagUser: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, tags: mergeTags(value.tags, p.tags(), true) });
      return undefined;
    }),
    UntagUser: write((p) => {
      const value = user(p.required("UserName"));
      put.user({ ...value, tags: dropTags(value.tags, p.tagKeys(), true) });
      return undefined;
    }),
    ListUserTags: read((p) => page(p, tagsXml(user(p.required("UserName"), "read").tags), "Tags")),

    CreateAccessKey: write((p) => {
      const value = user(p.required("UserName"));
      if (value.keys.length >= 2) throw limit("Cannot exceed quota for AccessKeysPerUser: 2");
      const key: AccessKey = { id: uniqueId("AKIA", 16), secret: uniqueId("", 40), status: "Active", created: now() };
      put.user({ ...value, keys: [...value.keys, key] });
      return {
        AccessKey: {
          UserName: value.name,
          AccessKeyId: key.id,
          Status: key.status,
          SecretAccessKey: key.secret,
          CreateDate: key.created,
        },
      };
    }),
    ListAccessKeys: read((p) => {
      const value = user(p.required("UserName"), "read");
      return page(
        p,
        value.keys.map(({ id, status, created }) => ({
          UserName: value.name,
          AccessKeyId: id,
          Status: status,
          CreateDate: created,
        })),
        "AccessKeyMetadata",
      );
    }),
    UpdateAccessKey: write((p) => {
      const id = p.required("AccessKeyId");
      const status = p.required("Status");
      if (status !== "Active" && status !== "Inactive")
        throw invalid(
          "1 validation error detected: Value at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive]",
        );
      const value = user(p.required("UserName"));
      if (!value.keys.some((key) => key.id === id)) throw notFound(`The Access Key with id ${id} cannot be found.`);
      put.user({ ...value, keys: value.keys.map((key) => (key.id === id ? { ...key, status } : key)) });
      return undefined;
    }),
    DeleteAccessKey: write((p) => {
      const id = p.required("AccessKeyId");
      const value = user(p.required("UserName"));
      if (!value.keys.some((key) => key.id === id)) throw notFound(`The Access Key with id ${id} cannot be found.`);
      put.user({ ...value, keys: value.keys.filter((key) => key.id !== id) });
      return undefined;
    }),
    GetAccessKeyLastUsed: read((p) => {
      const id = p.required("AccessKeyId");
      for (const value of users.values()) {
        const key = value.keys.find((one) => one.id === id);
        if (!key) continue;
        const used = key.lastUsed;
        return {
          UserName: value.name,
          AccessKeyLastUsed: {
            LastUsedDate: used?.at,
            ServiceName: used?.service ?? "N/A",
            Region: used?.region ?? "N/A",
          },
        };
      }
      throw new IamError(
        "AccessDenied",
        `User: arn:aws:iam::${account}:user/administrator is not authorized to perform iam:GetAccessKeyLastUsed on resource: access key ${id}`,
        403,
      );
    }),
  };
}
