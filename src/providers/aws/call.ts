/** The way of every AWS call: limiter, breaker, SDK (which never retries by itself), record. */
import type { Clock } from "../../runtime/clock.ts";
import type { Breaker } from "../breaker.ts";
import type { CallOptions, CallRecord, CloudError } from "../errors.ts";
import type { Limiter } from "../limiter.ts";
import { classifyAws } from "./errors.ts";

/** A command of an SDK client. */
interface Command {
  readonly schema?: unknown;
}
export type OutputOf<C> = C extends {
  resolveMiddleware(...args: never[]): (...args: never[]) => Promise<{ output: infer O }>;
}
  ? O
  : never;

/** An SDK client; what it sends rejects for refusals. */
export interface Sender {
  send(command: never, options?: { abortSignal?: AbortSignal }): Promise<unknown>;
}

/** `target`: what a person calls the thing that is written. `operation`: where the command was made into another one. */
export type Call = <C extends Command>(
  command: C,
  o?: CallOptions,
  target?: string,
  operation?: string,
) => Promise<OutputOf<C>>;

/** "DeleteUser", out of the command's schema: a bundler renames classes that have the same name in two clients. */
export const operationOf = ({ schema }: Command): string =>
  (schema as [kind: number, service: string, name: string])[2];

/** All pages of a list: AWS gives the next token until nothing is left. */
export async function pages<T>(read: (token: string | undefined) => Promise<[T[], string | undefined]>): Promise<T[]> {
  const all: T[] = [];
  let token: string | undefined;
  do {
    const [page, next] = await read(token);
    all.push(...page);
    token = next;
  } while (token);
  return all;
}

interface CallContext {
  client: Sender;
  api: "iam" | "sts" | "connect";
  /** First part of the limiter's key: "<account>/<region>". */
  scope: string;
  limiter: Limiter;
  breaker: Breaker;
  clock: Clock;
  onCall(record: CallRecord): void;
}

/** Attempts of a call that was throttled: it had no effect, so even a create may go out again. */
const THROTTLED_ATTEMPTS = 4;
/** Attempts of a call that was signed with a wrong time: refused, so a create too; the SDK signs with the cloud's time from then on. */
const SKEWED_ATTEMPTS = 2;
/** Attempts of a read that failed for a passing reason. */
const READ_ATTEMPTS = 2;

export function createCall(context: CallContext): Call {
  const { api, client, limiter, breaker, clock, scope, onCall } = context;

  return async <C extends Command>(
    command: C,
    o: CallOptions = {},
    target?: string,
    operation = operationOf(command),
  ) => {
    const key = `${api}/${scope}/${operation}`;
    const write = !/^(Get|List|Describe|Search|Simulate)/.test(operation);
    const apiCall = { operation, write, target };
    for (let attempt = 1; ; attempt++) {
      const answered = await limiter.take(key, o);
      try {
        breaker.enter(apiCall);
      } catch (error) {
        answered();
        throw error;
      }
      const startedAt = clock.monotonic();
      const record = (code: string, throttled: boolean) =>
        onCall({
          api,
          operation,
          code,
          write,
          throttled,
          durationMs: clock.monotonic() - startedAt,
          ...(write && { target }),
        });
      try {
        const answer = (await client.send(command as never, { abortSignal: o.signal })) as OutputOf<C>;
        limiter.succeeded(key);
        breaker.succeeded(apiCall);
        record("200", false);
        return answer;
      } catch (cause) {
        const error = classifyAws(cause, { api, operation, write });
        record(String(error.status ?? "error"), error.kind === "throttled");
        if (o.signal?.aborted) {
          breaker.abandoned(apiCall);
          throw error.outcomeUnknown ? error : o.signal.reason;
        }
        const again = attempt < attempts(error, write);
        let verdict = error;
        // Everybody who was under way with the wrong time is refused at once; that says nothing about the service.
        if (again && error.reason === "ClockSkew") breaker.abandoned(apiCall);
        else verdict = breaker.failed(error, apiCall);
        if (error.kind === "throttled") limiter.throttled(key, error.retryAfterMs, startedAt);
        if (!again || verdict.reason === "CircuitOpen") throw verdict;
      } finally {
        // After a 429 was recorded: the next call must not go out before that.
        answered();
      }
    }
  };
}

function attempts(error: CloudError, write: boolean): number {
  if (error.kind === "throttled") return THROTTLED_ATTEMPTS;
  if (error.reason === "ClockSkew") return SKEWED_ATTEMPTS;
  return !write && error.kind === "transient" && error.reason !== "CircuitOpen" ? READ_ATTEMPTS : 1;
}
