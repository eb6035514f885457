/** A plan for people: on a terminal, and as a pull-request comment. */
import type { Change } from "../domain/plan.ts";
import type { PlanDocument, PlannedResource } from "./planning.ts";
import { type Paint, wrap } from "./terminal.ts";

const SIGN = { create: "+", update: "~", delete: "-", adopt: "=", wait: "…" } as const;
const CLOUD = { entra: "Entra", iam: "IAM", connect: "Connect" } as const;

export function planText(plan: PlanDocument, colours: Paint, columns?: number): string {
  const lines = plan.resources.flatMap((resource) => [...resourceLines(resource, colours, columns), ""]);
  return [...lines, ...waits(plan), summary(plan, colours)].join("\n");
}

function resourceLines(resource: PlannedResource, colours: Paint, columns?: number): string[] {
  const { kind, namespace, name, changes, problem, note } = resource;
  const title = colours.bold(`${kind} ${namespace}/${name}`);
  if (note) return [`${title} ${colours.dim(note)}`];
  if (changes.length === 0 && !problem) return [`${title} ${colours.good("is as declared")}`];
  const sign = (change: Change) => {
    const mark = SIGN[change.verb];
    return change.verb === "create"
      ? colours.good(mark)
      : change.verb === "delete"
        ? colours.bad(mark)
        : colours.busy(mark);
  };
  return [
    title,
    ...changes.flatMap((change) => [
      wrap(
        `  ${sign(change)} ${CLOUD[change.cloud]}: ${change.object}${change.drift ? colours.busy(" (drift)") : ""} ${colours.dim(`# ${change.why}`)}`,
        columns,
        6,
      ),
      ...change.differences.map(({ path, desired, observed }) =>
        wrap(`      ${path}: ${colours.bad(observed)} → ${colours.good(desired)}`, columns, 8),
      ),
      ...(change.wait ? [colours.dim(`      then waits for ${change.wait}`)] : []),
    ]),
    ...(problem
      ? [
          wrap(
            `  ${problem.waits ? colours.busy("…") : colours.bad("✘")} ${problem.reason}: ${problem.message}`,
            columns,
            4,
          ),
        ]
      : []),
  ];
}

function waits(plan: PlanDocument): string[] {
  const all = plan.resources.flatMap(({ changes }) => changes.flatMap(({ wait }) => (wait ? [wait] : [])));
  return all.length > 0 ? [`Will wait for: ${[...new Set(all)].join("; ")}.`, ""] : [];
}

function summary(
  { summary: { create, update, delete: remove, adopt, problems } }: PlanDocument,
  colours: Paint,
): string {
  const trouble = problems > 0 ? colours.bad(` ${problems} resource(s) need a person.`) : "";
  const marks = adopt > 0 ? ` ${adopt} object(s) only get our owner tag.` : "";
  return create + update + remove === 0
    ? `${problems > 0 ? "Nothing can be changed." : colours.good("Nothing to do: the clouds are as declared.")}${marks}${trouble}`
    : `Plan: ${colours.good(`${create} to create`)}, ${colours.busy(`${update} to change`)}, ${colours.bad(`${remove} to delete`)}.${marks}${trouble}`;
}

/** GitHub-flavoured: a diff block for each resource that changes, everything else in one line. */
export function planMarkdown(plan: PlanDocument): string {
  const { create, update, delete: remove, problems } = plan.summary;
  const changed = plan.resources.filter(({ changes, problem }) => changes.length > 0 || problem);
  const same = plan.resources.length - changed.length;
  const head =
    create + update + remove + problems === 0
      ? "### connect-sso plan: nothing to do"
      : `### connect-sso plan: ${create} to create, ${update} to change, ${remove} to delete${problems > 0 ? `, **${problems} need a person**` : ""}`;
  const blocks = changed.map(({ kind, namespace, name, changes, problem }) => {
    const rows = changes.flatMap((change) => [
      `${change.verb === "update" ? "!" : SIGN[change.verb]} ${CLOUD[change.cloud]}: ${change.object}  # ${change.why}`,
      ...change.differences.flatMap(({ path, desired, observed }) => [
        `-   ${path}: ${observed}`,
        `+   ${path}: ${desired}`,
      ]),
    ]);
    return [
      `<details open><summary><b>${kind} ${namespace}/${name}</b></summary>\n`,
      ...(rows.length > 0 ? ["```diff", ...rows, "```"] : []),
      ...(problem ? [`> ${problem.waits ? "⏳" : "❌"} **${problem.reason}**: ${problem.message}`] : []),
      "</details>",
    ].join("\n");
  });
  return [head, "", ...blocks, ...(same > 0 ? [`${same} resource(s) are as declared.`] : []), ...waits(plan)].join(
    "\n",
  );
}
