/** Why somebody cannot log in: finds who is meant, opens what the login needs, and walks the chain. Reads only. */
import {
  CONDITION,
  type ConnectSsoPersona,
  type ConnectUser,
  MEMBER_ANNOTATIONS,
  SET_LABEL,
} from "../api/resources.ts";
import { type Claimant, conflictMessage, declaredConflict } from "../domain/conflicts.ts";
import { DEFAULT_MASS_DELETION_SHARE } from "../domain/massdeletion.ts";
import { carriesPair, personaNames } from "../domain/names.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import { isStalled } from "../engine/errors.ts";
import { planOnce } from "../engine/reconcile.ts";
import { COMPONENTS } from "../persona/components/index.ts";
import { personaKind } from "../persona/kind.ts";
import { type PersonaScope, scopeOf } from "../persona/scope.ts";
import type { ComponentName } from "../persona/seen.ts";
import type { Clouds } from "../providers/clouds.ts";
import { CloudError } from "../providers/errors.ts";
import { isTrue } from "../runtime/conditions.ts";
import type { KubeObject, ObjectStore } from "../runtime/port.ts";
import { userKind } from "../user/kind.ts";
import { ROLE_TAG } from "../user/tags.ts";
import { connectUser, federation, instance, provider, relay, roleTrust, sessionDuration } from "./aws.ts";
import { application, assignment, certificate, person, roleValue, sessionName } from "./entra.ts";
import {
  broken,
  causeOf,
  holds,
  type Link,
  type LinkSpec,
  type Login,
  unreadable,
  type Verdict,
  walk,
  warning,
} from "./login.ts";

interface WhyDeps {
  personas: ConnectSsoPersona[];
  users: ConnectUser[];
  clouds: Clouds;
  cluster: string;
  /** How to have corrected what belongs to a persona or user, as a command. */
  repair(object: ConnectSsoPersona | ConnectUser): string;
}
export interface Explanation {
  user: { namespace: string; name: string } | null;
  persona: { namespace: string; name: string } | null;
  /** The Entra user and the Connect user name, as far as known. */
  person: string;
  links: Link[];
  /** Name of the link to fix first. */
  cause?: string;
  /** Where the person is to start; Connect's own address only says "Session expired". */
  signInAt?: string;
}

/** In the order of a login: Entra, the assertion, AWS, Connect. */
const CHAIN: LinkSpec[] = [
  person,
  application,
  assignment,
  roleValue,
  sessionName,
  certificate,
  provider,
  roleTrust,
  sessionDuration,
  relay,
  federation,
  instance,
  connectUser,
];

/** By ConnectUser name, `namespace/name`, user principal name, object id or Connect user name; without regard to case. */
export function findUsers(users: ConnectUser[], wanted: string): ConnectUser[] {
  const key = wanted.toLowerCase();
  const byObject = users.filter(
    ({ metadata }) => metadata.name === wanted || `${metadata.namespace}/${metadata.name}` === wanted,
  );
  if (byObject.length > 0) return byObject;
  return users.filter(({ spec, status }) =>
    [
      spec.entraUser.userPrincipalName,
      spec.entraUser.objectId,
      spec.username,
      status?.username,
      status?.entraObjectId,
    ].some((name) => name?.toLowerCase() === key),
  );
}

export async function explain(user: ConnectUser, deps: WhyDeps): Promise<Explanation> {
  const { namespace, name } = user.metadata;
  const { personaRef, entraUser } = user.spec;
  const persona = deps.personas.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === personaRef.name,
  );
  const about = {
    user: { namespace, name },
    persona: persona ? { namespace, name: personaRef.name } : null,
    person: user.status?.username ?? entraUser.userPrincipalName ?? entraUser.objectId!,
  };
  const declared: Link = { name: "declared", ...declaration(user, persona, deps) };
  const withCause = (links: Link[]) => {
    const cause = causeOf(links, [...(persona ? [persona] : []), user].map(deps.repair))?.name;
    return { links, ...(cause ? { cause } : {}) };
  };
  if (!persona) return { ...about, ...withCause([declared]) };
  const opened = await open(user, persona, deps);
  if (!("scope" in opened)) return { ...about, ...withCause([declared, { name: "clouds", ...opened }]) };
  const chain = await walk(opened, CHAIN);
  const refused = declared.state === "holds" ? await refusal(user, persona, deps, chain) : undefined;
  const links = [declared, ...chain, ...(refused ? [{ name: "controller", ...refused }] : [])];
  const signInAt = persona.status?.userAccessUrl ?? accessUrl(opened.scope);
  return { ...about, person: opened.sent ?? about.person, ...withCause(links), ...(signInAt ? { signInAt } : {}) };
}

function declaration(user: ConnectUser, persona: ConnectSsoPersona | undefined, { users, personas }: WhyDeps): Verdict {
  const label = `ConnectUser ${user.metadata.namespace}/${user.metadata.name}`;
  if (!persona)
    return broken(`${label} refers to persona ${user.spec.personaRef.name}, which does not exist in its namespace`, {
      fix: "declare the persona there, or correct spec.personaRef",
    });
  if (user.metadata.deletionTimestamp)
    return broken(`${label} is being deleted`, { fix: "declare it again once it is gone" });
  if (persona.metadata.deletionTimestamp) return broken(`persona ${persona.metadata.name} is being deleted`);
  const conflict = conflictOf(user, users, personas);
  if (conflict)
    return broken(conflict, { fix: "delete one of the two, and recreate the Connect user if both had signed in" });
  const allowed = persona.spec.connectUsers.securityProfiles;
  const forbidden = (user.spec.securityProfiles ?? []).filter((one) => !allowed.includes(one));
  if (forbidden.length > 0)
    return broken(
      `persona ${persona.metadata.name} does not allow the security profile ${forbidden.join(", ")}, so ${label} is refused`,
      {
        fix: `use ${allowed.join(", ")}, or add it to connectUsers.securityProfiles of the persona`,
      },
    );
  if (user.spec.suspend || persona.spec.suspend)
    return warning(
      `${user.spec.suspend ? label : `persona ${persona.metadata.name}`} is suspended: nothing of what follows is repaired`,
      {
        fix: "set spec.suspend to false",
      },
    );
  return holds(`${label} of persona ${persona.metadata.name}${bySet(user)}`);
}

/** The set that made the user, and the rule of each field. */
function bySet({ metadata: { labels, annotations } }: ConnectUser): string {
  const set = labels?.[SET_LABEL];
  if (set === undefined) return "";
  const rules = annotations?.[MEMBER_ANNOTATIONS.because];
  return `, made by set ${set}${rules ? `; rules: ${rules}` : ""}`;
}

/**
 * What the reconcilers refuse, by their own rules. It is the cause where the login is broken; a login that works keeps working, and the refusal
 * is a warning.
 */
async function refusal(
  user: ConnectUser,
  persona: ConnectSsoPersona,
  deps: WhyDeps,
  chain: readonly Link[],
): Promise<Verdict | undefined> {
  const isStalledNow = [user, persona].some(({ status }) => isTrue(status?.conditions, CONDITION.Stalled));
  if (!isStalledNow && chain.every(({ state }) => state === "holds" || state === "warning")) return undefined;
  const all = {
    store: storeOf(deps) as ObjectStore,
    clouds: deps.clouds,
    cluster: deps.cluster,
    pollIntervalMs: 0,
    now: () => Date.now(),
    massDeletionShare: () => DEFAULT_MASS_DELETION_SHARE,
    sees: () => true,
  };
  const kinds = [
    { one: persona, plan: () => planOnce(personaKind(all), persona, all.now()) },
    { one: user, plan: () => planOnce(userKind(all), user, all.now()) },
  ];
  for (const { one, plan } of kinds) {
    const { problem } = await plan();
    if (!problem || !isStalled(problem)) continue;
    const text = `${one.kind} ${one.metadata.namespace}/${one.metadata.name} is refused: ${problem.message}`;
    const isBroken = chain.some(({ state }) => state === "broken");
    return (isBroken ? broken : warning)(text, { fix: "do what the message says; nothing is corrected before that" });
  }
  return undefined;
}

function conflictOf(user: ConnectUser, users: ConnectUser[], personas: ConnectSsoPersona[]): string | undefined {
  const claimant = (one: ConnectUser): Claimant | undefined => {
    const { namespace, name } = one.metadata;
    const theirs = personas.find(
      ({ metadata }) => metadata.namespace === namespace && metadata.name === one.spec.personaRef.name,
    );
    const { objectId, userPrincipalName } = one.spec.entraUser;
    return theirs && !one.metadata.deletionTimestamp
      ? {
          namespace,
          name,
          persona: theirs.metadata.name,
          instanceArn: theirs.spec.instanceArn,
          entraUser: [objectId, userPrincipalName, one.status?.entraObjectId].filter((id) => id !== undefined),
          username: one.status?.username ?? one.spec.username,
        }
      : undefined;
  };
  const self = claimant(user);
  const conflict =
    self &&
    declaredConflict(
      self,
      users.map(claimant).filter((one) => one !== undefined),
    );
  return conflict && conflictMessage(conflict);
}

async function open(user: ConnectUser, persona: ConnectSsoPersona, deps: WhyDeps): Promise<Login | Verdict> {
  const { namespace } = persona.metadata;
  const {
    instanceArn,
    application: { tenantId },
    aws,
  } = persona.spec;
  try {
    const [{ account, rules }, graph] = await Promise.all([
      deps.clouds.aws(instanceArn, namespace),
      deps.clouds.graph(tenantId, namespace),
    ]);
    const connect = account.instance(instanceArn);
    // nameOf knows what was asked for once.
    await connect.securityProfile(persona.spec.connectUsers.securityProfiles[0]!);
    const boundaryArn = rules.permissionsBoundaryArn ?? aws.permissionsBoundaryArn;
    const reads = {
      ...deps,
      now: () => Date.now(),
      persist: async () => {},
      claimedElsewhere: () => undefined,
      store: storeOf(deps),
    };
    const look = async (as: ConnectSsoPersona) => {
      const scope = scopeOf(as, reads, { account, graph, boundaryArn, rules }, { absences: {} }, {});
      return { scope, failed: await observe(scope) };
    };
    const [own] = await connect.tagged(OWNER_TAG, ownerOf(deps.cluster, namespace, user.metadata.name)).catch(() => []);
    const bound = own?.tags[ROLE_TAG];
    const former = bound && bound !== personaNames(persona).role ? await look(asSignedIn(persona, bound)) : undefined;
    // Of another persona, before a move: this one's application does not carry it.
    const { scope, failed } = former && carriesRole(former.scope) ? former : await look(persona);
    const { personas, users, repair } = deps;
    const repairs = { repair: repair(persona), repairUser: repair(user) };
    return { user, persona, personas, users, account, connect, scope, failed, ...repairs };
  } catch (error) {
    const refused = error instanceof CloudError && error.kind === "terminal";
    return refused
      ? broken(error.message, { fix: "connect-sso doctor looks at credentials and rights" })
      : unreadable(error);
  }
}

/** The persona with the role to which the user is bound, where that is another one than the persona's present one. */
function asSignedIn(persona: ConnectSsoPersona, roleName: string): ConnectSsoPersona {
  const aws = { ...persona.spec.aws, roleSharing: "Persona" as const, roleName };
  return { ...persona, spec: { ...persona.spec, aws } };
}

const carriesRole = ({ seen, names }: PersonaScope): boolean =>
  seen.application?.servicePrincipal?.appRoles.some(({ value }) => carriesPair(value, names)) ?? false;

/** Components that say whether they are part of a login; the provider is read by itself, since its component also asks whether it may be written. */
async function observe(scope: PersonaScope): Promise<Login["failed"]> {
  const failed: Login["failed"] = new Map();
  for (const [name, component] of Object.entries(COMPONENTS)) {
    if (!component.servesLogin) continue;
    try {
      (scope.seen as Record<string, unknown>)[name] = await component.observe(scope);
    } catch (error) {
      failed.set(name as ComponentName, error);
    }
  }
  return failed;
}

/** `why` reads the clouds; what other objects there are it was given. */
function storeOf({ personas, users }: WhyDeps): PersonaScope["store"] {
  const all: KubeObject[] = [...personas, ...users];
  return {
    get: <T extends KubeObject>(kind: string, namespace: string, name: string) =>
      all.find((one) => one.kind === kind && one.metadata.namespace === namespace && one.metadata.name === name) as
        | T
        | undefined,
    list: <T extends KubeObject>(kind: string) => all.filter((one) => one.kind === kind) as T[],
  };
}

function accessUrl(scope: PersonaScope): string | undefined {
  const application = scope.seen.application?.application;
  return application && scope.graph.userAccessUrl(application.appId);
}
