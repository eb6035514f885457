/** Pure classifier of what the AWS SDK throws: by error name first, by HTTP status second. Tables: facts/aws.md 1.5 and 3.4. */
import type { Reason } from "../../api/reasons.ts";
import { CloudError, type ErrorKind } from "../errors.ts";

interface AwsCall {
  api: "iam" | "sts" | "connect";
  operation: string;
  write: boolean;
}

type Rule = [kind: ErrorKind, reason: Reason];

const COMMON: Record<string, Rule> = {
  AccessDenied: ["terminal", "AccessDenied"],
  UnauthorizedOperation: ["terminal", "AccessDenied"],
  InvalidClientTokenId: ["terminal", "CredentialsInvalid"],
  UnrecognizedClient: ["terminal", "CredentialsInvalid"],
  SignatureDoesNotMatch: ["terminal", "CredentialsInvalid"],
  InvalidSignature: ["terminal", "CredentialsInvalid"],
  IncompleteSignature: ["terminal", "CredentialsInvalid"],
  MissingAuthenticationToken: ["terminal", "CredentialsInvalid"],
  CredentialsProviderError: ["terminal", "CredentialsMissing"],
  ExpiredToken: ["transient", "CredentialsExpired"],
  RequestExpired: ["transient", "ClockSkew"],
  Throttling: ["throttled", "Throttled"],
  Throttled: ["throttled", "Throttled"],
  TooManyRequests: ["throttled", "Throttled"],
  RequestLimitExceeded: ["throttled", "Throttled"],
  // 429 on Connect and 409 on IAM, but a quota that only a person can raise: facts/aws.md trap 6.
  LimitExceeded: ["terminal", "QuotaExceeded"],
  ServiceQuotaExceeded: ["terminal", "QuotaExceeded"],
  Validation: ["terminal", "InvalidInput"],
  InvalidInput: ["terminal", "InvalidInput"],
  InvalidRequest: ["terminal", "InvalidInput"],
  InvalidParameter: ["terminal", "InvalidInput"],
  MalformedPolicyDocument: ["terminal", "MalformedPolicyDocument"],
  UnmodifiableEntity: ["terminal", "UnmodifiableEntity"],
  PolicyNotAttachable: ["terminal", "PolicyNotAttachable"],
  NoSuchEntity: ["waiting", "NotFound"],
  ResourceNotFound: ["waiting", "NotFound"],
  UserNotFound: ["waiting", "NotFound"],
  EntityAlreadyExists: ["conflict", "AlreadyExists"],
  DuplicateResource: ["conflict", "AlreadyExists"],
  DeleteConflict: ["waiting", "StillInUse"],
  ResourceInUse: ["waiting", "StillInUse"],
  ConcurrentModification: ["transient", "ConcurrentModification"],
  EntityTemporarilyUnmodifiable: ["waiting", "TemporarilyUnmodifiable"],
  ResourceConflict: ["transient", "ConcurrentModification"],
  ConditionalOperationFailed: ["transient", "ConcurrentModification"],
  Idempotency: ["conflict", "AlreadyExists"],
  UnknownOperation: ["terminal", "NotSupported"],
  ServiceFailure: ["transient", "ServiceFailure"],
  InternalService: ["transient", "ServiceFailure"],
  InternalFailure: ["transient", "ServiceFailure"],
  ServiceUnavailable: ["transient", "ServiceFailure"],
};

/** Milliseconds after which eventual consistency usually has caught up. */
const CONSISTENCY_MS = 5_000;
/** What a person is about to make is looked for again after this time. */
const MADE_SOON_MS = 60_000;

/** IAM's NoSuchEntity about the boundary that a request sets, not about the role or user that it is for. */
const NO_BOUNDARY = /Scope ARN: (\S+) does not exist or is not attachable/;

const HIGHER_QUOTA: Partial<Record<AwsCall["api"], string>> = {
  iam: "delete what is not used, or request more in Service Quotas (AWS Identity and Access Management)",
  connect: "delete users that are not needed, or request more in Service Quotas (Amazon Connect)",
};

interface SdkError {
  name?: string;
  code?: string;
  message?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { statusCode?: number; headers?: Record<string, string> };
}

/** Never throws; the message carries neither bodies nor headers nor anything that looks like a credential. */
export function classifyAws(error: unknown, call: AwsCall): CloudError {
  if (error instanceof CloudError) return error;
  const e = (typeof error === "object" && error !== null ? error : {}) as SdkError;
  // A parse failure keeps the real status in $response; $metadata is missing then.
  const status = e.$metadata?.httpStatusCode ?? e.$response?.statusCode;
  const code = e.name && e.name !== "Error" ? e.name : (e.code ?? "Unknown");
  const text = redact(String(e.message ?? code));
  const [kind, reason] = rule(code, status, text);
  const answered = status !== undefined && status < 500 && status >= 300;
  return new CloudError(`${call.api}:${call.operation}: ${explain(reason, text, call)}`, {
    kind,
    reason,
    code,
    status,
    retryAfterMs: retryAfter(kind, reason, e),
    outcomeUnknown: call.write && !answered && reason !== "CredentialsMissing",
  });
}

function rule(code: string, status: number | undefined, text: string): Rule {
  const short = code.replace(/(Exception|Error|Fault)$/, "");
  // IAM checks principals against a lagging view; a role that trusts something new is accepted a little later.
  if (short === "MalformedPolicyDocument" && /invalid principal/i.test(text))
    return ["waiting", "PrincipalNotYetKnown"];
  if (short === "NoSuchEntity" && NO_BOUNDARY.test(text)) return ["terminal", "BoundaryNotFound"];
  // The name is that of a wrong secret; only the text shows that a clock is wrong.
  if (/^Signature (expired|not yet current)/.test(text)) return ["transient", "ClockSkew"];
  const known = COMMON[code] ?? COMMON[short];
  if (known) return known;
  if (status === 429) return ["throttled", "Throttled"];
  if (status === 401 || status === 403) return ["terminal", "AccessDenied"];
  if (status === 404) return ["waiting", "NotFound"];
  if (status === 409) return ["conflict", "Conflict"];
  if (status !== undefined && status >= 400 && status < 500) return ["terminal", "Rejected"];
  if (status !== undefined && status >= 500) return ["transient", "ServiceFailure"];
  return ["transient", status === undefined ? "NoAnswer" : "MalformedAnswer"];
}

function explain(reason: string, text: string, call: AwsCall): string {
  switch (reason) {
    case "AccessDenied":
      return `the controller's credentials lack the right ${call.api}:${call.operation} (${text})`;
    case "BoundaryNotFound":
      return `there is no policy ${NO_BOUNDARY.exec(text)![1]} for the permissions boundary: make it (connect-sso policy boundary prints one), or name another in the controller's configuration or in aws.permissionsBoundaryArn`;
    case "CredentialsMissing":
      return `no AWS credentials were found (${text})`;
    case "QuotaExceeded":
      return `${text}; ${HIGHER_QUOTA[call.api] ?? HIGHER_QUOTA.iam}`;
    case "NotSupported":
      return `this Amazon Connect has no operation ${call.operation}`;
    case "NoAnswer":
      return `no answer (${text})`;
    case "ClockSkew":
      return `the clock here and the cloud's differ: ${text}`;
    case "MalformedAnswer":
      return "the answer could not be read";
    default:
      return text;
  }
}

function retryAfter(kind: ErrorKind, reason: string, e: SdkError): number | undefined {
  const header = e.$response?.headers?.["retry-after"];
  const seconds = header ? Number(header) : Number.NaN;
  if (Number.isFinite(seconds) && seconds >= 0) return seconds * 1000;
  if (reason === "BoundaryNotFound") return MADE_SOON_MS;
  return kind === "waiting" ? CONSISTENCY_MS : undefined;
}

/** Access key ids, session tokens, secrets and long base64 runs; one line of at most 500 characters. */
function redact(text: string): string {
  return text
    .split("\n")[0]!
    .replace(/\b(AKIA|ASIA)[A-Z0-9]{12,}([A-Z0-9]{4})\b/g, "$1…$2")
    .replace(/(?<![\w/])[A-Za-z0-9+/]{40}(?![\w/])/g, "[redacted]")
    .replace(/[A-Za-z0-9+/=]{100,}/g, "[redacted]")
    .slice(0, 500);
}

/** True for "not there", whichever API says so. */
function isNotFound(error: unknown): boolean {
  return error instanceof CloudError && error.reason === "NotFound";
}

/** The value, or undefined when the cloud says that there is none. */
export async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
