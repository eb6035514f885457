/** `connect-sso why`: reads only. */
import { type ConnectSsoPersona, type ConnectUser, PERSONA } from "../../api/resources.ts";
import { everyString, terminalText } from "../../domain/text.ts";
import { nearest } from "../../providers/aws/names.ts";
import { expand } from "../../set/expand.ts";
import { type Explanation, explain, findUsers } from "../../why/index.ts";
import type { Link } from "../../why/login.ts";
import { openClouds } from "../cloud-session.ts";
import { type Declared, openDeclared } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { type Paint, paint, width, wrap } from "../render/terminal.ts";
import { setDeps } from "../set-deps.ts";

/** 0: every step works; 2: one is broken; 1: one could not be checked. */
export async function why(user: string, options: ObjectOptions & CloudOptions & OutputOptions): Promise<number> {
  const declared = await openDeclared(options);
  try {
    const names = await expandFolder(declared, options);
    const found = findUsers(declared.users(), names.get(user.toLowerCase()) ?? user);
    const explanations =
      found.length === 0 ? [unknownUser(user, declared, options)] : await explainAll(found, declared, options);
    const text = () => explanations.map((one) => explanationText(one, paint(), width())).join("\n\n");
    print({ data: { explanations }, text }, options.output);
    const states = explanations.flatMap(({ links }) => links.map(({ state }) => state));
    return states.includes("broken") ? 2 : states.includes("unknown") ? 1 : 0;
  } finally {
    await declared.close();
  }
}

/** Users of sets stand in no file. Returns their names by user principal name; a set that cannot be worked out has none. */
async function expandFolder(declared: Declared, options: ObjectOptions & CloudOptions): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  if (declared.kube || declared.sets().length === 0) return names;
  const session = await openClouds(options, declared, { asController: true });
  try {
    for (const set of declared.sets()) {
      const { members } = await expand(set, setDeps(declared, session.clouds));
      for (const { who, name } of members) names.set(who.toLowerCase(), name);
    }
  } catch (error) {
    process.stderr.write(`connect-sso: a set could not be worked out: ${terminalText((error as Error).message)}\n`);
  } finally {
    await session.close();
  }
  return names;
}

async function explainAll(found: ConnectUser[], declared: Declared, options: ObjectOptions & CloudOptions) {
  const session = await openClouds(options, declared, { asController: true });
  try {
    const deps = {
      personas: declared.personas(),
      users: declared.users(),
      clouds: session.clouds,
      cluster: session.cluster,
      repair: (object: ConnectSsoPersona | ConnectUser) => repair(object, options),
    };
    const all: Explanation[] = [];
    for (const user of found) all.push(await explain(user, deps));
    return all;
  } finally {
    await session.close();
  }
}

export function repair({ kind, metadata, spec }: ConnectSsoPersona | ConnectUser, options: ObjectOptions): string {
  if (spec.driftPolicy === "Report")
    return `set driftPolicy: Correct on ${kind === PERSONA ? "persona" : "user"} ${metadata.name}, or correct it by hand`;
  return options.filename
    ? `connect-sso apply -f ${options.filename}`
    : `connect-sso reconcile ${metadata.name} -n ${metadata.namespace} (the controller corrects it at its next reconcile)`;
}

function unknownUser(user: string, declared: Declared, { filename, allNamespaces }: ObjectOptions): Explanation {
  const names = declared
    .users()
    .flatMap(({ metadata, spec }) => [metadata.name, spec.entraUser.userPrincipalName ?? ""]);
  const near = nearest(user, names.filter(Boolean));
  const place = filename ? "in these manifests" : allNamespaces ? "in this cluster" : "in this namespace";
  return {
    user: null,
    persona: null,
    person: user,
    cause: "declared",
    links: [
      {
        name: "declared",
        state: "broken",
        text: `there is no ConnectUser ${user} ${place}${near.length > 0 ? `; did you mean ${near.join(", ")}?` : ""}`,
        seen: "Access Denied. Your account has been authenticated, but has not been onboarded to this application.",
        fix: `${filename || allNamespaces ? "" : "look in every namespace with -A, or "}declare a ConnectUser for the person, for example with connect-sso users from-csv`,
      },
    ],
  };
}

const NAME = 24;

export function explanationText(given: Explanation, colours: Paint, columns?: number): string {
  const one = everyString(given, terminalText);
  const { user, persona, person, links, signInAt, cause } = one;
  const about = user ? `ConnectUser ${user.namespace}/${user.name}${persona ? ` of persona ${persona.name}` : ""}` : "";
  const head = `${colours.bold(person)}${about ? ` ${colours.dim(about)}` : ""}`;
  const first = links.find(({ name }) => name === cause);
  return [
    head,
    "",
    ...links.flatMap((link) => lines(link, link === first, colours, columns)),
    "",
    ...end(links, first, person, signInAt, colours, columns),
  ].join("\n");
}

function lines(link: Link, first: boolean, colours: Paint, columns?: number): string[] {
  const { name, state, text, seen, fix } = link;
  const mark = {
    holds: colours.good("✔"),
    broken: colours.bad("✘"),
    warning: colours.busy("!"),
    unknown: colours.busy("?"),
    skipped: colours.dim("·"),
  }[state];
  const padded = name.padEnd(NAME);
  const quiet = state === "holds" || state === "skipped";
  const shown = `${mark} ${first ? colours.bold(padded) : padded}${quiet ? colours.dim(text) : text}`;
  return [
    wrap(shown, columns, NAME + 2),
    ...(seen ? [wrap(`${" ".repeat(NAME + 2)}${colours.dim(`the person sees: ${seen}`)}`, columns, NAME + 2)] : []),
    ...(fix ? [wrap(`${" ".repeat(NAME + 2)}→ ${fix}`, columns, NAME + 4)] : []),
  ];
}

function end(
  links: Link[],
  first: Link | undefined,
  person: string,
  signInAt: string | undefined,
  colours: Paint,
  columns?: number,
): string[] {
  if (first)
    return [
      wrap(
        `${colours.bad("Broken at:")} ${first.name}. ${first.fix ? `To fix it: ${first.fix}` : ""}`.trimEnd(),
        columns,
      ),
    ];
  if (links.some(({ state }) => state === "unknown"))
    return [wrap("Not known: nothing was found broken, but not everything could be checked.", columns)];
  return [
    wrap(
      `${colours.good("Every link holds.")} ${person} signs in at ${signInAt ?? "the application's User access URL"}`,
      columns,
    ),
    wrap(
      colours.dim(
        'If the browser ends on "Session expired", the person opened Connect itself instead of that address.',
      ),
      columns,
    ),
    wrap(
      colours.dim(
        'If it ends on "Bad Request", Connect binds the user to the role of an earlier login, which nothing shows: connect-sso recreate.',
      ),
      columns,
    ),
    wrap(colours.dim("For anything else: record the login and read it with connect-sso saml decode."), columns),
  ];
}
