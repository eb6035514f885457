/** `connect-sso import`: manifests that adopt what exists in the clouds; writes nothing there. */

import { INDEXES } from "../../controller/kinds.ts";
import { admit } from "../../controller/on-folder.ts";
import { counted, terminalText } from "../../domain/text.ts";
import { discover } from "../../import/discover.ts";
import { importManifests } from "../../import/manifests.ts";
import { formatProblem, type Manifests, parseManifests } from "../../manifests/read.ts";
import { manifestStream, type Written, writeManifests } from "../../manifests/write.ts";
import { FolderStore } from "../../runtime/folder-store.ts";
import { type CloudSession, openClouds } from "../cloud-session.ts";
import { CliError } from "../command.ts";
import { declaredIn } from "../declared-objects.ts";
import { makePlan } from "../dry-run.ts";
import type { CloudOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";

/** What an apply of these manifests would refuse, by the same code as a plan: before anybody applies them. */
async function refusals(all: Written[], session: CloudSession): Promise<string[]> {
  const manifests: Manifests = { objects: [], problems: [], sources: new Map() };
  parseManifests(manifestStream(all, []), "(import)", "default", manifests);
  const store = new FolderStore(INDEXES, admit);
  for (const object of manifests.objects) store.apply(object as Parameters<typeof store.apply>[0]);
  const { resources } = await makePlan(declaredIn(store), session);
  return [
    ...manifests.problems.map((problem) => `no valid manifest could be written: ${formatProblem(problem)}`),
    ...resources.flatMap(({ kind, namespace, name, problem }) =>
      problem && !problem.waits
        ? [`apply will refuse ${kind} ${namespace}/${name}: ${problem.message} (${problem.reason})`]
        : [],
    ),
  ];
}

interface Options extends CloudOptions, OutputOptions {
  instance: string;
  tenant?: string;
  namespace: string;
  out?: string;
}

/** 0: something was found; 2: nothing to take over. */
export async function importCommand(options: Options): Promise<number> {
  const session = await openClouds(options);
  try {
    const [{ account }, graph] = await Promise.all([
      session.clouds.aws(options.instance, options.namespace),
      session.clouds.graph(options.tenant, options.namespace),
    ]);
    const { personas, users, notes } = importManifests(
      await discover(account, graph, options.instance),
      options.namespace,
    );
    const all = [...personas, ...users];
    notes.push(...(await refusals(all, session)));
    for (const note of notes) process.stderr.write(`note: ${terminalText(note)}\n`);
    if (all.length === 0) {
      process.stderr.write(
        `connect-sso: found no application that signs in to ${options.instance} and is not managed yet\n`,
      );
      return 2;
    }
    if (options.out) {
      const paths = writeManifests(options.out, all);
      process.stderr.write(
        `${counted(personas.length, "persona")} and ${counted(users.length, "user")} in ${counted(paths.length, "file")} below ${options.out}\nnext: connect-sso plan -f ${options.out}\n`,
      );
      return 0;
    }
    const objects = all.map(({ object, comments }) => ({ ...object, ...(comments?.length ? { comments } : {}) }));
    print({ data: { objects, notes }, text: () => manifestStream(all, notes) }, options.output);
    return 0;
  } catch (error) {
    if (error instanceof CliError || !(error instanceof Error)) throw error;
    throw new CliError(error.message);
  } finally {
    await session.close();
  }
}
