/** A plan for people: on a terminal, and as a pull-request comment. */

import {
  counted,
  everyString,
  htmlText,
  listed,
  markdownBlock,
  markdownCode,
  markdownText,
  terminalText,
} from "../../domain/text.ts";
import type { PlanDocument, PlannedResource } from "../dry-run.ts";
import type { PlannedChange } from "./fold-changes.ts";
import { type Paint, wrap } from "./terminal.ts";

const SIGN = { create: "+", update: "~", delete: "-", replace: "-/+", adopt: "=" } as const;
export const CLOUD_NAMES: Record<string, string> = {
  entra: "Entra",
  iam: "IAM",
  connect: "Connect",
  kubernetes: "Kubernetes",
};
/** Causes that a reader must see; the others are what a plan is for. */
const MARK: Partial<Record<PlannedChange["cause"], string>> = { drift: "drift" };

export function planText(given: PlanDocument, colours: Paint, columns?: number): string {
  const plan = everyString(given, terminalText);
  const same = plan.resources.filter(isSame);
  const lines = plan.resources
    .filter((one) => !isSame(one))
    .flatMap((resource) => [...resourceLines(resource, colours, columns), ""]);
  return [
    ...lines,
    ...sameLines(same, colours, columns),
    ...undeclaredLines(plan, colours, columns),
    ...waits(plan, columns),
    summary(plan, colours, columns),
    ...otherClusterLines(plan).map((line) => wrap(line, columns)),
  ].join("\n");
}

const isSame = ({ changes, problem, note, remarks }: PlannedResource) =>
  changes.length === 0 && !problem && !note && !remarks;

/** As many are named before they are only counted. */
const NAMED = 12;

function sameLines(same: PlannedResource[], colours: Paint, columns?: number): string[] {
  if (same.length === 0) return [];
  const names = same.map(({ namespace, name }) => `${namespace}/${name}`);
  const text = same.length <= NAMED ? names.join(" ") : `${same.length} personas and users`;
  return [wrap(`${colours.good("As declared:")} ${text}`, columns, 2), ""];
}

/** The remedy for most ForeignOwner: the plan was made under another name than the controller's. */
function otherClusterLines({ otherClusters, cluster }: PlanDocument): string[] {
  if (otherClusters.length === 0) return [];
  return [
    `This was compared as cluster ${cluster}, but the clouds hold objects of these names under ${otherClusters.join(", ")}. If a controller owns them, repeat the plan with --cluster-name ${otherClusters[0]}.`,
  ];
}

function undeclaredLines({ undeclared, cluster }: PlanDocument, colours: Paint, columns?: number): string[] {
  if (undeclared.length === 0) return [];
  const rows = undeclared
    .slice(0, NAMED)
    .map(({ kind, namespace, name, object }) =>
      wrap(`  ${colours.dim("?")} ${kind} ${namespace}/${name} ${colours.dim(`# ${object}`)}`, columns, 6),
    );
  return [
    wrap(
      `${colours.busy("Not declared any more")}, though the clouds hold it under the name ${cluster}; left alone:`,
      columns,
    ),
    ...rows,
    ...(undeclared.length > NAMED ? [`  … and ${undeclared.length - NAMED} more`] : []),
    wrap(
      colours.dim(
        "  GitOps with prune, or `connect-sso delete -f` with the former manifest, removes it as its deletionPolicy says. `connect-sso plan --prune` shows what would go.",
      ),
      columns,
      2,
    ),
    "",
  ];
}

function resourceLines(resource: PlannedResource, colours: Paint, columns?: number): string[] {
  const { kind, namespace, name, changes, problem, note, remarks = [] } = resource;
  const title = colours.bold(`${kind} ${namespace}/${name}`);
  if (note) return [`${title} ${colours.dim(note)}`];
  return [
    title,
    ...changes.flatMap((change) => changeLines(change, colours, columns)),
    ...(problem
      ? [
          wrap(
            `  ${problem.waits ? colours.busy("…") : colours.bad("✘")} ${problem.reason}: ${problem.message}`,
            columns,
            4,
          ),
        ]
      : []),
    ...remarks.map((text) => wrap(`  ${colours.busy("!")} ${text}`, columns, 4)),
  ];
}

function changeLines(change: PlannedChange, colours: Paint, columns?: number): string[] {
  const { verb, cloud, object, why, cause, settings = [], differences, wait } = change;
  const colour =
    verb === "create" ? colours.good : verb === "delete" || verb === "replace" ? colours.bad : colours.busy;
  const mark = MARK[cause] ? colours.busy(` (${MARK[cause]})`) : "";
  return [
    wrap(
      `  ${colour(SIGN[verb].padEnd(1))} ${CLOUD_NAMES[cloud]}: ${colours.bold(object)}${mark} ${colours.dim(`# ${why}`)}`,
      columns,
      6,
    ),
    ...settings.map(({ path, value }) => wrap(`      ${colours.dim(`${path}:`)} ${colours.good(value)}`, columns, 8)),
    ...differences.map(({ path, desired, observed }) =>
      wrap(`      ${path}: ${colours.bad(observed)} → ${colours.good(desired)}`, columns, 8),
    ),
    ...(wait ? [wrap(colours.busy(`      … then waits for ${wait}`), columns, 8)] : []),
  ];
}

function waits(plan: PlanDocument, columns?: number): string[] {
  const all = plan.resources.flatMap(({ changes }) => changes.flatMap(({ wait }) => (wait ? [wait] : [])));
  return all.length > 0 ? [wrap(`Will wait for: ${[...new Set(all)].join("; ")}.`, columns), ""] : [];
}

/** What a reviewer must see first. */
function losingText(losing: PlanDocument["losingAccess"], show: (name: string) => string): string | undefined {
  if (losing.length === 0) return undefined;
  const names = losing.map(({ namespace, name }) => show(`${namespace}/${name}`));
  return `${losing.length === 1 ? "1 person loses" : `${losing.length} people lose`} access: ${listed(names, NAMED, ",")}.`;
}

function summary({ summary: count, losingAccess }: PlanDocument, colours: Paint, columns?: number): string {
  const { create, update, delete: remove, adopt, problems } = count;
  const trouble =
    problems > 0
      ? colours.bad(` ${counted(problems, "resource")} ${problems === 1 ? "needs" : "need"} manual action.`)
      : "";
  const marks = adopt > 0 ? ` ${counted(adopt, "object")} only ${adopt === 1 ? "gets" : "get"} our owner tag.` : "";
  const text =
    create + update + remove === 0
      ? `${problems > 0 ? "No changes possible." : colours.good("Nothing to do: the clouds are as declared.")}${marks}${trouble}`
      : `Plan: ${colours.good(`${create} to create`)}, ${colours.busy(`${update} to change`)}, ${colours.bad(`${remove} to delete`)}.${marks}${trouble}`;
  const losing = losingText(losingAccess, (name) => name);
  return [text, ...(losing ? [colours.bad(losing)] : [])].map((line) => wrap(line, columns)).join("\n");
}

/** GitHub refuses comments above 65,536 characters. */
const COMMENT_LIMIT = 60_000;

/** GitHub-flavoured: a diff block for each resource that changes, everything else in one line. */
export function planMarkdown(plan: PlanDocument): string {
  const { create, update, delete: remove, adopt, problems } = plan.summary;
  const changed = plan.resources.filter(({ changes, problem, remarks }) => changes.length > 0 || problem || remarks);
  const same = plan.resources.length - changed.length;
  const counts = `${create} to create, ${update} to change, ${remove} to delete`;
  const head =
    create + update + remove + problems === 0
      ? "### connect-sso plan: nothing to do"
      : `### connect-sso plan: ${counts}${problems > 0 ? `, **${counted(problems, "resource")} ${problems === 1 ? "needs" : "need"} manual action**` : ""}`;
  const blocks: string[] = [];
  let size = 0;
  for (const resource of changed) {
    const block = resourceMarkdown(resource);
    size += block.length;
    if (size > COMMENT_LIMIT) {
      blocks.push(`…and ${changed.length - blocks.length} more resources; run \`connect-sso plan\` to see them.\n`);
      break;
    }
    blocks.push(block);
  }
  const tail = [
    ...(adopt > 0 ? [`${counted(adopt, "object")} only ${adopt === 1 ? "gets" : "get"} our owner tag.\n`] : []),
    ...(same > 0 ? [`${counted(same, "resource")} ${same === 1 ? "is" : "are"} as declared.\n`] : []),
    ...(plan.undeclared.length > 0
      ? [
          `Not declared any more, left alone: ${listed(
            plan.undeclared.map(({ kind, namespace, name }) => `${kind} ${markdownCode(`${namespace}/${name}`)}`),
            NAMED,
            ",",
          )}.\n`,
        ]
      : []),
    ...waits(plan).map(markdownText),
    ...otherClusterLines(plan).map(markdownText),
  ];
  const losing = losingText(plan.losingAccess, markdownCode);
  return [head, "", ...(losing ? [`**${losing}**\n`] : []), ...blocks, ...tail].join("\n").trimEnd();
}

function resourceMarkdown({ kind, namespace, name, changes, problem, remarks = [] }: PlannedResource): string {
  const rows = changes.flatMap(({ verb, cloud, object, why, settings = [], differences, wait }) => [
    `${verb === "update" ? "!" : verb === "replace" ? "- +" : SIGN[verb]} ${CLOUD_NAMES[cloud]}: ${object}  # ${why}`,
    ...settings.map(({ path, value }) => `+   ${path}: ${value}`),
    ...differences.flatMap(({ path, desired, observed }) => [`-   ${path}: ${observed}`, `+   ${path}: ${desired}`]),
    ...(wait ? [`#   then waits for ${wait}`] : []),
  ]);
  return [
    `<details open><summary><b>${htmlText(`${kind} ${namespace}/${name}`)}</b></summary>\n`,
    ...(rows.length > 0
      ? [
          `${markdownBlock(rows, "diff")}
`,
        ]
      : []),
    ...(problem
      ? [`> ${problem.waits ? "⏳" : "❌"} **${markdownText(problem.reason)}**: ${markdownText(problem.message)}\n`]
      : []),
    ...remarks.map((text) => `> ⚠️ ${markdownText(text)}\n`),
    "</details>\n",
  ].join("\n");
}
