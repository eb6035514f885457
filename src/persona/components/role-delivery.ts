/** How role and provider get into the application: written as an app role (Direct), or awaited from Entra's import (Provisioning). */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { settingsOf } from "../../domain/difference.ts";
import { isoSeconds } from "../../domain/duration.ts";
import { carriesPair } from "../../domain/names.ts";
import { URL_NAMESPACE, uuidV5 } from "../../domain/uuid.ts";
import { type Step, update } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import type { Application, AppRole } from "../../providers/graph/types.ts";
import { terminalError, waitingError } from "../../providers/verdicts.ts";
import type { PersonaComponent } from "../component.ts";
import type { PersonaScope } from "../scope.ts";
import type { FormerRole } from "../seen.ts";

/** Deterministic, so that a retry or an erased status never adds a second role. */
export function appRoleIdOf(value: string): string {
  return uuidV5(value, URL_NAMESPACE);
}

const describeRole = (name: string) => `Sign-in to Amazon Connect as ${name}`;

function desiredRole(scope: PersonaScope): AppRole {
  const { appRoleValue, role } = scope.names;
  return {
    id: appRoleIdOf(appRoleValue),
    value: appRoleValue,
    displayName: role,
    description: describeRole(role),
    isEnabled: true,
    allowedMemberTypes: ["User"],
  };
}

export const roleDelivery: PersonaComponent<"role-delivery"> = {
  condition: CONDITION.RoleDelivered,
  cloud: "entra",
  needs: ["application", "role", "provisioning"],
  partOf: "application",
  concerns: { trust: /^value$/ },
  shared: false,
  servesLogin: true,
  applies: () => true,
  async observe(scope) {
    const found = scope.seen.application?.servicePrincipal;
    const fresh = found ? await scope.graph.getServicePrincipal(found.id, scope.call) : undefined;
    const delivered = fresh?.appRoles.find(({ value, isEnabled }) => carriesPair(value, scope.names) && isEnabled);
    const known = scope.seen.application?.application;
    const application = known && ((await scope.graph.getApplication(known.id, scope.call)) ?? known);
    const isDisabled = fresh?.appRoles.some(({ value, isEnabled }) => carriesPair(value, scope.names) && !isEnabled);
    return {
      appRoleId: delivered?.id,
      ...(!delivered && isDisabled ? { isDisabled } : {}),
      ...(application ? { application } : {}),
    };
  },
  plan(scope, { appRoleId, application, isDisabled }, compare) {
    if (scope.spec.roleDelivery.mode === "Direct" && !isImported(application, appRoleId)) {
      const steps = writeRole(scope, application, compare);
      if (steps.length > 0) return steps;
    }
    if (appRoleId) return formerSteps(scope, application);
    if (!application) return [];
    if (scope.spec.roleDelivery.mode === "Direct")
      throw waitingError(REASON.WaitingForReplication, "Entra is copying the app role to the service principal", 3_000);
    if (isDisabled) return [replaceDisabled(scope, application)];
    const since = scope.object.status?.roleImportWaitingSince ?? isoSeconds(scope.graph.now());
    throw waitingError(
      REASON.WaitingForRoleImport,
      `Waiting since ${since} for Entra to import role ${scope.names.role}; usually some 40 minutes after the job's start`,
      60_000,
    );
  },
  describe: (scope) => `The application carries ${scope.names.role}`,
  // The app role goes with the application.
  remove: async () => true,
};

/**
 * Entra's import disables a role that does not qualify for a moment, and does not enable it again: people who have it can still sign in,
 * and no one else can be assigned. The role is written instead, under an id of its own, as in mode Direct.
 */
function replaceDisabled(scope: PersonaScope, application: Application): Step {
  const desired = desiredRole(scope);
  const others = application.appRoles.filter(({ id }) => id !== desired.id);
  return {
    verb: "update",
    object: `app role ${scope.names.role}`,
    why: "Entra's role import disabled it, and does not enable it again",
    differences: [],
    maintenance: true,
    reason: REASON.RoleDisabled,
    apply: () => scope.graph.patchApplication(application.id, { appRoles: [...others, desired] }, scope.call),
  };
}

/** Entra took the role and kept the beginning of its value: AWS would refuse every sign-in with it. */
function refuseCut({ names }: PersonaScope, desired: AppRole, found: AppRole | undefined): void {
  const [wanted, kept] = [desired.value ?? "", found?.value ?? ""];
  if (kept.length >= 100 && kept.length < wanted.length && wanted.startsWith(kept))
    throw terminalError(
      REASON.NameTooLong,
      `Entra keeps ${kept.length} of the ${wanted.length} characters of app role ${names.role}, so no one could sign in with it: create the persona again with a shorter aws.roleName, aws.samlProviderName or aws.path, or with roleDelivery.mode: Provisioning`,
    );
}

/** Imported while the mode was Provisioning: it remains in use, so no assignment has to move to a second role of the same value. */
function isImported(application: Application | undefined, delivered: string | undefined): boolean {
  const own = application?.appRoles ?? [];
  return delivered !== undefined && !own.some(({ id }) => id === delivered);
}

/** People keep the role of their first login: the plan says so when the other one is written beside it. */
function besideNote({ seen }: PersonaScope): string | undefined {
  const former = (seen.role?.former ?? []).filter(({ isUsed }) => isUsed).map(({ name }) => name);
  return former.length > 0
    ? `new users sign in with it; those who are bound to ${former.join(", ")} keep that role until they are recreated`
    : undefined;
}

/** Roles that we wrote and that no user is bound to go: first off, then out. Entra does not remove a role that is enabled. */
function formerSteps(scope: PersonaScope, application: Application | undefined): Step[] {
  const { seen, graph, call } = scope;
  if (!application) return [];
  const former = seen.role?.former ?? [];
  const lost = former.flatMap((one) => restoreSteps(scope, application, one));
  if (lost.length > 0) return lost;
  const gone = former.filter(({ isKept, appRoleId }) => {
    const written = application.appRoles.find(({ id }) => id === appRoleId);
    return !isKept && written?.id === appRoleIdOf(written?.value ?? "");
  });
  return gone.flatMap(({ name, appRoleId }): Step[] => {
    const roles = application.appRoles;
    const rest = roles.filter(({ id }) => id !== appRoleId);
    const one = roles.find(({ id }) => id === appRoleId)!;
    const principalId = seen.application?.servicePrincipal?.id;
    const step = { object: `app role ${name}`, differences: [], cause: "declared" as const };
    if (one.isEnabled)
      return [
        {
          ...step,
          verb: "update",
          why: "no user of the persona is bound to it, and Entra removes a disabled role only",
          async apply() {
            for (const { id, appRoleId: of } of principalId
              ? await graph.assignments(principalId, { ...call, maxAgeMs: 0 })
              : [])
              if (of === appRoleId) await graph.unassign(principalId!, id, call);
            await graph.patchApplication(application.id, { appRoles: [...rest, { ...one, isEnabled: false }] }, call);
          },
        },
      ];
    return [
      {
        ...step,
        verb: "delete",
        why: "no user of the persona is bound to it",
        apply: () => graph.patchApplication(application.id, { appRoles: rest }, call),
      },
    ];
  });
}

/** Somebody took out the app role of a role to which users are bound. */
function restoreSteps(scope: PersonaScope, application: Application, former: FormerRole): Step[] {
  const { graph, call, names } = scope;
  const { name, appRoleId, role, isOurs, isUsed } = former;
  const value = `${role?.arn},${names.samlProviderArn}`;
  if (!role || !isOurs || !isUsed || appRoleId !== appRoleIdOf(value)) return [];
  if (application.appRoles.some(({ id }) => id === appRoleId)) return [];
  const one = { ...desiredRole(scope), id: appRoleId, value, displayName: name, description: describeRole(name) };
  return [
    {
      verb: "create",
      object: `app role ${name}`,
      why: "users of the persona are bound to it",
      differences: [],
      settings: settingsOf({ value }),
      cause: "drift",
      apply: () => graph.patchApplication(application.id, { appRoles: [...application.appRoles, one] }, call),
    },
  ];
}

function writeRole(scope: PersonaScope, application: Application | undefined, compare: Comparison): Step[] {
  const { graph, call } = scope;
  const desired = desiredRole(scope);
  const others = (application?.appRoles ?? []).filter(({ id }) => id !== desired.id);
  // Written by hand or by the import, under another id: people are assigned to it, so it stays as it is.
  if (others.some(({ value, isEnabled }) => carriesPair(value, scope.names) && isEnabled)) return [];
  const found = application?.appRoles.find(({ id }) => id === desired.id);
  refuseCut(scope, desired, found);
  const object = `app role ${scope.names.role}`;
  const put = (roles: AppRole[]) => graph.patchApplication(application!.id, { appRoles: roles }, call);
  if (!found) {
    const wasAnother = compare.applied("value").length > 0 && !compare.wasApplied("value", desired.value);
    return [
      {
        verb: "create",
        object,
        why: besideNote(scope) ?? "the application carries no role",
        differences: [],
        settings: settingsOf({ value: desired.value ?? undefined }),
        // Another role than the one that was applied last: roleSharing changed.
        ...(wasAnother ? { cause: "declared" as const } : {}),
        apply: () => put([...others, desired]),
      },
    ];
  }
  const contents = [
    ...compare.differ("value", desired.value, found.value),
    ...compare.differ("displayName", desired.displayName, found.displayName),
    ...compare.differ("description", desired.description, found.description),
    ...compare.differ("allowedMemberTypes", desired.allowedMemberTypes, found.allowedMemberTypes),
  ];
  const differences = [...contents, ...compare.differ("isEnabled", true, found.isEnabled)];
  return update(differences, {
    object,
    why: "it was changed",
    async apply() {
      // Entra refuses to change an enabled role.
      if (contents.length > 0 && found.isEnabled) await put([...others, { ...found, isEnabled: false }]);
      await put([...others, desired]);
    },
  });
}
