/** A real API server for a test file: etcd and kube-apiserver on free loopback ports, everything in a temporary folder. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Agent, request } from "undici";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

export interface ApiServer {
  url: string;
  /** Path of a kubeconfig of a cluster administrator. */
  kubeconfig: string;
  /** Standard output; rejects with what kubectl said. `input` is its standard input. */
  kubectl(args: string[], input?: string): Promise<string>;
  /** One line of JSON (audit.k8s.io/v1 Event, level Metadata) per request, once it was answered; a watch also when it has begun. Only with `audit`. */
  auditLog: string;
  /** Ends the API server as a power cut does and starts it again, on the same port over the same etcd; resolves when it is ready. */
  restart(): Promise<void>;
  /** Drops the history of etcd up to now: who goes on from an older version is told that it has expired. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** `audit`: write the audit log. */
export async function startApiServer({ audit = false } = {}): Promise<ApiServer> {
  const tools = (await run(process.execPath, [join(root, "scripts/tools.mjs"), "kube"])).stdout.trim();
  const folder = mkdtempSync(join(tmpdir(), "connect-sso-kube-"));
  const children: ChildProcess[] = [];
  const stop = async () => {
    // The API server first: it would only complain about the store.
    for (const child of children.reverse()) await kill(child);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const [etcdPort, peerPort, port] = await freePorts(3);
    const etcd = `http://127.0.0.1:${etcdPort}`;
    children.push(startEtcd(tools, folder, etcd, `http://127.0.0.1:${peerPort}`));
    const flags = [...serviceAccountFlags(folder), ...(audit ? auditFlags(folder) : [])];
    children.push(startKube(tools, folder, etcd, port!, flags));
    const url = `https://127.0.0.1:${port}`;
    await ready(url, folder, children);
    const restart = async () => {
      await kill(children.pop()!);
      children.push(startKube(tools, folder, etcd, port!, flags));
      await ready(url, folder, children);
    };
    const kubeconfig = writeKubeconfig(folder, url);
    const kubectl = async (args: string[], input?: string) => {
      const flags = ["--kubeconfig", kubeconfig, "--cache-dir", join(folder, "cache")];
      const child = run(join(tools, "kubectl"), [...flags, ...args], { maxBuffer: 64 * 1024 * 1024 });
      // One that has no use for its input may have ended already; what it said is in its exit.
      child.child.stdin?.on("error", () => {}).end(input ?? "");
      return (await child).stdout;
    };
    return {
      url,
      kubeconfig,
      kubectl,
      auditLog: join(folder, "audit.log"),
      restart,
      compact: () => compact(etcd),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startEtcd(tools: string, folder: string, url: string, peer: string): ChildProcess {
  return start(join(tools, "etcd"), join(folder, "etcd.log"), [
    `--data-dir=${join(folder, "etcd")}`,
    `--listen-client-urls=${url}`,
    `--advertise-client-urls=${url}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--unsafe-no-fsync",
    "--log-level=error",
  ]);
}

/** By the JSON gateway of etcd's v3 API. */
async function compact(etcd: string): Promise<void> {
  const post = async (path: string, body: object) => {
    const response = await fetch(`${etcd}/v3/kv/${path}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`etcd: ${path}: ${await response.text()}`);
    return (await response.json()) as { header: { revision: string } };
  };
  const { header } = await post("range", { key: Buffer.from("/").toString("base64") });
  await post("compaction", { revision: header.revision, physical: true });
}

function serviceAccountFlags(folder: string): string[] {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = join(folder, "sa.key");
  const pub = join(folder, "sa.pub");
  writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  writeFileSync(pub, publicKey.export({ type: "spki", format: "pem" }));
  return [`--service-account-key-file=${pub}`, `--service-account-signing-key-file=${key}`];
}

function startKube(tools: string, folder: string, etcd: string, port: number, more: string[]): ChildProcess {
  const tokens = join(folder, "tokens.csv");
  writeFileSync(tokens, 'admin-token,admin,admin,"system:masters"\n', { mode: 0o600 });
  return start(join(tools, "kube-apiserver"), join(folder, "kube-apiserver.log"), [
    `--etcd-servers=${etcd}`,
    `--cert-dir=${join(folder, "certs")}`,
    `--secure-port=${port}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    "--service-account-issuer=https://kubernetes.default.svc",
    `--token-auth-file=${tokens}`,
    ...more,
    "--authorization-mode=RBAC",
    "--service-cluster-ip-range=10.0.0.0/24",
    "--disable-admission-plugins=ServiceAccount",
  ]);
}

function auditFlags(folder: string): string[] {
  const file = join(folder, "audit-policy.json");
  const rules = [{ level: "Metadata" }];
  const policy = { apiVersion: "audit.k8s.io/v1", kind: "Policy", omitStages: ["RequestReceived"], rules };
  writeFileSync(file, JSON.stringify(policy));
  return [`--audit-policy-file=${file}`, `--audit-log-path=${join(folder, "audit.log")}`, "--audit-log-mode=blocking"];
}

function start(command: string, log: string, args: string[]): ChildProcess {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  // A test run that is broken off leaves nothing behind.
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  child.once("close", () => process.off("exit", end));
  const chunks: Buffer[] = [];
  const keep = (chunk: Buffer) => {
    chunks.push(chunk);
    if (chunks.length > 50) chunks.shift();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  // What it said last, for the message of a failed start.
  child.once("close", () => writeFileSync(log, Buffer.concat(chunks), { flag: "w" }));
  return child;
}

async function ready(url: string, folder: string, children: ChildProcess[]): Promise<void> {
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const until = Date.now() + 60_000;
  try {
    while (Date.now() < until) {
      const dead = children.find((child) => child.exitCode !== null);
      if (dead) {
        await sleep(50);
        throw new Error(`${dead.spawnfile} ended:\n${readFileSync(logOf(folder, dead), "utf8").slice(-2_000)}`);
      }
      const code = await request(`${url}/readyz`, { dispatcher, headers: { authorization: "Bearer admin-token" } })
        .then(async ({ statusCode, body }) => {
          await body.dump();
          return statusCode;
        })
        .catch(() => 0);
      if (code === 200) return;
      await sleep(50);
    }
    throw new Error("the API server is not ready after 60 s");
  } finally {
    await dispatcher.destroy();
  }
}

function logOf(folder: string, { spawnfile }: ChildProcess): string {
  return join(folder, `${spawnfile.endsWith("etcd") ? "etcd" : "kube-apiserver"}.log`);
}

function writeKubeconfig(folder: string, url: string): string {
  const path = join(folder, "kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "test",
    clusters: [
      {
        name: "test",
        cluster: { server: url, "certificate-authority": join(folder, "certs", "apiserver.crt") },
      },
    ],
    users: [{ name: "admin", user: { token: "admin-token" } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "admin", namespace: "default" } }],
  };
  writeFileSync(path, JSON.stringify(config), { mode: 0o600 });
  return path;
}

/** Held open together, so that no two are the same. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("close", resolve));
  // Its store is a temporary folder: nothing is worth a graceful end.
  child.kill("SIGKILL");
  await gone;
}
