/** Amazon Connect of the sandbox: restJson1, one route per operation. */
import { randomUUID } from "node:crypto";
import type { Caller, SandboxHost } from "../host.ts";
import type { InfrastructureError, Operation, SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { SignatureError, type Signer, verifySignature } from "../signature.ts";
import { authorize } from "./authorization.ts";
import { ConnectError, invalidParameter, invalidRequest, notFound, SIGNATURE_ERRORS } from "./error.ts";
import { federate } from "./federation.ts";
import { page } from "./page.ts";
import { searchHierarchyGroups, searchQuickConnects, searchUsers } from "./search.ts";
import {
  type ConnectUser,
  createInstances,
  type HierarchyGroup,
  type Instance,
  type NamedResource,
  type Proficiency,
  type QuickConnect,
} from "./state.ts";
import {
  type Body,
  channelLists,
  checkUsername,
  hierarchyGroup,
  identityInfo,
  phoneConfig,
  proficiencies,
  required,
  routingProfile,
  securityProfiles,
  tagMap,
} from "./validate.ts";

interface Call {
  instance: Instance;
  /** Captures of the route after the instance id. */
  rest: string[];
  body: Body;
  query: URLSearchParams;
  caller: Caller;
  /** The instances of the caller's account and region. */
  instances: Map<string, Instance>;
}
interface Route {
  name: string;
  method: string;
  path: RegExp;
  writes: boolean;
  run(call: Call): unknown;
}

export function createConnect(host: SandboxHost): SandboxService[] {
  const instances = createInstances(host);
  const routes = routesOf(host);
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
        const { accessKeyId, caller, region } = signerOf(host, request);
        const [instanceId = "", ...rest] = route.path.exec(request.path)!.slice(1).map(decodeURIComponent);
        let body: Body = {};
        try {
          body = request.body ? (JSON.parse(request.body) as Body) : {};
        } catch {
          throw new ConnectError("SerializationException", "Unable to parse the request body", 400);
        }
        const own = new Map(
          [...instances].filter(([, one]) => one.account === caller.account && one.world.region === region),
        );
        const instance = instanceOf(own, instanceId || String(body.InstanceId ?? ""), route.name);
        const call = { caller, instances: own, instance, rest, body, query: request.query };
        authorize(host, accessKeyId, route.name, call);
        return respond(200, route.run(call) ?? {});
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

const SKEW_MINUTES = 5;

function signerOf(host: SandboxHost, request: SandboxRequest): Signer {
  try {
    return verifySignature(host, request, { service: "connect", skewMinutes: SKEW_MINUTES });
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    throw new ConnectError(SIGNATURE_ERRORS[error.fault], error.message, 403);
  }
}

function respond(status: number, body: unknown, type?: string): SandboxResponse {
  return {
    status,
    headers: {
      "content-type": "application/json",
      "x-amzn-requestid": randomUUID(),
      "access-control-allow-origin": "*",
      ...(type ? { "x-amzn-errortype": type } : {}),
    },
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

function routesOf(host: SandboxHost): Route[] {
  const route = (name: string, method: string, path: RegExp, writes: boolean, run: (call: Call) => unknown): Route => ({
    name,
    method,
    path,
    writes,
    run,
  });
  const seconds = (date: Date) => Math.floor(date.getTime() / 1000);
  const modified = (instance: Instance, at = instance.created) => ({
    LastModifiedTime: seconds(at),
    LastModifiedRegion: instance.world.region,
  });
  const user = ({ instance, rest }: Call): ConnectUser => {
    const found = instance.users.get(rest[0]!);
    if (!found) throw notFound("The specified user does not exist");
    return found;
  };
  const readUser = ({ instance, rest }: Call): ConnectUser => {
    const found = instance.users.read(rest[0]!);
    if (!found) throw notFound("The specified user does not exist");
    return found;
  };
  const change = (call: Call, fields: Partial<ConnectUser>) => {
    const old = user(call);
    call.instance.users.set(old.Id, { ...old, ...fields, LastModifiedTime: host.clock.now() });
  };
  const byTag = ({ instances, rest }: Call, late = false): { instance: Instance; user: ConnectUser } => {
    const [, instanceId, id] = /instance\/([^/]+)\/agent\/([^/]+)$/.exec(rest[0]!) ?? [];
    const instance = instances.get(instanceId ?? "");
    const found = late ? instance?.users.read(id ?? "") : instance?.users.get(id ?? "");
    if (!instance || !found) throw notFound("The specified resource does not exist");
    return { instance, user: found };
  };
  const names = ({ instance, query }: Call, items: NamedResource[], key: string, more: object = {}) => {
    const { slice, token } = page(items, Number(query.get("maxResults") ?? 1000), 1000, query.get("nextToken"));
    return {
      [key]: slice.map(({ Id, Arn, Name }) => ({ Id, Arn, Name, ...modified(instance), ...more })),
      NextToken: token,
    };
  };

  return [
    route("ListInstances", "GET", /^\/instance$/, false, ({ query, instances }) => {
      const { slice, token } = page(
        [...instances.values()],
        Number(query.get("maxResults") ?? 10),
        10,
        query.get("nextToken"),
      );
      return { InstanceSummaryList: slice.map((instance) => describe(instance, seconds)), NextToken: token };
    }),
    route("DescribeInstance", "GET", /^\/instance\/([^/]+)$/, false, ({ instance }) => ({
      Instance: describe(instance, seconds),
      ...(instance.world.globalSignInEndpoint
        ? {
            ReplicationConfiguration: {
              GlobalSignInEndpoint: instance.world.globalSignInEndpoint,
              SourceRegion: instance.world.region,
              ReplicationStatusSummaryList: [],
            },
          }
        : {}),
    })),
    route("ListUsers", "GET", /^\/users-summary\/([^/]+)$/, false, ({ instance, query }) => {
      const { slice, token } = page(
        instance.users.readAll(),
        Number(query.get("maxResults") ?? 100),
        1000,
        query.get("nextToken"),
      );
      return {
        UserSummaryList: slice.map(({ Id, Arn, Username, LastModifiedTime }) => ({
          Id,
          Arn,
          Username,
          LastModifiedTime: seconds(LastModifiedTime),
          LastModifiedRegion: instance.world.region,
        })),
        NextToken: token,
      };
    }),
    route("SearchUsers", "POST", /^\/search-users$/, false, ({ instance, body }) => searchUsers(instance, body)),
    route("DescribeUser", "GET", /^\/users\/([^/]+)\/([^/]+)$/, false, (call) => {
      const { Proficiencies: _, LastModifiedTime, channels, federatedRole: __, ...view } = readUser(call);
      return {
        User: {
          ...view,
          ...channels,
          LastModifiedTime: seconds(LastModifiedTime),
          LastModifiedRegion: call.instance.world.region,
        },
      };
    }),
    route("CreateUser", "PUT", /^\/users\/([^/]+)$/, true, ({ instance, body }) =>
      createUser(instance, body, host.clock.now()),
    ),
    route("DeleteUser", "DELETE", /^\/users\/([^/]+)\/([^/]+)$/, true, (call) => {
      const found = user(call);
      call.instance.names.delete(found.Username);
      call.instance.users.delete(found.Id);
    }),
    route("UpdateUserIdentityInfo", "POST", /^\/users\/([^/]+)\/([^/]+)\/identity-info$/, true, (call) => {
      if (call.body.IdentityInfo === undefined) throw invalidRequest("IdentityInfo is required");
      change(call, { IdentityInfo: identityInfo(call.instance, call.body.IdentityInfo, true) });
    }),
    route("UpdateUserPhoneConfig", "POST", /^\/users\/([^/]+)\/([^/]+)\/phone-config$/, true, (call) => {
      if (call.body.PhoneConfig === undefined) throw invalidRequest("PhoneConfig is required");
      change(call, { PhoneConfig: phoneConfig(call.body.PhoneConfig) });
    }),
    route("UpdateUserSecurityProfiles", "POST", /^\/users\/([^/]+)\/([^/]+)\/security-profiles$/, true, (call) =>
      change(call, { SecurityProfileIds: securityProfiles(call.instance, call.body.SecurityProfileIds) }),
    ),
    route("UpdateUserRoutingProfile", "POST", /^\/users\/([^/]+)\/([^/]+)\/routing-profile$/, true, (call) =>
      change(call, { RoutingProfileId: routingProfile(call.instance, call.body.RoutingProfileId) }),
    ),
    route("UpdateUserHierarchy", "POST", /^\/users\/([^/]+)\/([^/]+)\/hierarchy$/, true, (call) =>
      change(call, { HierarchyGroupId: hierarchyGroup(call.instance, call.body.HierarchyGroupId) }),
    ),
    route("ListUserProficiencies", "GET", /^\/users\/([^/]+)\/([^/]+)\/proficiencies$/, false, (call) => ({
      UserProficiencyList: readUser(call).Proficiencies,
      ...modified(call.instance, readUser(call).LastModifiedTime),
    })),
    route(
      "AssociateUserProficiencies",
      "POST",
      /^\/users\/([^/]+)\/([^/]+)\/associate-proficiencies$/,
      true,
      (call) => {
        const added = proficiencies(call.instance, call.body.UserProficiencies, true);
        const old = user(call).Proficiencies;
        if (added.some((one) => old.some((other) => same(one, other))))
          throw invalidRequest("The proficiency is already associated");
        if (old.length + added.length > 10) throw invalidParameter("At most 10 proficiencies per agent");
        change(call, { Proficiencies: [...old, ...added] });
      },
    ),
    route("UpdateUserProficiencies", "POST", /^\/users\/([^/]+)\/([^/]+)\/proficiencies$/, true, (call) => {
      const changed = proficiencies(call.instance, call.body.UserProficiencies, true);
      const old = user(call).Proficiencies;
      for (const one of changed)
        if (!old.some((other) => same(one, other))) throw notFound("The proficiency is not associated");
      change(call, { Proficiencies: old.map((one) => changed.find((other) => same(one, other)) ?? one) });
    }),
    route(
      "DisassociateUserProficiencies",
      "POST",
      /^\/users\/([^/]+)\/([^/]+)\/disassociate-proficiencies$/,
      true,
      (call) => {
        const gone = proficiencies(call.instance, call.body.UserProficiencies, false);
        change(call, {
          Proficiencies: user(call).Proficiencies.filter((one) => !gone.some((other) => same(one, other))),
        });
      },
    ),
    route("ListSecurityProfiles", "GET", /^\/security-profiles-summary\/([^/]+)$/, false, (call) =>
      names(call, call.instance.securityProfiles, "SecurityProfileSummaryList", { Type: "CUSTOMER_MANAGED" }),
    ),
    route("ListRoutingProfiles", "GET", /^\/routing-profiles-summary\/([^/]+)$/, false, (call) =>
      names(call, call.instance.routingProfiles, "RoutingProfileSummaryList"),
    ),
    route("ListUserHierarchyGroups", "GET", /^\/user-hierarchy-groups-summary\/([^/]+)$/, false, (call) =>
      names(call, call.instance.hierarchyGroups, "UserHierarchyGroupSummaryList"),
    ),
    route(
      "DescribeUserHierarchyGroup",
      "GET",
      /^\/user-hierarchy-groups\/([^/]+)\/([^/]+)$/,
      false,
      ({ instance, rest }) => {
        const group = instance.hierarchyGroups.find(({ Id }) => Id === rest[1] || Id === rest[0]);
        if (!group) throw notFound("The specified hierarchy group does not exist");
        return { HierarchyGroup: hierarchyGroupView(group) };
      },
    ),
    route("SearchUserHierarchyGroups", "POST", /^\/search-user-hierarchy-groups$/, false, ({ instance, body }) =>
      searchHierarchyGroups(instance, body, (group) => ({ ...hierarchyGroupView(group), ...modified(instance) })),
    ),
    route("ListTagsForResource", "GET", /^\/tags\/()([^/]+)$/, false, (call) => ({
      tags: byTag(call, true).user.Tags,
    })),
    route("TagResource", "POST", /^\/tags\/()([^/]+)$/, true, (call) => {
      const { instance, user: found } = byTag(call);
      if (call.body.tags === undefined) throw invalidRequest("tags is required");
      const Tags = { ...found.Tags, ...tagMap(call.body.tags) };
      if (Object.keys(Tags).length > 50) throw invalidRequest("A resource has at most 50 tags");
      instance.users.set(found.Id, { ...found, Tags });
    }),
    route("UntagResource", "DELETE", /^\/tags\/()([^/]+)$/, true, (call) => {
      const { instance, user: found } = byTag(call);
      const keys = new Set(call.query.getAll("tagKeys"));
      if (keys.size < 1 || keys.size > 50) throw invalidRequest("tagKeys must have 1 to 50 members");
      instance.users.set(found.Id, {
        ...found,
        Tags: Object.fromEntries(Object.entries(found.Tags).filter(([key]) => !keys.has(key))),
      });
    }),
    route("UpdateUserConfig", "POST", /^\/users\/([^/]+)\/([^/]+)\/config$/, true, (call) =>
      change(call, { channels: { ...user(call).channels, ...channelLists(call.body) } }),
    ),
    route("GetFederationToken", "GET", /^\/user\/federate\/([^/]+)$/, true, ({ instance, caller }) =>
      federate(instance, caller, host.clock.now()),
    ),
    route("ListPredefinedAttributes", "GET", /^\/predefined-attributes\/([^/]+)$/, false, ({ instance, query }) => {
      const { slice, token } = page(
        instance.attributes,
        Number(query.get("maxResults") ?? 100),
        100,
        query.get("nextToken"),
      );
      return {
        PredefinedAttributeSummaryList: slice.map((Name) => ({ Name, ...modified(instance) })),
        NextToken: token,
      };
    }),
    ...quickConnectRoutes(route, modified),
  ];
}

function quickConnectRoutes(
  route: (name: string, method: string, path: RegExp, writes: boolean, run: (call: Call) => unknown) => Route,
  modified: (instance: Instance) => object,
): Route[] {
  const view = (instance: Instance) => (one: QuickConnect) => ({
    QuickConnectARN: one.arn,
    QuickConnectId: one.id,
    Name: one.name,
    QuickConnectConfig: { QuickConnectType: "USER", UserConfig: { UserId: one.userId, ContactFlowId: one.flowId } },
    Tags: {},
    ...modified(instance),
  });
  const missing = () => notFound("The specified quick connect does not exist");
  return [
    route("ListQuickConnects", "GET", /^\/quick-connects\/([^/]+)$/, false, ({ instance, query }) => {
      const types = query.getAll("QuickConnectTypes");
      const all = types.length === 0 || types.includes("USER") ? instance.quickConnects.readAll() : [];
      const { slice, token } = page(all, Number(query.get("maxResults") ?? 1000), 1000, query.get("nextToken"));
      return {
        QuickConnectSummaryList: slice.map(({ id, arn, name }) => ({
          Id: id,
          Arn: arn,
          Name: name,
          QuickConnectType: "USER",
          ...modified(instance),
        })),
        NextToken: token,
      };
    }),
    route("SearchQuickConnects", "POST", /^\/search-quick-connects$/, false, ({ instance, body }) =>
      searchQuickConnects(instance, body, view(instance)),
    ),
    route("DescribeQuickConnect", "GET", /^\/quick-connects\/([^/]+)\/([^/]+)$/, false, ({ instance, rest }) => {
      const found = instance.quickConnects.read(rest[0]!);
      if (!found) throw missing();
      return { QuickConnect: view(instance)(found) };
    }),
    route("DeleteQuickConnect", "DELETE", /^\/quick-connects\/([^/]+)\/([^/]+)$/, true, ({ instance, rest }) => {
      if (!instance.quickConnects.delete(rest[0]!)) throw missing();
    }),
  ];
}

const LEVELS = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];
function hierarchyGroupView({ path, ...view }: HierarchyGroup) {
  return { ...view, HierarchyPath: Object.fromEntries(path.map((one, index) => [LEVELS[index], one])) };
}

const same = (a: Proficiency, b: Proficiency) =>
  a.AttributeName === b.AttributeName && a.AttributeValue === b.AttributeValue;

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
  if (saml && body.Password !== undefined) throw invalidRequest("Password is not allowed for instances that use SAML");
  if (saml && body.DirectoryUserId !== undefined)
    throw invalidRequest("DirectoryUserId is not allowed for instances that use SAML");
  const channels = channelLists(body);
  const fields = {
    IdentityInfo: identityInfo(instance, body.IdentityInfo, true),
    PhoneConfig: phoneConfig(body.PhoneConfig),
    SecurityProfileIds: securityProfiles(instance, body.SecurityProfileIds),
    RoutingProfileId: routingProfile(instance, body.RoutingProfileId),
    HierarchyGroupId: hierarchyGroup(instance, body.HierarchyGroupId),
    Tags: tagMap(body.Tags),
  };
  if (instance.names.has(Username))
    throw new ConnectError("DuplicateResourceException", "A user with the specified username already exists", 409);
  if (instance.names.size >= instance.userQuota)
    throw new ConnectError("LimitExceededException", "Users per instance exceeded", 429);
  const Id = randomUUID();
  const Arn = `${instance.arn}/agent/${Id}`;
  instance.names.set(Username, Id);
  instance.users.set(Id, { Id, Arn, Username, ...fields, Proficiencies: [], LastModifiedTime: now, channels });
  return { UserId: Id, UserArn: Arn };
}
