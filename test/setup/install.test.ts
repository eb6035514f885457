/**
 * docs/install*.md and docs/uninstall.md, followed to the letter: a real kube-apiserver, kubectl, Helm and AWS CLI, the sandbox clouds, the
 * program itself, and stand-ins for what only the clouds have. Nothing runs pods here: the controller is started as its Deployment says.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { graphPermissions } from "../../src/domain/permissions/entra.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { CLEAN, MAIN, ROOT } from "../cli/support.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { commandsOf } from "./pages.ts";

const { goTool, kubeTools, pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  goTool(name: string): Promise<string>;
  kubeTools(): Promise<string>;
  pythonTools(name: string): Promise<string>;
};
const ISSUERS = {
  eks: "https://oidc.eks.us-east-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE",
  aks: "https://eastus.oic.prod-aks.azure.com/7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071/00000000-0000-4000-8000-000000000001/",
};
let folder: string;
let cluster: ApiServer;
let sandbox: Sandbox;
let controller: ChildProcess | undefined;
let env: Record<string, string>;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-install-"));
  const { behaviour: _, ...world } = parse(readFileSync(join(ROOT, "examples/sandbox-world.yaml"), "utf8"));
  [cluster, sandbox] = await Promise.all([startApiServer(), startSandbox({ world })]);
  symlinkSync(join(ROOT, "deploy"), join(folder, "deploy"));
  cpSync(join(ROOT, "helm"), join(folder, "helm"), { recursive: true });
  // An API server that was built from its Go module does not know which version it is.
  const chart = join(folder, "helm/connect-sso/Chart.yaml");
  writeFileSync(chart, readFileSync(chart, "utf8").replace(/^kubeVersion:.*$/m, ""));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const program = (name: string, text: string) =>
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
  program("connect-sso", `exec "${process.execPath}" -- "${MAIN}" "$@"`);
  program("helm", `exec "${join(await goTool("helm"), "helm")}" "$@"`);
  for (const name of ["aws", "az"])
    program(name, `exec "${process.execPath}" "${join(ROOT, "test/setup", `${name}.mjs`)}" "$@"`);
  const kubectl = join(await kubeTools(), "kubectl");
  // No kubelet and no controller manager: nothing rolls out, no namespace ends, and a pod's command runs here.
  program(
    "kubectl",
    `case "$*" in
*"rollout status deployment/connect-sso") exec ${kubectl} -n connect-sso get deployment connect-sso ;;
*"exec deployment/connect-sso -- /nodejs/bin/node /app/dist/connect-sso.js "*) exec connect-sso "\${@:8}" ;;
"delete namespace"*) exec ${kubectl} "$@" --wait=false ;;
*) exec ${kubectl} "$@" ;;
esac`,
  );
  env = {
    ...CLEAN,
    ...sandbox.env,
    HOME: folder,
    PATH: `${bin}:${CLEAN.PATH}`,
    KUBECONFIG: cluster.kubeconfig,
    AWS_STACK: join(folder, "stack.json"),
    AWS_REAL: join(await pythonTools("aws"), "aws"),
    AZ_STATE: join(folder, "az.json"),
    SETUP_RETRY_SECONDS: "0",
  };
}, 300_000);
afterEach(async () => {
  controller?.kill("SIGKILL");
  controller = undefined;
  await Promise.all([cluster?.stop(), sandbox?.close()]);
  rmSync(folder, { recursive: true });
});

const kubectl = (args: string) => cluster.kubectl(args.split(" "));
const stack = (): Record<string, string> => JSON.parse(readFileSync(env.AWS_STACK!, "utf8"));
const directory = () => JSON.parse(readFileSync(env.AZ_STATE!, "utf8"));

function prepareTenant(issuer: string): void {
  const all = [
    ...graphPermissions({ groups: true, claims: true }),
    ...graphPermissions({ groups: false, claims: false }),
  ];
  const appRoles = all.map(({ name, appRoleId }) => ({
    id: appRoleId,
    value: name,
    allowedMemberTypes: ["Application"],
  }));
  const graph = {
    id: "99999999-0000-4000-8000-000000000000",
    appId: "00000003-0000-0000-c000-000000000000",
    appRoles,
    grants: [],
  };
  const account = { tenantId: sandbox.world.tenant.id, user: { name: "admin@example.com" } };
  writeFileSync(
    env.AZ_STATE!,
    JSON.stringify({ account, issuer, applications: [], principals: [graph], faults: [], log: [] }),
  );
  env.AWS_ISSUER = issuer;
}

/** All commands of the pages in one shell, whose questions are answered with yes. */
async function follow(...pages: string[]): Promise<{ code: number; said: string }> {
  const child = spawn("bash", ["-eo", "pipefail", "-c", pages.map(commandsOf).join("\n")], { cwd: folder, env });
  let said = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  child.stdin.on("error", () => {}).end("yes\n".repeat(3));
  const ended = new Promise<number>((resolve) => child.once("close", (code) => resolve(code ?? 1)));
  startControllerOnceDeployed(ended).catch((error: Error) => {
    said += error.message;
  });
  return { code: await ended, said };
}

/** With the arguments and the settings that the release gave it. */
async function startControllerOnceDeployed(ended: Promise<number>): Promise<void> {
  let over = false;
  ended.then(() => {
    over = true;
  });
  while (!over && !controller) {
    const found = await kubectl("get deployment connect-sso -n connect-sso -o json --ignore-not-found").catch(() => "");
    if (!found) {
      await sleep(500);
      continue;
    }
    const { args } = JSON.parse(found).spec.template.spec.containers[0] as { args: string[] };
    const maps = JSON.parse(await kubectl("get configmap -n connect-sso -o json"));
    const settings = maps.items.find(({ data }: { data: object }) => "config.yaml" in data).data["config.yaml"];
    writeFileSync(join(folder, "config.yaml"), settings);
    const kept = args.filter((one) => !/^--(config|metrics-bind-address|health-probe-bind-address|leader)/.test(one));
    const own = [
      "--config",
      join(folder, "config.yaml"),
      "--metrics-bind-address",
      "0",
      "--health-probe-bind-address",
      "0",
    ];
    const command = ["--", MAIN, ...kept, "--kubeconfig", cluster.kubeconfig, ...own];
    controller = spawn(process.execPath, command, { env, stdio: "ignore" });
  }
}

async function expectInstalled(): Promise<void> {
  const list = JSON.parse(await kubectl("get connectssopersonas,connectusers -A -o json"));
  const ready = list.items.map(
    ({
      metadata,
      status,
    }: {
      metadata: { name: string };
      status: { conditions: { type: string; status: string }[] };
    }) => [metadata.name, status.conditions.find(({ type }) => type === "Ready")?.status],
  );
  expect(ready).toEqual([
    ["agents", "True"],
    ["first-user", "True"],
  ]);
  const [application] = directory().applications;
  const { spec } = JSON.parse(await kubectl("get deployment connect-sso -n connect-sso -o json"));
  expect(JSON.stringify(spec)).toContain(application.appId);
}

test("install-eks.md", async () => {
  prepareTenant(ISSUERS.eks);
  const { code, said } = await follow("docs/install-eks.md");
  expect({ code, said: code === 0 ? "" : said.slice(-3000) }).toEqual({ code: 0, said: "" });
  await expectInstalled();
  expect(directory().applications[0].credentials[0].issuer).toBe(ISSUERS.eks);
  // The last section turns to IRSA.
  expect(stack()).toMatchObject({
    EksClusterArn: "",
    OidcIssuer: ISSUERS.eks.slice("https://".length),
    CreateOidcProvider: "true",
  });
  const account = JSON.parse(await kubectl("get serviceaccount connect-sso -n connect-sso -o json"));
  expect(account.metadata.annotations["eks.amazonaws.com/role-arn"]).toContain(":role/connect-sso-ControllerRole");
}, 300_000);

test("install-aks.md: the issuer keeps its slash on both sides", async () => {
  prepareTenant(ISSUERS.aks);
  const { code, said } = await follow("docs/install-aks.md");
  expect({ code, said: code === 0 ? "" : said.slice(-3000) }).toEqual({ code: 0, said: "" });
  await expectInstalled();
  expect(stack().OidcIssuer).toBe(ISSUERS.aks.slice("https://".length));
  expect(directory().applications[0].credentials[0].issuer).toBe(ISSUERS.aks);
}, 300_000);

test("install.md; CRDs that another release left behind; uninstall.md", async () => {
  prepareTenant("");
  const installed = await follow("docs/install.md");
  expect({ ...installed, said: installed.code === 0 ? "" : installed.said.slice(-3000) }).toEqual({
    code: 0,
    said: "",
  });
  await expectInstalled();
  expect(stack().OidcIssuer).toBe("kubernetes.default.svc");
  expect(stack().SecurityProfileArns).toMatch(
    /^arn:aws:connect:us-east-1:111122223333:instance\/[\w-]+\/security-profile\/[\w-]+$/,
  );

  const helm = (...args: string[]) =>
    promisify(execFile)(join(folder, "bin/helm"), [...args, "--namespace", "connect-sso"], { cwd: folder, env });
  const again = ["upgrade", "--install", "second", "helm/connect-sso", "-f", "values.yaml"];
  await helm("uninstall", "connect-sso");
  await expect(helm(...again)).rejects.toThrow(/invalid ownership metadata/);
  await helm(...again, "--take-ownership");
  await helm("uninstall", "second");
  await helm("upgrade", "--install", "connect-sso", "helm/connect-sso", "-f", "values.yaml", "--take-ownership");

  Object.assign(env, { REGION: "us-east-1", AZURE_CLIENT_ID: directory().applications[0].appId });
  const writes = () => sandbox.log.filter((one) => one.writes && /delete/i.test(one.operation)).length;
  const before = writes();
  const removed = await follow("docs/uninstall.md");
  expect({ ...removed, said: removed.code === 0 ? "" : removed.said.slice(-3000) }).toEqual({ code: 0, said: "" });
  expect(await kubectl("get crd -o name")).not.toContain("connectsso.dev");
  expect(directory().applications).toEqual([]);
  expect(() => stack()).toThrow();
  // With Retain nothing is removed from the clouds.
  expect(writes()).toBe(before);
}, 300_000);
