/** Plans as files: what was reviewed is what is done. */
import { readFileSync } from "node:fs";
import type { CloudSession } from "./cloud-session.ts";
import { CliError } from "./command.ts";
import type { Declared } from "./declared-objects.ts";
import { makePlan, type PlanDocument } from "./dry-run.ts";

export function readPlan(file: string): PlanDocument {
  let document: PlanDocument;
  try {
    document = JSON.parse(readFileSync(file, "utf8")) as PlanDocument;
  } catch (error) {
    throw new CliError(`${file} cannot be read as a plan: ${(error as Error).message}`, {
      hint: "connect-sso plan -f DIR --out FILE writes one; connect-sso apply -f DIR needs none",
    });
  }
  if (document.version !== 1 || !document.fingerprint || !document.filename)
    throw new CliError(`${file} is no plan of a folder that this version can apply`, {
      hint: "connect-sso plan -f DIR --out FILE writes one",
    });
  return document;
}

/** Throws a CliError when the manifests or the clouds have moved since. Only reads. */
export async function refuseOutdated(reviewed: PlanDocument, declared: Declared, session: CloudSession): Promise<void> {
  const now = await makePlan(declared, session, reviewed.filename);
  if (now.fingerprint === reviewed.fingerprint) return;
  const key = (one: PlanDocument["resources"][number]) => `${one.kind} ${one.namespace}/${one.name}`;
  const before = new Map(reviewed.resources.map((one) => [key(one), JSON.stringify(one.changes)]));
  const after = new Set(now.resources.map(key));
  const moved = [
    ...now.resources.filter((one) => before.get(key(one)) !== JSON.stringify(one.changes)).map(key),
    ...[...before.keys()].filter((one) => !after.has(one)),
  ];
  const what = moved.length > 0 ? moved.slice(0, 5).join(", ") : "a manifest";
  throw new CliError(`the plan no longer fits: ${what} changed since it was made; nothing was applied`, {
    hint: "make and review a new one with connect-sso plan --out",
  });
}
