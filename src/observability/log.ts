/** JSON lines on standard error; one line for each external write. Secrets are cut out of everything that is logged. */
import { pino, stdSerializers } from "pino";
import { jsonText } from "../domain/text.ts";
import type { CallRecord } from "../providers/errors.ts";
import type { Logger } from "../runtime/logger.ts";
import { LogBudget } from "./log-budget.ts";
import { readableStack } from "./stack.ts";

/** Names whose value is a secret, in JSON (also JSON inside a JSON string), forms, headers and XML. */
const NAMES =
  "SAMLResponse|client_secret|client_assertion|access_token|refresh_token|id_token|secretText|password|SecretToken|SecretAccessKey|SessionToken|X-Amz-Security-Token|X-Amz-Signature|Signature";
/** What must never leave the process: access key ids and secrets, bearer tokens, assertions, certificates, PEM blocks. */
const SECRETS: [RegExp, string][] = [
  [/\b(AKIA|ASIA)[A-Z0-9]{16}\b/g, "$1…"],
  [/\b(Bearer)\s+[\w.~+/=-]+/gi, "$1 …"],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, "…"],
  [/-----BEGIN [^-]+-----[\s\S]*?-----END [^-]+-----/g, "…"],
  // A certificate or key in base64 DER begins so.
  [/\bMI[A-Z][\w+/]{60,}={0,2}/g, "…"],
  [new RegExp(`\\b(${NAMES})(\\\\*["']?\\s*[=:]\\s*\\\\*["']?)[^"'&\\s\\\\,]+`, "gi"), "$1$2…"],
  [new RegExp(`<(${NAMES})>[^<]*<`, "gi"), "<$1>…<"],
  // Graph's synchronization secrets are pairs of key and value.
  [/(key\\*"\s*:\s*\\*"SecretToken\\*"\s*,\s*\\*"value\\*"\s*:\s*\\*")[^"\\]+/g, "$1…"],
];

export function redactText(text: string): string {
  return SECRETS.reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), text);
}

export function createLogger(level: string, destination?: { write(line: string): void }): Logger {
  const out = destination ?? { write: (line: string) => void process.stderr.write(line) };
  const budget = new LogBudget(({ level: number, fields, text }) => {
    if (number >= 50) log.error(fields, text);
    else log.warn(fields, text);
  });
  let counting = false;
  const log: Logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: errorFields, error: errorFields },
      hooks: {
        logMethod(args, method, number) {
          const [fields, text] = args as unknown as [Record<string, unknown>, string];
          // Of debug lines all are wanted; lines of the budget itself are not counted again.
          if (number < pino.levels.values.info! || counting || typeof fields !== "object")
            return method.apply(this, args);
          counting = true;
          const admitted = budget.admit({ level: number, fields, text });
          counting = false;
          if (admitted) method.apply(this, args);
        },
      },
    },
    { write: (line: string) => out.write(jsonText(redactText(line))) },
  );
  return log;
}

/** Name, message, kind and stack; never an SDK's request or response, which hold headers and bodies. */
function errorFields(error: Error | string): Record<string, unknown> | string {
  if (typeof error === "string") return error;
  const { type, message, stack } = stdSerializers.err(error);
  const { kind, reason, code, status } = error as { kind?: string; reason?: string; code?: string; status?: number };
  return { type, message, kind, reason, code, status, stack: stack && readableStack(stack) };
}

/** One line for each write to a cloud; failed reads at debug level, since conditions and metrics show them. */
export function logCall(log: Logger, call: CallRecord): void {
  const fields = {
    api: call.api,
    operation: call.operation,
    code: call.code,
    durationMs: Math.round(call.durationMs),
    target: call.target,
  };
  if (call.write) log.info(fields, "external write");
  else log.debug(fields, "external read");
}
