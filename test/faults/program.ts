/** One process of the program, started as it is shipped (the first line of the bundle), with a probe inside. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const BUNDLE = join(root, "dist/connect-sso.js");
const PROBE = join(root, "test/faults/probe.mjs");
const KEPT = 50_000;

/** Bytes. */
export interface Memory {
  /** Of JavaScript objects, after a collection. */
  heapUsed: number;
  external: number;
  arrayBuffers: number;
  /** Resident: all that the machine gives the process. */
  rss: number;
}

export class Program {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: never) => void>();
  #said = "";
  #asked = 0;
  /** How it ended, once it has. */
  end: string | undefined;
  readonly ended: Promise<string>;

  /** `log: "full"`: standard error is a disk without room. */
  constructor(args: string[], env: Record<string, string>, { log }: { log?: "full" } = {}) {
    const shipped = asShipped();
    const flags = [...shipped.flags, "--expose-gc", "--import", PROBE, "--"];
    const full = log ? openSync("/dev/full", "w") : undefined;
    this.#child = spawn(process.execPath, [...flags, BUNDLE, ...args], {
      stdio: ["ignore", full ?? "pipe", full ?? "pipe", "ipc"],
      env: { ...process.env, ...shipped.env, ...env },
    });
    if (full !== undefined) closeSync(full);
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on("data", (chunk: Buffer) => {
        this.#said = (this.#said + chunk.toString("utf8")).slice(-KEPT);
      });
    this.#child.on("message", ({ id, answer }: { id: number; answer: never }) => {
      this.#waiting.get(id)?.(answer);
      this.#waiting.delete(id);
    });
    this.#child.on("error", () => {});
    const kill = () => this.#child.kill("SIGKILL");
    process.once("exit", kill);
    this.ended = new Promise((resolve) =>
      this.#child.once("close", (code, signal) => {
        process.off("exit", kill);
        this.end = signal ? `signal ${signal}` : `exit code ${code}`;
        resolve(this.end);
      }),
    );
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** The last of what it wrote to standard output and error. */
  get said(): string {
    return this.#said;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  memory(): Promise<Memory> {
    return this.#ask("memory");
  }

  /** What Prometheus reads of it. */
  async metrics(): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${await this.#ask<number>("port")}/metrics`);
    return response.text();
  }

  /** Its wall clock goes wrong by so many milliseconds; timers do not, as on any machine. */
  async setClockError(ms: number): Promise<void> {
    await this.#ask("clock", ms);
  }

  async setResolver(works: boolean): Promise<void> {
    await this.#ask("resolver", works);
  }

  /** Resident memory in MB, open descriptors, and those of them that are sockets. */
  usage(): { rss: number; handles: number; sockets: number } {
    const proc = `/proc/${this.#child.pid}`;
    const rss = Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`${proc}/status`, "utf8"))?.[1]) / 1000;
    const handles = readdirSync(`${proc}/fd`);
    const sockets = handles.filter((name) => isSocket(`${proc}/fd/${name}`));
    return { rss, handles: handles.length, sockets: sockets.length };
  }

  /** Rejects when the process ends first. */
  #ask<T>(what: string, value?: unknown): Promise<T> {
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, resolve as (answer: never) => void);
      const failed = (error: Error | null) => error && reject(error);
      this.#child.send({ id, ask: what, value }, failed);
      void this.ended.then((end) => reject(new Error(`the program ended with ${end}`)));
    });
  }
}

/** `#!/usr/bin/env -S NAME=value … node --flag … --` */
function asShipped(): { env: Record<string, string>; flags: string[] } {
  const line = readFileSync(BUNDLE, "utf8").split("\n", 1)[0]!;
  const words = line.split(" ").slice(2);
  const node = words.indexOf("node");
  if (node < 0) throw new Error(`${BUNDLE} does not say how it is started: ${line}`);
  const pairs = words.slice(0, node).map((word) => word.split("=") as [string, string]);
  return { env: Object.fromEntries(pairs), flags: words.slice(node + 1).filter((word) => word !== "--") };
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false;
  }
}
