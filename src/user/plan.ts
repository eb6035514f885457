/** Desired x observed of one ConnectUser: ordered steps and field-level differences. Pure; every write comes from a step. */
import type { ConnectUser } from "../api/resources.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import type { Change, Difference, Setting } from "../domain/plan.ts";
import type { ConnectUserInput, ConnectUserView, PhoneSettings, Proficiency, Tags } from "../providers/aws/types.ts";
import type { Assignment } from "../providers/graph/types.ts";

/** Tag of a recreated Connect user: hash of the annotation's value, so that an erased status never recreates twice. */
export const RECREATED_TAG = "connectsso.dev/recreated";
/** Tag of a Connect user: the persona whose role we assigned, so that a move takes the old role away also when status was lost. */
export const PERSONA_TAG = "connectsso.dev/persona";
export type UserComponent = "roleAssignment" | "connectUser";

export type Operation =
  | { kind: "assign"; servicePrincipalId: string; principalId: string; appRoleId: string }
  | { kind: "unassign"; servicePrincipalId: string; assignmentId: string }
  | { kind: "create"; input: ConnectUserInput }
  | { kind: "delete" }
  | { kind: "identity"; firstName: string; lastName: string; secondaryEmail?: string; mobile?: string }
  | { kind: "phone"; phone: PhoneSettings }
  | { kind: "securityProfiles"; ids: string[] }
  | { kind: "routingProfile"; id: string }
  | { kind: "hierarchy"; id: string }
  | { kind: "proficiencies"; set: Proficiency[]; remove: Proficiency[] }
  | { kind: "tags"; set: Tags };
export interface Step {
  change: Change<UserComponent>;
  operation: Operation;
}

/** Everything resolved: names are ids, the person is known, nothing is left to look up. */
export interface Desired {
  owner: string;
  /** Name of the persona. */
  persona: string;
  input: ConnectUserInput;
  proficiencies?: Proficiency[];
  assignment: { servicePrincipalId: string; principalId: string; appRoleId: string };
  /** Hash of a recreate request that is not handled yet. */
  recreate?: string;
}
export interface Observed {
  /** The user's own assignments in the persona's application. */
  assignments: readonly Assignment[];
  /** A group of which the user is a direct member has the persona's role: no assignment of its own is needed. */
  byGroup: boolean;
  user: ConnectUserView | undefined;
  /** Assignments that we made in the application of a persona that the user belonged to before. */
  former: { persona: string; servicePrincipalId: string; assignmentId: string }[];
}
/** What of the world had converged before: a difference there is drift, elsewhere it is set-up. */
export interface Before {
  assignmentId?: string;
  assigned: boolean;
  connectUser: boolean;
}

export function planSteps(desired: Desired, seen: Observed, before: Before): Step[] {
  return [
    ...formerSteps(desired, seen),
    ...connectUserSteps(desired, seen.user, before.connectUser),
    ...assignmentSteps(desired, seen, before),
  ];
}

/** First of all, and before the persona's tag is rewritten: a person in two applications gets two roles. */
function formerSteps({ input }: Desired, { former }: Observed): Step[] {
  return former.map(({ persona, servicePrincipalId, assignmentId }) => ({
    change: {
      component: "roleAssignment",
      verb: "delete",
      object: `role assignment of ${input.username} in persona ${persona}`,
      cloud: "entra",
      why: `the user moved here from persona ${persona}; if Connect now answers "Bad Request", it still holds the role of the first login: ask for connectsso.dev/recreate`,
      differences: [{ path: `assigned.${persona}`, desired: "none", observed: "assigned" }],
      drift: false,
    },
    operation: { kind: "unassign", servicePrincipalId, assignmentId },
  }));
}

function assignmentSteps({ assignment, input }: Desired, { assignments, byGroup }: Observed, before: Before): Step[] {
  const steps: Step[] = [];
  const change = (verb: Change["verb"], why: string): Change<UserComponent> => ({
    component: "roleAssignment",
    verb,
    object: `role assignment of ${input.username}`,
    cloud: "entra",
    why,
    differences: [
      verb === "create"
        ? { path: "assigned", desired: assignment.appRoleId, observed: "none" }
        : { path: "assigned", desired: "none", observed: "another role of this application" },
    ],
    drift: before.assigned,
  });
  if (!byGroup && !assignments.some(({ appRoleId }) => appRoleId === assignment.appRoleId))
    steps.push({
      change: change("create", "the user has not got the persona's role"),
      operation: { kind: "assign", ...assignment },
    });
  // Only the assignment that we made goes; others in the application are somebody else's.
  const wrong = assignments.find(
    ({ id, appRoleId }) => id === before.assignmentId && appRoleId !== assignment.appRoleId,
  );
  if (wrong)
    steps.push({
      change: change("delete", "the persona's role is another one now"),
      operation: { kind: "unassign", servicePrincipalId: assignment.servicePrincipalId, assignmentId: wrong.id },
    });
  return steps;
}

function connectUserSteps(desired: Desired, user: ConnectUserView | undefined, converged: boolean): Step[] {
  const { input, recreate, proficiencies } = desired;
  const object = `Connect user ${input.username}`;
  const step = (
    verb: Change["verb"],
    why: string,
    operation: Operation,
    differences: Difference[] = [],
    drift = false,
  ): Step => ({
    change: { component: "connectUser", verb, object, cloud: "connect", why, differences, drift },
    operation,
  });
  const tags: Tags = {
    ...input.tags,
    [OWNER_TAG]: desired.owner,
    [PERSONA_TAG]: desired.persona,
    ...(recreate ? { [RECREATED_TAG]: recreate } : {}),
  };
  const renew = user !== undefined && recreate !== undefined && user.tags[RECREATED_TAG] !== recreate;
  if (!user || renew) {
    const missing = [{ path: "exists", desired: "true", observed: "false" }];
    const steps = renew ? [step("delete", "recreation was requested", { kind: "delete" })] : [];
    const why = renew ? "recreation was requested" : "there is no Connect user of this name";
    const made = { kind: "create" as const, input: { ...input, tags } };
    const create = step("create", why, made, renew ? [] : missing, !renew && converged);
    steps.push({ ...create, change: { ...create.change, settings: settingsOf(desired) } });
    if (proficiencies?.length)
      steps.push(step("update", "a new user has none", { kind: "proficiencies", set: proficiencies, remove: [] }));
    return steps;
  }
  const steps: Step[] = [];
  const missingTags = Object.keys(tags).filter((key) => user.tags[key] !== tags[key]);
  if (missingTags.length > 0) {
    const set = Object.fromEntries(missingTags.map((key) => [key, tags[key]!]));
    const rows = missingTags.map((key) => row(`tags.${key}`, tags[key], user.tags[key]));
    const adopting = user.tags[OWNER_TAG] === undefined;
    steps.push(
      adopting
        ? step("adopt", "taken over", { kind: "tags", set }, rows)
        : step("update", "tags differ", { kind: "tags", set }, rows, converged),
    );
  }
  for (const { operation, rows } of fieldUpdates(desired, user))
    steps.push(step("update", `${operation.kind} differs`, operation, rows, converged));
  return steps;
}

/** What a new Connect user is made with. */
function settingsOf({ input, proficiencies }: Desired): Setting[] {
  const rows: [string, unknown][] = [
    ["firstName", input.firstName],
    ["lastName", input.lastName],
    ["secondaryEmail", input.secondaryEmail],
    ["mobile", input.mobile],
    ["securityProfiles", input.securityProfileIds.join(",")],
    ["routingProfile", input.routingProfileId],
    ["hierarchyGroup", input.hierarchyGroupId],
    ...Object.entries(input.phone ?? {}).map(([key, value]): [string, unknown] => [`phone.${key}`, value]),
    ...(proficiencies ?? []).map((one): [string, unknown] => [
      `proficiencies.${one.attribute}=${one.value}`,
      one.level,
    ]),
    ...Object.entries(input.tags ?? {}).map(([key, value]): [string, unknown] => [`tags.${key}`, value]),
  ];
  return rows.flatMap(([path, value]) => (value === undefined ? [] : [{ path, value: String(value) }]));
}

/** One update call for each group of fields that differs; none for what is not declared. */
function fieldUpdates({ input, proficiencies }: Desired, user: ConnectUserView) {
  const updates: { operation: Operation; rows: Difference[] }[] = [];
  const identity: Difference[] = [];
  for (const field of ["firstName", "lastName", "secondaryEmail", "mobile"] as const)
    if (input[field] !== undefined && input[field] !== (user[field] ?? undefined))
      identity.push(row(field, input[field], user[field] ?? undefined));
  if (identity.length > 0) {
    // UpdateUserIdentityInfo replaces the whole object: what is not declared goes back as it was.
    const secondaryEmail = input.secondaryEmail ?? user.secondaryEmail ?? undefined;
    const mobile = input.mobile ?? user.mobile ?? undefined;
    const { firstName, lastName } = input;
    updates.push({
      operation: {
        kind: "identity",
        firstName,
        lastName,
        ...(secondaryEmail ? { secondaryEmail } : {}),
        ...(mobile ? { mobile } : {}),
      },
      rows: identity,
    });
  }
  const phone: Difference[] = [];
  for (const key in input.phone) {
    const field = key as keyof PhoneSettings;
    const wanted = input.phone[field];
    if (wanted !== undefined && wanted !== user.phone[field])
      phone.push(row(`phone.${field}`, wanted, user.phone[field]));
  }
  if (phone.length > 0)
    updates.push({ operation: { kind: "phone", phone: { ...user.phone, ...input.phone } }, rows: phone });
  if (!sameSet(input.securityProfileIds, user.securityProfileIds))
    updates.push({
      operation: { kind: "securityProfiles", ids: input.securityProfileIds },
      rows: [row("securityProfiles", input.securityProfileIds.join(","), user.securityProfileIds.join(","))],
    });
  if (input.routingProfileId !== user.routingProfileId)
    updates.push({
      operation: { kind: "routingProfile", id: input.routingProfileId },
      rows: [row("routingProfile", input.routingProfileId, user.routingProfileId)],
    });
  if (input.hierarchyGroupId !== undefined && input.hierarchyGroupId !== user.hierarchyGroupId)
    updates.push({
      operation: { kind: "hierarchy", id: input.hierarchyGroupId },
      rows: [row("hierarchyGroup", input.hierarchyGroupId, user.hierarchyGroupId)],
    });
  if (proficiencies && user.proficiencies) {
    const key = ({ attribute, value }: Proficiency) => `${attribute}=${value}`;
    const old = new Map(user.proficiencies.map((one) => [key(one), one]));
    const wanted = new Set(proficiencies.map(key));
    const set = proficiencies.filter((one) => old.get(key(one))?.level !== one.level);
    const remove = user.proficiencies.filter((one) => !wanted.has(key(one)));
    const rows = [
      ...set.map((one) => row(`proficiencies.${key(one)}`, one.level, old.get(key(one))?.level)),
      ...remove.map((one) => row(`proficiencies.${key(one)}`, undefined, one.level)),
    ];
    if (rows.length > 0) updates.push({ operation: { kind: "proficiencies", set, remove }, rows });
  }
  return updates;
}

/** Detail reads cost a call per user: only for fields that the spec manages. */
export function detailOf(spec: ConnectUser["spec"]): ("identity" | "proficiencies")[] {
  const detail: ("identity" | "proficiencies")[] = [];
  if (spec.secondaryEmail !== undefined || spec.mobile !== undefined) detail.push("identity");
  if (spec.proficiencies !== undefined) detail.push("proficiencies");
  return detail;
}

const row = (path: string, desired: unknown, observed: unknown): Difference => ({
  path,
  desired: desired === undefined ? "none" : String(desired),
  observed: observed === undefined ? "none" : String(observed),
});
const sameSet = (a: string[], b: string[]) => a.length === b.length && a.every((one) => b.includes(one));
