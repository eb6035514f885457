/** Which application in Entra is this persona's, and which identifier it has or gets. Reads only. */
import { nextIdentifier } from "../domain/identifier.ts";
import { carriesPair } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { identifierBase } from "../domain/relay-state.ts";
import { CloudError } from "../providers/errors.ts";
import type { Application } from "../providers/graph/types.ts";
import type { PersonaScope } from "./scope.ts";

/** Gallery template "AWS Single-Account Access". */
export const AWS_TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5";

/** Name of an application until its settings are made: derived, so that it is found again whatever was lost. */
export function temporaryName(scope: PersonaScope): string {
  return `connect-sso ${scope.owner}`;
}

export function ownerTag(scope: PersonaScope): string {
  return `${OWNER_TAG}:${scope.owner}`;
}

export function ownerOfTags(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith(`${OWNER_TAG}:`))?.slice(OWNER_TAG.length + 1);
}

/**
 * Tag of the application for each IAM user whose key it holds, or held: a manifest may name another user by now, or none, and IAM finds no
 * user by its tags.
 */
const IAM_USER_TAG = "connectsso.dev/iam-user:";

export function iamUserTag(name: string): string {
  return `${IAM_USER_TAG}${name}`;
}

export function iamUsersOfTags(tags: readonly string[]): string[] {
  return tags.filter((tag) => tag.startsWith(IAM_USER_TAG)).map((tag) => tag.slice(IAM_USER_TAG.length));
}

export const findCandidates = async (scope: PersonaScope): Promise<Application[]> =>
  (await searchApplications(scope)).candidates;

/**
 * Ours by tag; else by the temporary name; else, when taking over is allowed, the one unowned gallery application of this name. `unproven`: those
 * that bear our tag, and nothing else says that they are ours.
 */
export async function searchApplications(
  scope: PersonaScope,
): Promise<{ candidates: Application[]; unproven: Application[] }> {
  const { graph, call, spec } = scope;
  const hint = knownId(scope);
  const [hinted, tagged, temporary] = await Promise.all([
    hint ? graph.getApplication(hint, call) : undefined,
    graph.findApplications({ tag: ownerTag(scope) }, call),
    graph.findApplications({ displayName: temporaryName(scope) }, call),
  ]);
  const ours = tagged.filter(({ tags }) => ownerOfTags(tags) === scope.owner);
  const proven = ours.filter((one) => isProven(scope, one));
  const unproven = ours.filter((one) => !proven.includes(one));
  const found = (candidates: Application[]) => ({ candidates, unproven });
  if (proven.length > 0) return found(proven.map((one) => (one.id === hinted?.id ? hinted : one)));
  if (hinted && isNew(scope, hinted)) return found([hinted]);
  // A name is no proof: a foreign tag is.
  const named = temporary.filter((one) => isNew(scope, one));
  if (named.length > 0) return found(named);
  // The tag was removed outside the controller. The id in status shows which one it was, and what it carries proves it.
  if (hinted && ownerOfTags(hinted.tags) === undefined && looksLikeOurs(scope, hinted)) return found([hinted]);
  if (spec.adoptionPolicy !== "IfUnowned") return found([]);
  const { identifier } = spec.application;
  const unowned = (await graph.findApplications({ displayName: spec.application.displayName }, call)).filter(
    ({ applicationTemplateId, tags, identifierUris }) =>
      ownerOfTags(tags) === undefined &&
      // One that is not from the gallery serves as well; its identifier says that it is meant.
      (applicationTemplateId === AWS_TEMPLATE || (identifier !== undefined && identifierUris.includes(identifier))),
  );
  const identified = unowned.filter(
    ({ identifierUris }) => identifier !== undefined && identifierUris.includes(identifier),
  );
  // Applications made by hand often share the gallery's name: the identifier distinguishes them.
  return found(identified.length > 0 ? identified : unowned);
}

/**
 * Made by an earlier pass, and not tagged yet. By default every user of a tenant may register an application under any name and with any tag;
 * one of the gallery takes an administrator, and Entra notes that it is one.
 */
export function isNew(scope: PersonaScope, { tags, displayName, applicationTemplateId }: Application): boolean {
  return (
    displayName === temporaryName(scope) && ownerOfTags(tags) === undefined && applicationTemplateId === AWS_TEMPLATE
  );
}

/** Of one that bears our tag: from the gallery, or the one that was taken over, or one that may be. */
function isProven(scope: PersonaScope, { id, applicationTemplateId, identifierUris }: Application): boolean {
  const { application, adoptionPolicy } = scope.spec;
  const isDeclared = application.identifier !== undefined && identifierUris.includes(application.identifier);
  return (
    applicationTemplateId === AWS_TEMPLATE || id === knownId(scope) || (adoptionPolicy === "IfUnowned" && isDeclared)
  );
}

/** A status is a hint that somebody may have written: the application itself has to say that it is this persona's. */
function looksLikeOurs({ names, spec }: PersonaScope, { displayName, appRoles, applicationTemplateId }: Application) {
  return (
    appRoles.some(({ value }) => carriesPair(value, names)) ||
    (applicationTemplateId === AWS_TEMPLATE && displayName === spec.application.displayName)
  );
}

/** Id of the application that this persona had, as far as anybody remembers. */
export function knownId({ memory, object }: PersonaScope): string | undefined {
  return memory.applicationId ?? object.status?.applicationId;
}

/** Ours among the soft-deleted ones, the one deleted last. Who may not look has none: then a new one is made, and the old one stays deleted. */
export async function findDeleted(scope: PersonaScope): Promise<Application | undefined> {
  const { graph, call } = scope;
  const known = knownId(scope);
  try {
    const all = await graph.findDeletedApplications(
      (one) =>
        (ownerOfTags(one.tags) === scope.owner && isProven(scope, one)) ||
        isNew(scope, one) ||
        (one.id === known && ownerOfTags(one.tags) === undefined && looksLikeOurs(scope, one)),
      call,
    );
    return all.sort((a, b) => (a.deletedDateTime ?? "").localeCompare(b.deletedDateTime ?? "")).at(-1);
  } catch (error) {
    if (error instanceof CloudError && error.status === 403) return undefined;
    throw error;
  }
}

/** Another application than these that uses the identifier. */
export async function findIdentifierHolder(
  { graph, call }: PersonaScope,
  identifier: string,
  own: readonly Application[],
): Promise<Application | undefined> {
  const others = await graph.findApplications({ identifierUriPrefix: identifier }, call);
  return others.find(
    ({ id, identifierUris }) =>
      !own.some((one) => one.id === id) && identifierUris.some((uri) => uri.toLowerCase() === identifier.toLowerCase()),
  );
}

/** Given; else the application's own; else the one last used; else the next that is free in the tenant. */
export async function chooseIdentifier(scope: PersonaScope, found: Application) {
  const base = identifierBase(scope.instance);
  const own = found.identifierUris.find((uri) => uri === base || uri.startsWith(`${base}#`));
  const given = scope.spec.application.identifier;
  if (own && (!given || given === own)) return { identifier: own };
  const others = (await scope.graph.findApplications({ identifierUriPrefix: given ?? base }, scope.call)).filter(
    ({ id }) => id !== found.id,
  );
  const uses = (uri: string) =>
    others.find(({ identifierUris }) => identifierUris.some((used) => used.toLowerCase() === uri.toLowerCase()));
  if (given) {
    const holder = uses(given);
    return { identifier: given, identifierTakenBy: holder ? `application ${holder.displayName}` : undefined };
  }
  const last = scope.object.status?.identifier;
  const taken = scope.memory.takenIdentifiers ?? [];
  if (last && (last === base || last.startsWith(`${base}#`)) && !uses(last) && !taken.includes(last))
    return { identifier: last };
  return { identifier: nextIdentifier(base, [...others.flatMap(({ identifierUris }) => identifierUris), ...taken]) };
}
