/** The program as it is started in production, over a real API server and sandbox clouds, and the scrapes of its metrics endpoint. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { root } from "./promtool.ts";

export interface Program {
  /** Everything that it wrote to standard error. */
  output(): string;
  scrape(): Promise<string>;
  stop(): Promise<void>;
}

/** Resolves when its metrics endpoint answers. */
export async function startProgram(args: string[], env: Record<string, string>): Promise<Program> {
  const port = await freePort();
  const bind = [`--metrics-bind-address=127.0.0.1:${port}`, "--health-probe-bind-address=0"];
  const child = spawn(process.execPath, ["--", join(root, "src/main.ts"), "run", ...args, ...bind], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const chunks: Buffer[] = [];
  child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
  const end = () => child.kill("SIGKILL");
  process.once("exit", end);
  const program: Program = {
    output: () => Buffer.concat(chunks).toString(),
    async scrape() {
      const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
      if (!answer.ok) throw new Error(`metrics: HTTP ${answer.status}`);
      return answer.text();
    },
    async stop() {
      process.off("exit", end);
      await ended(child);
    },
  };
  await until("the metrics endpoint answers", () => program.scrape().catch(() => undefined), program);
  return program;
}

function ended(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  return closed;
}

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Polls until `look` gives something; `what` and the end of the log are for the message. */
export async function until<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  program?: Pick<Program, "output">,
): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not after 60 s: ${what}\n${program?.output().slice(-4_000) ?? ""}`);
    await sleep(100);
  }
}
