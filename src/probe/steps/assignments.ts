/** App roles, their assignments, and what comes back with a restored application. The assigned principal is another application of the run. */
import { randomUUID } from "node:crypto";
import { until } from "../time.ts";
import { must, type Step, type StepContext, seen } from "../types.ts";
import { type Application, application } from "./application.ts";

/** Longer than the documented 120. */
const LONG_VALUE = 150;

export const assignments: Step = {
  name: "assignments",
  needs: ["graph"],
  minutes: 5,
  permissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All", "AppRoleAssignment.ReadWrite.All"],
  facts: {
    valueOf150Characters: {
      question: "An app role whose value has 150 characters: taken, or refused",
      row: 9,
      values: ["taken", "refused"],
    },
    duplicateAssignment: {
      question: "Text of the 400 for an app role assignment that exists",
      row: 9,
      values: ["permission", "entitlement"],
    },
    restoreOfApplication: {
      question: "Restoring an application: its service principal comes back with it, or stays deleted",
      row: 12,
      values: ["alone", "withPrincipal"],
    },
    assignmentsOfRestored: {
      question: "App role assignments of a restored service principal: as before its deletion, or gone",
      row: 12,
      values: ["kept", "lost"],
    },
  },
  async run(context) {
    const { graph, time } = context;
    const resource = await application(context, "resource");
    const client = await application(context, "client");
    const role = await appRole(context, resource);
    const body = { principalId: client.principalId, resourceId: resource.principalId, appRoleId: role };
    const path = `/servicePrincipals/${resource.principalId}/appRoleAssignedTo`;
    // Role and principal must have reached the replica that answers.
    let answer = await graph.settled("POST", path, body);
    await until(time, { patience: 120, every: 3 }, async () => {
      if (!answer.ok && answer.status === 400) answer = await graph.settled("POST", path, body);
      return answer.ok || answer.status !== 400 ? true : undefined;
    });
    must(answer);
    const twice = await graph.call("POST", path, body);
    const text = twice.message ?? "";
    const value = /Permission being assigned already exists/i.test(text)
      ? "permission"
      : /EntitlementGrant entry already exists/i.test(text)
        ? "entitlement"
        : undefined;
    context.settle("duplicateAssignment", {
      ...(value && { value }),
      observed: value ? seen(twice) : `${seen(twice)}, with another text`,
    });
    await restored(context, resource, path);
  },
};

async function appRole(context: StepContext, { id, principalId }: Application): Promise<string> {
  const { graph, time } = context;
  const { appRoles } = must(
    await graph.settled<{ appRoles: unknown[] }>("GET", `/applications/${id}?$select=appRoles`),
  );
  const add = (value: string) => {
    const role = { id: randomUUID(), displayName: context.name, description: context.name, isEnabled: true, value };
    return { role, body: { appRoles: [...appRoles, { ...role, allowedMemberTypes: ["Application"] }] } };
  };
  const long = add("x".repeat(LONG_VALUE));
  const taken = await graph.settled("PATCH", `/applications/${id}`, long.body);
  context.settle("valueOf150Characters", {
    ...(taken.ok ? { value: "taken" } : taken.status === 400 ? { value: "refused" } : {}),
    observed: seen(taken),
  });
  let { role } = long;
  if (!taken.ok) {
    const short = add("probe");
    must(await graph.settled("PATCH", `/applications/${id}`, short.body));
    role = short.role;
  }
  await until(time, { patience: 120, every: 2 }, async () => {
    const shown = await graph.call<{ appRoles?: { id: string }[] }>(
      "GET",
      `/servicePrincipals/${principalId}?$select=appRoles`,
    );
    return shown.body?.appRoles?.some((one) => one.id === role.id) ? true : undefined;
  });
  return role.id;
}

async function restored(context: StepContext, { id, principalId }: Application, assigned: string): Promise<void> {
  const { graph, time } = context;
  must(await graph.call("DELETE", `/applications/${id}`));
  must(await graph.settled("POST", `/directory/deletedItems/${id}/restore`));
  // Deleted objects may be shown for a while.
  const back = await until(time, { patience: 60, every: 5 }, async () => {
    const deleted = await graph.call("GET", `/directory/deletedItems/${principalId}`);
    return deleted.ok ? undefined : true;
  });
  context.settle("restoreOfApplication", {
    value: back ? "withPrincipal" : "alone",
    observed: back
      ? "the service principal is not among the deleted objects any more"
      : "the service principal stayed among the deleted objects for a minute",
  });
  if (!back) must(await graph.call("POST", `/directory/deletedItems/${principalId}/restore`));
  must(await graph.settled("GET", `/servicePrincipals/${principalId}?$select=id`));
  let last = await graph.settled<{ value: unknown[] }>("GET", assigned);
  const found = await until(time, { patience: 120, every: 5 }, async () => {
    last = await graph.settled<{ value: unknown[] }>("GET", assigned);
    return (last.body?.value ?? []).length > 0 ? true : undefined;
  });
  if (!last.ok) return context.settle("assignmentsOfRestored", { observed: seen(last) });
  context.settle(
    "assignmentsOfRestored",
    found
      ? { value: "kept", observed: "the assignment is listed", seconds: found.seconds }
      : { value: "lost", observed: "no assignment was listed within two minutes" },
  );
}
