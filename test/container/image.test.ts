/**
 * What the image contains, without an image engine: the files that the Dockerfile's stages copy, by its own COPY lines and .dockerignore,
 * run from a tree that its user cannot write to.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const dockerfile = readFileSync(join(root, "Dockerfile"), "utf8").replace(/\\\n/g, " ");
const stages = dockerfile.split(/^FROM /m).slice(1);
const final = stages.at(-1)!;
const instruction = (name: string, stage = final) =>
  [...stage.matchAll(new RegExp(`^${name} (.*)$`, "gm"))].map(([, rest]) => rest!.trim());
const [uid, gid] = instruction("USER")[0]!.split(":").map(Number) as [number, number];
const entrypoint: string[] = JSON.parse(instruction("ENTRYPOINT")[0]!);
const env = Object.fromEntries(
  instruction("ENV")[0]!
    .split(/\s+/)
    .map((pair) => pair.split("=") as [string, string]),
);
const isRoot = process.getuid?.() === 0;

const PERSONA = {
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectSsoPersona",
  metadata: { name: "agents", namespace: "contact-centre" },
  spec: {
    instanceArn: "arn:aws:connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666",
    landingPage: "ContactControlPanel",
    application: { displayName: "Amazon Connect Agents" },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" },
  },
};

let folder: string;
let image: string;
let scratch: string;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-image-"));
  chmodSync(folder, 0o755);
  const context = buildContext();
  await promisify(execFile)(process.execPath, ["scripts/build.mjs"], { cwd: context });
  image = finalStage(context);
  scratch = join(folder, "tmp");
  mkdirSync(scratch, { mode: 0o1777 });
  if (isRoot) chownSync(scratch, uid, gid);
});
afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  if (image) chmodTree(image, 0o700);
  rmSync(folder, { recursive: true, force: true });
});

/** What `COPY . .` brings along: `*` and then what .dockerignore lets in again. */
function buildContext(): string {
  const context = join(folder, "context");
  mkdirSync(context);
  const rules = readFileSync(join(root, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"));
  expect(rules.shift()).toBe("*");
  for (const rule of rules) {
    expect(rule).toMatch(/^![\w.-]+$/);
    cpSync(join(root, rule.slice(1)), join(context, rule.slice(1)), { recursive: true });
  }
  // What `npm ci` installs from the lock.
  symlinkSync(join(root, "node_modules"), join(context, "node_modules"));
  return context;
}

function finalStage(context: string): string {
  const stage = join(folder, "image");
  const workdir = instruction("WORKDIR")[0]!;
  for (const line of instruction("COPY")) {
    const [from, ...paths] = line.split(/\s+/);
    expect(from).toBe("--from=build");
    const target = join(stage, workdir, paths.pop()!);
    mkdirSync(target, { recursive: true });
    for (const path of paths) {
      const source = join(context, path.replace(/^\/src\//, ""));
      if (lstatSync(source).isDirectory()) cpSync(source, target, { recursive: true });
      else copyFileSync(source, join(target, basename(source)));
    }
  }
  // What the base image brings.
  mkdirSync(join(stage, dirname(entrypoint[0]!)), { recursive: true });
  copyFileSync(process.execPath, join(stage, entrypoint[0]!));
  chmodTree(stage, 0o555);
  return stage;
}

function chmodTree(path: string, mode: number): void {
  const directory = lstatSync(path).isDirectory();
  if (directory && mode & 0o200) chmodSync(path, mode);
  if (directory) for (const name of readdirSync(path)) chmodTree(join(path, name), mode);
  if (!directory || !(mode & 0o200)) chmodSync(path, mode);
}

/** The container's process: its user, its variables and nothing of ours, its entry point. */
function start(args: string[], more: Record<string, string> = {}, [command, ...first] = entrypoint): ChildProcess {
  const inImage = (path: string) => (path.startsWith("/") ? join(image, path) : path);
  const child = spawn(inImage(command!), [...first.map(inImage), ...args], {
    cwd: join(image, instruction("WORKDIR")[0]!),
    env: { ...env, TMPDIR: scratch, ...more },
    stdio: ["ignore", "pipe", "pipe"],
    ...(isRoot ? { uid, gid } : {}),
  });
  children.add(child);
  return child;
}

async function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const read = async (stream: AsyncIterable<Buffer>) => {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  };
  const code = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [stdout, stderr] = await Promise.all([read(child.stdout!), read(child.stderr!)]);
  return { code: await code, stdout, stderr };
}

async function until<T>(
  what: string,
  child: ChildProcess,
  look: () => Promise<T | undefined | false> | T | undefined | false,
): Promise<T> {
  for (const end = Date.now() + 90_000; Date.now() < end && child.exitCode === null; await sleep(100)) {
    const found = await look();
    if (found) return found;
  }
  const said = `${child.stdout?.read() ?? ""}${child.stderr?.read() ?? ""}`.slice(-4_000);
  throw new Error(
    `not before the process ended (${child.exitCode ?? child.signalCode}) or 90 s passed: ${what}\n${said}`,
  );
}

test("says its version and, asked nothing, its help", async () => {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  expect(await finish(start(["--version"]))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(version),
    stderr: "",
  });
  const [help] = instruction("CMD").map((line) => JSON.parse(line));
  expect(await finish(start(help))).toMatchObject({ code: 0, stdout: expect.stringContaining("Usage: connect-sso") });
});

test("carries a source map for every script, the licences, and nothing of the checkout besides", () => {
  const files = (readdirSync(join(image, "app"), { recursive: true }) as string[]).map(String);
  const scripts = files.filter((file) => file.endsWith(".js"));
  expect(scripts.length).toBeGreaterThan(1);
  for (const script of scripts) expect(files).toContain(`${script}.map`);
  expect(new Set(files.map((file) => file.split("/")[0]))).toEqual(
    new Set(["package.json", "LICENSE", "examples", "dist"]),
  );
  const notices = readFileSync(join(image, "app/dist/THIRD-PARTY-NOTICES.txt"), "utf8");
  for (const name of Object.keys(JSON.parse(readFileSync(join(root, "package.json"), "utf8")).dependencies))
    if (name !== "reflect-metadata") expect(notices).toContain(`\n${name} `);
});

test("its user is not root and can write nothing of it", async () => {
  expect(uid).toBeGreaterThan(1000);
  const script = `try { require("fs").writeFileSync("dist/x", ""); process.exit(1) } catch (error) { console.log(error.code) }`;
  const said = await finish(start(["-e", script], {}, [entrypoint[0]!]));
  expect(said).toMatchObject({ code: 0, stdout: "EACCES\n" });
});

test("the chart and the image agree on entry point, user, ports and paths", () => {
  const deployment = readFileSync(join(root, "test/helm/golden/sandbox.yaml"), "utf8");
  expect(deployment).toContain(`runAsUser: ${uid}`);
  expect(deployment).toContain(`runAsGroup: ${gid}`);
  for (const port of instruction("EXPOSE")[0]!.split(" ")) expect(deployment).toContain(`containerPort: ${port}}`);
  const [, world] = /--config=(\/app\/\S+)/.exec(deployment)!;
  expect(existsSync(join(image, world!))).toBe(true);
  expect(readFileSync(join(root, "helm/connect-sso/templates/NOTES.txt"), "utf8")).toContain(
    `${entrypoint[0]} ${entrypoint.at(-1)} doctor`,
  );
});

test("sandbox and controller run from it against an API server, and end when they are told to", async () => {
  const server: ApiServer = await startApiServer();
  try {
    const sandboxEnv = join(scratch, "sandbox.env");
    // The world of the image, in clouds that do not dawdle.
    const world = join(scratch, "world.json");
    const { behaviour: _, ...shipped } = parse(readFileSync(join(image, "app/examples/sandbox-world.yaml"), "utf8"));
    writeFileSync(world, JSON.stringify(shipped), { mode: 0o644 });
    const sandbox = start(["sandbox", "--listen", "127.0.0.1:0", "--write-env", sandboxEnv, "--config", world]);
    await until("the sandbox", sandbox, () => existsSync(sandboxEnv));
    const clouds = Object.fromEntries(
      readFileSync(sandboxEnv, "utf8")
        .trim()
        .split("\n")
        .map((line) => line.replace("export ", "").split(/=(.*)/s).slice(0, 2)),
    );
    await server.kubectl(["apply", "--server-side", "-f", join(root, "crds")]);
    await server.kubectl(["create", "namespace", "contact-centre"]);
    await server.kubectl(["apply", "-f", "-"], JSON.stringify(PERSONA));
    const kubeconfig = join(scratch, "kubeconfig");
    const config = JSON.parse(readFileSync(server.kubeconfig, "utf8"));
    const ca = config.clusters[0].cluster["certificate-authority"];
    config.clusters[0].cluster = {
      server: server.url,
      "certificate-authority-data": readFileSync(ca).toString("base64"),
    };
    writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o644 });
    const args = ["--kubeconfig", kubeconfig, "--leader-elect", "--cluster-name", "image", "--poll-interval", "2s"];
    const bind = ["--metrics-bind-address", "127.0.0.1:0", "--health-probe-bind-address", "127.0.0.1:0"];
    const controller = start(["run", ...args, ...bind], clouds);
    const ended = finish(controller);
    const ready = async () => {
      const { items } = JSON.parse(await server.kubectl(["get", "connectssopersonas", "-A", "-o", "json"]));
      const isReady = ({ type, status }: { type: string; status: string }) => type === "Ready" && status === "True";
      return items.every((one: { status?: { conditions?: [] } }) => one.status?.conditions?.some(isReady));
    };
    await until("every persona Ready", controller, ready).catch(async (error: Error) => {
      const said = await server.kubectl([
        "get",
        "connectssopersonas",
        "-A",
        "-o",
        "jsonpath={.items[*].status.conditions}",
      ]);
      throw new Error(`${error.message}\n${said}`);
    });
    controller.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    const sandboxEnded = finish(sandbox);
    sandbox.kill("SIGTERM");
    expect((await sandboxEnded).code).toBe(0);
  } finally {
    await server.stop();
  }
}, 180_000);
