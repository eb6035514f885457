/** Resources as a tree for a terminal: what is well in one line, what is not with its message. */
import { type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../api/resources.ts";
import type { Condition } from "../runtime/conditions.ts";

export interface Paint {
  good(text: string): string;
  bad(text: string): string;
  busy(text: string): string;
  dim(text: string): string;
  bold(text: string): string;
}

/** Colours only on a terminal, and never with NO_COLOR. */
export function paint(on = process.stdout.isTTY === true && !process.env.NO_COLOR): Paint {
  const code = (number: number) => (text: string) => (on ? `\u001b[${number}m${text}\u001b[0m` : text);
  return { good: code(32), bad: code(31), busy: code(33), dim: code(2), bold: code(1) };
}

const SUMMARY = new Set(["Ready", "Reconciling", "Stalled"]);
/** Conditions whose normal status is False. */
const ABNORMAL = new Set(["Drifted", "Conflict", "RemovalsHalted"]);

function mark(condition: Condition | undefined, colours: Paint): string {
  if (!condition || condition.status === "Unknown") return colours.busy("…");
  return (condition.status === "True") !== ABNORMAL.has(condition.type)
    ? colours.good("✔")
    : condition.reason.startsWith("Waiting")
      ? colours.busy("…")
      : colours.bad("✘");
}

export function tree(resources: (ConnectSsoPersona | ConnectUser)[], colours: Paint): string {
  const personas = resources.filter((one): one is ConnectSsoPersona => one.kind === PERSONA);
  const users = resources.filter((one): one is ConnectUser => one.kind === USER);
  const lines: string[] = [];
  for (const persona of personas) {
    const mine = users.filter(
      (user) =>
        user.metadata.namespace === persona.metadata.namespace && user.spec.personaRef.name === persona.metadata.name,
    );
    lines.push(head(persona, `${persona.spec.application.displayName}, ${persona.spec.roleDelivery.mode}`, colours));
    lines.push(...conditions(persona.status?.conditions as Condition[] | undefined, "│  ", colours));
    for (const [index, user] of mine.entries()) {
      const last = index === mine.length - 1;
      lines.push(
        `${last ? "└─" : "├─"} ${head(user, user.status?.username ?? user.spec.entraUser.userPrincipalName ?? "", colours)}`,
      );
      lines.push(...conditions(user.status?.conditions as Condition[] | undefined, last ? "   " : "│  ", colours));
    }
  }
  const orphans = users.filter(
    (user) =>
      !personas.some(
        ({ metadata }) => metadata.namespace === user.metadata.namespace && metadata.name === user.spec.personaRef.name,
      ),
  );
  for (const user of orphans)
    lines.push(
      head(user, "no such persona", colours),
      ...conditions(user.status?.conditions as Condition[] | undefined, "   ", colours),
    );
  return lines.join("\n");
}

function head(object: ConnectSsoPersona | ConnectUser, detail: string, colours: Paint): string {
  const all = object.status?.conditions as Condition[] | undefined;
  const ready = all?.find(({ type }) => type === "Ready");
  return `${mark(ready, colours)} ${colours.bold(`${object.kind} ${object.metadata.namespace}/${object.metadata.name}`)} ${colours.dim(detail)}`;
}

function conditions(all: Condition[] | undefined, indent: string, colours: Paint): string[] {
  const shown = (all ?? []).filter(({ type, reason }) => !SUMMARY.has(type) && reason !== "NotApplicable");
  const good = shown.filter((one) => (one.status === "True") !== ABNORMAL.has(one.type) && one.status !== "Unknown");
  const open = shown.filter((one) => !good.includes(one));
  const well = good.filter(({ type }) => !ABNORMAL.has(type)).map(({ type }) => type);
  return [
    ...(well.length > 0 ? [`${indent}${colours.good("✔")} ${colours.dim(well.join(" "))}`] : []),
    ...open.map((one) => `${indent}${mark(one, colours)} ${one.type}: ${one.reason}: ${one.message}`),
  ];
}
