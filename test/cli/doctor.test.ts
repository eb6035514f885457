import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { checksText } from "../../src/cli/commands/doctor.ts";
import { paint } from "../../src/cli/render/terminal.ts";
import type { Check } from "../../src/doctor/check.ts";
import { entra, permissions } from "../../src/doctor/entra.ts";
import { clock, endpoints } from "../../src/doctor/program.ts";
import { rights } from "../../src/doctor/rights.ts";
import type { AwsAccount } from "../../src/providers/aws/types.ts";
import type { Graph, IdentifierPolicy } from "../../src/providers/graph/types.ts";
import { ADMIN, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { persona, user, world } from "../e2e/support.ts";
import { run } from "./support.ts";

let folder: string;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-"));
  writeFileSync(
    join(folder, "all.yaml"),
    [persona("agents"), user("jane", "agents")].map((one) => JSON.stringify(one)).join("\n---\n"),
  );
  sandbox = await startSandbox({ world: world() });
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true });
});
const checksOf = (stdout: string): Check[] => JSON.parse(stdout).checks;

test("everything well, as a person reads it", async () => {
  const { code, stdout, stderr } = await run(["doctor", "-f", folder, "--sandbox"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatchInlineSnapshot(`
    "Program
      ✔ endpoints         sandbox clouds inside this process

    Cluster
      · API server        not looked at: -f names manifests

    AWS
      ✔ identity          arn:aws:iam::111122223333:user/sandbox-administrator in account 111122223333
      · rights            cannot be simulated: IAM has no arn:aws:iam::111122223333:user/sandbox-administrator
      ✔ boundary          arn:aws:iam::111122223333:policy/ConnectSsoBoundary exists
      ✔ SAML providers    0 of at most 100
      · clock             not compared: the time of a sandbox is simulated

    Amazon Connect
      ✔ instance          0a1b2c3d-1111-4222-8333-444455556666 is active and signs in by SAML
      ✔ profiles          all 2 that the personas name exist
      ✔ users             0 in the instance, 1 declared

    Entra
      ✔ token             tenant 7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071 answers
      ✔ permissions       all 5 that the personas need
      ! permissions       AppRoleAssignment.ReadWrite.All is tier 0: it can grant itself any permission. The controller needs it to assign users and groups: guard its identity like a Global Administrator's
      ! permissions       no manifest needs GroupMember.Read.All, Policy.ReadWrite.ApplicationConfiguration
                          → revoke what later manifests will not need either
      ✔ identifiers       no tenant policy refuses the identifiers of AWS to SAML applications
      ✔ certificates      no tenant policy refuses the signing certificates that the personas declare
      ✔ owners            the controller owns the personas' applications, as far as they exist
      ✔ metadata          the federation metadata can be read
      · clock             not compared: the time of a sandbox is simulated

    No check failed. 2 warnings.
    "
  `);
});

test("without a network the network is named, not the credentials, and no clock is compared", async () => {
  const { code, stdout } = await run(["doctor", "-f", folder, "-o", "json"], {
    env: {
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      AZURE_TENANT_ID: "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071",
      AZURE_CLIENT_ID: "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071",
      AZURE_CLIENT_SECRET: "secret",
      HTTPS_PROXY: "http://127.0.0.1:9",
    },
  });
  expect(code).toBe(2);
  const bad = checksOf(stdout).filter(({ state }) => state === "bad");
  const fixes = bad.filter(({ name }) => ["identity", "instance", "token", "metadata"].includes(name));
  expect(new Set(fixes.map(({ fix }) => fix))).toEqual(
    new Set(["nothing answered: check network and DNS; behind a proxy set HTTPS_PROXY and NO_PROXY"]),
  );
  expect(checksOf(stdout).filter(({ name }) => name === "clock")).toEqual([
    {
      area: "entra",
      name: "clock",
      state: "skipped",
      text: "not compared: Entra did not answer",
    },
  ]);
});

test("the simulated time of a sandbox that runs elsewhere is not compared", async () => {
  sandbox.clock.advance(3_600_000);
  const { stdout } = await run(["doctor", "-f", folder, "--allow-insecure-endpoints", "-o", "json"], {
    env: sandbox.env,
  });
  const clocks = checksOf(stdout).filter(({ name }) => name === "clock");
  expect(clocks.map(({ state, text }) => [state, text])).toEqual([
    ["skipped", "not compared: the time of a sandbox is simulated"],
    ["skipped", "not compared: the time of a sandbox is simulated"],
  ]);
});

test("a profile that does not exist would fail", async () => {
  const file = join(folder, "..", `${folder.split("/").at(-1)}-wrong.yaml`);
  writeFileSync(
    file,
    JSON.stringify(
      persona("agents", {
        connectUsers: {
          securityProfiles: ["Agnet"],
          routingProfile: "Basic Routing Profile",
        },
      }),
    ),
  );
  const { code, stdout } = await run(["doctor", "-f", file, "-o", "json"], {
    env: sandbox.env,
  });
  rmSync(file);
  expect(code).toBe(2);
  expect(checksOf(stdout)).toContainEqual({
    area: "connect",
    name: "profiles",
    state: "bad",
    text: "there is no security profile Agnet (there is Agent)",
    fix: "correct connectUsers of the persona",
  });
});

test("credentials with too few rights are told by IAM's own simulation", async () => {
  Object.assign(process.env, sandbox.env);
  const iam = new IAMClient({});
  await iam.send(new CreateUserCommand({ UserName: "controller" }));
  const document = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: ["iam:*"], Resource: "*" },
      {
        Effect: "Allow",
        Action: ["connect:Describe*", "connect:List*", "connect:Search*", "ds:DescribeDirectories"],
        Resource: "*",
      },
    ],
  };
  const { Policy } = await iam.send(
    new CreatePolicyCommand({
      PolicyName: "controller",
      PolicyDocument: JSON.stringify(document),
    }),
  );
  await iam.send(
    new AttachUserPolicyCommand({
      UserName: "controller",
      PolicyArn: Policy!.Arn!,
    }),
  );
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "controller" }));
  const env = {
    ...sandbox.env,
    AWS_ACCESS_KEY_ID: AccessKey!.AccessKeyId!,
    AWS_SECRET_ACCESS_KEY: AccessKey!.SecretAccessKey!,
  };
  const { code, stdout } = await run(["doctor", "-f", folder, "-o", "json"], {
    env,
  });
  expect(code).toBe(2);
  const [rights] = checksOf(stdout).filter(({ name }) => name === "rights");
  expect(rights).toMatchObject({
    state: "bad",
    fix: "connect-sso policy aws prints the least policy",
  });
  expect(rights!.text).toMatch(/^arn:aws:iam::111122223333:user\/controller may not connect:/);
  expect(rights!.text).not.toMatch(/iam:[A-Z]/);
});

describe("a session is simulated as its role", () => {
  const allowed = {
    everything: ["iam:*", "connect:*", "ds:DescribeDirectories"],
    withoutGetRole: ["iam:SimulatePrincipalPolicy"],
    nothing: ["iam:GetRole"],
  };
  const ROLE = "arn:aws:iam::111122223333:role/platform/controllers";

  /** The rights line of a session of a role in a path that may do `Action`. */
  async function rightsOf(RoleName: string, Action: string[]): Promise<Check | undefined> {
    const config = { region: "us-east-1", credentials: ADMIN, maxAttempts: 1 };
    const iam = new IAMClient({ ...config, endpoint: `${sandbox.url}/iam` });
    const sts = new STSClient({ ...config, endpoint: `${sandbox.url}/sts` });
    const document = (statement: object) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", ...statement }],
      });
    const AssumeRolePolicyDocument = document({
      Principal: { AWS: "111122223333" },
      Action: "sts:AssumeRole",
    });
    const Path = "/platform/controllers/";
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, Path, AssumeRolePolicyDocument }));
    const policy = {
      PolicyName: RoleName,
      PolicyDocument: document({ Action, Resource: "*" }),
    };
    const { Policy } = await iam.send(new CreatePolicyCommand(policy));
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: Policy?.Arn }));
    const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "pod" }));
    const env = {
      ...sandbox.env,
      AWS_ACCESS_KEY_ID: Credentials!.AccessKeyId!,
      AWS_SECRET_ACCESS_KEY: Credentials!.SecretAccessKey!,
      AWS_SESSION_TOKEN: Credentials!.SessionToken!,
    };
    const { stdout } = await run(["doctor", "-f", folder, "-o", "json"], {
      env,
    });
    iam.destroy();
    sts.destroy();
    return checksOf(stdout).find(({ name }) => name === "rights");
  }

  test("its path is asked for", async () => {
    expect(await rightsOf("able", allowed.everything)).toMatchObject({
      state: "good",
      text: `everything that the controller needs, by IAM's own simulation of ${ROLE}/able; a policy of the session itself is no part of that`,
    });
  });

  test("without iam:GetRole the path is what is missing", async () => {
    expect(await rightsOf("pathless", allowed.withoutGetRole)).toMatchObject({
      state: "skipped",
      text: "cannot be simulated: the path of arn:aws:iam::111122223333:role/pathless is not known; the right iam:GetRole on the controller's own role would show it",
    });
  });

  test("without iam:SimulatePrincipalPolicy that right is", async () => {
    expect(await rightsOf("unable", allowed.nothing)).toMatchObject({
      state: "skipped",
      text: "cannot be simulated: iam:SimulatePrincipalPolicy is denied; it is needed for this look alone",
    });
  });

  test.each([
    ["arn:aws:iam::111122223333:root", "the root user is bound by no policy"],
    ["arn:aws-us-gov:sts::111122223333:federated-user/jane", "IAM simulates no such session"],
  ])("%s is not simulated at all", async (callerArn, why) => {
    const iam = new Proxy({} as AwsAccount["iam"], {
      get: () => expect("no call").toBe("made"),
    });
    const account: AwsAccount = {
      account: "111122223333",
      callerArn,
      iam,
      instance: () => iam as never,
    };
    expect(await rights(account, {} as never)).toEqual([
      {
        area: "aws",
        name: "rights",
        state: "skipped",
        text: expect.stringContaining(why),
      },
    ]);
  });
});

test("neither cluster nor folder nor instance", async () => {
  const { code, stderr } = await run(["doctor"], { env: sandbox.env });
  expect(code).toBe(1);
  expect(stderr).toContain("name a cluster, a folder of manifests (-f), or a Connect instance (--instance)");
});

test("an API server that does not answer is a line, and the clouds are looked at all the same", async () => {
  const kubeconfig = join(folder, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: "http://127.0.0.1:9" } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    users: [{ name: "u", user: {} }],
    "current-context": "c",
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
  const { code, stdout } = await run(["doctor", "--kubeconfig", kubeconfig, "-o", "json"], { env: sandbox.env });
  expect(code).toBe(2);
  const checks = checksOf(stdout);
  expect(checks.find(({ area }) => area === "cluster")).toMatchObject({
    name: "API server",
    state: "bad",
  });
  expect(checks.some(({ area, state }) => area === "entra" && state === "good")).toBe(true);
});

describe("Graph permissions", () => {
  const all = [
    "Application.ReadWrite.OwnedBy",
    "Application.Read.All",
    "AppRoleAssignment.ReadWrite.All",
    "User.Read.All",
    "Policy.Read.All",
  ];
  const states = (held: string[] | undefined, needs = { groups: false, claims: false }) =>
    permissions(held, needs).map(({ state, text }) => `${state}: ${text.split(/[:,]/)[0]}`);
  test.each<[string, string[] | undefined, string[]]>([
    [
      "what is needed",
      all,
      ["good: all 5 that the personas need", "warning: AppRoleAssignment.ReadWrite.All is tier 0"],
    ],
    [
      "a missing one",
      all.slice(0, 3).concat("Policy.Read.All"),
      ["bad: User.Read.All is missing", "warning: AppRoleAssignment.ReadWrite.All is tier 0"],
    ],
    [
      "far too many",
      [...all, "RoleManagement.ReadWrite.Directory", "Mail.Read"],
      [
        "good: all 5 that the personas need",
        "warning: AppRoleAssignment.ReadWrite.All is tier 0",
        "warning: RoleManagement.ReadWrite.Directory is tier 0",
        "warning: no manifest needs Mail.Read",
      ],
    ],
    [
      "a right to write policies, which may not be enough to list them",
      [...all.slice(0, 4), "Policy.ReadWrite.ApplicationConfiguration"],
      [
        "bad: Policy.Read.All is missing",
        "warning: AppRoleAssignment.ReadWrite.All is tier 0",
        "warning: no manifest needs Policy.ReadWrite.ApplicationConfiguration",
      ],
    ],
    ["an opaque token", undefined, ["skipped: the token cannot be read"]],
  ])("%s", (_, held, expected) => expect(states(held)).toEqual(expected));
  test("claims need their own", () => {
    expect(states(all, { groups: true, claims: true })).toEqual([
      "bad: GroupMember.Read.All is missing",
      "bad: Policy.ReadWrite.ApplicationConfiguration is missing",
      "warning: AppRoleAssignment.ReadWrite.All is tier 0",
    ]);
  });
});

test.each<[string, IdentifierPolicy | undefined, string]>([
  ["none", undefined, "good"],
  [
    "restricted, but not for SAML",
    {
      isEnabled: true,
      rules: [{ name: "nonDefaultUriAddition", restricted: true, exceptSaml: true }],
    },
    "good",
  ],
  [
    "restricted for SAML too",
    {
      isEnabled: true,
      rules: [{ name: "nonDefaultUriAddition", restricted: true, exceptSaml: false }],
    },
    "bad",
  ],
  [
    "switched off",
    {
      isEnabled: false,
      rules: [{ name: "nonDefaultUriAddition", restricted: true, exceptSaml: false }],
    },
    "good",
  ],
])("the tenant's policy on identifiers: %s", async (_, policy, state) => {
  const graph = {
    tenantId: "t",
    now: () => new Date(),
    findApplications: async () => [],
    permissions: async () => undefined,
    selfId: async () => undefined,
    identifierPolicy: async () => policy,
    federationMetadata: async () => "<x/>",
  } as unknown as Graph;
  const checks = await entra(graph, [], "test");
  expect(checks.find(({ name }) => name === "identifiers")!.state).toBe(state);
  expect(checks.find(({ name }) => name === "metadata")!.state).toBe("bad");
});

test("clocks and endpoints", () => {
  const now = new Date("2026-11-24T15:00:00Z");
  const off = (seconds: number) => clock("aws", "AWS", new Date(now.getTime() + seconds * 1000), now);
  expect([off(5), off(-90), off(400)].map(({ state }) => state)).toEqual(["good", "warning", "bad"]);
  expect(off(400).text).toBe("this machine is 400 s behind AWS; signed requests are refused");
  expect(endpoints({}, false)).toMatchObject([{ state: "good" }]);
  expect(endpoints({ AWS_ENDPOINT_URL_IAM: "http://key:secret@127.0.0.1:4180/iam?x=1" }, false)).toMatchObject([
    {
      state: "bad",
      text: "AWS_ENDPOINT_URL_IAM is http://127.0.0.1:4180, which is not https and so refused",
    },
  ]);
  expect(endpoints({ CONNECT_SSO_GRAPH_URL: "http://127.0.0.1:4180" }, true)).toMatchObject([{ state: "warning" }]);
});

test("on a narrow terminal", () => {
  const checks: Check[] = [
    {
      area: "aws",
      name: "rights",
      state: "bad",
      text: "somebody may not do what the controller must",
      fix: "connect-sso policy aws prints the least policy",
    },
  ];
  expect(checksText(checks, paint(false), 50)).toMatchInlineSnapshot(`
       "AWS
         ✘ rights            somebody may not do what the
                             controller must
                             → connect-sso policy aws
                               prints the least policy

       1 check failed."
    `);
});
