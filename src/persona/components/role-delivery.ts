/** How role and provider get into the application: written as an app role (Direct), or awaited from Entra's import (Provisioning). */

import { v5 as uuid } from "uuid";
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { appRoleLength } from "../../domain/names.ts";
import type { AppRole } from "../../providers/graph/types.ts";
import { waitFor } from "../../providers/verdicts.ts";
import { type Component, differ, madeWith, type Step } from "../component.ts";
import type { PersonaScope } from "../scope.ts";

/** Deterministic, so that a retry or an erased status never adds a second role. */
export function appRoleIdOf(value: string): string {
  return uuid(value, uuid.URL);
}

function desiredRole(scope: PersonaScope): AppRole {
  const { appRoleValue, role } = scope.names;
  return {
    id: appRoleIdOf(appRoleValue),
    value: appRoleValue,
    displayName: role,
    description: `Sign-in to Amazon Connect as ${role}`,
    isEnabled: true,
    allowedMemberTypes: ["User"],
  };
}

export const roleDelivery: Component<{ appRoleId?: string }> = {
  name: "role-delivery",
  condition: CONDITION.RoleDelivered,
  cloud: "entra",
  needs: ["application", "role", "provisioning"],
  applies: () => true,
  async observe(scope) {
    const found = scope.seen.application?.servicePrincipal;
    const fresh = found ? await scope.graph.getServicePrincipal(found.id, scope.call) : undefined;
    const delivered = fresh?.appRoles.find(({ value, isEnabled }) => value === scope.names.appRoleValue && isEnabled);
    const application = scope.seen.application?.application;
    if (application) {
      const current = await scope.graph.getApplication(application.id, scope.call);
      if (current) scope.seen.application!.application = current;
    }
    return { appRoleId: delivered?.id };
  },
  plan(scope, { appRoleId }) {
    if (scope.spec.roleDelivery.mode === "Direct" && !isImported(scope, appRoleId)) {
      const steps = writeRole(scope);
      if (steps.length > 0) return steps;
    }
    if (appRoleId) return [];
    if (!scope.seen.application?.application) return [];
    if (scope.spec.roleDelivery.mode === "Direct")
      throw waitFor(REASON.WaitingForReplication, "Entra is copying the app role to the service principal", 3_000);
    const since = scope.object.status?.roleImportWaitingSince ?? new Date(scope.graph.now()).toISOString();
    throw waitFor(
      REASON.WaitingForRoleImport,
      `waiting since ${since} for Entra to import role ${scope.names.role}; usually some 40 minutes after the job's start`,
      60_000,
    );
  },
  reason: (scope) => (isLong(scope) ? REASON.NameLong : undefined),
  describe(scope) {
    const long = isLong(scope)
      ? `; its ARNs have ${appRoleLength(scope.names).length} characters, and Microsoft documents 120 for a role written by hand: choose shorter names if Entra cuts it`
      : "";
    return `the application carries ${scope.names.role}${long}`;
  },
};

/** Of names that somebody chose. Default names are as short as they can be told apart, and accepted by Entra (its import writes 239). */
function isLong({ spec, names }: PersonaScope): boolean {
  const { aws, roleDelivery } = spec;
  return (
    roleDelivery.mode === "Direct" &&
    (aws.roleName !== undefined || aws.samlProviderName !== undefined) &&
    appRoleLength(names).verdict === "long"
  );
}

/** Imported while the mode was Provisioning: it serves on, and nobody's assignment has to move to a second role of the same value. */
function isImported({ seen }: PersonaScope, delivered: string | undefined): boolean {
  const own = seen.application?.application?.appRoles ?? [];
  return delivered !== undefined && !own.some(({ id }) => id === delivered);
}

function writeRole(scope: PersonaScope): Step[] {
  const { graph, call } = scope;
  const application = scope.seen.application?.application;
  const desired = desiredRole(scope);
  const others = (application?.appRoles ?? []).filter(({ id }) => id !== desired.id);
  // Written by hand or by the import, under another id: people are assigned to it, so it stays as it is.
  if (others.some(({ value, isEnabled }) => value === desired.value && isEnabled)) return [];
  const found = application?.appRoles.find(({ id }) => id === desired.id);
  const object = `app role ${scope.names.role}`;
  const put = (roles: AppRole[]) => graph.patchApplication(application!.id, { appRoles: roles }, call);
  if (!found)
    return [
      {
        verb: "create",
        object,
        why: "the application carries no role",
        differences: [],
        settings: madeWith({ value: desired.value ?? undefined }),
        apply: () => put([...others, desired]),
      },
    ];
  const contents = [
    ...differ("value", desired.value, found.value),
    ...differ("displayName", desired.displayName, found.displayName),
    ...differ("description", desired.description, found.description),
    ...differ("allowedMemberTypes", desired.allowedMemberTypes, found.allowedMemberTypes),
  ];
  const differences = [...contents, ...differ("isEnabled", true, found.isEnabled)];
  if (differences.length === 0) return [];
  return [
    {
      verb: "update",
      object,
      why: "it was changed",
      differences,
      async apply() {
        // Entra refuses to change an enabled role.
        if (contents.length > 0 && found.isEnabled) await put([...others, { ...found, isEnabled: false }]);
        await put([...others, desired]);
      },
    },
  ];
}
