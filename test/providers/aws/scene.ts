/** The providers' AWS side against the sandbox, over HTTP, with the SDK clients of the tests beside it. */
import { ConnectClient } from "@aws-sdk/client-connect";
import { IAMClient } from "@aws-sdk/client-iam";
import { createAwsAccounts } from "../../../src/providers/aws/account.ts";
import type { AwsAccount, ConnectInstance } from "../../../src/providers/aws/types.ts";
import { stableId } from "../../../src/sandbox/connect/state.ts";
import type { Open } from "../../../src/sandbox/open.ts";
import { ADMIN, type Sandbox, startSandbox } from "../../../src/sandbox/server.ts";
import type { WorldInput } from "../../../src/sandbox/world.ts";

export const InstanceId = "11111111-2222-4333-8444-555555555555";
export const AGENT = stableId(InstanceId, "security-profile", "Agent");
export const ROUTING = stableId(InstanceId, "routing-profile", "Basic Routing Profile");
export const ARN = `arn:aws:connect:eu-central-1:111122223333:instance/${InstanceId}`;

export interface AwsScene {
  sandbox: Sandbox;
  account: AwsAccount;
  instance: ConnectInstance;
  /** What somebody else would use, as administrator. */
  iam: IAMClient;
  connect: ConnectClient;
  close(): Promise<void>;
}

const FAST = { rate: 1000, burst: 1000 };

export async function awsScene(open: Partial<Open> = {}, world: WorldInput = {}): Promise<AwsScene> {
  const instances = [{ id: InstanceId, region: "eu-central-1" }];
  const sandbox = await startSandbox({
    world: { instances, ...world, behaviour: { quotas: "unlimited", ...world.behaviour, open } },
  });
  const before = { ...process.env };
  delete process.env.AWS_SESSION_TOKEN;
  Object.assign(process.env, sandbox.env);
  const accounts = createAwsAccounts({
    endpoints: { allowInsecure: true },
    onCall() {},
    limits: () => ({ connect: FAST, iam: FAST }),
  });
  const account = await accounts.account(undefined);
  const client = { region: "eu-central-1", credentials: ADMIN, maxAttempts: 1 };
  const iam = new IAMClient({ ...client, endpoint: `${sandbox.url}/iam` });
  const connect = new ConnectClient({ ...client, endpoint: `${sandbox.url}/connect` });
  return {
    sandbox,
    account,
    instance: account.instance(ARN),
    iam,
    connect,
    async close() {
      accounts.close();
      iam.destroy();
      connect.destroy();
      process.env = before;
      await sandbox.close();
    },
  };
}
