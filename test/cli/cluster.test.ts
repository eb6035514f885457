/** Commands against a real API server, with the controller as a process of its own and sandbox clouds. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { persona, user, world } from "../e2e/support.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { CLEAN, type Ended, expectGolden, MAIN, type RunOptions, run } from "./support.ts";

const crds = fileURLToPath(new URL("../../crds", import.meta.url));
let server: ApiServer;
let sandbox: Sandbox;
let controller: ChildProcess;
let env: Record<string, string>;

const cli = (args: string[], options: RunOptions = {}): Promise<Ended> =>
  run([...args, ...(args.includes("-f") ? [] : ["-n", "team"])], { ...options, env: { ...env, ...options.env } });

beforeAll(async () => {
  [server, sandbox] = await Promise.all([startApiServer(), startSandbox({ world: world() })]);
  env = { ...sandbox.env, KUBECONFIG: server.kubeconfig };
  await server.kubectl(["apply", "--server-side", "-f", crds]);
  await server.kubectl(["wait", "--for=condition=Established", "--timeout=20s", "-f", crds]);
  await server.kubectl(["create", "namespace", "team"]);
  const objects = [
    persona("agents"),
    persona("broken", { connectUsers: { securityProfiles: ["Nobody"], routingProfile: "Basic Routing Profile" } }),
    user("jane", "agents"),
    user("omar", "agents"),
    user("nobody", "agents"),
    user("alice", "broken"),
  ];
  await server.kubectl(["apply", "-f", "-"], objects.map((one) => JSON.stringify(one)).join("\n---\n"));
});

afterAll(async () => {
  const ended = controller && new Promise((resolve) => controller.once("close", resolve));
  controller?.kill("SIGTERM");
  await ended;
  await sandbox?.close();
  await server?.stop();
});

/** Ages and what each run makes anew. */
const steady = (text: string) =>
  text
    .replace(/\((\d+[smhd])\)/g, "(AGE)")
    .replace(/for \d+[smhd]/g, "for AGE")
    .replace(/\b[0-9A-F]{8}…/g, "THUMBPRINT…");

describe("before the controller has looked", () => {
  it("plan says under which name it goes on, and what the controller would do", async () => {
    const { code, stdout, stderr } = await cli(["plan"]);
    expect(stderr).toMatch(
      /^note: neither a persona nor a controller of this cluster says its --cluster-name yet; continuing with `default`\n$/,
    );
    expect(stdout).toMatch(/\+ Entra: application Connect agents/);
    expect(stdout).toMatch(/UnknownSecurityProfile: The instance has no security profile Nobody/);
    expect(code).toBe(1);
  });

  it("a request that nobody answers says so, and ends with its time", async () => {
    const { code, stderr } = await cli(["reconcile", "persona/agents", "--timeout", "2s"]);
    expect(stderr).toMatch(/a look at the clouds has not ended within 2 s: it was not looked at\n$/);
    expect(code).toBe(1);
  });

  it("status of an empty namespace says where it looked", async () => {
    const { code, stdout } = await run(["status", "-n", "default"], { env });
    expect(stdout).toBe("Nothing is declared in namespace default; -A shows every namespace.\n");
    expect(code).toBe(0);
  });
});

describe("with the controller", () => {
  beforeAll(async () => {
    const bind = ["--metrics-bind-address", "0", "--health-probe-bind-address", "0"];
    const args = ["run", "--cluster-name", "test", "--poll-interval", "2s", ...bind, "--allow-insecure-endpoints"];
    controller = spawn(process.execPath, ["--", MAIN, ...args], { env: { ...CLEAN, ...env }, stdio: "ignore" });
    const { code, stderr } = await cli(["reconcile", "agents", "--timeout", "1m"]);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    for (const name of ["jane", "omar"]) expect((await cli(["reconcile", name, "--timeout", "1m"])).code).toBe(0);
    // Refused ones end with their reason.
    const refused = await Promise.all([cli(["reconcile", "nobody"]), cli(["reconcile", "broken"])]);
    expect(refused.map(({ code }) => code)).toEqual([1, 1]);
    expect(refused[0]!.stderr).toMatch(/EntraUserNotFound: There is no user nobody@example.com/);
  });

  it("status folds what is well and opens what is not", async () => {
    const { code, stdout } = await cli(["status"]);
    expectGolden("status.txt", steady(stdout));
    expect(code).toBe(2);
  });

  it("status of one persona ends with 0 when all of it is Ready; json has every condition", async () => {
    const { code, stdout } = await cli(["status", "omar", "-o", "json"]);
    const { resources } = JSON.parse(stdout);
    expect(resources.map(({ name }: { name: string }) => name)).toEqual(["agents", "omar"]);
    expect(resources[1].conditions.find(({ type }: { type: string }) => type === "ConnectUserReady")).toMatchObject({
      status: "True",
      reason: "UpToDate",
    });
    expect(code).toBe(0);
  });

  it("plan knows the controller's name and finds nothing to do for what is Ready", async () => {
    const { stdout, stderr } = await cli(["plan"]);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^As declared: team\/agents team\/jane team\/omar$/m);
  });

  it("plan -f and why -f find the controller's name by themselves, and say so", async () => {
    const all = [persona("agents"), user("jane", "agents"), user("omar", "agents")];
    const input = all.map((one) => JSON.stringify(one)).join("\n---\n");
    const plan = await cli(["plan", "-f", "-"], { input });
    expect(plan.stderr).toBe(
      "note: compared as cluster test, the controller that the kubeconfig leads to (--cluster-name)\n",
    );
    expect(plan.stdout).toBe(
      "As declared: team/agents team/jane team/omar\n\nNothing to do: the clouds are as declared.\n",
    );
    expect(plan.code).toBe(0);
    const why = await cli(["why", "jane", "-f", "-"], { input });
    expect({ code: why.code, stdout: why.code === 0 ? "" : why.stdout }).toEqual({ code: 0, stdout: "" });
    const alone = await cli(["plan", "-f", "-"], { input, env: { KUBECONFIG: "" } });
    expect(alone.stdout).toMatch(
      /compared as cluster folder, .* under test\. .* repeat the plan with --cluster-name test\.$/m,
    );
  });

  it("delete refuses what the controller owns, with and without its name, users too", async () => {
    const jane = JSON.stringify(user("jane", "agents", { deletionPolicy: "Delete" }));
    const folder = mkdtempSync(join(tmpdir(), "connect-sso-among-"));
    writeFileSync(join(folder, "agents.json"), JSON.stringify(persona("agents")));
    const args = ["delete", "-f", "-", "--among", folder];
    const other = await cli(args, { input: jane });
    expect(other.stderr).toMatch(
      /nothing was deleted: ConnectUser team\/jane \(Connect user jane@example.com\) belongs to cluster test\n {2}.*kubectl.*--cluster-name test$/m,
    );
    const beside = await cli([...args, "--cluster-name", "test"], { input: jane });
    expect(beside.stderr).toMatch(
      /holds ConnectUser team\/jane too, and its controller test reconciles it\n.*kubectl/m,
    );
    expect([other.code, beside.code]).toEqual([1, 1]);
    expect((await cli(["status", "jane", "-o", "json"])).code).toBe(0);
  });

  it("recreate makes the Connect user anew, once", async () => {
    const id = async () =>
      (await server.kubectl(["get", "cu", "jane", "-n", "team", "-o", "jsonpath={.status.connectUserId}"])).trim();
    const before = await id();
    const { code, stdout } = await cli(["recreate", "jane", "--yes"]);
    expect(stdout).toBe(
      "✔ ConnectUser team/jane: the Connect user is recreated; the next login binds it to the role again\n",
    );
    expect(code).toBe(0);
    expect(await id()).not.toBe(before);
  });

  it("rotate certificate is followed to the switch", async () => {
    // Two minutes of the clouds' time between the moment AWS trusts both and the switch.
    sandbox.onExchange(({ operation }) => {
      if (operation === "UpdateSAMLProvider") sandbox.clock.advance(120_000);
    });
    const { code, stdout, stderr } = await cli(["rotate", "certificate", "agents"]);
    expect(steady(stdout)).toMatch(
      /^✔ ConnectSsoPersona team\/agents: THUMBPRINT… signs until .*; AWS trusts the former THUMBPRINT… for another hour\n$/,
    );
    expect(stderr).toMatch(/^ConnectSsoPersona team\/agents: rotation of the signing certificate: asked for$/m);
    expect(code).toBe(0);
  });

  it("rotate key is refused for a persona without one", async () => {
    const { code, stderr } = await cli(["rotate", "key", "agents"]);
    expect(stderr).toBe("connect-sso: the persona has no access key: its roleDelivery.mode is Direct\n");
    expect(code).toBe(1);
  });

  it("rotate key is followed from one key to the next: made, handed over, proven by two imports, the former one deleted", async () => {
    // Entra imports every 40 minutes: two of the clouds' minutes pass in a quarter of a second.
    const clock = setInterval(() => sandbox.clock.advance(2 * 60_000), 250);
    try {
      const importers = persona("importers", { roleDelivery: { mode: "Provisioning" } });
      await server.kubectl(["apply", "-f", "-"], JSON.stringify(importers));
      const set = await cli(["reconcile", "importers", "--timeout", "2m"]);
      expect({ code: set.code, stderr: set.code === 0 ? "" : set.stderr }).toEqual({ code: 0, stderr: "" });
      const key = async () =>
        JSON.parse(await server.kubectl(["get", "csp", "importers", "-n", "team", "-o", "json"])).status.accessKey;
      const { lastFour: before } = await key();
      const { code, stdout, stderr } = await cli(["rotate", "key", "importers", "--timeout", "2m"]);
      expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
      const after = await key();
      expect(stdout).toBe(
        `✔ ConnectSsoPersona team/importers: Entra imports with access key …${after.lastFour}; the former one is deleted\n`,
      );
      expect(after.lastFour).not.toBe(before);
      const lines = stderr.trimEnd().split("\n");
      expect(lines[0]).toBe("ConnectSsoPersona team/importers: rotation of the access key: asked for");
      expect(stderr).toMatch(/deactivated/);
      // No key, and no line twice.
      expect(stderr).not.toMatch(/AKIA/);
      expect(new Set(lines).size).toBe(lines.length);
    } finally {
      clearInterval(clock);
      await server.kubectl(["delete", "csp", "importers", "-n", "team"]);
    }
  });

  it("suspend and resume are followed; in between nothing else can be asked for", async () => {
    const suspended = await cli(["suspend", "user/omar"]);
    expect(suspended.stdout).toMatch(/^✔ ConnectUser team\/omar: is suspended/);
    const refused = await cli(["recreate", "omar"]);
    expect(refused.stderr).toMatch(/is suspended: nothing would come of it\n {2}connect-sso resume omar -n team\n$/);
    const resumed = await cli(["resume", "omar"]);
    expect(resumed.stdout).toMatch(/^✔ ConnectUser team\/omar: /);
    expect([suspended.code, refused.code, resumed.code]).toEqual([0, 1, 0]);
  });

  it("suspend warns where Argo CD or Flux keeps the object", async () => {
    await server.kubectl(["label", "cu", "omar", "-n", "team", "kustomize.toolkit.fluxcd.io/name=apps"]);
    const { stderr } = await cli(["suspend", "omar", "--no-wait"]);
    expect(stderr).toMatch(/^note: Flux keeps this ConnectUser: it sets spec.suspend back/);
    const selected = await cli(["status", "-l", "kustomize.toolkit.fluxcd.io/name in (apps)", "-o", "json"]);
    expect(JSON.parse(selected.stdout).resources.map(({ name }: { name: string }) => name)).toEqual(["agents", "omar"]);
    expect((await cli(["resume", "omar", "--no-wait"])).stdout).toBe(
      "ConnectUser team/omar: resumption is asked for\n",
    );
  });

  it("an unknown name is answered with those there are", async () => {
    const { code, stderr } = await cli(["recreate", "jan"]);
    expect(stderr).toMatch(/^connect-sso: there is no user jan\n {2}there is team\/alice, /);
    expect(code).toBe(1);
  });

  it("apply beside the controller, under its name, is refused; under another, owner tags refuse", async () => {
    const input = JSON.stringify(persona("agents"));
    const same = await cli(["apply", "-f", "-", "--cluster-name", "test"], { input });
    expect(same.stderr).toMatch(/holds ConnectSsoPersona team\/agents too, and its controller test reconciles it\n/);
    const other = await cli(["plan", "-f", "-", "--cluster-name", "other"], { input });
    expect(other.stdout).toMatch(/ForeignOwner: .* belongs to test\//);
    expect([same.code, other.code]).toEqual([1, 1]);
  });

  it("completes names of the cluster, also as kubectl asks", async () => {
    const { stdout } = await run(["__complete", "recreate", "-n", "team", "j"], { env });
    expect(stdout).toMatch(/^jane\tjane@example.com\n:4\n$/);
  });

  it("is a kubectl plugin", async () => {
    const bin = mkdtempSync(join(tmpdir(), "connect-sso-plugin-"));
    symlinkSync(MAIN, join(bin, "kubectl-connect_sso"));
    const { stdout } = await runProgram(join(bin, "kubectl-connect_sso"), ["plan", "--help"]);
    expect(stdout).toMatch(/^Usage: kubectl connect-sso plan \[options\]/);
    expect(stdout).toMatch(/^ {2}kubectl connect-sso plan -f personas\/$/m);
  });
});

/** Through the name it was called by. */
function runProgram(file: string, args: string[]): Promise<{ stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--", file, ...args], { env: CLEAN });
    let stdout = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.once("error", reject);
    child.once("close", () => resolve({ stdout }));
  });
}
