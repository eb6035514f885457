/** What Amazon Connect asks of policies before it runs an operation: resource types of the Service Authorization Reference. */
import type { SandboxHost } from "../host.ts";
import { ConnectError } from "./error.ts";
import type { Instance } from "./state.ts";
import type { Body } from "./validate.ts";

interface Asked {
  action: string;
  resource: string;
}

/** Operations on one user; those of proficiencies are asked for the instance as well. */
const ON_USER =
  /^(DescribeUser|DeleteUser|UpdateUser(IdentityInfo|PhoneConfig|Config|SecurityProfiles|RoutingProfile|Hierarchy))$/;
const ON_BOTH = /^(List|Associate|Update|Disassociate)UserProficiencies$/;

/** Throws the refusal when the caller's policies do not allow every part of the operation. */
export function authorize(
  host: SandboxHost,
  accessKeyId: string,
  operation: string,
  call: {
    instance: Instance;
    rest: string[];
    body: Body;
    caller: { arn: string; role?: { id: string; sessionName: string } };
  },
): void {
  const { iam } = host.shared;
  if (!iam) return;
  const context = { "connect:InstanceId": [call.instance.id], ...tagsOf(operation, call) };
  for (const { action, resource } of asked(operation, call)) {
    if (iam.authorize(accessKeyId, action, resource, context)) continue;
    throw new ConnectError(
      "AccessDeniedException",
      `User: ${call.caller.arn} is not authorized to perform: ${action} on resource: ${resource}`,
      403,
    );
  }
}

function asked(operation: string, { instance, rest, body, caller }: Parameters<typeof authorize>[3]): Asked[] {
  const { arn } = instance;
  const below = (kind: string, ids: unknown): string[] =>
    (Array.isArray(ids) ? ids : ids === undefined ? [] : [ids]).map((id) => `${arn}/${kind}/${String(id)}`);
  const of = (resources: string[]): Asked[] =>
    resources.map((resource) => ({ action: `connect:${operation}`, resource }));
  const profiles = () => below("security-profile", body.SecurityProfileIds);
  const routing = () => below("routing-profile", body.RoutingProfileId);
  const group = () => below("agent-group", body.HierarchyGroupId);
  const ringing = () =>
    below("agent", (body.QuickConnectConfig as { UserConfig?: Body } | undefined)?.UserConfig?.UserId);
  switch (operation) {
    case "CreateUser": {
      const tagged = body.Tags ? [{ action: "connect:TagResource", resource: `${arn}/agent/*` }] : [];
      return [...of([`${arn}/agent/*`, ...profiles(), ...routing(), ...group()]), ...tagged];
    }
    case "DescribeInstance":
      return [...of([arn]), { action: "ds:DescribeDirectories", resource: "*" }];
    case "SearchUsers":
      return [
        ...of([arn]),
        ...["connect:DescribeUser", "connect:ListUserProficiencies"].map((action) => ({
          action,
          resource: `${arn}/agent/*`,
        })),
      ];
    case "SearchUserHierarchyGroups":
      return [...of([arn]), { action: "connect:DescribeUserHierarchyGroup", resource: `${arn}/agent-group/*` }];
    case "DescribeUserHierarchyGroup":
      return of(below("agent-group", rest[0]));
    case "TagResource":
    case "UntagResource":
    case "ListTagsForResource":
      return of([rest[0] ?? arn]);
    case "GetFederationToken":
      return of([`${arn}/user/${caller.role ? `${caller.role.id}:${caller.role.sessionName}` : ""}`]);
    case "CreateQuickConnect":
      return of([`${arn}/transfer-destination/*`, ...ringing()]);
    case "DescribeQuickConnect":
    case "DeleteQuickConnect":
    case "UpdateQuickConnectConfig":
    case "UpdateQuickConnectName":
      return of([...below("transfer-destination", rest[0]), ...ringing()]);
    case "DescribeSecurityProfile":
    case "UpdateSecurityProfile":
    case "ListSecurityProfilePermissions":
      return of(below("security-profile", rest[0]));
    case "DeleteAllEntitySessions":
      return of(
        below(
          "agent",
          String(body.EntityId ?? "")
            .split("/")
            .at(-1),
        ),
      );
    default: {
      if (operation === "ListInstances") return of(["*"]);
      const user = below("agent", rest[0]);
      if (ON_BOTH.test(operation)) return of([arn, ...user]);
      if (ON_USER.test(operation)) return of([...user, ...profiles(), ...routing(), ...group()]);
      return of([arn]);
    }
  }
}

/** aws:RequestTag, aws:TagKeys and, for an operation on a user, aws:ResourceTag. */
function tagsOf(
  operation: string,
  { instance, rest, body }: Parameters<typeof authorize>[3],
): Record<string, string[]> {
  const context: Record<string, string[]> = {};
  const wanted = (body.Tags ?? body.tags) as Record<string, string> | undefined;
  for (const [key, value] of Object.entries(wanted ?? {})) context[`aws:RequestTag/${key}`] = [String(value)];
  if (wanted) context["aws:TagKeys"] = Object.keys(wanted);
  const own = ON_USER.test(operation) ? instance.users.get(rest[0] ?? "")?.Tags : undefined;
  for (const [key, value] of Object.entries(own ?? {})) context[`aws:ResourceTag/${key}`] = [value];
  return context;
}
