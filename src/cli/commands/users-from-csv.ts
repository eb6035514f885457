/** `connect-sso users from-csv`: Connect's bulk-upload file to ConnectUser manifests; asks no cloud. */

import { existsSync } from "node:fs";
import { type ConnectUser, SET, USER } from "../../api/resources.ts";
import { counted, terminalText } from "../../domain/text.ts";
import { usersFromCsv } from "../../manifests/csv.ts";
import { setFromCsv } from "../../manifests/csv-set.ts";
import { mergeManifests, writeMerged } from "../../manifests/merge.ts";
import { readManifests } from "../../manifests/read.ts";
import { problemsOf } from "../../manifests/schema.ts";
import { manifestStream, type Written } from "../../manifests/write.ts";
import type { KubeObject } from "../../runtime/port.ts";
import { CliError } from "../command.ts";
import { type Declared, openDeclared } from "../declared-objects.ts";
import type { ObjectOptions } from "../options.ts";
import { readInput } from "../read-input.ts";

interface Options extends Omit<ObjectOptions, "filename"> {
  filename?: string;
  persona: string;
  domain?: string;
  out?: string;
  partial?: boolean;
  set?: string;
  group?: string;
}

const LIMIT = 16 * 1024 * 1024;

/** 0: every line became a manifest; 1: problems, and nothing is written unless --partial was given. */
export async function fromCsv(file: string | undefined, options: Options): Promise<number> {
  if ((options.set === undefined) !== (options.group === undefined))
    throw new CliError("--set and --group go together", {
      hint: "--group is the display name of the Entra group whose members the set is for",
    });
  const bytes = await readInput(file, LIMIT);
  const declared = options.filename || options.kubeconfig || options.context ? await openDeclared(options) : undefined;
  try {
    const namespace = options.namespace ?? namespaceOf(declared, options.persona) ?? "default";
    const persona = declared
      ?.personas()
      .find(({ metadata }) => metadata.namespace === namespace && metadata.name === options.persona);
    if (declared && !persona)
      throw new CliError(`there is no persona ${options.persona} in namespace ${namespace}`, {
        hint: `there is ${
          declared
            .personas()
            .map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
            .join(", ") || "none"
        }`,
      });
    const name = file === undefined || file === "-" ? "(standard input)" : file;
    const found = options.out ? objectsBelow(options.out, namespace) : [];
    const below = found.filter((one): one is ConnectUser => one.kind === USER);
    const { users, problems, dropped } = usersFromCsv(bytes, {
      persona: options.persona,
      namespace,
      domain: options.domain,
      declared: persona,
      existing: [...(declared?.users() ?? []), ...(options.set ? below : [])],
      updated: options.set ? [] : below,
    });
    for (const { line, message } of problems) process.stderr.write(`${terminalText(`${name}:${line}: ${message}`)}\n`);
    if (problems.length > 0 && !options.partial) {
      process.stderr.write(
        `connect-sso: ${counted(problems.length, "problem")}, nothing is written; --partial writes the ${counted(users.length, "user")} without problems\n`,
      );
      return 1;
    }
    const head = [
      `${counted(users.length, "user")} from ${name}`,
      ...dropped.map(({ title, why }) => `Column "${title}" is left out: ${why}.`),
    ];
    const written = options.set ? asSet(users, options, namespace, found) : users;
    if (options.out) {
      const merged = mergeManifests(options.out, written);
      writeMerged(merged);
      for (const line of [...head, ...merged.changes]) process.stderr.write(`${terminalText(line)}\n`);
      process.stderr.write(`${counted(merged.files.length, "file")} written below ${options.out}\n`);
    } else process.stdout.write(manifestStream(written, head));
    return problems.length > 0 ? 1 : 0;
  } finally {
    await declared?.close();
  }
}

/** The set first, then those who stay ConnectUsers. */
function asSet(
  users: ReturnType<typeof usersFromCsv>["users"],
  options: Options,
  namespace: string,
  found: KubeObject[],
): Written[] {
  const { set, rest } = setFromCsv(users, {
    name: options.set!,
    group: options.group!,
    persona: options.persona,
    namespace,
    isNew: !found.some(({ kind, metadata }) => kind === SET && metadata.name === options.set),
  });
  const wrong = problemsOf(set);
  if (wrong.length > 0) throw new CliError(`no ConnectUserSet ${options.set} can be written: ${wrong.join("; ")}`);
  return [set, ...rest];
}

/** Where the persona is, when only one has that name. */
function namespaceOf(declared: Declared | undefined, persona: string): string | undefined {
  const found = declared?.personas().filter(({ metadata }) => metadata.name === persona) ?? [];
  return found.length === 1 ? found[0]!.metadata.namespace : undefined;
}

/** What the folder holds already of this namespace: its manifests are updated. */
function objectsBelow(folder: string, namespace: string): KubeObject[] {
  if (!existsSync(folder)) return [];
  return readManifests(folder, namespace).objects.filter(({ metadata }) => metadata.namespace === namespace);
}
