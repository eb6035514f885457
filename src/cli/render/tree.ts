/**
 * Personas and their users as a tree for a terminal: persona → Entra, IAM, Connect users. What is well is folded into one line, what is
 * not is open with its message and since when.
 */
import { ABNORMAL, isGood, isWaiting } from "../../api/health.ts";
import { REASON } from "../../api/reasons.ts";
import {
  type ConnectSsoPersona,
  type ConnectUser,
  type ConnectUserSet,
  PERSONA,
  SET,
  USER,
} from "../../api/resources.ts";
import { everyString, terminalText } from "../../domain/text.ts";
import { COMPONENTS } from "../../persona/components/index.ts";
import { type Condition, conditionOf, conditionsOf, findCondition, isReady } from "../../runtime/conditions.ts";
import { CLOUD_NAMES } from "./plan.ts";
import { type Paint, wrap } from "./terminal.ts";

interface TreeOptions {
  columns?: number | undefined;
  /** Also what is well. */
  all?: boolean;
  now?: Date;
}

type Resource = ConnectSsoPersona | ConnectUserSet | ConnectUser;

const SUMMARY = new Set(["Ready", "Reconciling", "Stalled"]);
/** The cloud of each condition of a persona; where several components own it, that of the last one. */
const CLOUD_OF = new Map(Object.values(COMPONENTS).map(({ condition, cloud }) => [condition, cloud]));
const CLOUDS = ["entra", "iam"].map((cloud): [string, string[]] => [
  CLOUD_NAMES[cloud]!,
  [...CLOUD_OF.keys()].filter((type) => CLOUD_OF.get(type) === cloud),
]);
/** As many users that are not well are opened before the rest is counted. */
const OPEN_USERS = 20;
/** As many users that are well are named before they are counted. */
const NAMED_USERS = 5;

export function tree(given: Resource[], colours: Paint, options: TreeOptions = {}): string {
  const resources = everyString(given, terminalText);
  const personas = resources.filter((one): one is ConnectSsoPersona => one.kind === PERSONA);
  const sets = resources.filter((one): one is ConnectUserSet => one.kind === SET);
  const users = resources.filter((one): one is ConnectUser => one.kind === USER);
  const key = (namespace: string, name: string) => `${namespace}/${name}`;
  const byPersona = Map.groupBy(users, ({ metadata, spec }) => key(metadata.namespace, spec.personaRef.name));
  const lines = personas.flatMap((persona) => {
    const { namespace, name } = persona.metadata;
    const mine = byPersona.get(key(namespace, name)) ?? [];
    byPersona.delete(key(namespace, name));
    return personaLines(persona, mine, colours, options);
  });
  lines.push(...sets.flatMap((set) => setLines(set, colours, options)));
  for (const [persona, orphans] of byPersona)
    lines.push(
      `${colours.bad("✘")} ${colours.bold(`ConnectSsoPersona ${persona}`)} ${colours.dim("not here")}`,
      ...userLines(orphans, colours, options),
    );
  return lines.map((line) => wrap(line, options.columns, continued(line))).join("\n");
}

/** The branches of the tree continue beside a broken line. */
function continued(line: string): string {
  const branches = /^[│├└─ ]*/.exec(line)![0];
  return `${branches.replaceAll("├", "│").replaceAll(/[└─]/g, " ")}    `;
}

function personaLines(
  persona: ConnectSsoPersona,
  users: ConnectUser[],
  colours: Paint,
  options: TreeOptions,
): string[] {
  const { spec, status } = persona;
  const conditions = status?.conditions as Condition[] | undefined;
  const known = new Set(CLOUDS.flatMap(([, types]) => types));
  const rest = (conditions ?? []).filter(({ type }) => !known.has(type)).map(({ type }) => type);
  const branches = [...CLOUDS, ["", rest] as [string, string[]]]
    .map(([cloud, types]) => [cloud, branch(conditions, types, colours, options)] as const)
    .filter(([, lines]) => lines.length > 0)
    .flatMap(([cloud, lines]) =>
      cloud === ""
        ? lines.map((line) => `├─ ${line}`)
        : [`├─ ${cloud} ${lines[0]}`, ...lines.slice(1).map((line) => `│  ${line}`)],
    );
  return [
    head(persona, `${spec.application.displayName}, ${spec.roleDelivery.mode}`, colours, options),
    ...wholeLines(conditions, colours, options),
    ...(status?.conditions ? branches : ["├─ not reconciled yet"]),
    ...driftLines(persona, "│  ", colours),
    ...userLines(users, colours, options),
  ];
}

function setLines(set: ConnectUserSet, colours: Paint, options: TreeOptions): string[] {
  const { spec, status } = set;
  const { matched = 0, members = 0, leaving = 0, leftOut = 0 } = status?.people ?? {};
  const counts = `${matched} people, ${members} users, ${leaving} leaving, ${leftOut} left out`;
  const conditions = status?.conditions as Condition[] | undefined;
  const types = (conditions ?? []).map(({ type }) => type);
  const lines = [
    ...wholeLines(conditions, colours, options),
    ...branch(conditions, types, colours, options).map((line) => `├─ ${line}`),
  ];
  return [
    head(set, status?.people ? (spec.mode === "Plan" ? `${counts}, mode Plan` : counts) : "", colours, options),
    ...(status?.conditions ? lines : ["├─ not reconciled yet"]),
  ].map((line, index, all) => (index > 0 && index === all.length - 1 ? line.replace("├─", "└─") : line));
}

/** What concerns the resource as a whole: why it was not looked at in parts. */
function wholeLines(conditions: Condition[] | undefined, colours: Paint, { now }: TreeOptions): string[] {
  const ready = findCondition(conditions, "Ready");
  if (!ready || ready.status === "True" || ready.reason === "Suspended") return [];
  const isSaid = conditions?.some(({ type, message }) => !SUMMARY.has(type) && message === ready.message);
  return isSaid ? [] : [`├─ ${openLine(ready, colours, now)}`];
}

/** First line: what is well, in one. Then one line for each condition that is not. */
function branch(
  all: Condition[] | undefined,
  types: string[],
  colours: Paint,
  { all: everything, now }: TreeOptions,
): string[] {
  const shown = (all ?? []).filter(
    ({ type, reason }) => types.includes(type) && !SUMMARY.has(type) && reason !== "NotApplicable",
  );
  const good = shown.filter((one) => isGood(one) && !isHeld(one));
  const waiting = everything ? [] : shown.filter((one) => !isGood(one) && one.reason === "WaitingForDependency");
  const unread = everything ? [] : shown.filter((one) => isUnread(one) && !ABNORMAL.has(one.type));
  const open = shown.filter(
    (one) =>
      ![good, waiting, unread].some((known) => known.includes(one)) && !(ABNORMAL.has(one.type) && isUnread(one)),
  );
  const named = everything
    ? good.map(
        (one) =>
          `${colours.good("✔")} ${ABNORMAL.has(one.type) ? `not ${one.type}` : one.type} ${colours.dim(one.message)}`,
      )
    : good.filter(({ type }) => !ABNORMAL.has(type)).length > 0
      ? [
          `${colours.good("✔")} ${colours.dim(
            good
              .filter(({ type }) => !ABNORMAL.has(type))
              .map(({ type }) => type.replace(/Ready$/, ""))
              .join(" "),
          )}`,
        ]
      : [];
  const folded =
    waiting.length > 0
      ? [
          `${colours.busy("…")} ${colours.dim(`${waiting.map(({ type }) => type.replace(/Ready$/, "")).join(" ")} ${waiting.length === 1 ? "waits" : "wait"} for what comes before`)}`,
        ]
      : [];
  if (unread.length > 0)
    folded.push(
      `${colours.busy("…")} ${colours.dim(`${unread.map(({ type }) => type.replace(/Ready$/, "")).join(" ")} not looked at`)}`,
    );
  return [...named, ...open.map((one) => openLine(one, colours, now)), ...folded];
}

function userLines(users: ConnectUser[], colours: Paint, options: TreeOptions): string[] {
  const well = users.filter((user) => isReady(user) && !hasOpen(user));
  const standing = options.all ? [] : users.filter(standsOnPersona);
  const known = new Set([...well, ...standing]);
  const open = users.filter((user) => !known.has(user));
  const lines = open
    .slice(0, options.all ? undefined : OPEN_USERS)
    .flatMap((user) => [
      `├─ ${head(user, user.status?.username ?? user.spec.entraUser.userPrincipalName ?? "", colours, options)}`,
      ...openReasons(user, colours, options).map((line) => `│  ${line}`),
      ...driftLines(user, "│  ", colours),
    ]);
  if (!options.all && open.length > OPEN_USERS) {
    const reasons = Object.entries(
      Object.groupBy(open.slice(OPEN_USERS), (user) => conditionOf(user, "Ready")?.reason ?? "not reconciled yet"),
    ).map(([reason, group]) => `${group!.length} ${reason}`);
    lines.push(`├─ ${colours.bad("✘")} ${open.length - OPEN_USERS} more are not Ready: ${reasons.join(", ")}`);
  }
  if (standing.length > 0)
    lines.push(
      `├─ ${colours.busy("…")} ${counted(standing, "wait for the persona", "waits for the persona", options, colours)}`,
    );
  if (well.length > 0) {
    lines.push(`├─ ${colours.good("✔")} ${counted(well, "Ready", "Ready", options, colours)}`);
  }
  return lines.map((line, index) =>
    index === lastTop(lines) ? line.replace("├─", "└─") : index > lastTop(lines) ? line.replace("│", " ") : line,
  );
}

function counted(users: ConnectUser[], many: string, one: string, { all }: TreeOptions, colours: Paint): string {
  const names = all || users.length <= NAMED_USERS ? users.map(({ metadata }) => metadata.name).join(" ") : "";
  const text = users.length === 1 ? `1 user ${one}` : `${users.length} users ${many}`;
  return `${text} ${colours.dim(names)}`.trimEnd();
}

/** Nothing is wrong with the user itself. */
function standsOnPersona(user: ConnectUser): boolean {
  const ready = conditionOf(user, "Ready");
  return ready?.reason === "PersonaNotReady" || ready?.reason === "PersonaSuspended";
}

const lastTop = (lines: string[]) => lines.findLastIndex((line) => line.startsWith("├─"));

/** A user's conditions mostly say the same: each message once. */
function openReasons(user: ConnectUser, colours: Paint, { now }: TreeOptions): string[] {
  const all = conditionsOf(user).filter(({ type }) => !SUMMARY.has(type));
  const open = all.filter((one) => !isGood(one) && one.reason !== "Pending");
  const seen = new Set<string>();
  const different = open.filter(({ message }) => !seen.has(message) && seen.add(message));
  const ready = conditionOf(user, "Ready");
  const shown = different.length === 0 && ready && ready.status !== "True" ? [ready] : different;
  return shown.map((one) => openLine(one, colours, now));
}

function openLine(one: Condition, colours: Paint, now = new Date()): string {
  return `${mark(one, colours)} ${one.type}: ${one.reason}: ${one.message} ${colours.dim(`(${age(one.lastTransitionTime, now)})`)}`;
}

function driftLines({ status }: Resource, indent: string, colours: Paint): string[] {
  return (status?.drift ?? []).map(
    ({ component, path, desired, observed }) =>
      `${indent}   ${component} ${colours.bold(path)}: declared ${colours.good(desired)}, found ${colours.bad(observed)}`,
  );
}

function head(object: Resource, detail: string, colours: Paint, { now = new Date() }: TreeOptions): string {
  const ready = conditionOf(object, "Ready");
  const since = ready && ready.status !== "True" ? ` for ${age(ready.lastTransitionTime, now)}` : "";
  const state =
    ready?.reason === "Suspended" ? " suspended" : ready && ready.status !== "True" ? ` not Ready${since}` : "";
  const shown = isReady(object) && hasOpen(object) ? colours.busy("!") : mark(ready, colours);
  return `${shown} ${colours.bold(`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`)} ${colours.dim(`${detail}${state}`)}`;
}

function mark(condition: Condition | undefined, colours: Paint): string {
  if (!condition || condition.status === "Unknown") return colours.busy("…");
  if (isHeld(condition)) return colours.busy("!");
  if (isGood(condition)) return colours.good("✔");
  return isWaiting(condition) ? colours.busy("…") : colours.bad("✘");
}

/** It works, and differs from the spec: `driftPolicy: Report`. */
const isHeld = ({ type, status, reason }: Condition) =>
  status === "True" && reason === REASON.DriftFound && !ABNORMAL.has(type);
const isUnread = (one: Condition) => one.status === "Unknown" && one.reason === "Pending";
/** Drift, a conflict, or something else that a person should know of. */
export const hasOpen = (one: Resource) => conditionsOf(one).some((one) => ABNORMAL.has(one.type) && !isGood(one));

/** "3m", "2h", "5d": how long ago. */
export function age(since: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(since)) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)}h` : `${Math.round(seconds / 86_400)}d`;
}
