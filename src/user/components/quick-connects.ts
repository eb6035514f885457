/** Quick connects that rang a Connect user which was recreated: they are pointed at the new one. */
import { CONDITION } from "../../api/resources.ts";
import type { ConnectUserView } from "../../providers/aws/types.ts";
import type { UserScope } from "../scope.ts";
import type { UserComponent } from "../seen.ts";
import { isToBeRecreated } from "./connect-user.ts";

export const quickConnects: UserComponent<"quick-connects"> = {
  condition: CONDITION.ConnectUserReady,
  cloud: "connect",
  needs: ["connect-user"],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe(scope) {
    const { connect, object, seen, call } = scope;
    const user = seen["connect-user"]?.user;
    // A plan: the user that is going to be replaced is still there.
    const replaced = toBeReplaced(scope, user);
    // The status still has the former id; in every other pass this costs nothing.
    const before = replaced ? replaced.id : object.status?.connectUserId;
    const now = replaced ? undefined : user?.id;
    if (!before || before === now || (!now && !replaced)) return { stale: [] };
    if (now) for (const { id } of await connect.users(call)) if (id === before) return { stale: [] };
    const all = await connect.quickConnects({ ...call, maxAgeMs: 0 });
    return { stale: all.filter(({ userId }) => userId === before), ...(now ? { userId: now } : {}) };
  },
  plan: ({ connect, call }, { stale, userId }) =>
    stale.map((one) => ({
      verb: "update",
      object: `quick connect ${one.name}`,
      why: "it rings the Connect user that is replaced",
      differences: [],
      maintenance: true,
      apply: () => connect.repointQuickConnect(one, userId!, call),
    })),
  describe: () => "",
  // They go with the Connect user, whose ids are known there.
  remove: async () => true,
};

function toBeReplaced(scope: UserScope, user: ConnectUserView | undefined): ConnectUserView | undefined {
  if (user) return isToBeRecreated(scope, user) ? user : undefined;
  return scope.recreate === undefined ? undefined : scope.users[0];
}
