/** A sandbox whose time the probe moves, so that hours of waiting take none. */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectClient, ListQuickConnectsCommand, ListUsersCommand } from "@aws-sdk/client-connect";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  ListUsersCommand as ListIamUsersCommand,
  ListPoliciesCommand,
  ListRolesCommand,
  ListSAMLProvidersCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { jest } from "@jest/globals";
import { Redactor } from "../../src/probe/redact.ts";
import { type RunOptions, run } from "../../src/probe/runner.ts";
import { STEPS } from "../../src/probe/steps/index.ts";
import type { Time } from "../../src/probe/time.ts";
import { createGraphTenants } from "../../src/providers/graph/index.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { BehaviourInput, WorldInput } from "../../src/sandbox/world.ts";

export const MARKER = "zebrafinch";
export const INSTANCE = "arn:aws:connect:eu-central-1:444455556666:instance/0f1e2d3c-4b5a-4968-8776-655443322110";
export const TENANT = "1a2b3c4d-aaaa-4bbb-8ccc-9d8e7f6a5b4c";

export interface Harness {
  sandbox: Sandbox;
  out: string;
  time: Time;
  run(options?: Partial<RunOptions>): ReturnType<typeof run>;
  inventory(): Promise<unknown>;
  /** From here on the AWS credentials are those of a user with this policy alone. */
  restrict(policy: object): Promise<void>;
  close(): Promise<void>;
}

export async function harness(behaviour: BehaviourInput = {}, world: WorldInput = {}): Promise<Harness> {
  const realNow = Date.now.bind(Date);
  let offset = 0;
  const now = jest.spyOn(Date, "now").mockImplementation(() => realNow() + offset);
  const sandbox = await startSandbox({
    world: {
      account: "444455556666",
      tenant: {
        id: TENANT,
        verifiedDomains: [`${MARKER}.example`],
        appManagement: { asymmetricKeyLifetimeDays: 365 },
      },
      instances: [
        {
          id: INSTANCE.split("/")[1]!,
          region: "eu-central-1",
          alias: `${MARKER}-desk`,
          securityProfiles: ["Admin", `${MARKER} agents`],
          routingProfiles: [`${MARKER} routing`],
        },
      ],
      applications: [{ displayName: `${MARKER} app`, identifierUris: [`https://${MARKER}.example/app`] }],
      generate: { users: 2, connectUsers: 3 },
      ...world,
      behaviour: { quotas: "unlimited", ...behaviour },
    },
  });
  const before = { ...process.env };
  Object.assign(process.env, sandbox.env);
  const time: Time = {
    now: () => Date.now(),
    async sleep(ms) {
      offset += ms;
      sandbox.clock.advance(0);
    },
  };
  const out = join(mkdtempSync(join(tmpdir(), "probe-")), "probe.json");
  // As the administrator of the sandbox, whatever the probe's own credentials are.
  const administrator = {
    accessKeyId: sandbox.env.AWS_ACCESS_KEY_ID!,
    secretAccessKey: sandbox.env.AWS_SECRET_ACCESS_KEY!,
  };
  const iam = new IAMClient({ region: "us-east-1", credentials: administrator });
  const connect = new ConnectClient({ region: "eu-central-1", credentials: administrator });
  const graph = async (path: string) => {
    const answer = await sandbox.exchange(
      {
        method: "GET",
        url: `/graph/v1.0${path}`,
        headers: { authorization: `Bearer x/${TENANT}`, host: "x" },
        body: "",
      },
      { undisturbed: true },
    );
    const { value } = JSON.parse(answer.response?.body ?? "{}") as { value?: { id: string }[] };
    return value?.map(({ id }) => id) ?? answer.response?.status;
  };
  return {
    sandbox,
    out,
    time,
    async run(options = {}) {
      const access = await createGraphTenants({ allowInsecure: true }).access(TENANT);
      return run({
        steps: STEPS,
        graph: access,
        instanceArn: INSTANCE,
        allowInsecure: true,
        out,
        version: "test",
        redactor: new Redactor(),
        time,
        ...options,
      });
    },
    async inventory() {
      const InstanceId = INSTANCE.split("/")[1]!;
      return {
        applications: await graph("/applications"),
        principals: await graph("/servicePrincipals"),
        deletedApplications: await graph("/directory/deletedItems/microsoft.graph.application"),
        deletedPrincipals: await graph("/directory/deletedItems/microsoft.graph.servicePrincipal"),
        policies: await graph("/policies/claimsMappingPolicies"),
        roles: (await iam.send(new ListRolesCommand({}))).Roles?.map(({ Arn }) => Arn),
        iamUsers: (await iam.send(new ListIamUsersCommand({}))).Users?.map(({ Arn }) => Arn),
        providers: (await iam.send(new ListSAMLProvidersCommand({}))).SAMLProviderList?.map(({ Arn }) => Arn),
        iamPolicies: (await iam.send(new ListPoliciesCommand({ Scope: "Local" }))).Policies?.map(({ Arn }) => Arn),
        users: (await connect.send(new ListUsersCommand({ InstanceId, MaxResults: 1000 }))).UserSummaryList?.map(
          ({ Id }) => Id,
        ),
        quickConnects: (await connect.send(new ListQuickConnectsCommand({ InstanceId }))).QuickConnectSummaryList,
      };
    },
    async restrict(policy) {
      const UserName = "prober";
      await iam.send(new CreateUserCommand({ UserName }));
      const PolicyDocument = JSON.stringify(policy);
      await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "probe", PolicyDocument }));
      const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
      process.env.AWS_ACCESS_KEY_ID = AccessKey!.AccessKeyId!;
      process.env.AWS_SECRET_ACCESS_KEY = AccessKey!.SecretAccessKey!;
    },
    async close() {
      iam.destroy();
      connect.destroy();
      await sandbox.close();
      now.mockRestore();
      for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
      Object.assign(process.env, before);
    },
  };
}
