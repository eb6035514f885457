/** What was measured, next to the bound that it is held against; kept in docs/performance.json, so that a part may be run alone. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("../../docs/performance.json", import.meta.url));

export interface Result {
  what: string;
  value: number;
  unit: string;
  /** At most this, or less than it when `strict`. Absent: shown, held against nothing. */
  bound?: number;
  strict?: boolean;
  /** What else is worth knowing, one line. */
  note?: string;
}
export interface GrowthPoint {
  users: number;
  seconds: number;
  cpu: number;
  rss: number;
}
export interface Measured {
  at: string;
  machine: string;
  versions: string;
  results: Result[];
}
export interface Stored {
  cases: Record<string, Measured>;
  growth: GrowthPoint[];
}

export function holds({ value, bound, strict }: Result): boolean {
  if (bound === undefined) return true;
  return strict ? value < bound : value <= bound;
}

export function line(result: Result): string {
  const { what, value, unit, bound, strict, note } = result;
  const said = `${what}: ${number(value)} ${unit}`.trimEnd();
  const held =
    bound === undefined
      ? ""
      : `  (${strict ? "below" : "at most"} ${number(bound)}) ${holds(result) ? "ok" : "MISSED"}`;
  return `  ${said}${held}${note ? `  ${note}` : ""}`;
}

export function number(value: number): string {
  if (Number.isInteger(value)) return value.toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}

export function load(): Stored {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as Stored) : { cases: {}, growth: [] };
}

export function save(stored: Stored): void {
  writeFileSync(FILE, `${JSON.stringify(stored, undefined, 2)}\n`);
}

export function measured(results: Result[]): Measured {
  const [cpu] = cpus();
  return {
    at: new Date().toISOString().slice(0, 16).replace("T", " "),
    machine: `${cpus().length} x ${cpu?.model.trim() || process.arch}, ${Math.round(totalmem() / 1e9)} GB, Linux ${release()}`,
    versions: `Node ${process.versions.node}, ${kubernetes()}`,
    results,
  };
}

function kubernetes(): string {
  const tools = fileURLToPath(new URL("../../scripts/tools.mjs", import.meta.url));
  const folder = execFileSync(process.execPath, [tools, "kube"], { encoding: "utf8" }).trim();
  // One that was built from its Go module does not know its own version; the folder's name does.
  const [, version] = /kube-(\d+\.\d+\.\d+)$/.exec(folder) ?? [];
  if (version) return `kube-apiserver ${version}`;
  const said = execFileSync(`${folder}/kube-apiserver`, ["--version"], { encoding: "utf8" });
  return said.trim().replace(/^Kubernetes v?/, "kube-apiserver ");
}
