/** Quick connects that rang a Connect user which was recreated: they are pointed at the new one. */
import { CONDITION } from "../../api/resources.ts";
import type { UserComponent } from "../seen.ts";

export const quickConnects: UserComponent<"quick-connects"> = {
  condition: CONDITION.ConnectUserReady,
  cloud: "connect",
  needs: ["connect-user"],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe({ connect, object, seen, call }) {
    // The status still has the former id; in every other pass this costs nothing.
    const before = object.status?.connectUserId;
    const now = seen["connect-user"]?.user?.id;
    if (!before || !now || before === now) return { stale: [] };
    for (const { id } of await connect.users(call)) if (id === before) return { stale: [] };
    const all = await connect.quickConnects({ ...call, maxAgeMs: 0 });
    return { stale: all.filter(({ userId }) => userId === before), userId: now };
  },
  plan: ({ connect, call }, { stale, userId }) =>
    stale.map((one) => ({
      verb: "update",
      object: `quick connect ${one.name}`,
      why: "it rings the Connect user that was recreated",
      differences: [],
      maintenance: true,
      apply: () => connect.repointQuickConnect(one, userId!, call),
    })),
  describe: () => "",
  // They go with the Connect user, whose ids are known there.
  remove: async () => true,
};
