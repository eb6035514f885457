/** Status of the objects of a folder: no controller maintains one, so it is what one read of the clouds shows now. Reads only. */
import type { ConnectUserStatus } from "../api/resources.ts";
import { counted } from "../domain/text.ts";
import { type ConditionInput, conditionsOf, mergeConditions } from "../runtime/conditions.ts";
import { type CloudSession, openClouds } from "./cloud-session.ts";
import type { Declared, Resource } from "./declared-objects.ts";
import { makePlan, type PlannedResource } from "./dry-run.ts";
import type { CloudOptions, ObjectOptions } from "./options.ts";

/** Throws what opening the clouds throws; what concerns one object becomes its Ready condition. */
export async function assess(declared: Declared, options: CloudOptions & ObjectOptions): Promise<void> {
  const session = await openClouds(options, declared, { asController: true });
  try {
    await assessWith(declared, session);
  } finally {
    await session.close();
  }
}

/** The same with clouds that are open. Returns what was planned. */
export async function assessWith(declared: Declared, session: CloudSession): Promise<PlannedResource[]> {
  const { resources } = await makePlan(declared, session);
  const now = new Date();
  for (const planned of resources) {
    const object = declared.store.get<Resource>(planned.kind, planned.namespace, planned.name);
    if (!object) continue;
    const ready = readiness(planned);
    // A plan continues as if its own steps were done, so what it says of components is true only where there are none.
    const others = ready.status === "True" ? conditionsOf(object).filter(({ type }) => type !== "Ready") : [];
    const conditions = mergeConditions(undefined, [ready, ...others], now);
    await declared.store.updateStatus(object, { ...(object.status as ConnectUserStatus), conditions });
  }
  return resources;
}

function readiness({ changes, problem, note }: PlannedResource): ConditionInput {
  const type = "Ready";
  if (note) return { type, status: "False", reason: "Suspended", message: note };
  if (problem) return { type, status: "False", reason: problem.reason, message: problem.message };
  // An owner tag changes nothing of what an object does.
  const open = changes.filter(({ verb }) => verb !== "adopt").length;
  return open > 0
    ? {
        type,
        status: "False",
        reason: "ChangesToMake",
        message: `${counted(open, "change")} to make; connect-sso plan -f shows ${open === 1 ? "it" : "them"}`,
      }
    : { type, status: "True", reason: "Converged", message: "the clouds are as declared" };
}
