/** What security profiles permit. */
import { ListSecurityProfilePermissionsCommand } from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import type { CallOptions } from "../errors.ts";
import { type Kept, kept } from "../kept.ts";
import { type Call, pages } from "./call.ts";
import { orMissing } from "./errors.ts";
import type { ConnectInstance } from "./types.ts";

const PAGE = 1000;
const DEFAULT_MAX_AGE_MS = 10 * 60_000;

export function securityProfileCalls(p: { call: Call; clock: Clock; instanceId: string }) {
  const { call, clock, instanceId: InstanceId } = p;
  const known = new Map<string, Kept<string[] | undefined>>();

  async function read(SecurityProfileId: string, o: CallOptions): Promise<string[] | undefined> {
    const found = await orMissing(
      pages(async (NextToken) => {
        const input = { InstanceId, SecurityProfileId, MaxResults: PAGE, NextToken };
        const r = await call(new ListSecurityProfilePermissionsCommand(input), o);
        return [r.Permissions ?? [], r.NextToken];
      }),
    );
    return found?.sort();
  }

  return {
    securityProfilePermissions(id, o = {}) {
      const profile = known.get(id) ?? kept(clock, (options) => read(id, options));
      known.set(id, profile);
      return profile.get(o.maxAgeMs ?? DEFAULT_MAX_AGE_MS, o);
    },
  } satisfies Partial<ConnectInstance>;
}
