/** `make dev` as its user has it: started, used by the lines that it prints, and ended with Ctrl-C. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { parse } from "yaml";

const root = fileURLToPath(new URL("../..", import.meta.url));
let folder: string;
let dev: ChildProcess;
let said = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-dev-test-"));
});
afterEach(() => {
  if (left(dev)) process.kill(-dev.pid!, "SIGKILL");
  rmSync(folder, { recursive: true });
});

/** Whether anything of its process group runs. */
function left({ pid }: ChildProcess): boolean {
  try {
    return process.kill(-pid!, 0);
  } catch {
    return false;
  }
}

function start(...args: string[]): { printed(what: RegExp): Promise<string>; ended: Promise<number | null> } {
  said = "";
  const command = [join(root, "scripts/dev.mjs"), "--any-port", ...args];
  // Detached: a process group of its own, as a shell gives it, so that Ctrl-C reaches all of it.
  dev = spawn(process.execPath, command, { cwd: root, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise<number | null>((resolve) => dev.once("close", resolve));
  const printed = (what: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        const [, found] = what.exec(said) ?? [];
        if (found !== undefined) resolve(found);
      };
      dev.stdout!.on("data", look);
      ended.then(() => reject(new Error(`it ended before it printed ${what}:\n${said}`)));
    });
  for (const stream of [dev.stdout!, dev.stderr!])
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  return { printed, ended };
}

test("the blog's set-up is Ready by the commands that it prints; Ctrl-C leaves no process and no file", async () => {
  // The example's world in clouds that do not dawdle.
  const { behaviour: _, ...world } = parse(readFileSync(join(root, "examples/sandbox-world.yaml"), "utf8"));
  writeFileSync(join(folder, "world.json"), JSON.stringify({ ...world, behaviour: { timeScale: 3000 } }));
  const { printed, ended } = start("--world", join(folder, "world.json"));
  const [kubeconfig, kubectl, clouds, page] = await Promise.all([
    printed(/export KUBECONFIG=(\S+)\n/),
    printed(/^ *(\S+) apply -f examples\/blog\/\n/m),
    printed(/source (\S+)\n/),
    printed(/^page at (\S+)\n/m),
  ]);
  const run = async (...args: string[]) =>
    (await promisify(execFile)(kubectl, args, { cwd: root, env: { ...process.env, KUBECONFIG: kubeconfig } })).stdout;
  await run("apply", "-f", "examples/blog/");
  const kinds = "connectssopersonas,connectusers";
  await run("wait", kinds, "--all", "-n", "contact-centre", "--for=condition=Ready", "--timeout=90s");
  expect((await run("get", kinds, "-A")).match(/True/g)!.length).toBeGreaterThanOrEqual(4);
  const cookie = (await fetch(page, { redirect: "manual" })).headers.get("set-cookie")!.split(";")[0]!;
  const people = await fetch(new URL("/people", page), { headers: { cookie } });
  expect(await people.text()).toMatch(/jane@example\.com[\s\S]*All namespaces of the cluster/);
  expect(readFileSync(clouds, "utf8")).toMatch(/^export CONNECT_SSO_GRAPH_URL=http:\/\/127\.0\.0\.1:/m);
  process.kill(-dev.pid!, "SIGINT");
  expect(await ended).toBe(0);
  expect(left(dev)).toBe(false);
  expect([kubeconfig, clouds].filter(existsSync)).toEqual([]);
}, 180_000);

test("with settings, two accounts can be tried", async () => {
  const example = join(root, "examples/several-accounts");
  const settings = ["--settings", join(example, "settings.yaml")];
  const { printed, ended } = start("--world", join(example, "sandbox-world.yaml"), ...settings);
  const [kubeconfig, kubectl] = await Promise.all([
    printed(/export KUBECONFIG=(\S+)\n/),
    printed(/^ *(\S+) apply -f examples\/blog\/\n/m),
  ]);
  const run = async (...args: string[]) =>
    (await promisify(execFile)(kubectl, args, { cwd: root, env: { ...process.env, KUBECONFIG: kubeconfig } })).stdout;
  await run("apply", "-f", join(example, "manifests"));
  for (const namespace of ["emea-sales", "emea-support", "apac-support"])
    await run("wait", "connectssopersonas", "--all", "-n", namespace, "--for=condition=Ready", "--timeout=90s");
  process.kill(-dev.pid!, "SIGINT");
  expect(await ended).toBe(0);
}, 180_000);

test("when the sandbox cannot start, all of it ends and says so", async () => {
  const { ended } = start("--world", join(folder, "missing.yaml"));
  expect(await ended).toBe(1);
  expect(said).toMatch(/connect-sso sandbox ended with 1; so does the rest/);
  expect(left(dev)).toBe(false);
}, 180_000);
