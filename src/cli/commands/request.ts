/**
 * `connect-sso rotate|recreate|reconcile|suspend|resume`: asks for one thing, in the way that kubectl would (an annotation, or a field of
 * the spec), and follows it to its end. With -f there is no controller to ask: the command does it itself, for the one object.
 */
import { ANNOTATIONS, type ConnectSsoPersona, PERSONA, RESOURCES, requestName, USER } from "../../api/resources.ts";
import { FolderController } from "../../controller/on-folder.ts";
import type { KubeClient } from "../../runtime/client.ts";
import { conditionOf, isReady } from "../../runtime/conditions.ts";
import { openClouds } from "../cloud-session.ts";
import { CliError, duration } from "../command.ts";
import { confirm } from "../confirm.ts";
import { type Declared, find, label, openDeclared, type Resource } from "../declared-objects.ts";
import { follow } from "../follow-request.ts";
import type { CloudOptions, ObjectOptions } from "../options.ts";
import { paint } from "../render/terminal.ts";

export interface AskOptions extends ObjectOptions, CloudOptions {
  wait: boolean;
  timeout: string;
  yes?: boolean;
}

interface Ask {
  /** What a person calls it: "rotation of the access key". */
  what: string;
  kinds: readonly string[];
  /** Throws CliError where asking makes no sense. */
  check?(object: Resource): void;
  /** What cannot be undone, as a question; asked before anything is done. */
  question?(object: Resource): string;
  /** A field of the spec, which lives in Git where there are manifests; otherwise an annotation. */
  change: { annotation: string } | { suspend: boolean };
  /** Besides being handled: what must hold at the end. */
  ended(object: Resource): boolean;
  outcome(object: Resource): string;
}

const personaStatus = (one: Resource) => (one as ConnectSsoPersona).status;

const ROTATE_KEY: Ask = {
  what: "rotation of the access key",
  kinds: [PERSONA],
  check(object) {
    if ((object as ConnectSsoPersona).spec.roleDelivery.mode !== "Provisioning")
      throw new CliError("the persona has no access key: its roleDelivery.mode is Direct");
  },
  change: { annotation: ANNOTATIONS.rotateKey },
  ended: (one) => isReady(one) && !personaStatus(one)?.accessKey?.rotation,
  outcome: (one) =>
    `Entra imports with access key …${personaStatus(one)?.accessKey?.lastFour}; the former one is deleted`,
};
const ROTATE_CERTIFICATE: Ask = {
  what: "rotation of the signing certificate",
  kinds: [PERSONA],
  change: { annotation: ANNOTATIONS.rotateCertificate },
  ended: isReady,
  outcome: (one) => conditionOf(one, "CertificateReady")?.message ?? "the certificate is rotated",
};
const RECREATE: Ask = {
  what: "recreation of the Connect user",
  kinds: [USER],
  question: ({ metadata }) =>
    `Delete the Connect user of ${metadata.namespace}/${metadata.name} and create it again? Its contact history stays with the deleted user.`,
  change: { annotation: ANNOTATIONS.recreate },
  ended: isReady,
  outcome: () => "the Connect user is recreated; the next login binds it to the role again",
};
const RECONCILE: Ask = {
  what: "a look at the clouds",
  kinds: [PERSONA, USER],
  change: { annotation: ANNOTATIONS.reconcile },
  ended: isReady,
  outcome: (one) => conditionOf(one, "Ready")?.message ?? "is Ready",
};
const isSuspended = (one: Resource) => conditionOf(one, "Ready")?.reason === "Suspended";
const SUSPEND: Ask = {
  what: "suspension",
  kinds: [PERSONA, USER],
  change: { suspend: true },
  ended: isSuspended,
  outcome: () => "is suspended: it is not checked or changed until it is resumed",
};
const RESUME: Ask = {
  what: "resumption",
  kinds: [PERSONA, USER],
  change: { suspend: false },
  ended: isReady,
  outcome: RECONCILE.outcome,
};

export const rotateKey = (name: string, options: AskOptions) => ask(ROTATE_KEY, name, options);
export const rotateCertificate = (name: string, options: AskOptions) => ask(ROTATE_CERTIFICATE, name, options);
export const recreate = (name: string, options: AskOptions) => ask(RECREATE, name, options);
export const reconcile = (name: string, options: AskOptions) => ask(RECONCILE, name, options);
export const suspend = (name: string, options: AskOptions) => ask(SUSPEND, name, options);
export const resume = (name: string, options: AskOptions) => ask(RESUME, name, options);

/** 0: done; 1: refused, needs manual action, or the timeout passed (the work continues in the cluster). */
async function ask(request: Ask, name: string, options: AskOptions): Promise<number> {
  const timeoutMs = duration(options.timeout);
  const declared = await openDeclared(options);
  try {
    const object = choose(declared, name, request.kinds);
    request.check?.(object);
    const asked = "annotation" in request.change;
    if (asked && object.spec.suspend)
      throw new CliError(`${label(object)} is suspended: nothing would come of it`, {
        hint: `connect-sso resume ${object.metadata.name} -n ${object.metadata.namespace}`,
      });
    if (request.question && !options.yes) await confirm(request.question(object));
    return declared.kube
      ? await askCluster(request, object, declared.kube.client, options, timeoutMs)
      : await doInFolder(request, object, declared, options, timeoutMs);
  } finally {
    await declared.close();
  }
}

/** `persona/agents` and `user/jane` say which kind; a bare name may be either, if only one has it. */
function choose(declared: Declared, name: string, kinds: readonly string[]): Resource {
  const prefix = /^(?:(personas?|connectssopersonas?|csp)|(users?|connectusers?|cu))\/(.+)$/i.exec(name);
  const bare = prefix ? prefix[3]! : name;
  const wanted = prefix ? [prefix[1] ? PERSONA : USER] : kinds;
  const all = [...declared.personas(), ...declared.users()].filter(
    ({ kind }) => wanted.includes(kind) && kinds.includes(kind),
  );
  const what = wanted.length > 1 ? "persona or user" : wanted[0] === PERSONA ? "persona" : "user";
  const same = all.filter(({ metadata }) => metadata.name === bare);
  if (!prefix && same.length > 1 && new Set(same.map(({ kind }) => kind)).size > 1)
    throw new CliError(`a persona and a user are called ${name}`, { hint: `say persona/${name} or user/${name}` });
  return find<Resource>(all, bare, what);
}

/** One value per request, so that it is done once. */
const now = () => new Date().toISOString();

async function askCluster(
  { change, what, ended, outcome }: Ask,
  object: Resource,
  client: KubeClient,
  options: AskOptions,
  timeoutMs: number,
): Promise<number> {
  const resource = RESOURCES[object.kind as keyof typeof RESOURCES];
  const { namespace, name } = object.metadata;
  const value = now();
  const body =
    "annotation" in change
      ? { metadata: { annotations: { [change.annotation]: value } } }
      : { spec: { suspend: change.suspend } };
  const query = { fieldManager: "connect-sso-cli" };
  const patched = await client.patch<Resource>(resource, namespace, name, { type: "merge", body }, { query });
  if ("suspend" in change) warnOfGitOps(object);
  if (!options.wait) {
    process.stdout.write(`${label(object)}: ${what} is asked for\n`);
    return 0;
  }
  const handled = (one: Resource) =>
    "annotation" in change
      ? one.status?.handledRequests?.[requestName(change.annotation)] === value
      : (one.status?.observedGeneration ?? 0) >= (patched.metadata.generation ?? 0);
  return follow({
    what,
    read: () => client.get<Resource>(resource, namespace, name).then((one) => ({ ...one, kind: object.kind })),
    everyMs: 1_000,
    handled,
    ended,
    outcome,
    timeoutMs,
    label: label(object),
    idle: "nothing has answered yet: is the controller running?",
  });
}

/** What Git says comes back with the next sync. */
function warnOfGitOps({ metadata, kind }: Resource): void {
  const { annotations = {}, labels = {} } = metadata;
  const by = annotations["argocd.argoproj.io/tracking-id"]
    ? "Argo CD"
    : labels["kustomize.toolkit.fluxcd.io/name"] || labels["helm.toolkit.fluxcd.io/name"]
      ? "Flux"
      : undefined;
  if (by)
    process.stderr.write(
      `${paint().busy("note:")} ${by} keeps this ${kind}: it sets spec.suspend back to what Git says, unless it is changed there too\n`,
    );
}

async function doInFolder(
  { change, what, ended, outcome }: Ask,
  object: Resource,
  declared: Declared,
  options: AskOptions,
  timeoutMs: number,
): Promise<number> {
  const { kind, metadata } = object;
  if ("suspend" in change) {
    const place = declared.sources.get(`${kind}/${metadata.namespace}/${metadata.name}`);
    throw new CliError(`with -f there is no controller to suspend it for: suspend is a field of the manifest`, {
      hint: `set spec.suspend to ${change.suspend} in ${place ? `${place.file}:${place.line}` : "the manifest"}, commit it, and apply`,
    });
  }
  if (!options.wait) throw new CliError("with -f the command does the work itself, so it cannot return before the end");
  const session = await openClouds(options, declared);
  const controller = new FolderController({ ...session, pollIntervalMs: 5_000 });
  const value = now();
  try {
    controller.start();
    for (const one of neededFor(object, declared))
      controller.store.apply(one as Parameters<FolderController["store"]["apply"]>[0]);
    controller.store.annotate({ kind, ...metadata }, { [change.annotation]: value });
    const name = requestName(change.annotation);
    return await follow({
      what,
      read: async () => controller.store.get<Resource>(kind, metadata.namespace, metadata.name)!,
      everyMs: 250,
      handled: (one) => one.status?.handledRequests?.[name] === value,
      ended,
      outcome,
      timeoutMs,
      label: label(object),
    });
  } finally {
    await controller.stop();
    await session.close();
  }
}

/** A user depends on its persona. */
function neededFor(object: Resource, declared: Declared): Resource[] {
  if (object.kind === PERSONA) return [object];
  const { personaRef } = (object as { spec: { personaRef: { name: string } } }).spec;
  const personas = declared
    .personas()
    .filter(({ metadata }) => metadata.namespace === object.metadata.namespace && metadata.name === personaRef.name);
  return [...personas, object];
}
