/** Instances, their attributes, and the names in them that users refer to. */
import { invalidParameter, notFound } from "./error.ts";
import { page } from "./page.ts";
import { type Call, modified, type Route, route, seconds } from "./route.ts";
import { searchHierarchyGroups } from "./search.ts";
import type { HierarchyGroup, Instance, NamedResource } from "./state.ts";

const LEVELS = ["LevelOne", "LevelTwo", "LevelThree", "LevelFour", "LevelFive"];
/** Types of the service model, as a new instance has them. */
const ATTRIBUTES: Record<string, string> = {
  INBOUND_CALLS: "true",
  OUTBOUND_CALLS: "true",
  CONTACTFLOW_LOGS: "false",
  CONTACT_LENS: "true",
  AUTO_RESOLVE_BEST_VOICES: "true",
  USE_CUSTOM_TTS_VOICES: "false",
  EARLY_MEDIA: "true",
  MULTI_PARTY_CONFERENCE: "false",
  AUTO_MUTE_AGENT_ON_HOLD: "false",
  HIGH_VOLUME_OUTBOUND: "false",
  ENHANCED_CONTACT_MONITORING: "false",
  ENHANCED_CHAT_MONITORING: "false",
  MULTI_PARTY_CHAT_CONFERENCE: "false",
  MESSAGE_STREAMING: "false",
};

/** One page of names. */
export function names({ instance, query }: Call, items: NamedResource[], key: string, more: object = {}): unknown {
  const { slice, token } = page(items, Number(query.get("maxResults") ?? 1000), 1000, query.get("nextToken"));
  return {
    [key]: slice.map(({ Id, Arn, Name }) => ({ Id, Arn, Name, ...modified(instance), ...more })),
    NextToken: token,
  };
}

export function instanceRoutes(): Route[] {
  const sized = ({ query }: Call, most: number): [number, number, string | null] => [
    Number(query.get("maxResults") ?? most),
    most,
    query.get("nextToken"),
  ];
  return [
    route("ListInstances", "GET", "/instance", false, (call) => {
      const { slice, token } = page([...call.instances.values()], ...sized(call, 10));
      return { InstanceSummaryList: slice.map(describe), NextToken: token };
    }),
    route("DescribeInstance", "GET", "/instance/{InstanceId}", false, ({ instance }) => ({
      Instance: describe(instance),
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
    route("ListInstanceAttributes", "GET", "/instance/{InstanceId}/attributes", false, (call) => {
      const { slice, token } = page(Object.entries(ATTRIBUTES), ...sized(call, 7));
      return { Attributes: slice.map(([AttributeType, Value]) => ({ AttributeType, Value })), NextToken: token };
    }),
    route("DescribeInstanceAttribute", "GET", "/instance/{InstanceId}/attribute/{AttributeType}", false, ({ rest }) => {
      const Value = ATTRIBUTES[rest[0]!];
      if (Value === undefined) throw invalidParameter(`AttributeType ${rest[0]} is not valid`);
      return { Attribute: { AttributeType: rest[0], Value } };
    }),
    route("ListRoutingProfiles", "GET", "/routing-profiles-summary/{InstanceId}", false, (call) =>
      names(call, call.instance.routingProfiles, "RoutingProfileSummaryList"),
    ),
    route("ListUserHierarchyGroups", "GET", "/user-hierarchy-groups-summary/{InstanceId}", false, (call) =>
      names(call, call.instance.hierarchyGroups, "UserHierarchyGroupSummaryList"),
    ),
    route(
      "DescribeUserHierarchyGroup",
      "GET",
      "/user-hierarchy-groups/{InstanceId}/{HierarchyGroupId}",
      false,
      ({ instance, rest }) => {
        const group = instance.hierarchyGroups.find(({ Id }) => Id === rest[0]);
        if (!group) throw notFound("The specified hierarchy group does not exist");
        return { HierarchyGroup: hierarchyGroupView(group) };
      },
    ),
    route("DescribeUserHierarchyStructure", "GET", "/user-hierarchy-structure/{InstanceId}", false, ({ instance }) => ({
      HierarchyStructure: Object.fromEntries(
        instance.hierarchyLevels.map((level, index) => [LEVELS[index], { ...level, ...modified(instance) }]),
      ),
    })),
    route("SearchUserHierarchyGroups", "POST", "/search-user-hierarchy-groups", false, ({ instance, body }) =>
      searchHierarchyGroups(instance, body, (group) => ({ ...hierarchyGroupView(group), ...modified(instance) })),
    ),
    route("ListPredefinedAttributes", "GET", "/predefined-attributes/{InstanceId}", false, (call) => {
      const { slice, token } = page(call.instance.attributes, ...sized(call, 100));
      return {
        PredefinedAttributeSummaryList: slice.map((Name) => ({ Name, ...modified(call.instance) })),
        NextToken: token,
      };
    }),
  ];
}

function hierarchyGroupView({ path, ...view }: HierarchyGroup) {
  return { ...view, HierarchyPath: Object.fromEntries(path.map((one, index) => [LEVELS[index], one])) };
}

function describe(instance: Instance) {
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
