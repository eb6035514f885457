/** One instance of the sandbox's Connect over HTTP, for the tests of its parts; every exchange is held against the service model. */
import * as connect from "@aws-sdk/client-connect";
import { stableId } from "../../src/sandbox/connect/state.ts";
import { ADMIN, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { BehaviourInput, WorldInstance } from "../../src/sandbox/world.ts";
import { connectModel, violations } from "./contract.ts";

export const InstanceId = "11111111-2222-4333-8444-555555555555";
export const AGENT = stableId(InstanceId, "security-profile", "Agent");
export const ADMINISTRATOR = stableId(InstanceId, "security-profile", "Admin");
export const ROUTING = stableId(InstanceId, "routing-profile", "Basic Routing Profile");

export interface ConnectScene {
  sandbox: Sandbox;
  client: connect.ConnectClient;
  /** Creates a user and resolves to its id. */
  create(Username: string, more?: Partial<connect.CreateUserCommandInput>): Promise<string>;
  describe(UserId: string): Promise<connect.User>;
  /** As SearchUsers shows it; undefined while it does not. */
  search(Username: string): Promise<connect.UserSearchSummary | undefined>;
  /** What the service model does not know, over all exchanges. */
  departures: Set<string>;
  close(): Promise<void>;
}

export async function connectScene(
  behaviour: BehaviourInput = {},
  more: Partial<WorldInstance> = {},
): Promise<ConnectScene> {
  const instances = [{ id: InstanceId, region: "us-east-1", ...more }];
  const sandbox = await startSandbox({ world: { instances, behaviour: { quotas: "unlimited", ...behaviour } } });
  const endpoint = `${sandbox.url}/connect`;
  const client = new connect.ConnectClient({ endpoint, region: "us-east-1", credentials: ADMIN, maxAttempts: 1 });
  const model = connectModel();
  const departures = new Set<string>();
  sandbox.onExchange((exchange) => {
    if (model && exchange.service === "connect") for (const one of violations(model, exchange)) departures.add(one);
  });
  return {
    sandbox,
    client,
    departures,
    async create(Username, input = {}) {
      const fields = { IdentityInfo: { FirstName: "Ann", LastName: "Lee" }, SecurityProfileIds: [AGENT] };
      const command = new connect.CreateUserCommand({
        InstanceId,
        Username,
        RoutingProfileId: ROUTING,
        ...fields,
        ...input,
      });
      return (await client.send(command)).UserId!;
    },
    describe: async (UserId) => (await client.send(new connect.DescribeUserCommand({ InstanceId, UserId }))).User!,
    async search(Username) {
      const SearchCriteria = {
        StringCondition: { FieldName: "Username", Value: Username, ComparisonType: "EXACT" },
      } as const;
      return (await client.send(new connect.SearchUsersCommand({ InstanceId, SearchCriteria }))).Users![0];
    },
    async close() {
      client.destroy();
      await sandbox.close();
    },
  };
}
