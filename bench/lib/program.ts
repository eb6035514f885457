/** A program under measurement: started as its user starts it, watched from outside. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { sleep } from "./wait.ts";

/** What is measured, as it is shipped. */
export const program = (): string => MAIN;
const MAIN = fileURLToPath(new URL("../../dist/connect-sso.js", import.meta.url));
/** Of /proc/PID/stat; Linux has had 100 for decades. */
const TICKS_PER_SECOND = 100;

export interface Usage {
  /** User and system time, all threads, seconds. */
  cpu: number;
  /** Resident memory now and at its highest, MB (10^6 bytes). */
  rss: number;
  peak: number;
}

export class Program {
  readonly child: ChildProcess;
  /** performance.now() of the start. */
  readonly startedAt = performance.now();
  #said = "";

  constructor(command: string, args: string[], env: Record<string, string> = {}) {
    this.child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...env } });
    const end = () => this.child.kill("SIGKILL");
    process.once("exit", end);
    this.child.once("close", () => process.off("exit", end));
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#said = (this.#said + chunk.toString("utf8")).slice(-20_000);
      });
  }

  /** The last 20 kB of its output. */
  get said(): string {
    return this.#said;
  }

  elapsed(): number {
    return (performance.now() - this.startedAt) / 1000;
  }

  running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  usage(): Usage {
    const stat = readFileSync(`/proc/${this.child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = readFileSync(`/proc/${this.child.pid}/status`, "utf8");
    const kilobytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
    return {
      cpu: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND,
      rss: (kilobytes("VmRSS") * 1024) / 1e6,
      peak: (kilobytes("VmHWM") * 1024) / 1e6,
    };
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    if (!this.running()) return;
    const gone = new Promise((resolve) => this.child.once("close", resolve));
    this.child.kill(signal);
    await gone;
  }
}

export interface ControllerOptions {
  kubeconfig: string;
  env: Record<string, string>;
  args?: string[];
  /** Path of the program, when it is not dist/connect-sso.js. */
  program?: string;
}

/** `connect-sso run` with its own endpoints. */
export class Controller extends Program {
  readonly metricsUrl: string;
  readonly healthUrl: string;

  private constructor(program: string, args: string[], env: Record<string, string>, metrics: number, health: number) {
    // By its first line, which says with which flags of V8 and malloc.
    super(program, args, env);
    this.metricsUrl = `http://127.0.0.1:${metrics}/metrics`;
    this.healthUrl = `http://127.0.0.1:${health}`;
  }

  static async start({ kubeconfig, env, args = [], program = MAIN }: ControllerOptions): Promise<Controller> {
    const [metrics, health] = (await freePorts(2)) as [number, number];
    const listen = [
      "--metrics-bind-address",
      `127.0.0.1:${metrics}`,
      "--health-probe-bind-address",
      `127.0.0.1:${health}`,
    ];
    const own = ["--log-level", "warn"];
    const all = ["run", "--kubeconfig", kubeconfig, ...own, ...listen, ...args];
    return new Controller(program, all, env, metrics, health);
  }

  /** Sums of all series of each metric whose labels match; undefined while the endpoint does not answer. */
  async metrics(): Promise<Metrics | undefined> {
    const response = await fetch(this.metricsUrl).catch(() => undefined);
    return response?.ok ? new Metrics(await response.text()) : undefined;
  }

  /** ConnectUsers that were reconciled without an error. */
  async reconciled(): Promise<number> {
    const metrics = await this.metrics();
    return metrics?.sum("controller_runtime_reconcile_total", { controller: "ConnectUser" }, { result: "error" }) ?? 0;
  }

  /** Waits for the line that the program writes when it has looked at everything once. */
  async untilFirstPass(timeoutMs: number): Promise<void> {
    while (!this.said.includes("every object was reconciled once")) {
      if (!this.running() || this.elapsed() * 1000 > timeoutMs)
        throw new Error(`not everything was looked at after ${this.elapsed().toFixed(0)} s:\n${this.said}`);
      await sleep(20);
    }
  }

  /** Waits until `count` ConnectUsers were reconciled; says how far it came when that takes too long. */
  async untilReconciled(count: number, timeoutMs: number, intervalMs = 200): Promise<void> {
    const until = performance.now() + timeoutMs;
    let seen = 0;
    while (seen < count) {
      if (!this.running()) throw new Error(`the controller ended:\n${this.said}`);
      if (performance.now() > until)
        throw new Error(`${seen} of ${count} reconciled after ${timeoutMs / 1000} s:\n${this.said}`);
      await sleep(intervalMs);
      seen = await this.reconciled();
    }
  }
}

export class Metrics {
  readonly #lines: string[];

  constructor(text: string) {
    this.#lines = text.split("\n");
  }

  sum(name: string, labels: Record<string, string> = {}, without: Record<string, string> = {}): number {
    const pair = ([key, value]: [string, string]) => `${key}="${value}"`;
    const wanted = Object.entries(labels).map(pair);
    const unwanted = Object.entries(without).map(pair);
    let sum = 0;
    for (const line of this.#lines) {
      if (!line.startsWith(`${name}{`) && !line.startsWith(`${name} `)) continue;
      if (!wanted.every((one) => line.includes(one)) || unwanted.some((one) => line.includes(one))) continue;
      sum += Number(line.slice(line.lastIndexOf(" ") + 1));
    }
    return sum;
  }
}

/** Held open together, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  await Promise.all(servers.map((server) => new Promise<void>((done) => server.listen(0, "127.0.0.1", done))));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}
