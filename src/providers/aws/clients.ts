/** What all SDK clients share: time-outs, kept-alive connections, no retry of their own, the cloud's clock. */
import type { AwsCredentialIdentityProvider, Logger, MetadataBearer, Pluggable } from "@aws-sdk/types";
import type { Clock } from "../../runtime/clock.ts";
import { CloudError } from "../errors.ts";

interface ClientOptions {
  region: string;
  credentials?: AwsCredentialIdentityProvider;
}

/**
 * The SDK prepares whole inputs and outputs for a logger that does nothing, a fifth of the time of reading ten thousand users. One that
 * has no `info` at all is not prepared for.
 */
const SILENT = { trace() {}, debug() {}, warn() {}, error() {} } as unknown as Logger;

/** Where IAM of a region's partition signs. The SDK knows it of IAM's own endpoint, not of one that is given, as for a VPC. */
export function iamRegion(region: string): string {
  const [, home] = IAM_REGIONS.find(([prefix]) => region.startsWith(prefix)) ?? ["", "us-east-1"];
  return home;
}

const IAM_REGIONS: [prefix: string, region: string][] = [
  ["us-gov-", "us-gov-west-1"],
  ["cn-", "cn-north-1"],
  ["us-isob-", "us-isob-east-1"],
  ["us-iso-", "us-iso-east-1"],
  ["us-isof-", "us-isof-south-1"],
  ["eu-isoe-", "eu-isoe-west-1"],
  ["eusc-", "eusc-de-east-1"],
];

/** Limiter and breaker see every attempt only when the SDK makes one: retries live in call.ts. */
export function clientConfig(o: ClientOptions) {
  // Node itself reads HTTPS_PROXY and NO_PROXY.
  const pool = { keepAlive: true, maxSockets: 25, proxyEnv: process.env };
  return {
    region: o.region,
    ...(o.credentials && { credentials: o.credentials }),
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: 5_000,
      requestTimeout: 30_000,
      throwOnRequestTimeout: true,
      httpsAgent: pool,
      httpAgent: pool,
    },
    customUserAgent: "connect-sso",
    logger: SILENT,
  };
}

/** Credentials go to what these name, so it must be https unless somebody said otherwise. Throws a terminal CloudError. */
export function checkEndpoints(env: Record<string, string | undefined>, allowInsecure: boolean): void {
  if (allowInsecure || env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS === "true") return;
  for (const name of ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CONNECT"]) {
    const url = env[name];
    if (!url || url.startsWith("https://")) continue;
    throw insecure(name);
  }
}

function insecure(what: string): CloudError {
  return new CloudError(`${what} is not https; use an https endpoint or allow insecure endpoints`, {
    kind: "terminal",
    reason: "InsecureEndpoint",
    code: "InsecureEndpoint",
  });
}

/**
 * Endpoints of a shared configuration file are only known when a request is made: it is refused before it is signed. A plug-in, because
 * the chain of credentials makes STS clients of its own, and what they send (a web identity token) or receive opens the account.
 */
export const httpsOnly: Pluggable<object, MetadataBearer> = {
  applyToStack(stack) {
    stack.add(
      (next) => (args) => {
        const { protocol, hostname } = args.request as { protocol?: string; hostname?: string };
        if (protocol !== "https:") throw insecure(`the configured endpoint ${protocol}//${hostname}`);
        return next(args);
      },
      { step: "build", name: "httpsOnly", priority: "high" },
    );
  },
};

/** The cloud's clock, estimated from Date headers; they have whole seconds, so differences below that are noise. */
interface CloudClock {
  now(): Date;
  /** For an SDK client's deserialize step. */
  observe(dateHeader: string | undefined): void;
}

export function createCloudClock(clock: Clock): CloudClock {
  let offsetMs = 0;
  return {
    now: () => new Date(clock.now() + offsetMs),
    observe(dateHeader) {
      const date = Date.parse(dateHeader ?? "");
      if (Number.isNaN(date)) return;
      const offset = date + 500 - clock.now();
      offsetMs = Math.abs(offset) < 2_000 ? 0 : offset;
    },
  };
}

/** The Date header of an SDK response of any protocol. */
export function dateHeader(response: unknown): string | undefined {
  return (response as { headers?: Record<string, string> } | undefined)?.headers?.date;
}
