/** Where page and report have their objects from: a cluster, a folder, or a folder that a controller inside this process brings about. */
import type { ConnectSsoPersona, ConnectUser } from "../api/resources.ts";
import { FolderController } from "../controller/on-folder.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import type { Verb } from "../engine/change.ts";
import { createLogger } from "../observability/log.ts";
import { openCluster } from "../page/cluster-source.ts";
import { ownerOf } from "../page/facts.ts";
import { objectsOf, openFolder } from "../page/folder-source.ts";
import type { FoundAssignment, FoundUser, Objects, PlannedStep, Source } from "../page/source.ts";
import { KubeClient } from "../runtime/client.ts";
import { isReady } from "../runtime/conditions.ts";
import type { Logger } from "../runtime/logger.ts";
import { Transport } from "../runtime/transport.ts";
import { type Explanation, explain } from "../why/index.ts";
import { type CloudSession, openClouds } from "./cloud-session.ts";
import { CliError } from "./command.ts";
import { repair } from "./commands/why.ts";
import { clusterProblem, type Declared, openDeclared } from "./declared-objects.ts";
import type { PlannedResource } from "./dry-run.ts";
import { assessWith } from "./observed-status.ts";
import type { CloudOptions, ObjectOptions } from "./options.ts";

/** How often the controller of a sandbox inside this process looks, milliseconds. */
const POLL_MS = 2_000;
/** How long the sandbox may take until everything is there, milliseconds; then it shows as it is. */
const SET_UP_MS = 60_000;

const WORDS: Record<Verb | "replace", string> = {
  create: "Create",
  adopt: "Take over",
  update: "Update",
  delete: "Delete",
  replace: "Replace",
};

/** `settled`: a controller inside this process is waited for until everything is set up. */
export async function openSource(
  options: ObjectOptions & CloudOptions,
  { settled = false } = {},
): Promise<{ source: Source; log: Logger }> {
  if (!options.filename) return openClusterSource(options);
  const declared = await openDeclared(options);
  const session = await openClouds(options, declared, { asController: true });
  const ask = (user: ConnectUser, objects: Objects) => explainWith(session, options, user, objects);
  const close = async () => {
    await session.close();
    await declared.close();
  };
  try {
    const source = session.sandboxUrl
      ? await sandboxSource(declared, session, options.filename, ask, settled, close)
      : await folderSource(declared, session, options, ask, close);
    return { source: withFound(source, session), log: session.log };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Keeps one copy of the objects, the watch's. */
async function openClusterSource(options: ObjectOptions & CloudOptions): Promise<{ source: Source; log: Logger }> {
  const log = createLogger(options.logLevel ?? "warn");
  const { client, close, namespace } = await openClient(options);
  let session: CloudSession | undefined;
  const closeAll = async () => {
    await session?.close();
    await close();
  };
  try {
    const explain = (user: ConnectUser, objects: Objects) => explainWith(session!, options, user, objects);
    const scope = namespace ? { namespace } : {};
    const source = await openCluster({ client, ...scope, events: true, explain, log, close: closeAll }).catch(
      (error) => {
        throw clusterProblem(error, namespace);
      },
    );
    const owner = (await source.objects()).personas.map(ownerOf).find((one) => one !== undefined);
    session = await openClouds(options, { clusterName: owner?.split("/")[0], kube: { client, close } });
    const { clouds } = session;
    return { source: withFound(source, { clouds }), log };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

async function openClient(options: ObjectOptions) {
  const { kubeconfigAccess, kubeconfigNamespace } = await import("../runtime/kubeconfig.ts");
  const access = { file: options.kubeconfig, context: options.context };
  try {
    const namespace = options.allNamespaces
      ? undefined
      : (options.namespace ?? kubeconfigNamespace(access) ?? "default");
    const transport = new Transport({ access: kubeconfigAccess(access) });
    return { client: new KubeClient(transport), close: () => transport.close(), namespace };
  } catch (error) {
    throw new CliError((error as Error).message, {
      hint: "name a cluster with --kubeconfig or KUBECONFIG, or a folder of manifests with -f",
    });
  }
}

const withFound = (source: Source, session: Pick<CloudSession, "clouds">): Source => ({
  ...source,
  inventory: () => inventory(source, session),
  assignments: () => assignments(source, session),
});

/** Everybody in the Connect instances of the personas. */
async function inventory(source: Source, { clouds }: Pick<CloudSession, "clouds">): Promise<FoundUser[]> {
  const { personas } = await source.objects();
  const places = new Map(personas.map((one) => [one.spec.instanceArn, one]));
  const found: FoundUser[] = [];
  for (const [instanceArn, { spec, metadata }] of places) {
    const { account } = await clouds.aws(instanceArn, metadata.namespace);
    const connect = account.instance(instanceArn);
    // Names are known once one was asked for.
    await connect.securityProfile(spec.connectUsers.securityProfiles[0]!);
    for (const { username, securityProfileIds, tags } of await connect.users()) {
      const securityProfiles = securityProfileIds.map((id) => connect.nameOf("securityProfile", id) ?? id);
      const owner = tags[OWNER_TAG];
      found.push({ instanceArn, username, securityProfiles, ...(owner ? { owner } : {}) });
    }
  }
  return found;
}

/** Everybody who is assigned to the applications of the personas. */
async function assignments(source: Source, { clouds }: Pick<CloudSession, "clouds">): Promise<FoundAssignment[]> {
  const { personas } = await source.objects();
  const each = personas.map(async ({ metadata: { namespace, name }, spec, status }) => {
    if (!status?.servicePrincipalId) return [];
    const graph = await clouds.graph(spec.application.tenantId, namespace);
    const all = await graph.assignments(status.servicePrincipalId);
    return all.map(({ principalType, principalId, principalDisplayName }) => ({
      namespace,
      persona: name,
      principalType,
      principalId,
      principal: principalDisplayName ?? principalId,
    }));
  });
  return (await Promise.all(each)).flat();
}

/** Of a cluster alone, without credentials for a cloud: for the page inside the cluster. */
export async function openPlainCluster(
  options: ObjectOptions,
  log: Logger,
): Promise<{ source: Source; client: KubeClient }> {
  // All namespaces, unless one is named.
  const { client, close } = await openClient({ ...options, allNamespaces: true });
  try {
    const namespace = options.namespace ? { namespace: options.namespace } : {};
    return { client, source: await openCluster({ client, ...namespace, events: false, log, close }) };
  } catch (error) {
    await close();
    throw error;
  }
}

type Ask = (user: ConnectUser, objects: Objects) => Promise<Explanation>;

function explainWith(session: CloudSession, options: ObjectOptions, user: ConnectUser, objects: Objects) {
  return explain(user, {
    personas: [...objects.personas],
    users: [...objects.users],
    clouds: session.clouds,
    cluster: session.cluster,
    repair: (object: ConnectSsoPersona | ConnectUser) => repair(object, options),
  });
}

function folderSource(
  first: Declared,
  session: CloudSession,
  options: ObjectOptions,
  explain: Ask,
  close: () => Promise<void>,
): Promise<Source> {
  // Standard input can be read once.
  let declared: Declared | undefined = first;
  const look = async () => {
    const now = declared ?? (await openDeclared(options));
    declared = options.filename === "-" ? first : undefined;
    const planned = (await assessWith(now, session)).flatMap(stepsOf);
    return { store: now.store, planned };
  };
  return openFolder({ place: placeOf(options.filename!), look, explain, close });
}

const placeOf = (filename: string) => (filename === "-" ? "Manifests of standard input" : `Folder ${filename}`);

function stepsOf({ kind, namespace, name, changes }: PlannedResource): PlannedStep[] {
  return changes.map(({ verb, object, differences, why }) => {
    const fields = differences.map(({ path, desired, observed }) => `${path} ${observed} → ${desired}`).join("; ");
    return { kind, namespace, name, sentence: `${WORDS[verb]} ${object}${fields ? `: ${fields}` : ` (${why})`}` };
  });
}

/** Sandbox clouds that begin with this process are empty: without a controller there would be nothing to see. */
async function sandboxSource(
  declared: Declared,
  { clouds, cluster, log }: CloudSession,
  filename: string,
  ask: Ask,
  settled: boolean,
  close: () => Promise<void>,
): Promise<Source> {
  const controller = new FolderController({ clouds, cluster, pollIntervalMs: POLL_MS, log });
  controller.start();
  for (const object of [...declared.personas(), ...declared.sets(), ...declared.users()])
    controller.store.apply(object);
  if (settled) await controller.until((all) => all.every(isReady), SET_UP_MS, "set-up").catch(() => {});
  return {
    place: `${placeOf(filename)}, in sandbox clouds inside this process`,
    objects: async () => objectsOf(controller.store),
    seenAt: () => Date.now(),
    explain: async (user) => ask(user, objectsOf(controller.store)),
    happenings: async () =>
      controller.store.events.toReversed().map(({ ref, event, time }) => ({
        ...ref,
        reason: event.reason,
        text: event.note,
        warning: event.type === "Warning",
        time,
      })),
    async close() {
      await controller.stop();
      await close();
    },
  };
}
