/** Signature Version 4 as the services check it. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { SandboxRequest } from "../service.ts";
import { IamError } from "./error.ts";

/** The parts of an `Authorization: AWS4-HMAC-SHA256 …` header. */
export interface Authorization {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
}

/** Reads the header; refuses a request that carries none, as the services do. */
export function readAuthorization(headers: Record<string, string>): Authorization {
  const header = headers.authorization;
  if (!header) throw new IamError("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([\w-]+)\/(\w+)\/aws4_request,\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (!match)
    throw new IamError(
      "IncompleteSignature",
      "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters.",
      400,
    );
  const [, accessKeyId = "", date = "", region = "", service = "", signedHeaders = "", signature = ""] = match;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(";"), signature };
}

/** Signature Version 4 over the request as the caller sent it: the path includes the prefix under which the sandbox serves. */
export function signatureMatches(request: SandboxRequest, authorization: Authorization, secret: string): boolean {
  const { date, region, service, signedHeaders, signature } = authorization;
  const prefix = new URL(request.baseUrl).pathname.replace(/\/$/, "");
  const canonical = [
    request.method,
    (prefix + request.path).split("/").map(encodeSegment).join("/") || "/",
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/ +/g, " ")}`),
    "",
    signedHeaders.join(";"),
    request.headers["x-amz-content-sha256"] ?? sha256(request.body),
  ].join("\n");
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ["AWS4-HMAC-SHA256", request.headers["x-amz-date"] ?? "", scope, sha256(canonical)].join("\n");
  const key = [date, region, service, "aws4_request"].reduce<Buffer | string>(
    (last, part) => hmac(last, part),
    `AWS4${secret}`,
  );
  const expected = hmac(key, toSign);
  const given = Buffer.from(signature, "hex");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Services other than S3 encode each path segment once more. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .map(([name, value]) => `${encodeSegment(name)}=${encodeSegment(value)}`)
    .sort()
    .join("&");
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
