import { describe, expect, test } from "@jest/globals";
import { classifyGraph, retryAfterMs, unreachable } from "../../../src/providers/graph/errors.ts";
import { thumbprintOf } from "../../../src/providers/graph/shapes.ts";

test.each([
  [429, "TooManyRequests", "", "throttled", "GraphThrottled"],
  [401, "InvalidAuthenticationToken", "", "transient", "GraphUnauthenticated"],
  [403, "Authorization_RequestDenied", "", "terminal", "GraphForbidden"],
  [404, "Request_ResourceNotFound", "", "waiting", "WaitingForReplication"],
  [400, "CannotDeleteOrUpdateEnabledEntitlement", "", "waiting", "WaitingForReplication"],
  [400, "Request_BadRequest", "Not a valid reference update.", "waiting", "WaitingForReplication"],
  [400, "HostNameNotOnVerifiedDomain", "", "waiting", "WaitingForReplication"],
  [400, "CannotCreate", "Failed to add identifier URI x", "waiting", "IdentifierPolicy"],
  [400, "Request_BadRequest", "One or more objects already exists", "conflict", "AlreadyExists"],
  [400, "Request_BadRequest", "Permission being assigned already exists on the object", "conflict", "AlreadyExists"],
  [400, "Request_BadRequest", "EntitlementGrant entry already exists.", "conflict", "AlreadyExists"],
  [
    400,
    "Request_BadRequest",
    "One or more added object references already exist for the following modified properties: 'owners'.",
    "conflict",
    "ReferenceExists",
  ],
  [
    400,
    "Request_BadRequest",
    "One or more removed object references do not exist for the following modified properties: 'owners'.",
    "conflict",
    "ReferenceAbsent",
  ],
  [
    400,
    "Request_BadRequest",
    "Another object with the same value for property identifierUris already exists.",
    "conflict",
    "IdentifierTaken",
  ],
  [
    400,
    "Request_BadRequest",
    "Another object with the same value for property uniqueName already exists.",
    "conflict",
    "AlreadyExists",
  ],
  [400, "DeletingSamlSpNotAllowed", "Property appId is invalid.", "waiting", "WaitingForReplication"],
  [
    400,
    "Request_BadRequest",
    "DeletingSamlSpNotAllowed: Property appId is invalid",
    "waiting",
    "WaitingForReplication",
  ],
  [403, "Directory_QuotaExceeded", "The directory object quota limit has been exceeded", "terminal", "QuotaExceeded"],
  [400, "CredentialInvalidLifetimeAsPerAppPolicy", "", "terminal", "AppManagementPolicy"],
  [400, "Request_BadRequest", "Credential type not allowed as per assigned policy", "terminal", "AppManagementPolicy"],
  [400, "Request_BadRequest", "Invalid value", "terminal", "GraphRefused"],
  [400, "Directory_ExpiredPageToken", "", "transient", "ListExpired"],
  [409, "Conflict", "", "transient", "GraphConflict"],
  [503, "ServiceUnavailable", "", "transient", "GraphUnavailable"],
])("%i %s %s is %s %s", (status, code, message, kind, reason) => {
  expect(classifyGraph({ status, code, message }, "PATCH /x")).toMatchObject({ kind, reason, code, status });
});

test("a taken identifier is told by the details", () => {
  const details = [{ code: "ObjectConflict", target: "identifierUris" }];
  const error = classifyGraph({ status: 400, code: "Request_BadRequest", message: "", details }, "PATCH /x");
  expect(error).toMatchObject({ kind: "conflict", reason: "IdentifierTaken" });
});

test("what Retry-After says goes before our own pause", () => {
  expect(classifyGraph({ status: 404, code: "x", message: "", retryAfterMs: 7 }, "GET /x").retryAfterMs).toBe(7);
  expect(classifyGraph({ status: 404, code: "x", message: "" }, "GET /x").retryAfterMs).toBe(5_000);
});

describe("the outcome is unknown for writes only", () => {
  test.each([
    ["POST /x", undefined, true],
    ["GET /x", undefined, false],
    ["POST /$batch", true, false],
    // A success whose body was garbled on the way.
    ["POST /x", undefined, true, 201],
  ] as [string, boolean | undefined, boolean, number?][])(
    "%s, reads %s: %s",
    (operation, reads, unknown, status = 500) => {
      const failure = { status, code: "x", message: "" };
      expect(classifyGraph(failure, operation, reads).outcomeUnknown).toBe(unknown);
      expect(unreachable(operation, new Error("cut"), reads).outcomeUnknown).toBe(unknown);
    },
  );

  test("not for a 4xx: it was refused", () => {
    expect(classifyGraph({ status: 400, code: "x", message: "" }, "POST /x").outcomeUnknown).toBe(false);
  });
});

test.each([
  [null, undefined],
  ["", undefined],
  ["0", 0],
  ["3", 3_000],
  ["2.128", 2_128],
  ["-5", 0],
  ["soon", undefined],
  ["Wed, 01 Jul 2026 00:00:09 GMT", 9_000],
  ["Tue, 30 Jun 2026 00:00:00 GMT", 0],
])("Retry-After %j is %j ms", (header, expected) => {
  expect(retryAfterMs(header, new Date("2026-07-01T00:00:00Z"))).toBe(expected);
});

const hex = "0123456789ABCDEF0123456789ABCDEF01234567";
test.each([
  ["hex", hex, hex],
  ["hex in lower case", hex.toLowerCase(), hex],
  ["base64 of the bytes", Buffer.from(hex, "hex").toString("base64"), hex],
  ["base64 of the text", Buffer.from(hex).toString("base64"), hex],
  ["something else", Buffer.from(`${hex}00`, "hex").toString("base64"), ""],
  ["nothing", null, ""],
])("thumbprint of %s", (_, given, expected) => {
  expect(thumbprintOf(given)).toBe(expected);
});
