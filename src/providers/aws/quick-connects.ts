/** Quick connects that ring a user. A deleted user's stay behind and ring no one. */
import {
  DeleteQuickConnectCommand,
  SearchQuickConnectsCommand,
  UpdateQuickConnectConfigCommand,
} from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import { kept } from "../kept.ts";
import { type Call, pages } from "./call.ts";
import { orMissing } from "./errors.ts";
import type { ConnectInstance, UserQuickConnect } from "./types.ts";

const PAGE = 100;
const DEFAULT_MAX_AGE_MS = 60_000;

export function quickConnectCalls(p: { call: Call; clock: Clock; instanceId: string }) {
  const { call, clock, instanceId: InstanceId } = p;
  const all = kept(clock, (o) =>
    pages(async (NextToken): Promise<[UserQuickConnect[], string | undefined]> => {
      const r = await call(new SearchQuickConnectsCommand({ InstanceId, MaxResults: PAGE, NextToken }), o);
      const found = (r.QuickConnects ?? []).flatMap((one) => {
        const user = one.QuickConnectConfig?.UserConfig;
        return user
          ? [{ id: one.QuickConnectId!, name: one.Name!, userId: user.UserId!, flowId: user.ContactFlowId! }]
          : [];
      });
      return [found, r.NextToken];
    }),
  );

  return {
    quickConnects: (o = {}) => all.get(o.maxAgeMs ?? DEFAULT_MAX_AGE_MS, o),
    async repointQuickConnect(one, userId, o) {
      const UserConfig = { UserId: userId, ContactFlowId: one.flowId };
      const QuickConnectConfig = { QuickConnectType: "USER" as const, UserConfig };
      const input = { InstanceId, QuickConnectId: one.id, QuickConnectConfig };
      await call(new UpdateQuickConnectConfigCommand(input), o, one.name);
      all.forget();
    },
    async deleteQuickConnect(one, o) {
      const input = { InstanceId, QuickConnectId: one.id };
      await orMissing(call(new DeleteQuickConnectCommand(input), o, one.name));
      all.forget();
    },
  } satisfies Partial<ConnectInstance>;
}
