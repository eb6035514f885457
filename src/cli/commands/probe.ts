/** `connect-sso probe`: asks, runs the steps, cleans up, and says where the file is. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { everyString, terminalText } from "../../domain/text.ts";
import { Redactor } from "../../probe/redact.ts";
import { type Report, readReport } from "../../probe/report.ts";
import { type Rights, rightsOf } from "../../probe/rights.ts";
import { run } from "../../probe/runner.ts";
import { NOT_BY_API, STEPS } from "../../probe/steps/index.ts";
import { realTime } from "../../probe/time.ts";
import type { Step } from "../../probe/types.ts";
import { CloudError } from "../../providers/errors.ts";
import { createGraphTenants } from "../../providers/graph/index.ts";
import { CliError } from "../command.ts";
import { confirm } from "../confirm.ts";
import { type CloudOptions, insecureAllowed, type OutputOptions } from "../options.ts";
import { packageRoot } from "../package-root.ts";
import { print } from "../render/output.ts";
import { VERSION } from "../version.ts";

interface Options extends Pick<CloudOptions, "sandbox" | "sandboxConfig" | "allowInsecureEndpoints">, OutputOptions {
  only?: string[];
  instance?: string;
  tenant?: string;
  out?: string;
  resume?: string;
  rights?: boolean;
  yes?: boolean;
}

const INSTANCE_ARN = /^arn:aws[\w-]*:connect:[a-z0-9-]+:\d{12}:instance\/[^/]+$/;

/** 0: everything asked for was settled, and nothing is left; 2: something was not settled; 1: something is left, or an error. */
export async function probe(options: Options): Promise<number> {
  const resumed = options.resume === undefined ? undefined : fileOf(options.resume);
  if (options.instance !== undefined && !INSTANCE_ARN.test(options.instance))
    throw new CliError("--instance is not the ARN of an Amazon Connect instance");
  const steps = chosen(options);
  if (options.rights) {
    const rights = rightsOf(steps, options.instance);
    print({ data: rights, text: () => rightsText(rights) }, options.output);
    return 0;
  }
  const out = options.out ?? options.resume;
  if (out === undefined) throw new CliError("no file to write", { hint: "name it with --out" });
  if (!resumed && existsSync(out))
    throw new CliError(`${out} exists`, { hint: "choose another --out, or continue that run with --resume" });
  if (!options.yes) await confirm(question(steps, options));
  const session = await open(options);
  const stop = new AbortController();
  const interrupt = () => {
    if (stop.signal.aborted) process.exit(130);
    process.stderr.write(
      "\nstopping: what was made is being deleted; interrupt again to leave it (--resume deletes it later)\n",
    );
    stop.abort(new Error("interrupted"));
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, interrupt);
  try {
    const report = await run({
      steps,
      graph: session.graph,
      ...(options.instance && { instanceArn: options.instance }),
      allowInsecure: session.allowInsecure,
      out,
      version: VERSION,
      redactor: new Redactor(resumed ? `resumed${resumed.resumed + 1}-` : ""),
      ...(resumed && { resumed }),
      ...(options.only && { only: new Set(options.only) }),
      time: realTime(stop.signal),
      cleanUpTime: realTime(new AbortController().signal),
      signal: stop.signal,
      say: (text) => process.stderr.write(`${text}\n`),
    });
    const facts = report.facts.filter(({ fact }) => !options.only || options.only.includes(fact));
    print(
      { data: everyString({ ...report, steps: [] }, terminalText), text: () => summary(report, facts, out) },
      options.output,
    );
    if (!report.cleanUp.complete) return 1;
    if (report.state === "interrupted") return 130;
    return facts.every(({ value }) => value !== undefined) ? 0 : 2;
  } finally {
    for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, interrupt);
    await session.close();
  }
}

function fileOf(name: string): Report {
  try {
    return readReport(name);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
}

/** The steps that settle what is asked for. Without an instance those of Connect are left out, unless they are asked for by name. */
function chosen({ only, instance, rights }: Options): readonly Step[] {
  const known = new Set(STEPS.flatMap(({ facts }) => Object.keys(facts)));
  for (const fact of only ?? []) {
    if (known.has(fact)) continue;
    throw new CliError(
      NOT_BY_API[fact] ? `${fact} cannot be seen by an API: ${NOT_BY_API[fact]}` : `no such fact: ${fact}`,
      {
        hint: `facts are ${[...known].join(", ")}`,
      },
    );
  }
  const wanted = STEPS.filter(({ facts }) => !only || only.some((fact) => fact in facts));
  if (instance || rights) return wanted;
  const inConnect = wanted.filter(({ needs }) => needs.includes("connect"));
  if (only && inConnect.length > 0)
    throw new CliError("facts of Amazon Connect need an instance", {
      hint: "name a test instance with --instance ARN",
    });
  return wanted.filter((step) => !inConnect.includes(step));
}

function question(steps: readonly Step[], { instance }: Options): string {
  const minutes = steps.reduce((sum, one) => sum + one.minutes, 0);
  const where = ["the tenant", "the account", ...(instance ? [`the instance ${instance}`] : [])].join(", ");
  return `Objects named connect-sso-probe-… will be made in ${where}, changed and deleted again: ${steps.length} steps, about ${minutes} minutes. Is all of it for tests?`;
}

async function open(options: Options) {
  const wanted = options.sandbox === true || options.sandboxConfig !== undefined;
  const running = wanted && options.sandboxConfig === undefined && process.env.CONNECT_SSO_GRAPH_URL !== undefined;
  let close = async () => {};
  if (wanted && !running) {
    const { startSandbox } = await import("../../sandbox/server.ts");
    const world = options.sandboxConfig ?? join(packageRoot(), "examples/sandbox-world.yaml");
    const sandbox = await startSandbox({ world });
    Object.assign(process.env, sandbox.env);
    close = () => sandbox.close();
  }
  const allowInsecure = wanted || insecureAllowed(options);
  const tenants = createGraphTenants({ allowInsecure });
  const tenant = options.tenant ?? process.env.AZURE_TENANT_ID;
  if (!tenant) throw new CliError("no tenant", { hint: "set AZURE_TENANT_ID, or name it with --tenant" });
  try {
    return { graph: await tenants.access(tenant), allowInsecure, close };
  } catch (error) {
    await close();
    throw error instanceof CloudError ? new CliError(error.message) : error;
  }
}

function summary(report: Report, facts: Report["facts"], out: string): string {
  const width = Math.max(0, ...facts.map(({ fact }) => fact.length));
  const lines = facts.map(
    ({ fact, value, observed, seconds }) =>
      `  ${fact.padEnd(width)}  ${value ?? "?"}${seconds ? ` (${seconds} s)` : ""}: ${observed}`,
  );
  const left = report.cleanUp.complete
    ? ["Nothing of it is left."]
    : [
        "Left behind, or not looked at:",
        ...report.cleanUp.remains.map((text) => `  ${text}`),
        `Delete it with connect-sso probe --resume ${out}`,
      ];
  const manual = `Not seen by an API: ${Object.keys(NOT_BY_API).join(", ")}. The file says what to do by hand.`;
  return terminalText(
    [...lines, ...left, manual, `Written to ${out}. Read it before you attach it to an issue.`].join("\n"),
  );
}

const rightsText = ({ graph, aws }: Rights): string =>
  [
    "Application permissions of Microsoft Graph:",
    ...graph.map((name) => `  ${name}`),
    ...(aws ? ["Policy of the AWS identity:", JSON.stringify(aws, undefined, 2)] : []),
  ].join("\n");
