/** The Go baseline of the start-up benchmark, built once and kept in the cache of tools. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
// @ts-expect-error a script without types
import { cacheFolder } from "../../scripts/tools.mjs";
import { Program, type Usage } from "./program.ts";
import { sleep } from "./wait.ts";

const SOURCE = fileURLToPath(new URL("../baseline/", import.meta.url));

export function buildBaseline(): string {
  const hash = createHash("sha256");
  for (const name of ["main.go", "go.mod", "go.sum"]) hash.update(readFileSync(join(SOURCE, name)));
  const folder = join(cacheFolder(), `baseline-${hash.digest("hex").slice(0, 12)}`);
  const binary = join(folder, "baseline");
  if (existsSync(binary)) return binary;
  mkdirSync(folder, { recursive: true });
  console.log("  building the Go baseline; the first time takes two minutes or so");
  const env = { ...process.env, CGO_ENABLED: "0" };
  execFileSync("go", ["build", "-o", binary, "."], { cwd: SOURCE, env, stdio: ["ignore", "inherit", "inherit"] });
  return binary;
}

export async function runBaseline(
  binary: string,
  kubeconfig: string,
  objects: number,
): Promise<Usage & { seconds: number }> {
  const program = new Program(binary, ["--cluster", kubeconfig, "--objects", String(objects)]);
  try {
    while (!program.said.includes('"reconciled"')) {
      if (!program.running() || program.elapsed() > 300)
        throw new Error(`the baseline did not finish:\n${program.said}`);
      await sleep(20);
    }
    return { seconds: program.elapsed(), ...program.usage() };
  } finally {
    await program.stop();
  }
}
