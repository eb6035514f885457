/** `connect-sso status`: what the cluster's objects say of themselves, without asking a cloud; for a folder, what the clouds say of it. */
import { type ConnectUser, USER } from "../../api/resources.ts";
import { isReady } from "../../runtime/conditions.ts";
import { CliError } from "../command.ts";
import { openDeclared, type Resource } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { Progress } from "../render/progress.ts";
import { summarize } from "../render/summary.ts";
import { paint, width } from "../render/terminal.ts";
import { tree } from "../render/tree.ts";

interface StatusOptions extends ObjectOptions, CloudOptions, OutputOptions {
  watch?: boolean;
  all?: boolean;
}

const WATCH_MS = 2_000;

/** 0: everything is Ready; 2: something is not. */
export async function status(name: string | undefined, options: StatusOptions): Promise<number> {
  let shown = await look(name, options);
  const where = options.namespace ? `namespace ${options.namespace}` : "the namespace of the context";
  const nothing = `Nothing is declared in ${options.allNamespaces ? "this cluster" : `${where}; -A shows all of them`}.`;
  const text = () => (shown.length === 0 ? nothing : tree(shown, paint(), { columns: width(), all: options.all }));
  if (!options.watch) {
    print({ data: { resources: shown.map(summarize) }, text }, options.output);
    return shown.every(isReady) ? 0 : 2;
  }
  const progress = new Progress(text, () => `${text()}\n`, process.stdout);
  progress.start();
  const ended = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  let watching = true;
  const looks = (async () => {
    while (watching) {
      const started = Date.now();
      // A look that fails is tried again; what was seen last stays on the screen.
      shown = await look(name, options).catch(() => shown);
      // Many objects take long to read: the API server is left alone most of the time.
      const pause = Math.max(WATCH_MS, 5 * (Date.now() - started));
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, pause))]);
    }
  })();
  await ended;
  watching = false;
  await looks;
  progress.end({ keep: true });
  return shown.every(isReady) ? 0 : 2;
}

async function look(name: string | undefined, options: ObjectOptions & CloudOptions): Promise<Resource[]> {
  const declared = await openDeclared(options);
  await declared.close();
  if (options.filename) await (await import("../observed-status.ts")).assess(declared, options);
  const all: Resource[] = [...declared.personas(), ...declared.users()];
  if (name === undefined) return all;
  const personas = declared.personas().filter((one) => isCalled(one, name));
  const users = declared.users().filter((one) => isCalled(one, name));
  if (personas.length + users.length === 0)
    throw new CliError(`there is no persona or user ${name}`, {
      hint:
        all.length > 0
          ? `there is ${all
              .slice(0, 10)
              .map((one) => one.metadata.name)
              .join(", ")}`
          : "nothing is declared here; try -A",
    });
  const withUsers = declared
    .users()
    .filter(({ metadata, spec }) =>
      personas.some(
        (one) => one.metadata.namespace === metadata.namespace && one.metadata.name === spec.personaRef.name,
      ),
    );
  const withPersonas = declared
    .personas()
    .filter(({ metadata }) =>
      users.some((one) => one.metadata.namespace === metadata.namespace && one.spec.personaRef.name === metadata.name),
    );
  return [...new Set<Resource>([...personas, ...withPersonas, ...withUsers, ...users])];
}

/** By object name, `namespace/name`, or for a user by any name of the person. */
function isCalled(one: Resource, name: string): boolean {
  const { namespace, name: own } = one.metadata;
  if (name === own || name === `${namespace}/${own}`) return true;
  if (one.kind !== USER) return false;
  const { spec, status } = one as ConnectUser;
  return [
    spec.entraUser.userPrincipalName,
    spec.entraUser.objectId,
    spec.username,
    status?.username,
    status?.entraObjectId,
  ].some((known) => known?.toLowerCase() === name.toLowerCase());
}
