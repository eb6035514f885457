/** What an error of Microsoft Graph means for us. Code and message both count: one code covers many cases. */
import type { Reason } from "../../api/reasons.ts";
import { CloudError, type ErrorKind } from "../errors.ts";

export interface GraphFailure {
  status: number;
  code: string;
  message: string;
  details?: { code?: string; target?: string }[];
  retryAfterMs?: number;
}

interface Rule {
  when(failure: GraphFailure): boolean;
  kind: ErrorKind;
  reason: Reason;
  /** Milliseconds. */
  retryAfterMs?: number;
  /** Added to the message: what to do. */
  hint?: string;
}

const has = (text: string) => (failure: GraphFailure) => failure.message.toLowerCase().includes(text.toLowerCase());

/** First match wins. Sources: facts on Microsoft Graph, sections 3.2, 6.2, 6.3, 8, 11; recorded answers G-4 to G-7. */
const RULES: Rule[] = [
  { when: ({ status }) => status < 300, kind: "transient", reason: "MalformedAnswer" },
  { when: ({ status }) => status === 429, kind: "throttled", reason: "GraphThrottled" },
  { when: ({ status }) => status === 401, kind: "transient", reason: "GraphUnauthenticated" },
  // Replication after a create or a disable looks like a mistake of ours for a while.
  {
    when: ({ code }) => code === "CannotDeleteOrUpdateEnabledEntitlement",
    kind: "waiting",
    reason: "WaitingForReplication",
    retryAfterMs: 5_000,
  },
  { when: has("Not a valid reference update"), kind: "waiting", reason: "WaitingForReplication", retryAfterMs: 5_000 },
  {
    when: has("does not reference a valid application object"),
    kind: "waiting",
    reason: "WaitingForReplication",
    retryAfterMs: 5_000,
  },
  { when: has("backing application"), kind: "waiting", reason: "WaitingForReplication", retryAfterMs: 5_000 },
  // SAML mode exempts from the verified-domain rule, but it takes a while until that rule sees it.
  {
    when: ({ code }) => code === "HostNameNotOnVerifiedDomain",
    kind: "waiting",
    reason: "WaitingForReplication",
    retryAfterMs: 10_000,
  },
  { when: has("Failed to add identifier URI"), kind: "waiting", reason: "IdentifierPolicy", retryAfterMs: 60_000 },
  // The property is in the details, or in the message alone.
  {
    when: ({ details }) =>
      details?.some(({ code, target }) => code === "ObjectConflict" && target === "identifierUris") ?? false,
    kind: "conflict",
    reason: "IdentifierTaken",
  },
  {
    when: ({ message }) => /property identifierUris\b.*already exists/i.test(message),
    kind: "conflict",
    reason: "IdentifierTaken",
  },
  // Lists lag: what a $ref is to make is made, and what it is to take away is gone. Source: go-azure-sdk odata/errors.go.
  { when: has("added object references already exist"), kind: "conflict", reason: "ReferenceExists" },
  { when: has("removed object references do not exist"), kind: "conflict", reason: "ReferenceAbsent" },
  { when: has("already exists"), kind: "conflict", reason: "AlreadyExists" },
  // Seen with this template while the identifiers are not cleared everywhere. Source: terraform-provider-azuread#1388.
  {
    when: ({ code, message }) => `${code} ${message}`.includes("DeletingSamlSpNotAllowed"),
    kind: "waiting",
    reason: "WaitingForReplication",
    retryAfterMs: 5_000,
  },
  {
    when: ({ code }) => /^Directory_QuotaExceeded$/i.test(code),
    kind: "terminal",
    reason: "QuotaExceeded",
    hint: "deleted applications count for 30 days: purge those that are not needed, or request a higher quota",
  },
  {
    when: ({ code, message }) =>
      /InvalidLifetimeAsPerAppPolicy$/.test(code) || /lifetime exceeds .* assigned policy/i.test(message),
    kind: "terminal",
    reason: "AppManagementPolicy",
    hint: "set application.signingCertificate.lifetime to what the tenant's application management policy allows, or exempt the application",
  },
  {
    when: ({ code, message }) => /AsPerAppPolicy$/.test(code) || /as per assigned policy/i.test(message),
    kind: "terminal",
    reason: "AppManagementPolicy",
    hint: "the tenant's application management policy forbids this credential: exempt the application, or upload a certificate that fits",
  },
  // A list that took too long between two pages is started again.
  { when: ({ code }) => code === "Directory_ExpiredPageToken", kind: "transient", reason: "ListExpired" },
  {
    when: ({ status }) => status === 403,
    kind: "terminal",
    reason: "GraphForbidden",
    hint: "grant the application permission that this call needs (docs/permissions.md) and consent to it",
  },
  { when: ({ status }) => status === 404, kind: "waiting", reason: "WaitingForReplication", retryAfterMs: 5_000 },
  {
    when: ({ status }) => status === 409 || status === 412 || status === 423,
    kind: "transient",
    reason: "GraphConflict",
  },
  { when: ({ status }) => status >= 500, kind: "transient", reason: "GraphUnavailable" },
  { when: ({ status }) => status >= 400, kind: "terminal", reason: "GraphRefused" },
];

/**
 * `operation` is "PATCH /applications/{id}"; writes whose answer is lost, 5xx, or a success that cannot be read have an unknown outcome,
 * what only `reads` never.
 */
export function classifyGraph(
  failure: GraphFailure,
  operation: string,
  reads = operation.startsWith("GET"),
): CloudError {
  const rule: Omit<Rule, "when"> = RULES.find(({ when }) => when(failure)) ?? {
    kind: "transient",
    reason: "GraphUnreachable",
  };
  const hint = rule.hint ? `; ${rule.hint}` : "";
  return new CloudError(`${operation}: ${failure.code}: ${failure.message.split("\n")[0]!.slice(0, 300)}${hint}`, {
    kind: rule.kind,
    reason: rule.reason,
    code: failure.code,
    status: failure.status,
    retryAfterMs: failure.retryAfterMs ?? rule.retryAfterMs,
    outcomeUnknown: !reads && (failure.status >= 500 || failure.status < 300),
  });
}

/** What became of a connection, in a word: `ECONNRESET`, `ENOTFOUND`, `TimeoutError`. */
export function networkCode(error: unknown): string {
  const { cause, code, name } = error as { cause?: { code?: unknown }; code?: unknown; name?: string };
  // A time-out is a DOMException, and its code a number that says nothing.
  const found = [cause?.code, code].find((one) => typeof one === "string");
  return (found as string | undefined) ?? name ?? "NetworkError";
}

/** No answer at all: time-out, reset, name resolution. */
export function unreachable(operation: string, cause: unknown, reads = operation.startsWith("GET")): CloudError {
  const code = networkCode(cause);
  return new CloudError(`${operation}: no answer (${code})`, {
    kind: "transient",
    reason: "GraphUnreachable",
    code,
    outcomeUnknown: !reads,
    cause,
  });
}

/** Retry-After in milliseconds: seconds with or without decimals, or a date. */
export function retryAfterMs(header: string | null | undefined, now: Date): number | undefined {
  if (!header) return undefined;
  const seconds = Number(header);
  if (Number.isFinite(seconds)) return Math.max(0, Math.ceil(seconds * 1000));
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}
