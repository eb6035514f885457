/** What AWS says, by name first and status second, and what a reconcile makes of it. */
import { expect, test } from "@jest/globals";
import { classifyAws } from "../../../src/providers/aws/errors.ts";

const sdkError = (name: string, httpStatusCode: number | undefined, message = "text") =>
  Object.assign(new Error(message), { name, $metadata: { httpStatusCode } });
const call = { api: "connect", operation: "CreateUser", write: true } as const;

test.each<[name: string, status: number | undefined, message: string, kind: string, reason: string]>([
  ["AccessDeniedException", 403, "", "terminal", "AccessDenied"],
  ["UnrecognizedClientException", 403, "", "terminal", "CredentialsInvalid"],
  ["InvalidClientTokenId", 403, "", "terminal", "CredentialsInvalid"],
  [
    "InvalidSignatureException",
    403,
    "The request signature we calculated does not match",
    "terminal",
    "CredentialsInvalid",
  ],
  ["InvalidSignatureException", 403, "Signature expired: 2026 is now earlier than 2027", "transient", "ClockSkew"],
  ["SignatureDoesNotMatch", 403, "Signature not yet current: 2027 is still later than 2026", "transient", "ClockSkew"],
  ["RequestExpired", 400, "", "transient", "ClockSkew"],
  ["ExpiredTokenException", 403, "", "transient", "CredentialsExpired"],
  ["LimitExceededException", 429, "", "terminal", "QuotaExceeded"],
  ["ThrottlingException", 429, "", "throttled", "Throttled"],
  ["Throttling", 400, "Rate exceeded", "throttled", "Throttled"],
  ["ResourceNotFoundException", 404, "", "waiting", "NotFound"],
  ["DuplicateResourceException", 409, "", "conflict", "AlreadyExists"],
  ["MalformedPolicyDocumentException", 400, "Invalid principal in policy", "waiting", "PrincipalNotYetKnown"],
  ["MalformedPolicyDocumentException", 400, "Syntax errors in policy.", "terminal", "MalformedPolicyDocument"],
  ["SomethingNew", 429, "", "throttled", "Throttled"],
  ["SomethingNew", 403, "", "terminal", "AccessDenied"],
  ["SomethingNew", 503, "", "transient", "ServiceFailure"],
  ["TimeoutError", undefined, "", "transient", "NoAnswer"],
])("%s (%s) %s", (name, status, message, kind, reason) => {
  expect(classifyAws(sdkError(name, status, message), call)).toMatchObject({ kind, reason });
});

test("keys, tokens and secrets of a message are not repeated", () => {
  const said = `AKIAIOSFODNN7EXAMPLE wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEYAA ${"t".repeat(200)}`;
  const { message } = classifyAws(sdkError("ValidationException", 400, said), call);
  expect(message).toBe("connect:CreateUser: AKIA…MPLE [redacted] [redacted]");
});
