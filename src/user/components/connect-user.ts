/** The user in Amazon Connect: its name is the RoleSessionName that Entra sends. Each group of fields has an update call of its own. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import type { Difference, Setting } from "../../domain/difference.ts";
import { OWNER_TAG, ownershipOf } from "../../domain/ownership.ts";
import { type Step, update } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import type { ConnectUserView, Proficiency, Tags } from "../../providers/aws/types.ts";
import { conflictError, terminalError, waitingError } from "../../providers/verdicts.ts";
import { lastAdministrator, refuseLastAdministrator } from "../administrators.ts";
import { identityTags } from "../identity.ts";
import { deleteConnectUser } from "../removal.ts";
import type { UserScope } from "../scope.ts";
import type { UserComponent } from "../seen.ts";
import { ADOPTED_TAG, MOVED_TAG, PERSON_TAG, PERSONA_TAG, RECREATED_TAG, ROLE_TAG } from "../tags.ts";
import { handlingRows, handlingSettings, phoneRows, updateHandling, updatePhone } from "./handling.ts";
import { endSessions } from "./withdrawal.ts";

export const connectUser: UserComponent<"connect-user"> = {
  condition: CONDITION.ConnectUserReady,
  cloud: "connect",
  needs: ["former-assignments"],
  concerns: { permissions: /^(securityProfiles|hierarchyGroup)$/ },
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe(scope) {
    const { connect, input, call } = scope;
    const user = await connect.user(input.username, call, detailOf(scope));
    if (!user) await refuseOtherCase(scope);
    if (!user) return {};
    const administrator = await lastAdministrator(connect, user, call);
    return { user, ...(administrator ? { lastAdministrator: administrator } : {}) };
  },
  plan(scope, { user, lastAdministrator: only }, compare) {
    const { forbidden, persona, withdrawn } = scope;
    const problem =
      forbidden.length > 0
        ? terminalError(
            REASON.SecurityProfileNotAllowed,
            `Persona ${persona.metadata.name} does not allow ${forbidden.join(", ")}; it allows ${persona.spec.connectUsers.securityProfiles.join(", ")}`,
          )
        : undefined;
    if (user) claim(scope, user);
    else if (problem) throw problem;
    const renew = user !== undefined && isToBeRecreated(scope, user);
    if (withdrawn && (!user || renew)) return [];
    // What could not be created again is not deleted.
    const conflict = scope.conflict ?? scope.seen["former-assignments"]?.conflict;
    if (renew && conflict) throw conflictError(REASON.TwoPersonas, conflict);
    if (!user || renew) return createSteps(scope, renew ? user : formerUser(scope));
    if (only !== undefined && !scope.input.securityProfileIds.includes(only)) refuseLastAdministrator(user);
    const steps = [...tagStep(scope, user, compare), ...fieldSteps(scope, user, compare)];
    return problem ? { steps, problem } : steps;
  },
  describe: (_, { user }) => (user ? "The Connect user is as declared" : "There is no Connect user"),
  remove: deleteConnectUser,
};

/** A recreation was asked for, and this is still the former user. */
export function isToBeRecreated({ recreate }: UserScope, { tags }: ConnectUserView): boolean {
  return recreate !== undefined && tags[RECREATED_TAG] !== recreate;
}

/** Detail reads cost a call per user: only for fields that are declared, or that we set. */
function detailOf({ object: { spec, status } }: UserScope): ("identity" | "proficiencies")[] {
  const applied = Object.keys(status?.lastApplied?.["connect-user"] ?? {});
  const identity = spec.secondaryEmail !== undefined || spec.mobile !== undefined;
  const hadIdentity = applied.includes("secondaryEmail") || applied.includes("mobile");
  const hadProficiencies = applied.some((path) => path.startsWith("proficiencies."));
  return [
    ...(identity || hadIdentity ? ["identity" as const] : []),
    ...(spec.proficiencies !== undefined || hadProficiencies ? ["proficiencies" as const] : []),
  ];
}

/** Connect compares names with case: a user that differs in case alone would lock the person out, and a second one would confuse both. */
async function refuseOtherCase({ connect, input, call }: UserScope): Promise<void> {
  const other = (await connect.similar(input.username, call)).find(({ username }) => username !== input.username);
  if (other)
    throw terminalError(
      REASON.UsernameCaseMismatch,
      `Connect has a user ${other.username}, Entra sends ${input.username}, and Connect compares case: change the name in Entra, take RoleSessionName from an attribute that fits, or delete that Connect user`,
    );
}

function claim(scope: UserScope, user: ConnectUserView): void {
  const { username, tags } = user;
  const { object, owner, persona, assignment, recreate, isAlive, adoptionRefusal } = scope;
  const tag = tags[OWNER_TAG];
  const person = tags[PERSON_TAG];
  const ownership = ownershipOf(tag, owner);
  if (person !== undefined && person !== assignment.principalId && recreate === undefined)
    throw terminalError(
      REASON.EntraUserReplaced,
      `Connect user ${username} was made for another person (object id ${person}); set the annotation connectsso.dev/recreate to give the name, without its history, to ${assignment.principalId}`,
    );
  if (ownership === "ours") return;
  if (ownership === "foreign") {
    if (isAlive(tag!)) throw conflictError(REASON.ForeignOwner, `Connect user ${username} belongs to ${tag}`);
    // The person is the same, and the former ConnectUser was in this namespace: it was renamed, or the person comes back.
    if (tag!.split("/")[1] === object.metadata.namespace && person === assignment.principalId) return;
  }
  if (object.spec.adoptionPolicy !== "IfUnowned")
    throw conflictError(
      ownership === "foreign" ? REASON.ForeignOwner : REASON.NotOwned,
      ownership === "foreign"
        ? `Connect user ${username} belonged to ${tag}, which exists no more; set adoptionPolicy: IfUnowned to take it over`
        : `Connect user ${username} exists and carries no owner tag; set adoptionPolicy: IfUnowned to take it over`,
    );
  if (!persona.spec.connectUsers.allowAdoption)
    throw conflictError(
      REASON.AdoptionNotAllowed,
      `Connect user ${username} exists, and persona ${persona.metadata.name} does not let its users take over Connect users; set connectUsers.allowAdoption: true on the persona`,
    );
  const refusal = adoptionRefusal(username);
  if (refusal)
    throw conflictError(REASON.NotOwned, `Connect user ${username} exists and carries no owner tag, and ${refusal}`);
  refuseKeptProfiles(scope, user);
}

/** Under Report a take-over leaves profiles as they are, and the person gets the persona's role: a way in with more than the persona allows. */
function refuseKeptProfiles({ connect, driftPolicy, persona }: UserScope, user: ConnectUserView): void {
  if (driftPolicy !== "Report") return;
  const allowed = persona.spec.connectUsers.securityProfiles;
  const names = user.securityProfileIds.map((id) => connect.nameOf("securityProfile", id) ?? id);
  const more = names.filter((name) => !allowed.includes(name));
  if (more.length > 0)
    throw conflictError(
      REASON.AdoptionNotAllowed,
      `Connect user ${user.username} has ${more.join(", ")}, which persona ${persona.metadata.name} does not allow and driftPolicy: Report would leave; take it off first, or set driftPolicy: Correct`,
    );
}

/**
 * The person's Connect user under the name that Entra sent before. Connect cannot rename a user, so it is replaced when that is asked for,
 * and never joined by a second one.
 */
function formerUser({ users, input, recreate }: UserScope): ConnectUserView | undefined {
  const [old] = users;
  if (!old || recreate !== undefined) return old;
  throw terminalError(
    REASON.UsernameChanged,
    `Entra sends ${input.username} now, the person's Connect user is ${old.username}, and Connect cannot rename a user: change the name back in Entra; or let the persona send an attribute that does not change (application.roleSessionName); or set the annotation connectsso.dev/recreate, which deletes ${old.username} and creates ${input.username}`,
  );
}

function tagsOf({ object, input, owner, persona, recreate, assignment, roleName, seen }: UserScope): Tags {
  // The former persona stays on it until its assignment is gone: without a status it is known by this tag.
  const left = seen["former-assignments"]?.former.find(({ keepsRole }) => keepsRole);
  return {
    ...input.tags,
    ...identityTags(object, assignment.principalId),
    [OWNER_TAG]: owner,
    [PERSONA_TAG]: left?.persona ?? persona.metadata.name,
    [ROLE_TAG]: roleName,
    ...(recreate ? { [RECREATED_TAG]: recreate } : {}),
  };
}

function createSteps(scope: UserScope, old: ConnectUserView | undefined): Step[] {
  const { connect, input, call } = scope;
  const object = `Connect user ${input.username}`;
  const why = old ? "recreation was requested" : "it does not exist";
  const request = old ? { maintenance: true, reason: REASON.Recreated } : {};
  const create: Step = {
    verb: "create",
    object,
    why,
    differences: [],
    settings: settings(scope),
    ...request,
    async apply() {
      // SearchUsers lags: a name that it lacks may exist.
      if (!(await connect.confirmAbsent(input.username, call)))
        throw waitingError(REASON.Pending, `Checking whether Connect user ${input.username} exists`, 5_000);
      await connect.createUser({ ...input, tags: tagsOf(scope) }, call);
    },
  };
  if (!old) return [create];
  return [
    {
      verb: "delete",
      object: `Connect user ${old.username}`,
      why,
      differences: [],
      ...request,
      async apply() {
        if (scope.object.spec.endSessions !== false) await endSessions(scope, [old]);
        await connect.deleteUser(old, call);
      },
    },
    create,
  ];
}

/** What a new Connect user is created with. */
function settings(scope: UserScope): Setting[] {
  const { input, proficiencies } = scope;
  const rows: [string, unknown][] = [
    ["firstName", input.firstName],
    ["lastName", input.lastName],
    ["secondaryEmail", input.secondaryEmail],
    ["mobile", input.mobile],
    ["securityProfiles", shown(scope, "securityProfile")(input.securityProfileIds.join(", "))],
    ["routingProfile", shown(scope, "routingProfile")(input.routingProfileId)],
    ["hierarchyGroup", input.hierarchyGroupId && shown(scope, "hierarchyGroup")(input.hierarchyGroupId)],
    ...Object.entries(input.phone ?? {}).map(([key, value]): [string, unknown] => [`phone.${key}`, value]),
    ...handlingSettings(input.handling),
    ...(proficiencies ?? []).map((one): [string, unknown] => [pathOf(one), one.level]),
    ...Object.entries(input.tags).map(([key, value]): [string, unknown] => [`tags.${key}`, value]),
  ];
  return rows.flatMap(([path, value]) => (value === undefined ? [] : [{ path, value: String(value) }]));
}

/** Names of the ids in a comma-separated list: what people read. */
function shown({ connect }: UserScope, kind: "securityProfile" | "routingProfile" | "hierarchyGroup") {
  return (ids: string) =>
    ids
      .split(", ")
      .map((id) => connect.nameOf(kind, id) ?? id)
      .join(", ");
}

/** Kept until the Connect user is created again; a move between personas with the same role changes nothing. */
function movedFrom({ persona, roleName }: UserScope, { tags }: ConnectUserView): Tags {
  const kept = tags[MOVED_TAG];
  const former = tags[ROLE_TAG] === roleName ? undefined : tags[PERSONA_TAG];
  const from = kept ?? (former === persona.metadata.name ? undefined : former);
  return from === undefined ? {} : { [MOVED_TAG]: from };
}

function tagStep(scope: UserScope, user: ConnectUserView, compare: Comparison): Step[] {
  const { connect, input, call } = scope;
  const tags = {
    ...tagsOf(scope),
    ...movedFrom(scope, user),
    ...(user.tags[OWNER_TAG] === undefined ? { [ADOPTED_TAG]: "true" } : {}),
  };
  const rows = Object.entries(tags).flatMap(([key, value]) => compare.differ(`tags.${key}`, value, user.tags[key]));
  const gone = compare
    .applied("tags.")
    .map((path) => path.slice("tags.".length))
    .filter((key) => !(key in tags) && key !== RECREATED_TAG && key !== ADOPTED_TAG)
    .map((key) => ({ key, rows: compare.undeclared(`tags.${key}`, user.tags[key]) }))
    .filter((one) => one.rows.length > 0);
  const before = user.tags[OWNER_TAG];
  const isAdopted = before !== scope.owner;
  return update([...rows, ...gone.flatMap((one) => one.rows)], {
    verb: isAdopted ? "adopt" : "update",
    object: `Connect user ${input.username}`,
    why: !isAdopted
      ? "its tags differ"
      : before
        ? `it is taken over from ${before}, which exists no more`
        : "it is taken over",
    divisible: true,
    apply: (paths) => {
      const wanted = (key: string) => paths.has(`tags.${key}`);
      const set = Object.fromEntries(
        Object.entries(tags).filter(([key, value]) => wanted(key) && user.tags[key] !== value),
      );
      return connect.tagUser(user, set, gone.map(({ key }) => key).filter(wanted), call);
    },
  });
}

/** One update call for each group of fields that differs; what is not declared stays, unless it was we who set it. */
function fieldSteps(scope: UserScope, user: ConnectUserView, compare: Comparison): Step[] {
  const { connect, input, call } = scope;
  const step = (what: string, differences: Difference[], apply: Step["apply"], divisible = false): Step[] =>
    update(differences, { object: `Connect user ${input.username}`, why: `${what} differs`, divisible, apply });
  const profiles = [...input.securityProfileIds].sort();
  return [
    ...step("identity", identityRows(scope, user, compare), (paths) => updateIdentity(scope, user, paths), true),
    ...step("phone", phoneRows(scope, user, compare), (paths) => updatePhone(scope, user, paths), true),
    ...step(
      "contact handling",
      handlingRows(scope, user, compare),
      (paths) => updateHandling(scope, user, paths),
      true,
    ),
    ...step(
      "securityProfiles",
      compare.asSet("securityProfiles", profiles, user.securityProfileIds, shown(scope, "securityProfile")),
      () => connect.updateSecurityProfiles(user, input.securityProfileIds, call),
    ),
    ...step(
      "routingProfile",
      compare.differ("routingProfile", input.routingProfileId, user.routingProfileId, shown(scope, "routingProfile")),
      () => connect.updateRoutingProfile(user, input.routingProfileId, call),
    ),
    ...step("hierarchy", hierarchyRows(scope, user, compare), () =>
      connect.updateHierarchy(user, input.hierarchyGroupId, call),
    ),
    ...proficiencySteps(scope, user, compare, step),
  ];
}

function hierarchyRows(scope: UserScope, user: ConnectUserView, compare: Comparison): Difference[] {
  const show = shown(scope, "hierarchyGroup");
  const { hierarchyGroupId } = scope.input;
  if (hierarchyGroupId !== undefined)
    return compare.differ("hierarchyGroup", hierarchyGroupId, user.hierarchyGroupId, show);
  return compare.undeclared("hierarchyGroup", user.hierarchyGroupId, show);
}

const IDENTITY = ["firstName", "lastName", "secondaryEmail", "mobile"] as const;

function identityRows({ input }: UserScope, user: ConnectUserView, compare: Comparison): Difference[] {
  return IDENTITY.flatMap((field) => {
    const wanted = input[field];
    return wanted === undefined ? compare.undeclared(field, user[field]) : compare.differ(field, wanted, user[field]);
  });
}

function updateIdentity({ connect, input, call }: UserScope, user: ConnectUserView, paths: ReadonlySet<string>) {
  const change = IDENTITY.filter((field) => paths.has(field)).map((field) => [field, input[field] ?? null]);
  return connect.updateIdentity(user, Object.fromEntries(change), call);
}

const pathOf = ({ attribute, value }: Pick<Proficiency, "attribute" | "value">) =>
  `proficiencies.${attribute}=${value}`;

function proficiencySteps(
  { connect, proficiencies, call }: UserScope,
  user: ConnectUserView,
  compare: Comparison,
  step: (what: string, differences: Difference[], apply: Step["apply"], divisible?: boolean) => Step[],
): Step[] {
  if (!user.proficiencies) return [];
  const found = new Map(user.proficiencies.map((one) => [pathOf(one), one]));
  const wanted = new Map((proficiencies ?? []).map((one) => [pathOf(one), one]));
  const rows = [
    ...[...wanted].flatMap(([path, one]) => compare.differ(path, one.level, found.get(path)?.level)),
    ...[...found].flatMap(([path, one]) => {
      if (wanted.has(path)) return [];
      // A declared list is the whole list; without one, only what we set goes.
      return proficiencies ? compare.differ(path, undefined, one.level) : compare.undeclared(path, one.level);
    }),
  ];
  const apply: Step["apply"] = (paths) =>
    connect.setProficiencies(
      user,
      {
        set: [...wanted].filter(([path]) => paths.has(path)).map(([, one]) => one),
        remove: [...found].filter(([path]) => paths.has(path) && !wanted.has(path)).map(([, one]) => one),
      },
      call,
    );
  return step("proficiencies", rows, apply, true);
}
