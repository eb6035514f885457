/** What the attacks share. */
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Resource } from "../../src/controller/on-folder.ts";
import type { Condition } from "../../src/runtime/conditions.ts";
import { type Harness, status } from "../e2e/support.ts";

/** Simulated time. Shorter than that of the other tests, so that an attack that works shows soon. */
const PATIENCE_MS = 180_000;

/** Path of a settings file with this text. */
export function settings(text: string): string {
  const file = join(mkdtempSync(join(tmpdir(), "settings-")), "settings.yaml");
  writeFileSync(file, text);
  return file;
}

export const find = (h: Harness, kind: string, name: string, namespace = "team"): Resource | undefined =>
  h.controller
    .resources()
    .find((one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace);

/** Waits for a condition's reason and returns the condition. An error says what the resource says instead. */
export async function reason(
  h: Harness,
  kind: string,
  name: string,
  type: string,
  wanted: string,
  namespace = "team",
): Promise<Condition> {
  const look = () => status(find(h, kind, name, namespace), type);
  await h.controller
    .until(() => look()?.reason === wanted, PATIENCE_MS, `${kind}/${name} ${type} ${wanted}`)
    .catch((error: Error) => {
      throw new Error(`${error.message}: ${JSON.stringify(find(h, kind, name, namespace)?.status?.conditions)}`);
    });
  return look()!;
}

/** A text field of the status. */
export const field = (h: Harness, kind: string, name: string, path: string, namespace?: string): string =>
  (find(h, kind, name, namespace)!.status as unknown as Record<string, string>)[path]!;
