/** A plan over everything that is declared: the reconcilers' own plans, in the order in which they would be carried out. */
import { createHash } from "node:crypto";
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, type ConnectUser, USER } from "../api/resources.ts";
import { DEFAULT_MASS_DELETION_SHARE } from "../domain/massdeletion.ts";
import { type PlanResult, planOnce } from "../engine/reconcile.ts";
import { COMPONENTS } from "../persona/components/index.ts";
import { personaKind } from "../persona/kind.ts";
import { expand } from "../set/expand.ts";
import { setKind } from "../set/kind.ts";
import { userKind } from "../user/kind.ts";
import type { CloudSession } from "./cloud-session.ts";
import type { Declared, Resource } from "./declared-objects.ts";
import { prunedResources } from "./prune.ts";
import { type Counts, count, fold, type PlannedChange } from "./render/fold-changes.ts";
import { setDeps } from "./set-deps.ts";
import { keyOf, type Tagged, taggedObjects } from "./tagged-objects.ts";

export interface PlannedResource {
  kind: string;
  namespace: string;
  name: string;
  changes: PlannedChange[];
  /** Why nothing more can be planned for it. `waits`: no action is needed. */
  problem?: { reason: string; message: string; waits: boolean };
  /** Why it is left alone, for example because it is suspended. */
  note?: string;
  /** What a person should know of it although nothing is to be done. */
  remarks?: string[];
}

export interface PlanDocument {
  version: 1;
  /** First part of every owner tag. */
  cluster: string;
  /** Where the manifests are, for `apply`; absent for a cluster. */
  filename?: string;
  /** Of manifests that name none. */
  namespace?: string;
  resources: PlannedResource[];
  /** Under our owner tags, and not declared: left alone. Whether it may go its deletionPolicy said, which went with the manifest. */
  undeclared: Omit<Tagged, "cluster" | "person">[];
  /** ConnectUsers whose person has a role today and would have none. */
  losingAccess: { namespace: string; name: string }[];
  /** Cluster names under which the clouds hold what is declared here, when it is not this one. */
  otherClusters: string[];
  summary: Counts & { problems: number };
  /** Of what is declared and of what was found: another one means that this plan no longer fits. */
  fingerprint: string;
}

interface PlanOptions {
  filename?: string;
  /** Of manifests that name none. */
  namespace?: string;
  /** What is no longer declared goes: `deletionPolicy` by `Kind/namespace/name`, as far as it is known. */
  prune?: ReadonlyMap<string, string>;
}

export async function makePlan(
  declared: Declared,
  session: CloudSession,
  { filename, namespace, prune }: PlanOptions = {},
): Promise<PlanDocument> {
  const deps = {
    store: declared.store,
    clouds: session.clouds,
    cluster: session.cluster,
    pollIntervalMs: 15_000,
    now: () => Date.now(),
    massDeletionShare: () => DEFAULT_MASS_DELETION_SHARE,
    // A plan writes nothing: an owner that is not declared is taken for gone, as it would be once this is applied.
    sees: () => true,
  };
  const [personas, people] = [personaKind(deps), userKind(deps)];
  const resources: PlannedResource[] = [];
  for (const persona of declared.personas()) {
    const note = noteOf(persona);
    if (note) {
      resources.push({ ...nameOf(persona), changes: [], note });
      continue;
    }
    const plan = await planOnce(personas, persona, deps.now());
    // What users' plans stand on.
    await declared.store.updateStatus(persona, plan.status);
    resources.push(planned(plan));
  }
  shareOnce(resources, declared.personas());
  resources.push(...(await planSets(declared, session)));
  // Side by side: they share one inventory, and what is left are look-ups of people.
  const users = await Promise.all(
    declared.users().map(async (user) => {
      const note = noteOf(user);
      return note ? { ...nameOf(user), changes: [], note } : planned(await planOnce(people, user, deps.now()));
    }),
  );
  resources.push(...users);
  const tagged = await taggedObjects(declared.personas(), session.clouds);
  const { undeclared, otherClusters } = compareTags(tagged, declared, session.cluster);
  if (prune) resources.push(...(await prunedResources(undeclared, declared.personas(), session, prune)));
  return {
    version: 1,
    cluster: session.cluster,
    ...(filename ? { filename } : {}),
    ...(filename && namespace ? { namespace } : {}),
    resources,
    undeclared: prune ? [] : undeclared.map(({ cluster: _, person: __, ...one }) => one),
    otherClusters,
    losingAccess: resources.filter(losesAccess).map(({ namespace, name }) => ({ namespace, name })),
    summary: {
      ...count(resources.flatMap(({ changes }) => changes)),
      problems: resources.filter(({ problem }) => problem && !problem.waits).length,
    },
    fingerprint: fingerprint(declared, session.cluster, resources),
  };
}

/** Their users are made in the store of this process, and planned as if they were declared. */
async function planSets(declared: Declared, { clouds }: CloudSession): Promise<PlannedResource[]> {
  const deps = setDeps(declared, clouds);
  const kind = setKind(deps);
  const resources: PlannedResource[] = [];
  for (const set of declared.sets()) {
    const note = noteOf(set);
    if (note) {
      resources.push({ ...nameOf(set), changes: [], note });
      continue;
    }
    const plan = await planOnce(kind, set, deps.now());
    await declared.store.updateStatus(set, plan.status);
    // Objects of a cluster are kept there; those of a folder are created again each time, in memory.
    resources.push({ ...planned(plan), ...(declared.kube ? {} : { changes: [] }) });
    if (!plan.problem || plan.problem.reason === REASON.ChangesHeld) await expand(set, deps);
  }
  return resources;
}

/** Of other namespaces nothing is said: another folder may use the same name for them. */
function compareTags(tagged: Tagged[], declared: Declared, cluster: string) {
  const all = [...declared.personas(), ...declared.users()].map(nameOf);
  const known = new Set(all.map(keyOf));
  const namespaces = new Set(all.map(({ namespace }) => namespace));
  const ours = tagged.filter((one) => one.cluster === cluster && namespaces.has(one.namespace));
  const others = tagged.filter((one) => one.cluster !== cluster && known.has(keyOf(one)));
  return {
    undeclared: ours.filter((one) => !known.has(keyOf(one))),
    otherClusters: [...new Set(others.map((one) => one.cluster))].sort(),
  };
}

/** A role assignment goes, and none comes. */
function losesAccess({ kind, changes }: PlannedResource): boolean {
  const verbs = changes.filter(({ component }) => component === "role-assignment").map(({ verb }) => verb);
  return kind === USER && verbs.includes("delete") && !verbs.includes("create");
}

const nameOf = ({ kind, metadata: { namespace, name } }: Resource) => ({
  kind,
  namespace,
  name,
});

function noteOf({ spec, metadata }: Resource): string | undefined {
  if (metadata.deletionTimestamp) return `is being deleted, deletionPolicy ${spec.deletionPolicy}`;
  return spec.suspend ? "is suspended: it is not checked" : undefined;
}

const SHARED = new Set<string>(Object.entries(COMPONENTS).flatMap(([name, { shared }]) => (shared ? [name] : [])));

/** The policies of an instance serve all its personas: the first one's apply changes them for all. */
function shareOnce(resources: PlannedResource[], personas: readonly ConnectSsoPersona[]): void {
  const shown = new Set<string>();
  for (const [index, resource] of resources.entries()) {
    const { instanceArn } = personas[index]!.spec;
    resource.changes = resource.changes.filter((change) => {
      if (!SHARED.has(change.component)) return true;
      const key = JSON.stringify([instanceArn, change.verb, change.object, change.differences]);
      if (shown.has(key)) return false;
      shown.add(key);
      return true;
    });
  }
}

function planned({
  resource,
  changes,
  problem,
  remarks,
}: Pick<PlanResult<ConnectUser>, "resource" | "changes" | "problem" | "remarks">): PlannedResource {
  const news = remarks.filter((one) => one !== problem?.message);
  return {
    ...resource,
    changes: fold(changes),
    ...(news.length > 0 ? { remarks: news } : {}),
    ...(problem
      ? { problem: { reason: problem.reason, message: problem.message, waits: problem.kind === "waiting" } }
      : {}),
  };
}

/** Over specs, and over changes without what moves by itself (messages hold times and counts). */
function fingerprint(declared: Declared, cluster: string, resources: PlannedResource[]): string {
  const specs = [...declared.personas(), ...declared.sets(), ...declared.users()].map(({ kind, metadata, spec }) => [
    kind,
    metadata.namespace,
    metadata.name,
    metadata.annotations ?? {},
    spec,
  ]);
  const found = resources.map(({ kind, namespace, name, changes, problem }) => [
    kind,
    namespace,
    name,
    problem?.reason ?? "",
    changes.map(({ component, verb, object, differences }) => [component, verb, object, differences]),
  ]);
  return createHash("sha256")
    .update(JSON.stringify([cluster, specs, found]))
    .digest("hex");
}
