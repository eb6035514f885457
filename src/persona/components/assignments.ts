/** Groups that are assigned to the application with the persona's role. Users' own assignments belong to ConnectUser. */

import { REASON } from "../../api/reasons.ts";
import { CONDITION, type ConnectUser, INDEX, USER } from "../../api/resources.ts";
import { counted } from "../../domain/text.ts";
import type { Step } from "../../engine/component.ts";
import { terminalError } from "../../providers/verdicts.ts";
import type { PersonaComponent } from "../component.ts";
import type { PersonaScope } from "../scope.ts";

export const assignments: PersonaComponent<"assignments"> = {
  condition: CONDITION.AssignmentsReady,
  cloud: "entra",
  needs: ["role-delivery"],
  partOf: "application",
  concerns: { permissions: /^groups$/ },
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe(scope) {
    const principal = scope.seen.application?.servicePrincipal;
    const all = principal ? await scope.graph.assignments(principal.id, { ...scope.call, maxAgeMs: 5_000 }) : [];
    const assigned = new Set(all.map(({ principalId }) => principalId));
    const wanted = await Promise.all(
      (scope.spec.application.groups ?? []).map(async (group) => ({
        ...(await findGroup(scope, group, assigned)),
        declared: group.displayName,
      })),
    );
    const strangers = all.flatMap(({ principalType, principalId, principalDisplayName }) => {
      const claimant = principalType === "User" ? scope.claimedElsewhere(principalId) : undefined;
      return claimant ? [`${principalDisplayName ?? principalId} (${claimant})`] : [];
    });
    const existing = all.filter(({ principalType }) => principalType === "Group");
    return { wanted, existing, strangers, ...(wanted.length > 0 ? { members: await membersOf(scope, wanted) } : {}) };
  },
  plan(scope, { wanted, existing }, compare) {
    const { graph, call } = scope;
    const principalId = scope.seen.application?.servicePrincipal?.id;
    const roleId = scope.seen["role-delivery"]?.appRoleId;
    const former = scope.seen.role?.former ?? [];
    // A group keeps the role to which its people are bound.
    const roles = [roleId, ...former.filter(({ isUsed }) => isUsed).map(({ appRoleId }) => appRoleId)];
    const ours = existing.filter(({ appRoleId }) => roles.includes(appRoleId));
    const isAssigned = (id: string) => ours.some(({ principalId: assigned }) => assigned === id);
    const left = existing.filter(({ appRoleId }) => former.some((one) => !one.isUsed && one.appRoleId === appRoleId));
    const rows = wanted.map((group) => ({
      group,
      differences: compare.item("groups", group.id, true, isAssigned(group.id), group.displayName),
    }));
    const surplus = [...ours.filter(({ principalId: assigned }) => !wanted.some(({ id }) => id === assigned)), ...left];
    return [
      ...rows.flatMap(({ group, differences }): Step[] =>
        differences.length === 0
          ? []
          : [
              {
                verb: "create",
                object: `assignment of group ${group.displayName}`,
                why: "it is declared",
                differences,
                apply: () => graph.assign(principalId!, group.id, roleId!, call),
              },
            ],
      ),
      ...surplus.map((one): Step => {
        const name = one.principalDisplayName ?? one.principalId;
        return {
          verb: "delete",
          object: `assignment of group ${name}`,
          why: "it is not declared",
          differences: compare.item("groups", one.principalId, false, true, name),
          apply: () => graph.unassign(principalId!, one.id, call),
        };
      }),
    ];
  },
  describe(_, { wanted, members }) {
    if (!members) return "No groups are declared";
    const { total, unknown } = members;
    const note = unknown > 0 ? `, ${unknown} of them without a ConnectUser of this persona, who cannot sign in` : "";
    return `${counted(wanted.length, "group")} assigned; ${counted(total, "member")}${note}`;
  },
  // They go with the application.
  remove: async () => true,
};

/** Read as seldom as people change. */
const MEMBERS_AGE_MS = 60_000;

/** A member of a group signs in only with a user in Amazon Connect. */
async function membersOf({ graph, call, object, store }: PersonaScope, groups: readonly { id: string }[]) {
  const lists = await Promise.all(
    groups.map(({ id }) => graph.groupMemberIds(id, { ...call, maxAgeMs: MEMBERS_AGE_MS })),
  );
  const ids = new Set(lists.flat());
  const value = `${object.metadata.namespace}/${object.metadata.name}`;
  const users = store.list<ConnectUser>(USER, { index: INDEX.userByPersona, value });
  const known = new Set(users.map(({ spec, status }) => status?.entraObjectId ?? spec.entraUser.objectId));
  return { total: ids.size, unknown: [...ids].filter((id) => !known.has(id)).length };
}

type Named = { id?: string; displayName?: string };

/**
 * By id; by name the group that had it when it was first found. A status is a hint: the pinned group counts while it still has the name, or
 * is assigned. `assigned`: object ids of all that are assigned to the application.
 */
export async function findGroup(scope: PersonaScope, group: Named, assigned: ReadonlySet<string> = new Set()) {
  const { graph, call, object } = scope;
  const name = group.displayName ?? group.id;
  const pinned = object.status?.groups?.find(({ displayName }) => displayName === group.displayName)?.id;
  if (pinned && group.displayName !== undefined) {
    const [same] = await graph.findGroups({ id: pinned }, call);
    if (same && (same.displayName === group.displayName || assigned.has(same.id))) return same;
  }
  const found = await graph.findGroups(group.id ? { id: group.id } : { displayName: group.displayName! }, call);
  if (found.length === 0) throw terminalError(REASON.UnknownGroup, `there is no Entra group ${name}`);
  // The status is lost, and one of them has the role.
  const held = found.filter(({ id }) => assigned.has(id));
  if (found.length > 1 && held.length === 1 && (!pinned || held[0]!.id === pinned)) return held[0]!;
  if (found.length > 1)
    throw terminalError(
      REASON.AmbiguousGroup,
      `${found.length} Entra groups are called ${name}: name one by id (${found.map(({ id }) => id).join(", ")})`,
    );
  const [one] = found;
  if (pinned && one!.id !== pinned)
    throw terminalError(
      REASON.GroupReplaced,
      `the Entra group ${name} (${pinned}) is gone, and another one has its name (${one!.id}); if that one is meant, declare it by id`,
    );
  return one!;
}
