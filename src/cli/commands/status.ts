/** `connect-sso status`: what the cluster's objects say of themselves, without asking a cloud; for a folder, what the clouds say of it. */
import { type ConnectUser, PERSONA, SET, USER } from "../../api/resources.ts";
import { isReady } from "../../runtime/conditions.ts";
import { CliError } from "../command.ts";
import { openDeclared, type Resource } from "../declared-objects.ts";
import { labelSelector } from "../label-selector.ts";
import type { CloudOptions, ObjectOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { Progress } from "../render/progress.ts";
import { isSuspended, summarize } from "../render/summary.ts";
import { paint, width } from "../render/terminal.ts";
import { hasOpen, tree } from "../render/tree.ts";

interface StatusOptions extends ObjectOptions, CloudOptions, OutputOptions {
  watch?: boolean;
  all?: boolean;
  selector?: string;
}

const WATCH_MS = 2_000;

/** 0: everything is Ready; 2: something is not. */
export async function status(name: string | undefined, options: StatusOptions): Promise<number> {
  let shown = await look(name, options);
  const where = options.namespace ? `namespace ${options.namespace}` : "the namespace of the context";
  const labelled = options.selector === undefined ? "is declared" : `with the labels ${options.selector} is declared`;
  const nothing = `Nothing ${labelled} in ${options.allNamespaces ? "this cluster" : `${where}; -A shows every namespace`}.`;
  const text = () =>
    shown.length === 0
      ? nothing
      : `${totals(shown)}\n${tree(failingFirst(shown), paint(), { columns: width(), all: options.all })}`;
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

async function look(name: string | undefined, options: StatusOptions): Promise<Resource[]> {
  const selected = options.selector === undefined ? () => true : labelSelector(options.selector);
  const declared = await openDeclared(options);
  await declared.close();
  if (options.filename) await (await import("../observed-status.ts")).assess(declared, options);
  const all: Resource[] = [...declared.personas(), ...declared.sets(), ...declared.users()];
  if (name === undefined && options.selector === undefined) return all;
  const isMeant = (one: Resource) => (name === undefined || isCalled(one, name)) && selected(one.metadata.labels);
  const personas = declared.personas().filter(isMeant);
  const sets = declared.sets().filter(isMeant);
  const users = declared.users().filter(isMeant);
  if (name !== undefined && personas.length + sets.length + users.length === 0)
    throw new CliError(`there is no persona, set or user ${name}`, {
      hint:
        all.length > 0
          ? `there is ${all
              .slice(0, 10)
              .map((one) => one.metadata.name)
              .join(", ")}`
          : "nothing is declared here; try -A",
    });
  // With a selector each object says by itself whether it is meant; a persona that is named brings its users along.
  const withUsers = declared
    .users()
    .filter(
      ({ metadata, spec }) =>
        options.selector === undefined &&
        personas.some(
          (one) => one.metadata.namespace === metadata.namespace && one.metadata.name === spec.personaRef.name,
        ),
    );
  const withPersonas = declared
    .personas()
    .filter(({ metadata }) =>
      users.some((one) => one.metadata.namespace === metadata.namespace && one.spec.personaRef.name === metadata.name),
    );
  return [...new Set<Resource>([...personas, ...withPersonas, ...sets, ...withUsers, ...users])];
}

/** "2 personas, 1 Ready; 4 users, 2 Ready, 1 suspended". */
export function totals(all: Resource[]): string {
  const nouns = { [PERSONA]: "persona", [SET]: "set", [USER]: "user" };
  const parts = Object.entries(nouns).flatMap(([kind, noun]) => {
    const mine = all.filter((one) => one.kind === kind);
    if (mine.length === 0) return [];
    const count = (test: (one: Resource) => boolean) => mine.filter(test).length;
    const suspended = count(isSuspended);
    const failing = mine.length - count(isReady) - suspended;
    return [
      [
        `${mine.length} ${noun}${mine.length === 1 ? "" : "s"}`,
        `${count(isReady)} Ready`,
        ...(failing > 0 ? [`${failing} not Ready`] : []),
        ...(suspended > 0 ? [`${suspended} suspended`] : []),
      ].join(", "),
    ];
  });
  return `${parts.join("; ")}.`;
}

/** Personas that are not Ready, or have users who are not, come first, then those with drift or a conflict; otherwise the order stays. */
export function failingFirst(all: Resource[]): Resource[] {
  const personaOf = (one: Resource) =>
    `${one.metadata.namespace}/${one.kind === PERSONA ? one.metadata.name : (one as ConnectUser).spec.personaRef.name}`;
  const failing = new Set(all.filter((one) => !isReady(one) && !isSuspended(one)).map(personaOf));
  const open = new Set(all.filter(hasOpen).map(personaOf));
  const rank = (one: Resource) => (failing.has(personaOf(one)) ? 0 : open.has(personaOf(one)) ? 1 : 2);
  return all.toSorted((one, other) => rank(one) - rank(other));
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
