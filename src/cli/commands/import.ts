/** `connect-sso import`: manifests that adopt what exists in the clouds; writes nothing there. */

import { counted, terminalText } from "../../domain/text.ts";
import { discover } from "../../import/discover.ts";
import { importManifests } from "../../import/manifests.ts";
import { manifestStream, writeManifests } from "../../manifests/write.ts";
import { openClouds } from "../cloud-session.ts";
import { CliError } from "../command.ts";
import type { CloudOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";

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
    for (const note of notes) process.stderr.write(`note: ${terminalText(note)}\n`);
    if (all.length === 0) {
      process.stderr.write(
        `connect-sso: no application signs in to ${options.instance} that is not taken over already\n`,
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
