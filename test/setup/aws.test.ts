/** deploy/aws/cloudformation.yaml and deploy/terraform/aws: deployed or evaluated, they hold the very documents that `policy` prints. */
import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { parseInstanceArn } from "../../src/domain/names.ts";
import { boundaryPolicy, controllerPolicies } from "../../src/domain/permissions/aws.ts";
import {
  POLICY_CHARACTERS,
  type PolicyDocument,
  policySize,
  type Statement,
} from "../../src/domain/permissions/documents.ts";
import { scopeOfPath } from "../../src/domain/permissions/scope.ts";
import { controllerTrust } from "../../src/domain/permissions/trust.ts";
import { ROOT } from "../cli/support.ts";

const { pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  pythonTools(name: string): Promise<string>;
};
const run = promisify(execFile);
const account = "111122223333";
const template = join(ROOT, "deploy/aws/cloudformation.yaml");

const instance = (number: number) =>
  `arn:aws:connect:us-east-1:${account}:instance/0a1b2c3d-1111-4222-8333-${String(number).padStart(12, "0")}`;
const profile = (arn: string) => `${arn}/security-profile/11111111-2222-4333-8444-555566667777`;
const pod = { namespace: "connect-sso", serviceAccount: "connect-sso" };
const place = { partition: "aws", account };
const issuer = "oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE";
const cluster = `arn:aws:eks:us-east-1:${account}:cluster/prod`;
const first = "arn:aws:iam::444455556666:role/connect-sso-controller";

interface Case {
  name: string;
  instances: string[];
  provisioning: boolean;
  path: string;
  identity: "pod-identity" | "irsa" | "role";
}
const one = { instances: [instance(1)], provisioning: false, path: "/connect-sso/" };
const cases: Case[] = [
  { name: "one instance, Pod Identity", ...one, identity: "pod-identity" },
  { name: "mode Provisioning, IRSA", ...one, provisioning: true, identity: "irsa" },
  {
    name: "six instances, another path, another account",
    ...one,
    instances: [1, 2, 3, 4, 5, 6].map(instance),
    provisioning: true,
    path: "/sso/eu/",
    identity: "role",
  },
];
const trusts = {
  "pod-identity": controllerTrust({ kind: "pod-identity", ...place, ...pod, region: "us-east-1", cluster: "prod" }),
  irsa: controllerTrust({ kind: "irsa", ...place, ...pod, issuer }),
  role: controllerTrust({ kind: "role", roleArn: first }),
};

/** Statements in order of their Sid, each list in order: IAM knows no other. */
function statements(documents: PolicyDocument[]): Statement[] {
  const inOrder = (value: unknown): unknown =>
    Array.isArray(value)
      ? [...value].sort()
      : value && typeof value === "object"
        ? Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, inOrder(inner)]))
        : value;
  return documents
    .flatMap(({ Statement }) => Statement)
    .sort((a, b) => a.Sid.localeCompare(b.Sid))
    .map((found) => inOrder(found) as Statement);
}

function expected({ instances, provisioning, path }: Case, boundaryArn: string) {
  const scope = scopeOfPath(
    instances.map((arn) => ({ ...parseInstanceArn(arn), securityProfileIds: [profile(arn).split("/").at(-1)!] })),
    { provisioning, path, boundaryArn },
  );
  return { boundary: statements([boundaryPolicy(scope)]), controller: statements(controllerPolicies(scope)) };
}

function expectSame(
  which: Case,
  found: { boundary: PolicyDocument; policies: PolicyDocument[]; trust: unknown },
  boundaryArn: string,
) {
  const wanted = expected(which, boundaryArn);
  expect(statements([found.boundary])).toEqual(wanted.boundary);
  expect(statements(found.policies)).toEqual(wanted.controller);
  expect(found.trust).toEqual(trusts[which.identity]);
  for (const document of [found.boundary, ...found.policies])
    expect(policySize(document)).toBeLessThanOrEqual(POLICY_CHARACTERS);
}

describe("CloudFormation", () => {
  let bin: string;
  beforeAll(async () => {
    bin = await pythonTools("setup");
  }, 300_000);

  test("cfn-lint finds nothing", async () => {
    // W3037 compares actions with a list that lags behind AWS: only these two of the newest actions may be missing in it.
    const { stdout } = await run(join(bin, "cfn-lint"), [template, "--non-zero-exit-code", "error"]);
    const unknown = [...stdout.matchAll(/^W3037 '(\w+)' is not one of/gm)].map(([, action]) => action);
    expect(["updateuserconfig", "deleteallentitysessions"]).toEqual(expect.arrayContaining(unknown));
    expect(stdout.match(/^[EWI]\d{4} /gm) ?? []).toHaveLength(unknown.length);
  });

  test("the role carries both policies, and no name is fixed", () => {
    const { Resources } = parse(readFileSync(template, "utf8"));
    expect(Resources.ControllerRole.Properties.ManagedPolicyArns).toEqual([
      { Ref: "Controller" },
      { Ref: "ControllerConnect" },
    ]);
    expect(JSON.stringify(Resources)).not.toMatch(/"(ManagedPolicyName|RoleName)"/);
  });

  test("deployed, in one account side by side, it holds the documents of the program", async () => {
    const identity = {
      "pod-identity": {
        EksClusterArn: cluster,
        FurtherRoleArns: "arn:aws:iam::777788889999:role/a,arn:aws:iam::777788889999:role/b",
      },
      irsa: { OidcIssuer: issuer, CreateOidcProvider: "true" },
      role: { AssumedByRoleArn: first },
    };
    const stacks = cases.map(({ instances, provisioning, path, identity: kind }) => ({
      InstanceArns: instances.join(","),
      SecurityProfileArns: instances.map(profile).join(","),
      Path: path,
      Provisioning: String(provisioning),
      ...identity[kind],
    }));
    const child = run(join(bin, "python"), [join(ROOT, "test/setup/deploy_stacks.py")], {
      maxBuffer: 16 * 1024 * 1024,
    });
    child.child.stdin!.end(JSON.stringify({ template, stacks }));
    const found: {
      policies: Record<string, PolicyDocument>;
      trust: unknown;
      names: string[];
      outputs: { BoundaryArn: string };
    }[] = JSON.parse((await child).stdout);
    expect(found).toHaveLength(cases.length);
    found.forEach(({ policies, trust, outputs }, index) => {
      const { Boundary, Controller, ControllerConnect } = policies as Record<string, PolicyDocument>;
      const documents = { boundary: Boundary!, policies: [Controller!, ControllerConnect!], trust };
      expectSame(cases[index]!, documents, outputs.BoundaryArn);
    });
    const names = found.flatMap((stack) => stack.names);
    expect(names).toEqual([...new Set(names)]);
    expect(found.map(({ policies }) => policies.FurtherAccounts?.Statement)).toEqual([
      [
        {
          Effect: "Allow",
          Action: ["sts:AssumeRole"],
          Resource: ["arn:aws:iam::777788889999:role/a", "arn:aws:iam::777788889999:role/b"],
        },
      ],
      undefined,
      undefined,
    ]);
  }, 300_000);
});

describe("Terraform", () => {
  let folder: string;
  const terraform = (args: string[], cwd = folder) =>
    run("terraform", args, { cwd, env: { ...process.env, CHECKPOINT_DISABLE: "1", TF_IN_AUTOMATION: "1" } });
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "connect-sso-terraform-"));
    cpSync(join(ROOT, "deploy/terraform/aws/policies"), folder, { recursive: true });
    await terraform(["init", "-backend=false", "-input=false"]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test("the files are formatted, and every module parses", async () => {
    await terraform(["fmt", "-check", "-recursive", "-diff", join(ROOT, "deploy/terraform")]);
  });

  test("the module of the documents is valid", async () => {
    const { stdout } = await terraform(["validate", "-json"]);
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, warning_count: 0 });
  });

  test.each(cases)("$name: its documents are those of the program", async (which) => {
    const boundary = `arn:aws:iam::${account}:policy/connect-sso-boundary`;
    const variables = {
      partition: "aws",
      account_id: account,
      boundary_arn: boundary,
      instance_arns: which.instances,
      security_profile_arns: which.instances.map(profile),
      path: which.path,
      provisioning: which.provisioning,
      eks_cluster_arn: which.identity === "pod-identity" ? cluster : "",
      oidc_issuer: which.identity === "irsa" ? issuer : "",
      assumed_by_role_arn: which.identity === "role" ? first : "",
      namespace: "connect-sso",
      service_account: "connect-sso",
    };
    writeFileSync(join(folder, "terraform.tfvars.json"), JSON.stringify(variables));
    await terraform(["apply", "-auto-approve", "-input=false"]);
    const outputs: Record<string, { value: string }> = JSON.parse((await terraform(["output", "-json"])).stdout);
    const document = (name: string): PolicyDocument => JSON.parse(outputs[name]!.value);
    const found = {
      boundary: document("boundary"),
      policies: [document("iam"), document("connect")],
      trust: document("trust"),
    };
    expectSame(which, found, boundary);
  });
});
