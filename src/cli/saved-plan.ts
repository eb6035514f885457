/** Plans as files: what was reviewed is what is done. */
import { readFileSync } from "node:fs";
import type { CloudSession } from "./cloud-session.ts";
import { CliError } from "./command.ts";
import type { Declared } from "./declared-objects.ts";
import { makePlan, type PlanDocument } from "./dry-run.ts";

export function readPlan(file: string): PlanDocument {
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new CliError(`${file} cannot be read as a plan: ${(error as Error).message}`, {
      hint: "connect-sso plan -f DIR --out FILE writes one; connect-sso apply -f DIR needs none",
    });
  }
  if (!isPlan(document))
    throw new CliError(`${file} is no plan of a folder that this version can apply`, {
      hint: "connect-sso plan -f DIR --out FILE writes one",
    });
  return document;
}

/** A file from somebody else: as far as it is read before it is compared with a plan of our own. */
function isPlan(document: unknown): document is PlanDocument {
  const { version, cluster, filename, namespace, fingerprint, resources, summary } = (document ?? {}) as PlanDocument;
  const isRow = (row: PlanDocument["resources"][number] | null) =>
    [row?.kind, row?.namespace, row?.name].every((one) => typeof one === "string") && Array.isArray(row?.changes);
  return (
    version === 1 &&
    [cluster, filename, fingerprint, namespace ?? ""].every((one) => typeof one === "string" && !one.includes("\0")) &&
    filename !== "" &&
    typeof summary === "object" &&
    summary !== null &&
    Array.isArray(resources) &&
    resources.every(isRow)
  );
}

/** Throws a CliError when the manifests or the clouds have moved since. Only reads. */
export async function refuseOutdated(reviewed: PlanDocument, declared: Declared, session: CloudSession): Promise<void> {
  const now = await makePlan(declared, session, { filename: reviewed.filename, namespace: reviewed.namespace });
  if (now.fingerprint === reviewed.fingerprint) {
    refuseEdited(reviewed, now);
    return;
  }
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

/** A file says what it does in its rows, which people read, and in its fingerprint, which holds: both have to be of one plan. */
function refuseEdited(reviewed: PlanDocument, now: PlanDocument): void {
  if (JSON.stringify(rowsOf(reviewed)) === JSON.stringify(rowsOf(now))) return;
  throw new CliError("the plan was edited: its rows are not those of its fingerprint; nothing was applied", {
    hint: "make and review a new one with connect-sso plan --out",
  });
}

/** Without what moves by itself: messages hold times and counts. */
function rowsOf({ cluster, filename, namespace, summary, resources }: PlanDocument): unknown {
  const { create, update, delete: remove, problems } = summary;
  const rows = resources.map(({ kind, namespace: of, name, changes, note, problem }) => [
    [kind, of, name, note ?? "", problem?.reason ?? ""],
    changes.map(({ why: _, wait: __, ...change }) => change),
  ]);
  return [cluster, filename, namespace ?? "", [create, update, remove, problems], rows];
}
