/** The program as its user starts it, and texts held against files of test/cli/golden (written anew with UPDATE_GOLDEN=1). */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "@jest/globals";

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), "../..");
export const MAIN = join(ROOT, "src/main.ts");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}
export interface RunOptions {
  env?: Record<string, string>;
  input?: string;
  cwd?: string;
  /** Called with standard error so far whenever it grows; `stop` is Ctrl-C. */
  onErrors?(text: string, stop: () => void): void;
}

/** No cloud, no cluster and no terminal of the machine that runs the tests. */
export const CLEAN = {
  PATH: process.env.PATH ?? "",
  HOME: "/nonexistent",
  LANG: "C.UTF-8",
  AWS_EC2_METADATA_DISABLED: "true",
};

export function run(args: string[], options: RunOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["--", MAIN, ...args], {
      cwd: options.cwd ?? ROOT,
      env: { ...CLEAN, ...options.env },
    });
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      options.onErrors?.(stderr, () => child.kill("SIGINT"));
    });
    child.once("error", reject);
    child.once("close", (code) => resolve({ code, stdout, stderr }));
    child.stdin.end(options.input ?? "");
  });
}

export function expectGolden(name: string, text: string): void {
  const file = join(ROOT, "test/cli/golden", name);
  if (process.env.UPDATE_GOLDEN) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, "utf8"));
}
