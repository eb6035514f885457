/** promtool as a user runs it, and the rules as data. */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { parse } from "yaml";

const { goTool } = (await import("../../scripts/tools.mjs" as string)) as { goTool(name: string): Promise<string> };

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const RULES = "deploy/prometheus/connect-sso.rules.yaml";

export interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export const rules = (
  parse(readFileSync(join(root, RULES), "utf8")) as { groups: { name: string; rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);

/** Standard output. Rejects with what promtool said. */
export async function promtool(...args: string[]): Promise<string> {
  const tool = join(await goTool("promtool"), "promtool");
  try {
    return (await promisify(execFile)(tool, args, { cwd: root, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`promtool ${args[0]} ${args[1]} failed:\n${stdout}${stderr}`);
  }
}

/** Names of metrics in a PromQL expression: what stands before a brace, a range or an operator and is no function or keyword. */
export function metricsOf(expr: string): string[] {
  const found = expr.replace(/"[^"]*"/g, '""').match(/\b(?:[a-z]+_)+[a-z_]+\b(?!\s*\()/g) ?? [];
  return [...new Set(found)].filter((name) =>
    /^(connectsso|controller_runtime|workqueue|leader|rest_client|process|nodejs)_/.test(name),
  );
}
