/** Runs steps one after the other, cleans up after each, and keeps the file up to date. */
import { randomBytes } from "node:crypto";
import type { GraphAccess } from "../providers/graph/index.ts";
import { AwsCloud } from "./aws-cloud.ts";
import { cleanUp, PREFIX } from "./clean-up.ts";
import { GraphCloud } from "./graph-cloud.ts";
import { Recorder } from "./recorder.ts";
import type { Redactor } from "./redact.ts";
import { netted, type Report, writeReport } from "./report.ts";
import { MANUAL, NOT_BY_API } from "./steps/index.ts";
import type { Time } from "./time.ts";
import type { Made, Need, Step, StepContext } from "./types.ts";

export interface RunOptions {
  steps: readonly Step[];
  graph: GraphAccess;
  instanceArn?: string;
  allowInsecure: boolean;
  out: string;
  version: string;
  redactor: Redactor;
  /** Of a run that was killed: its remains are deleted first, and facts that it settled stay. */
  resumed?: Report;
  /** Facts that are asked for; default: all of the steps. */
  only?: ReadonlySet<string>;
  time: Time;
  /** Interrupts the steps, not the clean-up. */
  signal?: AbortSignal;
  /** Time of the clean-up, which continues after an interruption; default: `time`. */
  cleanUpTime?: Time;
  say?(text: string): void;
}

export async function run(options: RunOptions): Promise<Report> {
  const { steps, redactor, resumed, out, time } = options;
  const say = options.say ?? (() => {});
  const report: Report = {
    kind: "connect-sso probe",
    version: options.version,
    run: resumed?.run ?? randomBytes(5).toString("hex"),
    resumed: resumed ? resumed.resumed + 1 : 0,
    began: resumed?.began ?? new Date(time.now()).toISOString(),
    state: "running",
    cleanUp: { complete: false, remains: [] },
    facts: resumed?.facts.filter(({ value }) => value !== undefined) ?? [],
    steps: resumed?.steps ?? [],
    notByApi: NOT_BY_API,
    manual: MANUAL,
  };
  const write = () => writeReport(out, report, redactor);
  const name = `${PREFIX}${report.run}`;
  const recorder = new Recorder();
  const connectRegion = options.instanceArn?.split(":")[3];
  const clouds = (signal: AbortSignal | undefined, own: Recorder, at: Time) => ({
    graph: new GraphCloud(options.graph, own, at, signal),
    aws: new AwsCloud({
      ...(connectRegion && { region: connectRegion }),
      ...(options.instanceArn && { instanceArn: options.instanceArn }),
      allowInsecure: options.allowInsecure,
      recorder: own,
      ...(signal && { signal }),
    }),
  });
  const working = clouds(options.signal, recorder, time);
  const sweeping = clouds(undefined, new Recorder(), options.cleanUpTime ?? time);
  const clean = (needs: Iterable<Need>, made: readonly Made[]) =>
    cleanUp({ name, made, needs: new Set(needs), ...sweeping, time: options.cleanUpTime ?? time });
  const remains = new Set<string>();
  try {
    await hideWorld(options, working.aws, steps);
    // Before anything is made: a run that is killed can be resumed.
    write();
    if (resumed) {
      say("deleting what the former run left");
      for (const text of await clean(needsOf(steps), [])) remains.add(text);
    }
    for (const step of steps) {
      if (options.signal?.aborted) break;
      const wanted = Object.keys(step.facts).filter((fact) => !options.only || options.only.has(fact));
      const settled = new Set(report.facts.map(({ fact }) => fact));
      if (wanted.every((fact) => settled.has(fact))) continue;
      say(`${step.name}: ${wanted.join(", ")}`);
      report.facts = report.facts.filter(({ fact }) => !(fact in step.facts));
      report.steps = report.steps.filter((one) => one.name !== step.name);
      const made: Made[] = [];
      await probe(
        step,
        report,
        { name, run: report.run, ...working, time, made: (one) => made.push(one) },
        options,
        recorder,
      );
      for (const text of await clean(step.needs, made)) remains.add(text);
      write();
    }
    // Once more: what lists did not show when its step ended.
    remains.clear();
    for (const text of await clean(needsOf(steps), [])) remains.add(text);
  } finally {
    report.cleanUp = { complete: remains.size === 0, remains: [...remains] };
    report.state = options.signal?.aborted ? "interrupted" : "finished";
    report.ended = new Date(time.now()).toISOString();
    working.aws.close();
    sweeping.aws.close();
    write();
  }
  return report;
}

const needsOf = (steps: readonly Step[]): Set<Need> => new Set(steps.flatMap(({ needs }) => needs));

/** One step; never throws. What it could not settle says why. */
async function probe(
  step: Step,
  report: Report,
  context: Omit<StepContext, "settle">,
  { time, redactor, signal }: RunOptions,
  recorder: Recorder,
): Promise<void> {
  const open = new Set(Object.keys(step.facts));
  let reported = 0;
  recorder.begin();
  const began = time.now();
  const settle: StepContext["settle"] = (fact, finding) => {
    const spec = step.facts[fact]!;
    open.delete(fact);
    const requestIds = recorder.exchanges.slice(reported).flatMap(({ answer }) => answer?.requestId ?? []);
    reported = recorder.exchanges.length;
    report.facts.push({
      fact,
      question: spec.question,
      row: spec.row,
      step: step.name,
      ...finding,
      ...(finding.seconds !== undefined && { seconds: Math.round(finding.seconds * 10) / 10 }),
      requestIds,
    });
  };
  try {
    await step.run({ ...context, settle });
    for (const fact of open) settle(fact, { observed: "an earlier call of the step did not go through" });
  } catch (error) {
    const why = signal?.aborted ? "interrupted" : `not settled: ${(error as Error).message}`;
    for (const fact of open) settle(fact, { observed: why });
  }
  const exchanges = recorder.exchanges.map((one) => redactor.exchange(one));
  const seconds = Math.round((time.now() - began) / 1000);
  report.steps.push(netted({ name: step.name, seconds, exchanges }, redactor));
}

/** What names the tenant, the account and the credentials, before the first request is written down. */
async function hideWorld(options: RunOptions, aws: AwsCloud, steps: readonly Step[]): Promise<void> {
  const { redactor, graph, instanceArn } = options;
  redactor.hide("tenant", graph.tenantId);
  redactor.hide("tenant", graph.tenantId.replaceAll("-", ""));
  redactor.hide("graph", new URL(graph.graphUrl).host);
  redactor.hide("login", new URL(graph.loginUrl).host);
  for (const name of [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
  ])
    redactor.hide("credential", process.env[name]);
  redactor.hide("instance", instanceArn);
  redactor.hide("instance", instanceArn?.split("/")[1]);
  const needs = needsOf(steps);
  if (!needs.has("iam") && !needs.has("connect")) return;
  // Without credentials each step says so itself.
  const identity = await aws.identity().catch(() => undefined);
  redactor.hide("account", identity?.account);
  redactor.hide("caller", identity?.arn);
  redactor.hide("caller", identity?.arn.split("/").at(-1));
}
