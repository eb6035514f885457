/** What the probe is made of: steps that call a cloud, and the facts that they settle. */
import type { AwsCloud } from "./aws-cloud.ts";
import type { GraphCloud } from "./graph-cloud.ts";
import type { Time } from "./time.ts";

/** One answer of a cloud; a refusal is an answer, too. */
export interface Answer<T = Record<string, unknown>> {
  ok: boolean;
  /** HTTP status. */
  status: number;
  body: T | undefined;
  /** Error code and text of a refusal. */
  code?: string;
  message?: string;
  /** Method and path without ids, or the operation's name. */
  operation: string;
}

/** What was seen of one fact. `value` is absent when it could not be settled. */
export interface Finding {
  /** The answer of `behaviour.open` of a sandbox, or one of the step's own. */
  value?: string;
  /** One sentence, without names and ids. */
  observed: string;
  /** How long it took until the answer was seen. */
  seconds?: number;
}

export type Need = "graph" | "iam" | "connect";

export interface FactSpec {
  /** What is open. */
  question: string;
  /** Row of docs/probe.md. */
  row: number;
  values: readonly string[];
}

export interface Step {
  name: string;
  needs: readonly Need[];
  facts: Record<string, FactSpec>;
  /** Typical length against the real clouds. */
  minutes: number;
  /** Application permissions of Microsoft Graph. */
  permissions?: readonly string[];
  /** IAM actions, for example "iam:CreateRole". */
  actions?: readonly string[];
  run(context: StepContext): Promise<void>;
}

export type Made =
  | { kind: "application"; id: string; principalId: string }
  | { kind: "claimsPolicy" | "role" | "iamUser" | "samlProvider" | "connectUser" | "quickConnect"; id: string };

export interface StepContext {
  /** First part of the name of everything that the run makes. */
  name: string;
  /** Value of the owner tag. */
  run: string;
  graph: GraphCloud;
  aws: AwsCloud;
  time: Time;
  /** Called right after a create, so that the clean-up finds what lists do not show yet. */
  made(object: Made): void;
  settle(fact: string, finding: Finding): void;
}

/** A call that a step cannot continue without was refused. */
class Refusal extends Error {
  constructor({ operation, status, code }: Answer<unknown>) {
    super(`${operation} was answered ${status}${code ? ` ${code}` : ""}`);
  }
}

/** The body of an answer that must not be a refusal. */
export function must<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Refusal(answer);
  return answer.body as T;
}

/** How a refusal or an acceptance is written into the file. */
export const seen = ({ operation, status, code }: Answer<unknown>): string =>
  `${operation} was answered ${status}${code ? ` ${code}` : ""}`;
