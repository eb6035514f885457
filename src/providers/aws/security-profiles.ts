/** What security profiles permit. */
import { type ConnectClient, ListSecurityProfilePermissionsCommand } from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import type { CallOptions } from "../errors.ts";
import type { Call } from "./call.ts";
import { orMissing } from "./errors.ts";
import type { ConnectInstance } from "./types.ts";

const PAGE = 1000;
const DEFAULT_MAX_AGE_MS = 10 * 60_000;

export function securityProfileCalls(p: { client: ConnectClient; call: Call; clock: Clock; instanceId: string }) {
  const { client, call, clock, instanceId: InstanceId } = p;
  const known = new Map<string, { at: number; read: Promise<string[] | undefined> }>();

  async function read(SecurityProfileId: string, o: CallOptions): Promise<string[] | undefined> {
    const found: string[] = [];
    let NextToken: string | undefined;
    do {
      const input = { InstanceId, SecurityProfileId, MaxResults: PAGE, NextToken };
      const r = await orMissing(
        call(
          "ListSecurityProfilePermissions",
          (s) => client.send(new ListSecurityProfilePermissionsCommand(input), s),
          o,
        ),
      );
      if (!r) return undefined;
      found.push(...(r.Permissions ?? []));
      NextToken = r.NextToken;
    } while (NextToken);
    return found.sort();
  }

  return {
    async securityProfilePermissions(id, o = {}) {
      const old = known.get(id);
      if (old && clock.now() - old.at <= (o.maxAgeMs ?? DEFAULT_MAX_AGE_MS)) return old.read;
      const fresh = { at: clock.now(), read: read(id, { priority: o.priority, tenant: o.tenant }) };
      known.set(id, fresh);
      fresh.read.catch(() => {
        if (known.get(id) === fresh) known.delete(id);
      });
      return fresh.read;
    },
  } satisfies Partial<ConnectInstance>;
}
