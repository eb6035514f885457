/** Groups that are assigned to the application with the persona's role. Users' own assignments belong to ConnectUser. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { terminalError } from "../../providers/verdicts.ts";
import type { Component, Step } from "../component.ts";
import type { PersonaScope } from "../scope.ts";
import type { SeenAssignments } from "../seen.ts";

export const assignments: Component<SeenAssignments> = {
  name: "assignments",
  condition: CONDITION.AssignmentsReady,
  cloud: "entra",
  needs: ["role-delivery"],
  applies: () => true,
  async observe(scope) {
    const principal = scope.seen.application?.servicePrincipal;
    const wanted = await Promise.all((scope.spec.application.groups ?? []).map((group) => findGroup(scope, group)));
    const all = principal ? await scope.graph.assignments(principal.id, { ...scope.call, maxAgeMs: 5_000 }) : [];
    const strangers = all.flatMap(({ principalType, principalId, principalDisplayName }) => {
      const peer = principalType === "User" ? scope.peer(principalId) : undefined;
      return peer ? [`${principalDisplayName ?? principalId} (${peer})`] : [];
    });
    return { wanted, existing: all.filter(({ principalType }) => principalType === "Group"), strangers };
  },
  plan(scope, { wanted, existing }) {
    const { graph, call } = scope;
    const principalId = scope.seen.application?.servicePrincipal?.id;
    const roleId = scope.seen["role-delivery"]?.appRoleId;
    const ours = existing.filter(({ appRoleId }) => appRoleId === roleId);
    const missing = wanted.filter(({ id }) => !ours.some(({ principalId: assigned }) => assigned === id));
    const surplus = ours.filter(({ principalId: assigned }) => !wanted.some(({ id }) => id === assigned));
    return [
      ...missing.map(
        (group): Step => ({
          verb: "create",
          object: `assignment of group ${group.displayName}`,
          why: "it is declared",
          differences: [{ path: "groups", desired: group.displayName, observed: "(none)" }],
          apply: () => graph.assign(principalId!, group.id, roleId!, call),
        }),
      ),
      ...surplus.map(
        (one): Step => ({
          verb: "delete",
          object: `assignment of group ${one.principalDisplayName ?? one.principalId}`,
          why: "it is not declared",
          differences: [{ path: "groups", desired: "(none)", observed: one.principalDisplayName ?? one.principalId }],
          apply: () => graph.unassign(principalId!, one.id, call),
        }),
      ),
    ];
  },
  describe: (_, { wanted }) => (wanted.length === 0 ? "no groups declared" : `${wanted.length} group(s) assigned`),
};

export async function findGroup(scope: PersonaScope, group: { id?: string; displayName?: string }) {
  const found = await scope.graph.findGroups(
    group.id ? { id: group.id } : { displayName: group.displayName! },
    scope.call,
  );
  const name = group.displayName ?? group.id;
  if (found.length === 0) throw terminalError(REASON.UnknownGroup, `there is no Entra group ${name}`);
  if (found.length > 1)
    throw terminalError(
      REASON.AmbiguousGroup,
      `${found.length} Entra groups are called ${name}: name one by id (${found.map(({ id }) => id).join(", ")})`,
    );
  return found[0]!;
}
