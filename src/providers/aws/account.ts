/** Accounts by id: who the ambient credentials are, which role to assume, one set of clients per account and region. */
import { ConnectClient } from "@aws-sdk/client-connect";
import { IAMClient } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain, fromTemporaryCredentials } from "@aws-sdk/credential-providers";
import { type Clock, systemClock } from "../../runtime/clock.ts";
import { type Breaker, type CircuitListener, createBreaker } from "../breaker.ts";
import type { CloudHealth } from "../clouds.ts";
import { type CallRecord, CloudError } from "../errors.ts";
import { createLimiter } from "../limiter.ts";
import { type QuotaSettings, quotaOf } from "../limits.ts";
import { type Call, createCall, type Sender } from "./call.ts";
import { checkEndpoints, clientConfig, createCloudClock, dateHeader, httpsOnly, iamRegion } from "./clients.ts";
import { createConnectInstance } from "./connect.ts";
import { createIam } from "./iam/index.ts";
import type { AwsAccount, ConnectInstance } from "./types.ts";

interface AwsAccountsOptions {
  /** Endpoints themselves come from AWS_ENDPOINT_URL_IAM, _STS and _CONNECT, which the SDK reads. */
  endpoints?: { allowInsecure?: boolean };
  onCall(record: CallRecord): void;
  /** Asked again and again: settings change while the program runs. */
  limits?(): QuotaSettings;
  clock?: Clock;
  /** See LimiterOptions. */
  longestPauseMs?: number;
  onCircuit?: CircuitListener;
}

interface AwsAccounts {
  /** `id` undefined: the account of the ambient credentials. Rejects when the credentials turn out to be another account's. */
  account(id: string | undefined, o?: { assumeRoleArn?: string }): Promise<AwsAccount>;
  health(): CloudHealth;
  close(): void;
}

export function createAwsAccounts(o: AwsAccountsOptions): AwsAccounts {
  const allowInsecure = o.endpoints?.allowInsecure ?? false;
  checkEndpoints(process.env, allowInsecure);
  const clock = o.clock ?? systemClock;
  const limiter = createLimiter((key) => quotaOf(key, o.limits?.() ?? {}), { clock, longestPauseMs: o.longestPauseMs });
  const breakers = new Map<string, Breaker>();
  const clients = new Set<{ destroy(): void }>();
  const accounts = new Map<string, Promise<AwsAccount>>();
  /** Of all accounts, by ARN. */
  const opened = new Map<string, ConnectInstance>();
  const plugins = allowInsecure ? [] : [httpsOnly];
  const homeRegion = process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1";
  const ambient = fromNodeProviderChain({
    clientPlugins: plugins,
    clientConfig: clientConfig({ region: homeRegion }),
  });

  function callFor(client: Sender, api: "iam" | "sts" | "connect", account: string, region: string): Call {
    const key = `${api}/${account}`;
    let breaker = breakers.get(key);
    if (!breaker) {
      breaker = createBreaker(`${api} of account ${account}`, { clock, onChange: o.onCircuit });
      breakers.set(key, breaker);
    }
    return createCall({ client, api, scope: `${account}/${region}`, limiter, breaker, clock, onCall: o.onCall });
  }
  function keep<T extends IAMClient | STSClient | ConnectClient>(client: T): T {
    clients.add(client);
    for (const plugin of plugins) client.middlewareStack.use(plugin);
    return client;
  }

  async function open(id: string | undefined, assumeRoleArn: string | undefined): Promise<AwsAccount> {
    const credentials = assumeRoleArn
      ? fromTemporaryCredentials({
          masterCredentials: ambient,
          params: { RoleArn: assumeRoleArn, RoleSessionName: "connect-sso" },
          clientConfig: clientConfig({ region: homeRegion }),
          clientPlugins: plugins,
        })
      : ambient;
    const sts = keep(new STSClient(clientConfig({ region: homeRegion, credentials })));
    const call = callFor(sts, "sts", id ?? "ambient", homeRegion);
    const identity = await call(new GetCallerIdentityCommand({}));
    const account = identity.Account!;
    if (id !== undefined && id !== account)
      throw new CloudError(
        `the credentials belong to account ${account}, not ${id}: name a role to assume in the configuration`,
        {
          kind: "terminal",
          reason: "WrongAccount",
          code: "WrongAccount",
        },
      );
    const partition = identity.Arn?.split(":")[1] ?? "aws";
    const cloudClock = createCloudClock(clock);
    const iamClient = keep(new IAMClient(clientConfig({ region: iamRegion(homeRegion), credentials })));
    iamClient.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        cloudClock.observe(dateHeader(result.response));
        return result;
      },
      { step: "deserialize", name: "cloudClock", priority: "low" },
    );
    const iam = createIam({
      account,
      partition,
      call: callFor(iamClient, "iam", account, "global"),
      now: cloudClock.now,
      clock,
    });
    const regions = new Map<string, ConnectClient>();
    const instances = new Map<string, ConnectInstance>();

    return {
      account,
      callerArn: identity.Arn ?? "",
      iam,
      instance(arn) {
        let instance = instances.get(arn);
        if (!instance) {
          const region = arn.split(":")[3]!;
          const client = regions.get(region) ?? keep(new ConnectClient(clientConfig({ region, credentials })));
          regions.set(region, client);
          instance = createConnectInstance({
            arn,
            call: callFor(client, "connect", account, region),
            isCircuitOpen: () => breakers.get(`connect/${account}`)?.state().state !== "closed",
            clock,
          });
          instances.set(arn, instance);
          opened.set(arn, instance);
        }
        return instance;
      },
    };
  }

  return {
    account(id, { assumeRoleArn } = {}) {
      const key = `${id ?? ""}|${assumeRoleArn ?? ""}`;
      let account = accounts.get(key);
      if (!account) {
        account = open(id, assumeRoleArn);
        accounts.set(key, account);
        // A failure is not remembered: credentials may be fixed while we run.
        account.catch(() => accounts.delete(key));
      }
      return account;
    },
    health: () => ({
      breakers: new Map([...breakers].map(([key, breaker]) => [key, breaker.state()])),
      limiters: limiter.states(),
      inventories: new Map(
        [...opened].flatMap(([arn, instance]) => {
          const readAt = instance.inventoryReadAt();
          return readAt === undefined ? [] : [[arn, readAt] as const];
        }),
      ),
    }),
    close() {
      for (const client of clients) client.destroy();
      clients.clear();
      accounts.clear();
    },
  };
}
