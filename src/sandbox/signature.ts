/** Signature Version 4 as the services check it: who signs, for which service and region, when, and with which secret. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Caller, SandboxHost } from "./host.ts";
import type { SandboxRequest } from "./service.ts";

/** What is wrong with a signature; each protocol has its own names for these. */
export type SignatureFault = "missing" | "incomplete" | "unknownKey" | "expired" | "mismatch";

export class SignatureError extends Error {
  readonly fault: SignatureFault;
  constructor(fault: SignatureFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

interface SignedFor {
  service: "iam" | "sts" | "connect";
  /** How far the date may be off, minutes: AWS services name 5 or 15 in their refusals. */
  skewMinutes: number;
}

export interface Signer {
  accessKeyId: string;
  caller: Caller;
  region: string;
}

/** The parts of an `Authorization: AWS4-HMAC-SHA256 …` header. */
interface Authorization {
  accessKeyId: string;
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
}

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** Who signed the request; throws a SignatureError in the order in which AWS looks. */
export function verifySignature(host: SandboxHost, request: SandboxRequest, expected: SignedFor): Signer {
  const authorization = readAuthorization(request.headers);
  const { accessKeyId, region } = authorization;
  checkScope(authorization, expected);
  const caller = host.callers.get(accessKeyId);
  if (!caller || caller.session?.token !== request.headers["x-amz-security-token"])
    throw new SignatureError("unknownKey", "The security token included in the request is invalid.");
  checkDate(host, request.headers["x-amz-date"]!, authorization, expected.skewMinutes);
  if (caller.session && caller.session.expires <= host.clock.now())
    throw new SignatureError("expired", "The security token included in the request is expired");
  if (!signatureMatches(request, authorization, caller.secret))
    throw mismatch(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
    );
  return { accessKeyId, caller, region };
}

const mismatch = (message: string) => new SignatureError("mismatch", message);

function readAuthorization(headers: Record<string, string>): Authorization {
  const header = headers.authorization;
  if (!header) throw new SignatureError("missing", "Missing Authentication Token");
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\/(\d{8})\/([\w-]+)\/(\w+)\/aws4_request,\s*SignedHeaders=([\w;-]+),\s*Signature=([0-9a-f]{64})$/.exec(
      header,
    );
  if (!match)
    throw new SignatureError(
      "incomplete",
      "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders' parameters.",
    );
  const [, accessKeyId = "", date = "", region = "", service = "", signed = "", signature = ""] = match;
  const signedHeaders = signed.split(";");
  if (!/^\d{8}T\d{6}Z$/.test(headers["x-amz-date"] ?? ""))
    throw new SignatureError(
      "incomplete",
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  const unsigned = Object.keys(headers).find((name) => name.startsWith("x-amz-") && !signedHeaders.includes(name));
  if (!signedHeaders.includes("host") || unsigned !== undefined)
    throw mismatch(`'${unsigned ?? "host"}' must be a 'SignedHeader' in the AWS Authorization.`);
  return { accessKeyId, date, region, service, signedHeaders, signature };
}

function checkScope({ region, service }: Authorization, expected: SignedFor): void {
  if (!REGION.test(region)) throw mismatch("Credential should be scoped to a valid region.");
  if (service !== expected.service)
    throw mismatch(`Credential should be scoped to correct service: '${expected.service}'.`);
}

/** Simulated time runs away from the real one, and no caller is at fault for that: any time between the two is right. */
function checkDate(host: SandboxHost, date: string, { date: scoped }: Authorization, skewMinutes: number): void {
  if (!date.startsWith(scoped))
    throw mismatch(
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${scoped}' != '${date.slice(0, 8)}', from '${date}'.`,
    );
  const times = [host.clock.real(), host.clock.now().getTime()];
  const skew = skewMinutes * 60_000;
  const earliest = Math.min(...times) - skew;
  const latest = Math.max(...times) + skew;
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  if (at < earliest)
    throw mismatch(
      `Signature expired: ${date} is now earlier than ${basic(earliest)} (${basic(earliest + skew)} - ${skewMinutes} min.)`,
    );
  if (at > latest)
    throw mismatch(
      `Signature not yet current: ${date} is still later than ${basic(latest)} (${basic(latest - skew)} + ${skewMinutes} min.)`,
    );
}

/** ISO 8601 in its basic form, whole seconds. */
const basic = (time: number): string => new Date(time).toISOString().replace(/[-:]|\.\d+/g, "");

/** Over the request as the caller sent it. */
function signatureMatches(request: SandboxRequest, authorization: Authorization, secret: string): boolean {
  const { date, region, service, signedHeaders, signature } = authorization;
  const canonical = [
    request.method,
    canonicalPath(request.wirePath),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${(request.headers[name] ?? "").trim().replace(/\s+/g, " ")}`),
    "",
    signedHeaders.join(";"),
    sha256(request.body),
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

/** Services other than S3 drop empty and dot segments, and keep the last slash. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(encode(segment));
  }
  const canonical = `/${segments.join("/")}`;
  return path.endsWith("/") && segments.length > 0 ? `${canonical}/` : canonical;
}

/** RFC 3986. Path segments stand encoded in the URL already: services other than S3 encode them once more. */
function encode(segment: string): string {
  return encodeURIComponent(segment).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalQuery(query: URLSearchParams): string {
  const order = ([a, x]: string[], [b, y]: string[]) => (a === b ? compare(x!, y!) : compare(a!, b!));
  const encoded = [...query].map(([name, value]) => [encode(name), encode(value)]);
  return encoded
    .sort(order)
    .map((pair) => pair.join("="))
    .join("&");
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: Buffer | string, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
