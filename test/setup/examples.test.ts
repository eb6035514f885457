/** examples/: each is run, none collides with another, and the pipeline's own commands plan, apply and delete. */
import { execFile } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse, parseAllDocuments } from "yaml";
import { readManifests } from "../../src/manifests/read.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { CLEAN, MAIN, ROOT, run } from "../cli/support.ts";
import { startApiServer } from "../kube/apiserver.ts";
import { established } from "../kube/established.ts";

const { foreignCrds, goTool, pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  foreignCrds(): Promise<string>;
  goTool(name: string): Promise<string>;
  pythonTools(name: string): Promise<string>;
};
const execute = promisify(execFile);
const examples = join(ROOT, "examples");
const folders = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);
/** In clouds that answer at once. Sessions of assumed roles expire by simulated time too. */
const clouds = (world: string, timeScale: number) => {
  const { behaviour: _, ...rest } = parse(readFileSync(join(examples, world), "utf8"));
  return startSandbox({ world: { ...rest, behaviour: { timeScale } } });
};

test("no two examples declare the same object, person, application or namespace", () => {
  const all = folders.flatMap((folder) => {
    const { objects, problems } = readManifests(join(examples, folder));
    expect(problems).toEqual([]);
    expect(objects.length).toBeGreaterThan(0);
    return objects.map(({ kind, metadata, spec }) => ({
      folder,
      kind,
      metadata,
      spec: spec as unknown as Record<string, { displayName?: string; userPrincipalName?: string }>,
    }));
  });
  const once = (values: (string | undefined)[]) => {
    const given = values.filter((value) => value !== undefined);
    expect(given).toEqual([...new Set(given)]);
  };
  once(all.map(({ kind, metadata }) => `${kind}/${metadata.namespace}/${metadata.name}`));
  once(all.map(({ spec }) => spec.entraUser?.userPrincipalName));
  once(all.map(({ spec }) => spec.application?.displayName));
  const namespaces = new Set(all.map(({ folder, metadata }) => `${folder} ${metadata.namespace}`));
  once([...namespaces].map((one) => one.split(" ")[1]));
});

describe("all that share examples/sandbox-world.yaml, in the same clouds", () => {
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await clouds("sandbox-world.yaml", 3000);
  });
  afterAll(() => sandbox?.close());
  const worlds = ["several-accounts", "people"];
  const shared = folders.filter((folder) => !worlds.includes(folder));
  const connectSso = (...args: string[]) => run([...args, "--sandbox"], { env: sandbox.env });

  test("one after the other becomes Ready, and afterwards there is nothing to do for any", async () => {
    for (const folder of shared) {
      const { code, stderr } = await connectSso("apply", "-f", `examples/${folder}`, "--timeout", "90s");
      expect({ folder, code, stderr: code === 0 ? "" : stderr }).toEqual({ folder, code: 0, stderr: "" });
    }
    for (const folder of shared) {
      const { code, stdout } = await connectSso("plan", "-f", `examples/${folder}`);
      expect({ folder, code, stdout: code === 0 ? "" : stdout }).toEqual({ folder, code: 0, stdout: "" });
    }
  }, 300_000);
});

test("people, in the world of its own, becomes Ready; afterwards there is nothing to do", async () => {
  const sandbox = await clouds("people/world.yaml", 3000);
  try {
    const connectSso = (...args: string[]) => run([...args, "--sandbox"], { env: sandbox.env });
    const applied = await connectSso("apply", "-f", "examples/people", "--timeout", "90s");
    expect({ code: applied.code, stderr: applied.code === 0 ? "" : applied.stderr }).toEqual({ code: 0, stderr: "" });
    const { code, stdout } = await connectSso("plan", "-f", "examples/people");
    expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stdout: "" });
  } finally {
    await sandbox.close();
  }
}, 300_000);

describe("several accounts", () => {
  const folder = "examples/several-accounts";
  const settings = ["--config", `${folder}/settings.yaml`];
  let sandbox: Sandbox;
  beforeAll(async () => {
    sandbox = await clouds("several-accounts/sandbox-world.yaml", 1);
  });
  afterAll(() => sandbox?.close());
  const apply = (manifests: string) =>
    run(["apply", "-f", manifests, ...settings, "--sandbox", "--timeout", "90s"], { env: sandbox.env });

  test("three instances in two accounts become Ready", async () => {
    const { code, stdout } = await apply(`${folder}/manifests`);
    expect(stdout).toContain("APAC Support Agents");
    expect(code).toBe(0);
  });

  test("a namespace is refused in an account that the settings do not give it", async () => {
    const text = readFileSync(join(ROOT, folder, "manifests/apac-support.yaml"), "utf8");
    const input = text.replaceAll("namespace: apac-support", "namespace: emea-sales");
    const { code, stdout } = await run(["plan", "-f", "-", ...settings, "--sandbox"], { env: sandbox.env, input });
    expect(code).toBe(1);
    expect(stdout).toContain("namespace emea-sales may not act in account 444455556666");
  });
});

test("GitOps: the API server takes all of it, users are pruned without a person, personas are not", async () => {
  const server = await startApiServer();
  try {
    await server.kubectl(["apply", "--server-side", "-f", await foreignCrds(), "-f", join(ROOT, "crds")]);
    await established(server);
    for (const namespace of ["argocd", "helpdesk"]) await server.kubectl(["create", "namespace", namespace]);
    const strict = ["apply", "--server-side", "--validate=strict", "--warnings-as-errors"];
    const folders = ["argocd", "personas", "users"].flatMap((name) => ["-f", join(examples, "gitops", name)]);
    const applied = await server.kubectl([...strict, ...folders]);
    expect(applied.trim().split("\n")).toHaveLength(5);
    const listed = JSON.parse(await server.kubectl(["get", "applications.argoproj.io", "-n", "argocd", "-o", "json"]));
    const policies = listed.items.map(
      ({
        metadata,
        spec,
      }: {
        metadata: { name: string };
        spec: { source: { path: string }; syncPolicy: { automated: { prune: boolean }; syncOptions: string[] } };
      }) => [
        metadata.name,
        spec.source.path,
        spec.syncPolicy.automated.prune,
        spec.syncPolicy.syncOptions.includes("Prune=confirm"),
      ],
    );
    expect(policies).toEqual([
      ["helpdesk-personas", "personas", true, true],
      ["helpdesk-users", "users", true, false],
    ]);
  } finally {
    await server.stop();
  }
});

describe("CI", () => {
  const workflow = join(examples, "ci/.github/workflows/single-sign-on.yaml");
  const { jobs } = parseAllDocuments(readFileSync(workflow, "utf8"))[0]!.toJS();
  const script = (job: string, name: string): string =>
    jobs[job].steps.find((step: { name?: string }) => step.name === name).run;
  let sandbox: Sandbox;
  let tokens: Server;
  let folder: string;
  let asked: string[];

  beforeAll(async () => {
    sandbox = await clouds("sandbox-world.yaml", 3000);
    asked = [];
    tokens = createServer((request, response) => {
      asked.push(`${request.headers.authorization} ${new URL(request.url!, "http://x").searchParams.get("audience")}`);
      response.end(JSON.stringify({ value: "header.payload.signature" }));
    });
    await new Promise<void>((done) => tokens.listen(0, "127.0.0.1", done));
    folder = mkdtempSync(join(tmpdir(), "connect-sso-ci-"));
    mkdirSync(join(folder, "bin"));
    const program = (name: string, text: string) => {
      writeFileSync(join(folder, "bin", name), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, "bin", name), 0o755);
    };
    program("connect-sso", `exec "${process.execPath}" -- "${MAIN}" "$@"`);
    program("gh", 'echo "gh $*"; cat plan.md');
    cpSync(join(examples, "ci/sso"), join(folder, "sso"), { recursive: true });
    await git("init", "-q", "-b", "main");
  });
  afterAll(async () => {
    tokens.close();
    await sandbox?.close();
    rmSync(folder, { recursive: true });
  });

  const git = async (...args: string[]) => {
    const who = ["-c", "user.name=ci", "-c", "user.email=ci@example.com"];
    return (await execute("git", [...who, ...args], { cwd: folder })).stdout.trim();
  };
  const commit = async () => {
    await git("add", "sso");
    await git("commit", "-qm", "change");
    return git("rev-parse", "HEAD");
  };
  /** As the runner runs a step. */
  const step = (job: string, name: string, more: Record<string, string> = {}) =>
    execute("bash", ["-eo", "pipefail", "-c", script(job, name)], {
      cwd: folder,
      env: {
        ...CLEAN,
        ...sandbox.env,
        PATH: `${join(folder, "bin")}:${CLEAN.PATH}`,
        CLUSTER_NAME: parse(readFileSync(workflow, "utf8")).env.CLUSTER_NAME,
        RUNNER_TEMP: folder,
        GITHUB_ENV: join(folder, "github-env"),
        ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
        ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/?api-version=2.0`,
        ...more,
      },
    });

  test("actionlint and shellcheck find nothing", async () => {
    const shellcheck = join(await pythonTools("setup"), "shellcheck");
    const { stdout } = await execute(join(await goTool("actionlint"), "actionlint"), [
      "-shellcheck",
      shellcheck,
      workflow,
    ]);
    expect(stdout).toBe("");
  }, 300_000);

  test("it signs in to both clouds with tokens of their audience", async () => {
    await step("plan", "sign in to both clouds");
    expect(asked).toEqual([
      "bearer request-token sts.amazonaws.com",
      "bearer request-token api://AzureADTokenExchange",
    ]);
    expect(readFileSync(join(folder, "github-env"), "utf8")).toBe(
      `AWS_WEB_IDENTITY_TOKEN_FILE=${folder}/aws-token\nAZURE_FEDERATED_TOKEN_FILE=${folder}/entra-token\n`,
    );
    expect(jobs.apply.steps.some(({ name }: { name?: string }) => name === "sign in to both clouds")).toBe(true);
  });

  test("a pull request gets the plan, a merge applies it, and a removed file takes the access away", async () => {
    const first = await commit();
    const commented = await step("plan", "plan", { PULL_REQUEST: "7" });
    expect(commented.stdout).toContain("gh pr comment 7 --body-file plan.md\n### connect-sso plan: ");
    await step("apply", "apply");
    expect((await step("plan", "plan", { PULL_REQUEST: "7" })).stdout).toContain("nothing to do");
    await git("rm", "-q", "sso/ivan.yaml");
    await git("commit", "-qm", "Ivan leaves");
    const leaving = await step("plan", "plan", { PULL_REQUEST: "8" });
    expect(leaving.stdout).toContain("**1 person loses access: `back-office/ivan`.**");
    const { stdout, stderr } = await step("apply", "delete what this push removed", { BEFORE: first });
    expect(stdout + stderr).toContain("ivan");
    const deleted = sandbox.log.filter(
      ({ operation, writes }) => writes && /appRoleAssign/i.test(operation) && /DELETE/i.test(operation),
    );
    expect(deleted.length).toBeGreaterThan(0);
    await step("apply", "apply");
    expect((await step("plan", "plan", { PULL_REQUEST: "9" })).stdout).not.toContain("loses access");
  }, 300_000);

  test("a manifest with a mistake fails the check", async () => {
    writeFileSync(
      join(folder, "sso/broken.yaml"),
      "apiVersion: connectsso.dev/v1alpha1\nkind: ConnectUser\nmetadata: {name: x}\nspec: {}\n",
    );
    await expect(step("plan", "plan", { PULL_REQUEST: "7" })).rejects.toMatchObject({ code: 1 });
  });
});
