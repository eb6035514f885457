/** `connect-sso apply`: the same reconcilers over a folder of manifests, without Kubernetes. What must survive lives in the clouds' own tags. */
import { type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../../api/resources.ts";
import { followFolder } from "../../controller/manifest-watch.ts";
import { FolderController, type Resource } from "../../controller/on-folder.ts";
import { terminalText } from "../../domain/text.ts";
import { conditionOf, conditionsOf, isReady } from "../../runtime/conditions.ts";
import { openClouds } from "../cloud-session.ts";
import { CliError, duration } from "../command.ts";
import { openDeclared } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions, OutputOptions } from "../options.ts";
import { Steps } from "../render/condition-lines.ts";
import { print } from "../render/output.ts";
import { Progress } from "../render/progress.ts";
import { isSuspended, summarize } from "../render/summary.ts";
import { hasColours, paint, width } from "../render/terminal.ts";
import { tree } from "../render/tree.ts";
import { refuseBesideController } from "../running-controller.ts";
import { readPlan, refuseOutdated } from "../saved-plan.ts";

interface ApplyOptions
  extends CloudOptions,
    OutputOptions,
    Pick<ObjectOptions, "filename" | "namespace" | "kubeconfig" | "context"> {
  timeout: string;
  watch?: boolean;
  pollInterval: string;
  withoutController?: boolean;
  dryRun?: boolean;
}

/** Of one read of the clouds, so that work continues as soon as possible. */
const POLL_MS = 15_000;
/** As a shell reports a program that Ctrl-C ended. */
const INTERRUPTED = 130;

/** 0: everything is Ready, or suspended on purpose; 1: something needs manual action, a document is broken, or the timeout passed; 130: interrupted. */
export async function apply(planFile: string | undefined, options: ApplyOptions): Promise<number> {
  const reviewed = planFile === undefined ? undefined : readPlan(planFile);
  const filename = options.filename ?? reviewed?.filename;
  if (!filename)
    throw new CliError("what is to be applied?", { hint: "connect-sso apply -f DIR, or connect-sso apply PLAN.json" });
  if (filename === "-" && options.watch) throw new CliError("standard input cannot be watched", { hint: "-f DIR can" });
  if (options.dryRun) {
    if (options.watch) throw new CliError("--watch writes, --dry-run does not");
    const { namespace = reviewed?.namespace, clusterName = reviewed?.cluster ?? "folder" } = options;
    return (await import("./plan.ts")).plan({ ...options, filename, namespace, clusterName });
  }
  const timeoutMs = duration(options.timeout);
  const pollIntervalMs = options.watch ? duration(options.pollInterval) : POLL_MS;
  const namespace = options.namespace ?? reviewed?.namespace;
  const declared = await openDeclared({ filename, ...(namespace ? { namespace } : {}) });
  const clusterName = options.clusterName ?? reviewed?.cluster;
  const session = await openClouds({ ...options, ...(clusterName ? { clusterName } : {}) }, undefined, {
    pollIntervalMs,
  });
  try {
    if (session.cluster !== "folder" && !options.withoutController)
      await refuseBesideController(declared, session.cluster, options);
    if (reviewed) await refuseOutdated(reviewed, declared, session);
    const { clouds, cluster, log } = session;
    const controller = new FolderController({ clouds, cluster, pollIntervalMs, log });
    controller.start();
    for (const object of [...declared.personas(), ...declared.sets(), ...declared.users()])
      controller.store.apply(object);
    const following = options.watch ? followFolder(filename, namespace, controller.store) : undefined;
    try {
      const end = await showUntil(controller, options.watch ? undefined : timeoutMs);
      const all = controller.resources();
      const columns = width();
      print({ data: { resources: all.map(summarize) }, text: () => tree(all, paint(), { columns }) }, options.output);
      if (end === "interrupted") return options.watch ? exitCode(all, declared.problems) : INTERRUPTED;
      return end === "settled" ? exitCode(all, declared.problems) : 1;
    } finally {
      following?.close();
      await controller.stop();
    }
  } finally {
    await session.close();
  }
}

function exitCode(all: Resource[], problems: readonly unknown[]): number {
  return problems.length === 0 && all.every((one) => isReady(one) || isSuspended(one)) ? 0 : 1;
}

/** With a time limit until nothing moves any more, without one until interrupted. What is reached stays; the next run continues from there. */
async function showUntil(
  controller: FolderController,
  timeoutMs: number | undefined,
): Promise<"settled" | "late" | "interrupted"> {
  const colours = paint(hasColours(process.stderr));
  const steps = new Steps(colours);
  let shown = 0;
  const events = () => {
    const fresh = controller.store.events.filter(({ number }) => number > shown);
    shown = fresh.at(-1)?.number ?? shown;
    return fresh
      .filter(({ event }) => event.type === "Warning" || /Drift/.test(event.reason))
      .map(
        ({ ref, event }) =>
          `     ${colours.busy("!")} ${terminalText(`${ref.kind}/${ref.name} ${event.reason}: ${event.note}`)}`,
      );
  };
  const progress = new Progress(
    () => {
      for (const line of events()) progress.note(line);
      return tree(controller.resources(), colours);
    },
    () => [...steps.since(controller.resources()), ...events()].join("\n"),
  );
  progress.start();
  const waiting = new AbortController();
  const again = setInterval(lookAgain(controller), 500);
  let interrupt = () => {};
  const interrupted = new Promise<"interrupted">((resolve) => {
    interrupt = () => resolve("interrupted");
    process.once("SIGINT", interrupt);
    process.once("SIGTERM", interrupt);
  });
  const settled =
    timeoutMs === undefined
      ? new Promise<never>(() => {})
      : controller
          .until((all) => isSettled(all), timeoutMs, "everything is Ready or needs manual action", waiting.signal)
          .then(() => "settled" as const)
          .catch((error: Error) => {
            late = `connect-sso: ${error.message}; run it again to continue\n`;
            return "late" as const;
          });
  let late = "";
  const end = await Promise.race([settled, interrupted]);
  waiting.abort();
  clearInterval(again);
  process.removeListener("SIGINT", interrupt);
  process.removeListener("SIGTERM", interrupt);
  progress.end();
  if (end === "late") process.stderr.write(late);
  return end;
}

/** A refusal counts once it was confirmed by a second reconcile: some, such as a name that another persona takes at the same moment, end by themselves. */
const LOOK_AGAIN_MS = 2_000;
const STALLED_FOR_MS = 3 * LOOK_AGAIN_MS;
const isStuck = (one: Resource, now: number) => stalledMs(one, now) > STALLED_FOR_MS;

/** For how long it has been refused; negative when it is not. */
function stalledMs(one: Resource, now: number): number {
  const stalled = conditionOf(one, "Stalled");
  return stalled?.status === "True" ? now - Date.parse(stalled.lastTransitionTime) : -1;
}

/** Asks for that second look, once for each time that something is refused. */
function lookAgain(controller: FolderController): () => void {
  const asked = new Map<string, string>();
  return () => {
    for (const one of controller.resources()) {
      const { kind, metadata } = one;
      const since = conditionOf(one, "Stalled")?.lastTransitionTime;
      if (since === undefined || stalledMs(one, Date.now()) < LOOK_AGAIN_MS || asked.get(metadata.uid) === since)
        continue;
      asked.set(metadata.uid, since);
      controller.enqueue({ kind, namespace: metadata.namespace, name: metadata.name }, "refused");
    }
  };
}

/** Nothing moves by itself any more: each is Ready, needs manual action, is suspended, or depends on a persona of which that is true. */
function isSettled(all: Resource[], now = Date.now()): boolean {
  const personas = new Map(all.filter(({ kind }) => kind === PERSONA).map((one) => [keyOf(one.metadata), one]));
  return all.every((one) => {
    if (isReady(one) || isStuck(one, now) || isSuspended(one)) return true;
    if (one.kind !== USER || conditionsOf(one).length === 0) return false;
    const { metadata, spec } = one as ConnectUser;
    const persona = personas.get(keyOf({ namespace: metadata.namespace, name: spec.personaRef.name }));
    return persona !== undefined && (isSuspended(persona) || isBlocked(persona as ConnectSsoPersona, now));
  });
}

/** Stalled before it had a role to give. */
const isBlocked = (persona: ConnectSsoPersona, now: number) => isStuck(persona, now) && !persona.status?.appRoleId;

const keyOf = ({ namespace, name }: { namespace: string; name: string }) => `${namespace}/${name}`;
