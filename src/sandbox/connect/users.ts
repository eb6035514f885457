/** Users: created, read, changed and deleted. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import { ConnectError, invalidRequest, notFound } from "./error.ts";
import { channelLists, createdWith, type Handling, phoneConfig, withChannels, withPhoneConfig } from "./handling.ts";
import { page } from "./page.ts";
import { type Call, modified, type Route, route } from "./route.ts";
import { searchUsers } from "./search.ts";
import { type ConnectUser, dropUser, type Instance, putUser } from "./state.ts";
import {
  type Body,
  checkUsername,
  hierarchyGroup,
  identityInfo,
  required,
  routingProfile,
  securityProfiles,
  tagMap,
} from "./validate.ts";

const REUSE_MS = { atOnce: 0, afterOneMinute: 60_000 };

/** The user that a call names; `map` "read" for reads. */
export function userOf({ instance, rest }: Call, map: "get" | "read" = "get"): ConnectUser {
  const found = instance.users[map](rest[0]!);
  if (!found) throw notFound("The specified user does not exist");
  return found;
}

export function userRoutes(host: SandboxHost): Route[] {
  const { open } = host.behaviour;
  const change = (call: Call, fields: Partial<ConnectUser>) => {
    putUser(call.instance, { ...userOf(call), ...fields, LastModifiedTime: host.clock.now() });
  };
  return [
    route("ListUsers", "GET", "/users-summary/{InstanceId}", false, ({ instance, query }) => {
      const size = Number(query.get("maxResults") ?? 100);
      const { slice, token } = page(instance.users.readAll(), size, 1000, query.get("nextToken"));
      return {
        UserSummaryList: slice.map(({ Id, Arn, Username, LastModifiedTime }) => ({
          Id,
          Arn,
          Username,
          ...modified(instance, LastModifiedTime),
        })),
        NextToken: token,
      };
    }),
    route("SearchUsers", "POST", "/search-users", false, ({ instance, body }) => searchUsers(instance, body, open)),
    route("DescribeUser", "GET", "/users/{InstanceId}/{UserId}", false, (call) => {
      const { Proficiencies: _, LastModifiedTime, channels, federatedRole: __, ...view } = userOf(call, "read");
      return { User: { ...view, ...channels, ...modified(call.instance, LastModifiedTime) } };
    }),
    route("CreateUser", "PUT", "/users/{InstanceId}", true, ({ instance, body }) => createUser(host, instance, body)),
    route("DeleteUser", "DELETE", "/users/{InstanceId}/{UserId}", true, (call) => {
      const { instance } = call;
      const found = userOf(call);
      instance.names.delete(found.Username);
      instance.released.set(found.Username, host.clock.now().getTime() + REUSE_MS[open.usernameReuse]);
      dropUser(instance, found.Id);
      if (open.deleteUserEndsSessions === "ends") instance.sessions.delete(found.Id);
    }),
    route("UpdateUserIdentityInfo", "POST", "/users/{InstanceId}/{UserId}/identity-info", true, (call) => {
      if (call.body.IdentityInfo === undefined) throw invalidRequest("IdentityInfo is required");
      change(call, { IdentityInfo: identityInfo(call.instance, call.body.IdentityInfo, true) });
    }),
    route("UpdateUserPhoneConfig", "POST", "/users/{InstanceId}/{UserId}/phone-config", true, (call) => {
      if (call.body.PhoneConfig === undefined) throw invalidRequest("PhoneConfig is required");
      change(call, withPhoneConfig(userOf(call), phoneConfig(call.body.PhoneConfig), open));
    }),
    route("UpdateUserConfig", "POST", "/users/{InstanceId}/{UserId}/config", true, (call) =>
      change(call, withChannels(userOf(call), channelLists(call.body), open)),
    ),
    route("UpdateUserSecurityProfiles", "POST", "/users/{InstanceId}/{UserId}/security-profiles", true, (call) =>
      change(call, { SecurityProfileIds: securityProfiles(call.instance, call.body.SecurityProfileIds) }),
    ),
    route("UpdateUserRoutingProfile", "POST", "/users/{InstanceId}/{UserId}/routing-profile", true, (call) =>
      change(call, { RoutingProfileId: routingProfile(call.instance, call.body.RoutingProfileId) }),
    ),
    route("UpdateUserHierarchy", "POST", "/users/{InstanceId}/{UserId}/hierarchy", true, (call) =>
      change(call, { HierarchyGroupId: hierarchyGroup(call.instance, call.body.HierarchyGroupId) }),
    ),
  ];
}

function createUser(host: SandboxHost, instance: Instance, body: Body) {
  const Username = required(body, "Username", 1, 100);
  const saml = (instance.world.identityManagement ?? "SAML") === "SAML";
  checkUsername(instance, Username);
  if (saml && body.Password !== undefined) throw invalidRequest("Password is not allowed for instances that use SAML");
  if (saml && body.DirectoryUserId !== undefined)
    throw invalidRequest("DirectoryUserId is not allowed for instances that use SAML");
  const handling: Handling = createdWith(body, host.behaviour.open);
  const fields = {
    ...handling,
    IdentityInfo: identityInfo(instance, body.IdentityInfo, true),
    SecurityProfileIds: securityProfiles(instance, body.SecurityProfileIds),
    RoutingProfileId: routingProfile(instance, body.RoutingProfileId),
    HierarchyGroupId: hierarchyGroup(instance, body.HierarchyGroupId),
    Tags: tagMap(body.Tags),
  };
  const now = host.clock.now();
  if (instance.names.has(Username) || (instance.released.get(Username) ?? 0) > now.getTime())
    throw new ConnectError("DuplicateResourceException", "A user with the specified username already exists", 409);
  if (instance.names.size >= instance.userQuota)
    throw new ConnectError("LimitExceededException", "Users per instance exceeded", 429);
  const Id = randomUUID();
  const Arn = `${instance.arn}/agent/${Id}`;
  instance.released.delete(Username);
  instance.names.set(Username, Id);
  putUser(instance, { Id, Arn, Username, ...fields, Proficiencies: [], LastModifiedTime: now });
  return { UserId: Id, UserArn: Arn };
}
