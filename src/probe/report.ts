/** The file that a run writes: what was seen of each fact, and the requests and answers behind it. */
import { randomBytes } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Redactor } from "./redact.ts";
import type { Finding } from "./types.ts";

export interface FactReport extends Finding {
  fact: string;
  question: string;
  row: number;
  step: string;
  /** Of the calls that led to it, as the services name them to their support. */
  requestIds: string[];
}

export interface StepReport {
  name: string;
  seconds: number;
  exchanges: ReturnType<Redactor["exchange"]>[];
}

export interface Report {
  kind: "connect-sso probe";
  /** Of the program. */
  version: string;
  /** Part of the name of everything that the run made; `--resume` finds its remains by it. */
  run: string;
  /** How often it was taken up again. */
  resumed: number;
  began: string;
  ended?: string;
  state: "running" | "interrupted" | "finished";
  cleanUp: { complete: boolean; remains: string[] };
  facts: FactReport[];
  steps: StepReport[];
  notByApi: Record<string, string>;
  manual: readonly string[];
}

/** In one go, readable by its owner alone. */
export function writeReport(file: string, report: Report, redactor: Redactor): void {
  const shown = {
    ...report,
    facts: report.facts.map((one) => ({ ...one, observed: redactor.text(one.observed) })),
    // The last net: a value that a later body shows may stand in an earlier text.
    steps: report.state === "running" ? report.steps : report.steps.map((step) => netted(step, redactor)),
  };
  // A name that cannot be foreseen: no link is followed.
  const half = `${file}.${randomBytes(8).toString("hex")}.part`;
  writeFileSync(half, `${JSON.stringify(shown, undefined, 1)}\n`, { mode: 0o600, flag: "wx" });
  renameSync(half, file);
}

/** A step whose texts have nothing that its redactor knows by now. */
export function netted({ exchanges, ...step }: StepReport, redactor: Redactor): StepReport {
  const one = (exchange: StepReport["exchanges"][number]) => ({
    ...exchange,
    request: redactor.again(exchange.request),
    ...(exchange.answer && { answer: { ...exchange.answer, body: redactor.again(exchange.answer.body) } }),
  });
  return { ...step, exchanges: exchanges.map(one) };
}

const RUN = /^[0-9a-f]{10}$/;

/** Throws an Error that names the file. */
export function readReport(file: string): Report {
  let report: Partial<Report> | null;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Partial<Report> | null;
  } catch (error) {
    throw new Error(`${file} cannot be read: ${(error as Error).message}`);
  }
  // The name decides what is deleted: a part of one would be other runs', too.
  if (report?.kind !== "connect-sso probe" || !RUN.test(report.run ?? "") || !Array.isArray(report.facts))
    throw new Error(`${file} is not the file of a probe`);
  return report as Report;
}
