/** Amazon Connect of the sandbox: restJson1, one route per operation. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { InfrastructureError, Operation, SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { ConnectError, invalidParameter, invalidRequest, notFound } from "./error.ts";
import { type ConnectUser, createInstances, type Instance, type NamedResource, type Proficiency } from "./state.ts";
import { type Body, checkUsername, hierarchyGroup, identityInfo, phoneConfig, proficiencies, refusePerChannelWithLegacy, required, routingProfile, securityProfiles, tagMap } from "./validate.ts";

interface Call {
  instance: Instance;
  /** Captures of the route after the instance id. */
  rest: string[];
  body: Body;
  query: URLSearchParams;
}
interface Route {
  name: string;
  method: string;
  path: RegExp;
  writes: boolean;
  run(call: Call): unknown;
}

const USERS_PER_INSTANCE = 100_000;

export function createConnect(host: SandboxHost): SandboxService[] {
  const instances = createInstances(host);
  const routes = routesOf(host, instances);
  const byOperation = new Map(routes.map((route) => [route.name, route]));
  const service: SandboxService = {
    name: "connect",
    operation(request: SandboxRequest): Operation {
      const route = routes.find(({ method, path }) => method === request.method && path.test(request.path));
      return { name: route?.name ?? "Unknown", writes: route?.writes ?? false };
    },
    handle(request, operation) {
      try {
        const route = byOperation.get(operation.name);
        if (!route) throw new ConnectError("UnknownOperationException", "", 404);
        if (!/Credential=[^/]+\//.test(request.headers["authorization"] ?? "")) throw new ConnectError("MissingAuthenticationTokenException", "Missing Authentication Token", 403);
        const [instanceId = "", ...rest] = route.path.exec(request.path)!.slice(1).map(decodeURIComponent);
        let body: Body = {};
        try {
          body = request.body ? (JSON.parse(request.body) as Body) : {};
        } catch {
          throw new ConnectError("SerializationException", "Unable to parse the request body", 400);
        }
        return respond(200, route.run({ instance: instanceOf(instances, instanceId || String(body["InstanceId"] ?? ""), route.name), rest, body, query: request.query }) ?? {});
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        return respond(error.status, { Message: error.message }, error.type);
      }
    },
    infrastructureError(kind: InfrastructureError) {
      const [type, message, status] = {
        throttled: ["ThrottlingException", "Rate exceeded", 429],
        internal: ["InternalServiceException", "Internal service error", 500],
        unavailable: ["InternalServiceException", "Service unavailable", 503],
        denied: ["AccessDeniedException", "User is not authorized to perform this action", 403],
        unauthorized: ["ExpiredTokenException", "The security token included in the request is expired", 403],
      }[kind] as [string, string, number];
      return respond(status, { Message: message }, type);
    },
  };
  return [service];
}

function respond(status: number, body: unknown, type?: string): SandboxResponse {
  return {
    status,
    headers: { "content-type": "application/json", "x-amzn-requestid": randomUUID(), "access-control-allow-origin": "*", ...(type ? { "x-amzn-errortype": type } : {}) },
    body: JSON.stringify(body),
  };
}

/** Ids and ARNs are both accepted, as the service does. Operations without an instance get any. */
function instanceOf(instances: Map<string, Instance>, id: string, operation: string): Instance {
  if (operation === "ListInstances" || operation.endsWith("Resource")) return [...instances.values()][0]!;
  const found = instances.get(id.split("/").at(-1)!);
  if (!found) throw notFound("The specified instance does not exist");
  return found;
}

function routesOf(host: SandboxHost, instances: Map<string, Instance>): Route[] {
  const route = (name: string, method: string, path: RegExp, writes: boolean, run: (call: Call) => unknown): Route => ({ name, method, path, writes, run });
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
  const user = ({ instance, rest }: Call): ConnectUser => {
    const found = instance.users.get(rest[0]!);
    if (!found) throw notFound("The specified user does not exist");
    return found;
  };
  const change = (call: Call, fields: Partial<ConnectUser>) => {
    const old = user(call);
    call.instance.users.set(old.Id, { ...old, ...fields, LastModifiedTime: host.clock.now() });
  };
  const byTag = (arn: string): { instance: Instance; user: ConnectUser } => {
    const [, instanceId, id] = /instance\/([^/]+)\/agent\/([^/]+)$/.exec(arn) ?? [];
    const instance = instances.get(instanceId ?? "");
    const found = instance?.users.get(id ?? "");
    if (!instance || !found) throw notFound("The specified resource does not exist");
    return { instance, user: found };
  };
  const names = (items: NamedResource[], query: URLSearchParams, key: string) => {
    const { slice, token } = page(items, Number(query.get("maxResults") ?? 1000), 1000, query.get("nextToken"));
    return { [key]: slice.map(({ Id, Arn, Name }) => ({ Id, Arn, Name })), NextToken: token };
  };

  return [
    route("ListInstances", "GET", /^\/instance$/, false, ({ query }) => {
      const { slice, token } = page([...instances.values()], Number(query.get("maxResults") ?? 10), 10, query.get("nextToken"));
      return { InstanceSummaryList: slice.map((instance) => describe(instance, seconds)), NextToken: token };
    }),
    route("DescribeInstance", "GET", /^\/instance\/([^/]+)$/, false, ({ instance }) => ({
      Instance: describe(instance, seconds),
      ...(instance.world.globalSignInEndpoint ? { ReplicationConfiguration: { GlobalSignInEndpoint: instance.world.globalSignInEndpoint, SourceRegion: instance.world.region, ReplicationStatusSummaryList: [] } } : {}),
    })),
    route("ListUsers", "GET", /^\/users-summary\/([^/]+)$/, false, ({ instance, query }) => {
      const { slice, token } = page([...instance.users.values()], Number(query.get("maxResults") ?? 100), 1000, query.get("nextToken"));
      return { UserSummaryList: slice.map(({ Id, Arn, Username, LastModifiedTime }) => ({ Id, Arn, Username, LastModifiedTime: seconds(LastModifiedTime), LastModifiedRegion: instance.world.region })), NextToken: token };
    }),
    route("SearchUsers", "POST", /^\/search-users$/, false, ({ instance, body }) => searchUsers(instance, body)),
    route("DescribeUser", "GET", /^\/users\/([^/]+)\/([^/]+)$/, false, (call) => {
      const { Proficiencies: _, LastModifiedTime, ...view } = user(call);
      return { User: { ...view, LastModifiedTime: seconds(LastModifiedTime), LastModifiedRegion: call.instance.world.region } };
    }),
    route("CreateUser", "PUT", /^\/users\/([^/]+)$/, true, ({ instance, body }) => createUser(instance, body, host.clock.now())),
    route("DeleteUser", "DELETE", /^\/users\/([^/]+)\/([^/]+)$/, true, (call) => {
      const found = user(call);
      call.instance.names.delete(found.Username);
      call.instance.users.delete(found.Id);
    }),
    route("UpdateUserIdentityInfo", "POST", /^\/users\/([^/]+)\/([^/]+)\/identity-info$/, true, (call) => {
      if (call.body["IdentityInfo"] === undefined) throw invalidRequest("IdentityInfo is required");
      change(call, { IdentityInfo: identityInfo(call.instance, call.body["IdentityInfo"], true) });
    }),
    route("UpdateUserPhoneConfig", "POST", /^\/users\/([^/]+)\/([^/]+)\/phone-config$/, true, (call) => {
      if (call.body["PhoneConfig"] === undefined) throw invalidRequest("PhoneConfig is required");
      change(call, { PhoneConfig: phoneConfig(call.body["PhoneConfig"]) });
    }),
    route("UpdateUserSecurityProfiles", "POST", /^\/users\/([^/]+)\/([^/]+)\/security-profiles$/, true, (call) => change(call, { SecurityProfileIds: securityProfiles(call.instance, call.body["SecurityProfileIds"]) })),
    route("UpdateUserRoutingProfile", "POST", /^\/users\/([^/]+)\/([^/]+)\/routing-profile$/, true, (call) => change(call, { RoutingProfileId: routingProfile(call.instance, call.body["RoutingProfileId"]) })),
    route("UpdateUserHierarchy", "POST", /^\/users\/([^/]+)\/([^/]+)\/hierarchy$/, true, (call) => change(call, { HierarchyGroupId: hierarchyGroup(call.instance, call.body["HierarchyGroupId"]) })),
    route("ListUserProficiencies", "GET", /^\/users\/([^/]+)\/([^/]+)\/proficiencies$/, false, (call) => ({ UserProficiencyList: user(call).Proficiencies, LastModifiedTime: seconds(user(call).LastModifiedTime) })),
    route("AssociateUserProficiencies", "POST", /^\/users\/([^/]+)\/([^/]+)\/associate-proficiencies$/, true, (call) => {
      const added = proficiencies(call.instance, call.body["UserProficiencies"], true);
      const old = user(call).Proficiencies;
      if (added.some((one) => old.some((other) => same(one, other)))) throw new ConnectError("DuplicateResourceException", "The proficiency is already associated", 409);
      if (old.length + added.length > 10) throw new ConnectError("LimitExceededException", "Proficiencies per agent exceeded", 429);
      change(call, { Proficiencies: [...old, ...added] });
    }),
    route("UpdateUserProficiencies", "POST", /^\/users\/([^/]+)\/([^/]+)\/proficiencies$/, true, (call) => {
      const changed = proficiencies(call.instance, call.body["UserProficiencies"], true);
      const old = user(call).Proficiencies;
      for (const one of changed) if (!old.some((other) => same(one, other))) throw notFound("The proficiency is not associated");
      change(call, { Proficiencies: old.map((one) => changed.find((other) => same(one, other)) ?? one) });
    }),
    route("DisassociateUserProficiencies", "POST", /^\/users\/([^/]+)\/([^/]+)\/disassociate-proficiencies$/, true, (call) => {
      const gone = proficiencies(call.instance, call.body["UserProficiencies"], false);
      change(call, { Proficiencies: user(call).Proficiencies.filter((one) => !gone.some((other) => same(one, other))) });
    }),
    route("ListSecurityProfiles", "GET", /^\/security-profiles-summary\/([^/]+)$/, false, ({ instance, query }) => names(instance.securityProfiles, query, "SecurityProfileSummaryList")),
    route("ListRoutingProfiles", "GET", /^\/routing-profiles-summary\/([^/]+)$/, false, ({ instance, query }) => names(instance.routingProfiles, query, "RoutingProfileSummaryList")),
    route("ListUserHierarchyGroups", "GET", /^\/user-hierarchy-groups-summary\/([^/]+)$/, false, ({ instance, query }) => names(instance.hierarchyGroups, query, "UserHierarchyGroupSummaryList")),
    route("DescribeUserHierarchyGroup", "GET", /^\/user-hierarchy-groups\/([^/]+)\/([^/]+)$/, false, ({ instance, rest }) => {
      const group = instance.hierarchyGroups.find(({ Id }) => Id === rest[1] || Id === rest[0]);
      if (!group) throw notFound("The specified hierarchy group does not exist");
      const levels = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];
      const { path, ...view } = group;
      return { HierarchyGroup: { ...view, HierarchyPath: Object.fromEntries(path.map((one, index) => [levels[index], one])) } };
    }),
    route("ListTagsForResource", "GET", /^\/tags\/()([^/]+)$/, false, ({ rest }) => ({ tags: byTag(rest[0]!).user.Tags })),
    route("TagResource", "POST", /^\/tags\/()([^/]+)$/, true, ({ rest, body }) => {
      const { instance, user: found } = byTag(rest[0]!);
      instance.users.set(found.Id, { ...found, Tags: { ...found.Tags, ...tagMap(body["tags"]) } });
    }),
    route("UntagResource", "DELETE", /^\/tags\/()([^/]+)$/, true, ({ rest, query }) => {
      const { instance, user: found } = byTag(rest[0]!);
      const keys = new Set(query.getAll("tagKeys"));
      instance.users.set(found.Id, { ...found, Tags: Object.fromEntries(Object.entries(found.Tags).filter(([key]) => !keys.has(key))) });
    }),
  ];
}

const same = (a: Proficiency, b: Proficiency) => a.AttributeName === b.AttributeName && a.AttributeValue === b.AttributeValue;

function describe(instance: Instance, seconds: (date: Date) => number) {
  return {
    Id: instance.id,
    Arn: instance.arn,
    IdentityManagementType: instance.world.identityManagement ?? "SAML",
    InstanceAlias: instance.world.alias,
    CreatedTime: seconds(instance.created),
    ServiceRole: `${instance.arn.replace(":connect:", ":iam:").split(":instance")[0]}:role/aws-service-role/connect.amazonaws.com/AWSServiceRoleForAmazonConnect`,
    InstanceStatus: "ACTIVE",
    InboundCallsEnabled: true,
    OutboundCallsEnabled: true,
    InstanceAccessUrl: instance.world.alias ? `https://${instance.world.alias}.my.connect.aws` : undefined,
  };
}

function createUser(instance: Instance, body: Body, now: Date) {
  const Username = required(body, "Username", 1, 100);
  const saml = (instance.world.identityManagement ?? "SAML") === "SAML";
  checkUsername(instance, Username);
  if (saml && body["Password"] !== undefined) throw invalidRequest("Password is not allowed for instances that use SAML");
  if (saml && body["DirectoryUserId"] !== undefined) throw invalidRequest("DirectoryUserId is not allowed for instances that use SAML");
  refusePerChannelWithLegacy(body);
  const fields = {
    IdentityInfo: identityInfo(instance, body["IdentityInfo"], true),
    PhoneConfig: phoneConfig(body["PhoneConfig"]),
    SecurityProfileIds: securityProfiles(instance, body["SecurityProfileIds"]),
    RoutingProfileId: routingProfile(instance, body["RoutingProfileId"]),
    HierarchyGroupId: hierarchyGroup(instance, body["HierarchyGroupId"]),
    Tags: tagMap(body["Tags"]),
  };
  if (instance.names.has(Username)) throw new ConnectError("DuplicateResourceException", "A user with the specified username already exists", 409);
  if (instance.names.size >= USERS_PER_INSTANCE) throw new ConnectError("LimitExceededException", "Users per instance exceeded", 429);
  const Id = randomUUID();
  const Arn = `${instance.arn}/agent/${Id}`;
  instance.names.set(Username, Id);
  instance.users.set(Id, { Id, Arn, Username, ...fields, Proficiencies: [], LastModifiedTime: now });
  return { UserId: Id, UserArn: Arn };
}

/** An index: it lags, and it lacks SecondaryEmail, Mobile, LastModifiedTime and proficiencies. After-contact work is in milliseconds. */
function searchUsers(instance: Instance, body: Body) {
  const criteria = body["SearchCriteria"] as { StringCondition?: { FieldName: string; Value: string; ComparisonType: string } } | undefined;
  const filter = body["SearchFilter"] as { TagFilter?: { TagCondition?: { TagKey: string; TagValue?: string } }; UserAttributeFilter?: unknown } | undefined;
  if (filter?.TagFilter && filter.UserAttributeFilter) throw new ConnectError("AccessDeniedException", "TagFilter and UserAttributeFilter cannot be combined", 403);
  const size = Number(body["MaxResults"] ?? 100);
  if (!(size >= 1 && size <= 500)) throw invalidParameter("MaxResults must be between 1 and 500");
  const condition = criteria?.StringCondition;
  const matches = (user: ConnectUser): boolean => {
    const tag = filter?.TagFilter?.TagCondition;
    if (tag && user.Tags[tag.TagKey] !== (tag.TagValue ?? user.Tags[tag.TagKey])) return false;
    if (!condition) return true;
    const values = { Username: [user.Username], FirstName: [user.IdentityInfo.FirstName], LastName: [user.IdentityInfo.LastName], RoutingProfileId: [user.RoutingProfileId], SecurityProfileId: user.SecurityProfileIds, resourceId: [user.Id] }[condition.FieldName];
    if (!values) throw invalidParameter(`FieldName ${condition.FieldName} is not valid`);
    return values.some((value) => (condition.ComparisonType === "EXACT" ? value === condition.Value : condition.ComparisonType === "STARTS_WITH" ? value.startsWith(condition.Value) : value.includes(condition.Value)));
  };
  const all = instance.users.readAll();
  const found = criteria || filter ? all.filter(matches) : all;
  const { slice, token } = page(found, size, 500, body["NextToken"] as string | undefined);
  return {
    Users: slice.map(({ Id, Arn, Username, IdentityInfo, PhoneConfig, SecurityProfileIds, RoutingProfileId, HierarchyGroupId, Tags }) => ({
      Id, Arn, Username, SecurityProfileIds, RoutingProfileId, HierarchyGroupId, Tags,
      IdentityInfo: { FirstName: IdentityInfo.FirstName, LastName: IdentityInfo.LastName },
      PhoneConfig: { ...PhoneConfig, AfterContactWorkTimeLimit: PhoneConfig.AfterContactWorkTimeLimit * 1000 },
    })),
    NextToken: token,
    ApproximateTotalCount: found.length,
  };
}

function page<T>(items: readonly T[], size: number, most: number, token: string | null | undefined): { slice: T[]; token?: string } {
  if (!(size >= 1 && size <= most)) throw invalidParameter(`MaxResults must be between 1 and ${most}`);
  let start = 0;
  if (token) {
    const parsed = /^page-(\d+)$/.exec(Buffer.from(token, "base64").toString());
    if (!parsed) throw invalidParameter("NextToken is not valid");
    start = Number(parsed[1]);
  }
  const next = start + size;
  return { slice: items.slice(start, next), token: next < items.length ? Buffer.from(`page-${next}`).toString("base64") : undefined };
}
