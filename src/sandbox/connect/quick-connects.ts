/** Quick connects: to users, queues, flows and numbers. Those of a deleted user stay and ring no one. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import { ConnectError, invalidParameter, invalidRequest, notFound } from "./error.ts";
import { page } from "./page.ts";
import { type Call, modified, type Route, route } from "./route.ts";
import { searchQuickConnects } from "./search.ts";
import type { Instance, QuickConnect } from "./state.ts";
import { type Body, required, tagMap, text } from "./validate.ts";

const NAME = [1, 127] as const;
const DESCRIPTION = [1, 250] as const;
/** Type of a quick connect, the member that goes with it, and what that must hold. */
const KINDS: Record<string, { member: string; fields: string[] }> = {
  USER: { member: "UserConfig", fields: ["UserId", "ContactFlowId"] },
  QUEUE: { member: "QueueConfig", fields: ["QueueId", "ContactFlowId"] },
  FLOW: { member: "FlowConfig", fields: ["ContactFlowId"] },
  PHONE_NUMBER: { member: "PhoneConfig", fields: ["PhoneNumber"] },
};

export function quickConnectRoutes(host: SandboxHost): Route[] {
  const view = (instance: Instance) => (one: QuickConnect) => ({
    QuickConnectARN: one.arn,
    QuickConnectId: one.id,
    Name: one.name,
    Description: one.description,
    QuickConnectConfig: one.config,
    Tags: one.Tags,
    ...modified(instance, one.changed),
  });
  const quickConnect = ({ instance, rest }: Call, map: "get" | "read" = "get"): QuickConnect => {
    const found = instance.quickConnects[map](rest[0]!);
    if (!found) throw notFound("The specified quick connect does not exist");
    return found;
  };
  const change = (call: Call, fields: Partial<QuickConnect>) => {
    const old = quickConnect(call);
    call.instance.quickConnects.set(old.id, { ...old, ...fields, changed: host.clock.now() });
  };
  const checkName = (instance: Instance, name: string, own?: string) => {
    if ([...instance.quickConnects.values()].some((one) => one.name === name && one.id !== own))
      throw new ConnectError("DuplicateResourceException", `A quick connect named ${name} already exists`, 409);
  };
  return [
    route("CreateQuickConnect", "PUT", "/quick-connects/{InstanceId}", true, ({ instance, body }) => {
      const name = required(body, "Name", ...NAME);
      const description = text(body, "Description", ...DESCRIPTION);
      const config = configOf(instance, body.QuickConnectConfig);
      const Tags = tagMap(body.Tags);
      checkName(instance, name);
      if (instance.quickConnects.size >= instance.quickConnectQuota)
        throw new ConnectError("LimitExceededException", "Quick connects per instance exceeded", 429);
      const id = randomUUID();
      const arn = `${instance.arn}/transfer-destination/${id}`;
      instance.quickConnects.set(id, { id, arn, name, description, config, Tags, changed: host.clock.now() });
      return { QuickConnectARN: arn, QuickConnectId: id };
    }),
    route("ListQuickConnects", "GET", "/quick-connects/{InstanceId}", false, ({ instance, query }) => {
      const types = query.getAll("QuickConnectTypes");
      for (const type of types) if (!KINDS[type]) throw invalidParameter(`QuickConnectType ${type} is not valid`);
      const all = instance.quickConnects
        .readAll()
        .filter(({ config }) => types.length === 0 || types.includes(config.QuickConnectType));
      const { slice, token } = page(all, Number(query.get("maxResults") ?? 1000), 1000, query.get("nextToken"));
      return {
        QuickConnectSummaryList: slice.map(({ id, arn, name, config, changed }) => ({
          Id: id,
          Arn: arn,
          Name: name,
          QuickConnectType: config.QuickConnectType,
          ...modified(instance, changed),
        })),
        NextToken: token,
      };
    }),
    route("SearchQuickConnects", "POST", "/search-quick-connects", false, ({ instance, body }) =>
      searchQuickConnects(instance, body, view(instance)),
    ),
    route("DescribeQuickConnect", "GET", "/quick-connects/{InstanceId}/{QuickConnectId}", false, (call) => ({
      QuickConnect: view(call.instance)(quickConnect(call, "read")),
    })),
    route("UpdateQuickConnectConfig", "POST", "/quick-connects/{InstanceId}/{QuickConnectId}/config", true, (call) =>
      change(call, { config: configOf(call.instance, call.body.QuickConnectConfig) }),
    ),
    route("UpdateQuickConnectName", "POST", "/quick-connects/{InstanceId}/{QuickConnectId}/name", true, (call) => {
      const old = quickConnect(call);
      const name = text(call.body, "Name", ...NAME) ?? old.name;
      checkName(call.instance, name, old.id);
      change(call, { name, description: text(call.body, "Description", 0, DESCRIPTION[1]) ?? old.description });
    }),
    route("DeleteQuickConnect", "DELETE", "/quick-connects/{InstanceId}/{QuickConnectId}", true, (call) => {
      call.instance.quickConnects.delete(quickConnect(call).id);
    }),
  ];
}

/** A user must exist when a quick connect is pointed at it; flows and queues are not emulated, so any id is one. */
function configOf(instance: Instance, value: unknown): QuickConnect["config"] {
  const config = (value ?? {}) as Body;
  const QuickConnectType = required(config, "QuickConnectType");
  const kind = KINDS[QuickConnectType];
  if (!kind) throw invalidParameter(`QuickConnectType ${QuickConnectType} is not valid`);
  const inner = config[kind.member] as Body | undefined;
  if (!inner) throw invalidRequest(`${kind.member} is required for type ${QuickConnectType}`);
  const fields = Object.fromEntries(kind.fields.map((name) => [name, required(inner, name, 1, 500)]));
  if (fields.UserId !== undefined && !instance.users.get(fields.UserId))
    throw notFound(`User ${fields.UserId} not found`);
  return { QuickConnectType, [kind.member]: fields };
}
