/** `connect-sso delete -f`: what manifests declare is taken away as their deletionPolicy says, users before personas. */
import { FINALIZER, PERSONA } from "../../api/resources.ts";
import { FolderController } from "../../controller/on-folder.ts";
import { terminalText } from "../../domain/text.ts";
import { conditionsOf } from "../../runtime/conditions.ts";
import type { KubeObject } from "../../runtime/port.ts";
import { openClouds } from "../cloud-session.ts";
import { CliError, duration } from "../command.ts";
import { openDeclared, type Resource } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions } from "../options.ts";
import { paint } from "../render/terminal.ts";
import { refuseBesideController } from "../running-controller.ts";

export interface DeleteOptions extends CloudOptions, Pick<ObjectOptions, "namespace" | "kubeconfig" | "context"> {
  filename: string;
  among?: string;
  timeout: string;
  withoutController?: boolean;
}

const POLL_MS = 5_000;

/** 0: all of it is done; 1: something was refused, or time is up. */
export async function deleteDeclared(options: DeleteOptions): Promise<number> {
  const timeoutMs = duration(options.timeout);
  const { namespace } = options;
  const declared = await openDeclared({ filename: options.filename, namespace });
  if (declared.problems.length > 0)
    throw new CliError("a manifest cannot be read, so nothing is deleted", { hint: "mend it first" });
  const among = options.among ? await openDeclared({ filename: options.among, namespace }) : undefined;
  const session = await openClouds(options, undefined, POLL_MS);
  const controller = new FolderController({ ...session, pollIntervalMs: POLL_MS });
  try {
    if (options.clusterName && !options.withoutController)
      await refuseBesideController(declared, session.cluster, options);
    const going = new Set([...declared.personas(), ...declared.users()].map(keyOf));
    // Those that stay are only looked into: the workers are told of none of them.
    for (const persona of [...(among?.personas() ?? []), ...declared.personas()])
      controller.store.load({ ...persona, spec: { ...persona.spec, suspend: true } } as KubeObject);
    controller.start();
    let code = 0;
    for (const group of [declared.users(), declared.personas()] as Resource[][]) {
      for (const one of group) if (going.has(keyOf(one))) controller.store.load(deleting(one));
      if (!(await gone(controller, group, timeoutMs))) code = 1;
    }
    return code;
  } finally {
    await controller.stop();
    await session.close();
  }
}

const keyOf = ({ kind, metadata }: Resource) => `${kind}/${metadata.namespace}/${metadata.name}`;

/** As the API server shows an object that somebody deleted while a controller holds it. */
const deleting = (one: Resource): KubeObject => ({
  ...one,
  metadata: { ...one.metadata, finalizers: [FINALIZER], deletionTimestamp: new Date().toISOString() },
});

async function gone(controller: FolderController, group: Resource[], timeoutMs: number): Promise<boolean> {
  const colours = paint();
  const left = () =>
    group.filter(({ kind, metadata }) => controller.store.get(kind, metadata.namespace, metadata.name));
  const stuck = (one: Resource) => {
    const now = controller.store.get<Resource>(one.kind, one.metadata.namespace, one.metadata.name);
    return now && conditionsOf(now).find(({ type, status }) => type === "Stalled" && status === "True");
  };
  await controller.until(() => left().every(stuck), timeoutMs, "everything is deleted").catch(() => {});
  for (const one of group) {
    const name = `${one.kind} ${one.metadata.namespace}/${one.metadata.name}`;
    const why = stuck(one);
    if (!left().includes(one)) process.stdout.write(`${colours.good("✔")} ${name}: ${what(one)}\n`);
    else
      process.stderr.write(
        `connect-sso: ${name}: ${why ? `${why.reason}: ${terminalText(why.message)}` : "not done in time; run it again to go on"}\n`,
      );
  }
  return left().length === 0;
}

function what({ kind, spec }: Resource): string {
  switch (spec.deletionPolicy) {
    case "Delete":
      return kind === PERSONA
        ? "application, provider, role and what belongs to them are deleted"
        : "the Connect user is deleted";
    case "RevokeAccess":
      return "may no longer sign in; the Connect user and its history stay";
    default:
      return "is let go of: everything stays as it is, and nobody keeps it";
  }
}
