/** IAM of one account. Documents are parsed, lists are complete, deletes are done when nothing is left. */
import type { Clock } from "../../../runtime/clock.ts";
import type { Call } from "../call.ts";
import type { Iam } from "../types.ts";
import { accessKeyCalls } from "./access-keys.ts";
import { accountCalls } from "./account.ts";
import { inlineCalls } from "./inline.ts";
import { policyCalls } from "./policies.ts";
import { roleCalls } from "./roles.ts";
import { samlProviderCalls } from "./saml-providers.ts";
import { simulationCalls } from "./simulation.ts";
import { userCalls } from "./users.ts";

export function createIam(p: { account: string; partition: string; call: Call; now(): Date; clock: Clock }): Iam {
  const { call } = p;
  const keys = accessKeyCalls(call);
  const inline = inlineCalls(call);
  const roles = roleCalls(call, inline.clearRole);
  return {
    account: p.account,
    partition: p.partition,
    now: p.now,
    ...policyCalls(call),
    ...roles,
    ...inline.calls,
    ...accountCalls(call, roles, p.clock),
    ...samlProviderCalls(call),
    ...userCalls(call, keys, inline.clearUser),
    ...keys,
    ...simulationCalls(call),
  };
}
