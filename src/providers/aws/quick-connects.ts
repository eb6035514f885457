/** Quick connects that ring a user. A deleted user's stay behind and ring no one. */
import {
  type ConnectClient,
  DeleteQuickConnectCommand,
  SearchQuickConnectsCommand,
  UpdateQuickConnectConfigCommand,
} from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import type { CallOptions } from "../errors.ts";
import type { Call } from "./call.ts";
import { orMissing } from "./errors.ts";
import type { ConnectInstance, UserQuickConnect } from "./types.ts";

const PAGE = 100;
const DEFAULT_MAX_AGE_MS = 60_000;

export function quickConnectCalls(p: { client: ConnectClient; call: Call; clock: Clock; instanceId: string }) {
  const { client, call, clock, instanceId: InstanceId } = p;
  let known: { at: number; read: Promise<UserQuickConnect[]> } | undefined;

  async function readAll(o: CallOptions): Promise<UserQuickConnect[]> {
    const found: UserQuickConnect[] = [];
    let NextToken: string | undefined;
    do {
      const input = { InstanceId, MaxResults: PAGE, NextToken };
      const r = await call("SearchQuickConnects", (s) => client.send(new SearchQuickConnectsCommand(input), s), o);
      for (const one of r.QuickConnects ?? []) {
        const user = one.QuickConnectConfig?.UserConfig;
        if (user)
          found.push({ id: one.QuickConnectId!, name: one.Name!, userId: user.UserId!, flowId: user.ContactFlowId! });
      }
      NextToken = r.NextToken;
    } while (NextToken);
    return found;
  }

  return {
    async quickConnects(o = {}) {
      if (!known || clock.now() - known.at > (o.maxAgeMs ?? DEFAULT_MAX_AGE_MS)) {
        // Shared by everybody who asks meanwhile, so no single caller's signal may cut it off.
        const read = readAll({ priority: o.priority, tenant: o.tenant });
        known = { at: clock.now(), read };
        read.catch(() => {
          if (known?.read === read) known = undefined;
        });
      }
      return known.read;
    },
    async repointQuickConnect(one, userId, o) {
      const UserConfig = { UserId: userId, ContactFlowId: one.flowId };
      const QuickConnectConfig = { QuickConnectType: "USER" as const, UserConfig };
      const input = { InstanceId, QuickConnectId: one.id, QuickConnectConfig };
      await call(
        "UpdateQuickConnectConfig",
        (s) => client.send(new UpdateQuickConnectConfigCommand(input), s),
        o,
        one.name,
      );
      known = undefined;
    },
    async deleteQuickConnect(one, o) {
      const input = { InstanceId, QuickConnectId: one.id };
      await orMissing(
        call("DeleteQuickConnect", (s) => client.send(new DeleteQuickConnectCommand(input), s), o, one.name),
      );
      known = undefined;
    },
  } satisfies Partial<ConnectInstance>;
}
