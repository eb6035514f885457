/** The way to the sandbox process. */
import { type ChildProcess, fork } from "node:child_process";
import type { Behaviour, WorldInput } from "../../src/sandbox/world.ts";
import type { Command, Counts, Write } from "./sandbox-process.ts";

export const UNLIMITED: Behaviour["quotas"] = { connect: "unlimited", iam: "unlimited", graph: "unlimited" };
/** What Amazon gives every account, and what the sandbox takes for IAM and a large tenant's Graph. */
export const DEFAULT_QUOTAS = {
  connect: { rate: 2, burst: 5 },
  iam: { rate: 20, burst: 40 },
  graph: { rate: 350, burst: 3500 },
} satisfies Behaviour["quotas"];

export class SandboxProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  #last = 0;
  env: Record<string, string> = {};

  private constructor() {
    this.#child = fork(new URL("./sandbox-process.ts", import.meta.url), {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#child.on("message", ({ id, answer, error }: { id: number; answer?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) waiting?.reject(new Error(error));
      else waiting?.resolve(answer);
    });
    this.#child.on("exit", (code) => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`the sandbox ended with ${code}`));
    });
  }

  static async start(world: WorldInput): Promise<SandboxProcess> {
    const sandbox = new SandboxProcess();
    const { env } = (await sandbox.#send({ do: "start", world })) as { env: Record<string, string> };
    sandbox.env = env;
    return sandbox;
  }

  behave(behaviour: Partial<Behaviour>): Promise<void> {
    return this.#send({ do: "behave", behaviour }) as Promise<void>;
  }
  /** Since the last time that it was asked with `reset`. */
  count(reset = true): Promise<Counts> {
    return this.#send({ do: "count", reset }) as Promise<Counts>;
  }
  /** Since the last time. */
  writes(): Promise<Write[]> {
    return this.#send({ do: "writes" }) as Promise<Write[]>;
  }

  /** To Microsoft Graph, as an administrator would. The body of the answer. */
  async graph(method: string, path: string, body: object): Promise<unknown> {
    const { CONNECT_SSO_GRAPH_URL: url, CONNECT_SSO_GRAPH_TOKEN: token } = this.env;
    const response = await fetch(`${url}/v1.0${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return response.status === 204 ? undefined : response.json();
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    void this.#send({ do: "stop" }).catch(() => undefined);
    await gone;
  }

  #send(command: Command): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, command });
    });
  }
}
