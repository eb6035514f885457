/** Endpoints that were bent by the environment, and clocks. */
import { bad, type Check, good, warn } from "./check.ts";

const ENDPOINTS = /^(AWS_ENDPOINT_URL(_[A-Z_]+)?|CONNECT_SSO_(GRAPH|LOGIN)_URL|AZURE_AUTHORITY_HOST)$/;
/** AWS refuses requests whose time is more than five minutes off; assertions allow about as much. */
const WORRYING_MS = 60_000;
const BROKEN_MS = 240_000;

export function endpoints(env: Record<string, string | undefined>, insecureAllowed: boolean): Check[] {
  const bent = Object.entries(env).filter(([name, value]) => ENDPOINTS.test(name) && value);
  if (bent.length === 0) return [good("program", "endpoints", "the real clouds, over https")];
  return bent.map(([name, value]) => {
    const url = URL.canParse(value!) ? new URL(value!) : undefined;
    const shown = url ? `${url.protocol}//${url.host}` : "something that is no URL";
    if (url?.protocol === "https:")
      return warn(
        "program",
        "endpoints",
        `${name} sends calls to ${shown}`,
        `unset ${name} unless that is a proxy of yours`,
      );
    return insecureAllowed
      ? warn(
          "program",
          "endpoints",
          `${name} sends calls and credentials to ${shown}, unencrypted`,
          "for sandboxes only",
        )
      : bad(
          "program",
          "endpoints",
          `${name} is ${shown}, which is not https and so refused`,
          `unset ${name}, or pass --allow-insecure-endpoints for a sandbox`,
        );
  });
}

/** `cloud`: that cloud's own time, from the Date header of its last answer. */
export function clock(area: "aws" | "entra", name: string, cloud: Date, now: Date): Check {
  const off = cloud.getTime() - now.getTime();
  const text = `${Math.abs(Math.round(off / 1000))} s ${off > 0 ? "behind" : "ahead of"} ${name}`;
  const fix = "set the clock by NTP";
  if (Math.abs(off) > BROKEN_MS) return bad(area, "clock", `this machine is ${text}; signed requests are refused`, fix);
  if (Math.abs(off) > WORRYING_MS) return warn(area, "clock", `this machine is ${text}`, fix);
  return good(area, "clock", `within a minute of ${name}`);
}
