/** The stand-alone binary: what a download weighs, and its start-up next to the program's own (startup.ts). */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import type { Result } from "../lib/results.ts";
import { measureStart, START_RUNS } from "./startup.ts";

const SCRIPT = fileURLToPath(new URL("../../scripts/binary.mjs", import.meta.url));

export async function binary(): Promise<Result[]> {
  const folder = mkdtempSync(join(tmpdir(), "connect-sso-bench-"));
  try {
    const program = execFileSync(process.execPath, [SCRIPT, join(folder, "build")], { encoding: "utf8" }).trim();
    const bytes = readFileSync(program);
    const { ms, peak, cpu } = await measureStart(program);
    const note = `median of ${START_RUNS}`;
    return [
      {
        what: "stand-alone binary, size",
        value: bytes.length / 1e6,
        unit: "MB",
        bound: 160,
        note: "126 MB of it is Node",
      },
      {
        what: "stand-alone binary, download",
        value: gzipSync(bytes).length / 1e6,
        unit: "MB",
        bound: 60,
        note: "gzip",
      },
      {
        what: "stand-alone binary, start-up until alive and all is loaded",
        value: ms,
        unit: "ms",
        bound: 500,
        strict: true,
        note,
      },
      {
        what: "stand-alone binary, start-up, resident memory",
        value: peak,
        unit: "MB",
        bound: 160,
        note: "at its highest",
      },
      { what: "stand-alone binary, start-up, CPU", value: cpu, unit: "s" },
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}
