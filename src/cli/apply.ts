/** `connect-sso apply`: the same reconcilers over a folder of manifests, without Kubernetes. What must survive lives in the clouds' own tags. */
import { readFileSync } from "node:fs";
import { type Condition, isTrue } from "../runtime/conditions.ts";
import { CliError, duration } from "./command.ts";
import { FolderController, type Resource } from "./folder.ts";
import { openDeclared } from "./objects.ts";
import type { CloudOptions } from "./options.ts";
import { makePlan, type PlanDocument } from "./planning.ts";
import { Progress } from "./progress.ts";
import { type CloudSession, openClouds } from "./session.ts";
import { paint, width } from "./terminal.ts";
import { tree } from "./tree.ts";
import { followFolder } from "./watch-folder.ts";

export interface ApplyOptions extends CloudOptions {
  filename?: string;
  timeout: string;
  watch?: boolean;
  pollInterval: string;
}

/** Of one look in the clouds, so that work goes on as soon as it can. */
const POLL_MS = 15_000;

/** Returns the exit code: 0 when everything is Ready, 1 when something needs a person, a document is broken, or time is up. */
export async function apply(planFile: string | undefined, options: ApplyOptions): Promise<number> {
  const reviewed = planFile === undefined ? undefined : readPlan(planFile);
  const filename = options.filename ?? reviewed?.filename;
  if (!filename)
    throw new CliError("what is to be applied?", { hint: "connect-sso apply -f DIR, or connect-sso apply PLAN.json" });
  const declared = await openDeclared({ filename });
  const pollIntervalMs = options.watch ? duration(options.pollInterval) : POLL_MS;
  const clusterName = options.clusterName ?? reviewed?.cluster;
  const session = await openClouds({ ...options, ...(clusterName ? { clusterName } : {}) }, undefined, pollIntervalMs);
  try {
    if (reviewed) await refuseOutdated(reviewed, filename, session);
    const { clouds, cluster, log } = session;
    const controller = new FolderController({ clouds, cluster, pollIntervalMs, log });
    controller.start();
    for (const object of [...declared.personas(), ...declared.users()]) controller.store.apply(object);
    const following = options.watch ? followFolder(filename, controller.store) : undefined;
    try {
      const settled = await converge(controller, duration(options.timeout));
      if (following) await untilInterrupted(controller);
      const ready = controller.resources().every((one) => holds(one, "Ready"));
      return settled && ready && declared.problems.length === 0 ? 0 : 1;
    } finally {
      following?.close();
      await controller.stop();
    }
  } finally {
    await session.close();
  }
}

const holds = (one: Resource, type: string) => isTrue(one.status?.conditions as Condition[] | undefined, type);

/** False when time was up. What is reached stays; the next run goes on from there. */
async function converge(controller: FolderController, timeoutMs: number): Promise<boolean> {
  const progress = new Progress(() => tree(controller.resources(), paint(), { columns: width() }));
  progress.start();
  try {
    await controller.until(
      (all) => all.every((one) => holds(one, "Ready") || holds(one, "Stalled")),
      timeoutMs,
      "everything is Ready or needs a person",
    );
    return true;
  } catch (error) {
    process.stderr.write(`connect-sso: ${(error as Error).message}; run it again to go on\n`);
    return false;
  } finally {
    progress.end();
  }
}

async function untilInterrupted(controller: FolderController): Promise<void> {
  const progress = new Progress(() => tree(controller.resources(), paint(), { columns: width() }));
  progress.start();
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  progress.end();
}

function readPlan(file: string): PlanDocument {
  let document: PlanDocument;
  try {
    document = JSON.parse(readFileSync(file, "utf8")) as PlanDocument;
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${(error as Error).message}`, {
      hint: "connect-sso plan -f DIR --out FILE writes a plan",
    });
  }
  if (document.version !== 1 || !document.fingerprint || !document.filename)
    throw new CliError(`${file} is no plan of a folder that this version can apply`, {
      hint: "connect-sso plan -f DIR --out FILE writes one",
    });
  return document;
}

/** What was reviewed is what is done: neither the manifests nor the clouds may have moved since. */
async function refuseOutdated(reviewed: PlanDocument, filename: string, session: CloudSession): Promise<void> {
  const now = await makePlan(await openDeclared({ filename }), session, filename);
  if (now.fingerprint === reviewed.fingerprint) return;
  const key = (one: PlanDocument["resources"][number]) => `${one.kind} ${one.namespace}/${one.name}`;
  const before = new Map(reviewed.resources.map((one) => [key(one), JSON.stringify(one.changes)]));
  const moved = now.resources.filter((one) => before.get(key(one)) !== JSON.stringify(one.changes)).map(key);
  const what = moved.length > 0 ? moved.slice(0, 5).join(", ") : "a spec";
  throw new CliError(`the plan no longer fits: ${what} changed since it was made; nothing was applied`, {
    hint: "make and review a new one with connect-sso plan --out",
  });
}
