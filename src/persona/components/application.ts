/**
 * The Entra gallery application in SAML mode. It is created under a name derived from cluster, namespace and name, and looked for by that
 * name and by its owner tag before it is asked for.
 */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import type { Difference } from "../../domain/difference.ts";
import { sameRelayState } from "../../domain/relay-state.ts";
import { replyUrls } from "../../domain/reply-urls.ts";
import { type Step, update } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import { CloudError } from "../../providers/errors.ts";
import type { Application, ServicePrincipal } from "../../providers/graph/types.ts";
import { conflictError, terminalError, waitingError } from "../../providers/verdicts.ts";
import type { PersonaComponent } from "../component.ts";
import {
  chooseIdentifier,
  findDeleted,
  iamUserTag,
  isNew,
  ownerOfTags,
  ownerTag,
  searchApplications,
} from "../find-application.ts";
import { instantiate, requireSettled, restore } from "../instantiate.ts";
import { claim, type PersonaScope, wasOurs } from "../scope.ts";
import type { Ownership, SeenApplication } from "../seen.ts";
import { guardApplication, guardClaims } from "../take-over.ts";

/** Entra's clock. */
const OWNERS_SHOW_MS = 300_000;
const PRINCIPAL_SHOWS_MS = 60_000;

export const application: PersonaComponent<"application"> = {
  condition: CONDITION.ApplicationReady,
  cloud: "entra",
  needs: [],
  concerns: { trust: /^defaultReplyUrl$|^replyUrls$/ },
  shared: false,
  servesLogin: true,
  applies: () => true,
  observe,
  plan(scope, seen, compare) {
    if (seen.rivals.length > 1)
      throw conflictError(
        REASON.SeveralApplications,
        `applications ${seen.rivals.join(", ")} all carry this persona's tag; delete those that are not used`,
      );
    if (!seen.application && seen.unproven)
      throw conflictError(
        REASON.NotOwned,
        `application ${seen.unproven} carries this persona's owner tag, but it is not from the gallery, and this persona is not known to have had it: delete it, or take the tag off; if it is meant, declare its application.identifier and set adoptionPolicy: IfUnowned`,
      );
    if (!seen.application) return [seen.deleted ? restore(scope, seen.deleted) : instantiate(scope)];
    const { application: found, servicePrincipal } = seen;
    const object = `application ${scope.spec.application.displayName}`;
    const tag = ownerOfTags(found.tags);
    const owned = isNew(scope, found) ? "ours" : claim(scope, object, tag);
    if (owned === "adopt") {
      guardClaims(scope, seen.claims ?? []);
      if (!wasOurs(scope, "application")) guardApplication(scope, found, seen.identifier!);
    }
    refuseOwnership(scope, object, found, seen);
    if (!servicePrincipal) return [ensurePrincipal(scope, object, found, seen.withoutPrincipalMs ?? 0)];
    if (seen.identifierTakenBy)
      throw terminalError(
        REASON.IdentifierTaken,
        `identifier ${seen.identifier} is used by ${seen.identifierTakenBy}; choose another, or leave application.identifier out`,
      );
    return [
      ...tagStep(scope, object, found, owned, compare),
      ...signOnStep(scope, object, servicePrincipal, compare),
      ...applicationStep(scope, object, found, seen.identifier!, compare),
    ];
  },
  describe: (scope, seen) => `${scope.spec.application.displayName}, identifier ${seen.identifier}`,
  remove,
};

/** SAML mode off and identifiers cleared first: Entra may refuse to delete otherwise, and a soft-deleted application may keep them. */
async function remove(scope: PersonaScope): Promise<boolean> {
  const { graph, call } = scope;
  const { application: found, servicePrincipal } = await observe(scope);
  if (!found) {
    requireSettled(scope);
    return true;
  }
  // Under the temporary name it is ours before it is tagged.
  const tag = ownerOfTags(found.tags);
  if (tag !== scope.owner && !isNew(scope, found)) return true;
  if (found.identifierUris.length > 0) await graph.patchApplication(found.id, { identifierUris: [] }, call);
  if (servicePrincipal?.preferredSingleSignOnMode)
    await graph.patchServicePrincipal(servicePrincipal.id, { preferredSingleSignOnMode: null }, call);
  await graph.deleteApplication(found.id, call);
  return true;
}

async function observe(scope: PersonaScope): Promise<SeenApplication> {
  const { graph, call, once, memory } = scope;
  const { candidates, unproven } = await searchApplications(scope);
  const found = candidates[0];
  if (!found) {
    once.absent("application");
    const deleted = await findDeleted(scope);
    return { ownership: { state: "ours" }, rivals: [], deleted, ...(unproven[0] ? { unproven: unproven[0].id } : {}) };
  }
  once.found("application");
  const known = await graph.findServicePrincipal(found.appId, call);
  const now = graph.now().getTime();
  memory.withoutPrincipalSince = known ? undefined : (memory.withoutPrincipalSince ?? now);
  const adopting = scope.spec.adoptionPolicy === "IfUnowned" && ownerOfTags(found.tags) === undefined;
  const [servicePrincipal, ownership, claims] = await Promise.all([
    known ? graph.getServicePrincipal(known.id, call) : undefined,
    ownershipOf(scope, found, known?.id),
    known && adopting && !isNew(scope, found) ? graph.claimsPoliciesOf(known.id, call) : undefined,
  ]);
  return {
    application: found,
    servicePrincipal,
    ownership,
    ...(claims ? { claims } : {}),
    ...(memory.withoutPrincipalSince ? { withoutPrincipalMs: now - memory.withoutPrincipalSince } : {}),
    rivals: candidates.map(({ id }) => id),
    ...(await chooseIdentifier(scope, found)),
  };
}

/** With Application.ReadWrite.OwnedBy alone, what the controller's own service principal does not own cannot be changed. */
async function ownershipOf(
  scope: PersonaScope,
  found: Application,
  principalId: string | undefined,
): Promise<Ownership> {
  const { graph, call, memory } = scope;
  if ((await graph.permissions())?.includes("Application.ReadWrite.All")) return { state: "ours" };
  const [self, ...owners] = await Promise.all([
    graph.selfId(),
    graph.owners("application", found.id, call),
    principalId ? graph.owners("servicePrincipal", principalId, call) : undefined,
  ]);
  const named = ["application", "service principal"].flatMap((of, index) => {
    const ids = owners[index];
    return ids ? [{ of, ids }] : [];
  });
  const ownerless = named.filter(({ ids }) => ids.length === 0).map(({ of }) => of);
  const now = graph.now().getTime();
  memory.ownerlessSince = ownerless.length > 0 ? (memory.ownerlessSince ?? now) : undefined;
  if (ownerless.length > 0) return { state: "ownerless", of: ownerless, sinceMs: now - memory.ownerlessSince! };
  const others = named.filter(({ ids }) => self !== undefined && !ids.includes(self)).map(({ of }) => of);
  return others.length > 0 ? { state: "others", of: others } : { state: "ours" };
}

function refuseOwnership(
  scope: PersonaScope,
  object: string,
  { id }: Application,
  { ownership }: SeenApplication,
): void {
  if (ownership.state === "ours") return;
  const which = `the ${ownership.of.join(" and ")} of ${object} (${id})`;
  const remedy = "make the controller's service principal an owner of both";
  if (ownership.state === "others")
    throw terminalError(
      REASON.OwnedByOthers,
      `${which} is owned by others, and the controller may change only what it owns; ${remedy}`,
    );
  // Owners of what was just made, or brought back, may take minutes to show.
  if (ownership.sinceMs < OWNERS_SHOW_MS && !wasOurs(scope, "application"))
    throw waitingError(REASON.WaitingForReplication, `Entra does not show the owner of ${which} yet`, 10_000);
  throw terminalError(REASON.NoOwner, `${which} has no owner, so the controller may not change it; ${remedy}`);
}

/** A new one shows within seconds; one that was there and is gone, and one that never shows, is restored or created again. */
function ensurePrincipal(scope: PersonaScope, object: string, { appId }: Application, missingMs: number): Step {
  if (missingMs < PRINCIPAL_SHOWS_MS && !wasOurs(scope, "application"))
    throw waitingError(
      REASON.WaitingForReplication,
      `Entra does not show the service principal of ${object} yet`,
      3_000,
    );
  return {
    verb: "create",
    object: `service principal of ${object}`,
    why: "it is missing; a deleted one is restored",
    differences: [],
    async apply() {
      await scope.graph.ensureServicePrincipal(appId, scope.call);
    },
  };
}

function tagStep(
  scope: PersonaScope,
  object: string,
  found: Application,
  owned: "ours" | "adopt",
  compare: Comparison,
): Step[] {
  const differences = compare.differ("tags", scope.owner, ownerOfTags(found.tags));
  const { spec, names, graph, call } = scope;
  const wanted = [ownerTag(scope), ...(spec.roleDelivery.mode === "Provisioning" ? [iamUserTag(names.user)] : [])];
  const missing = wanted.filter((tag) => !found.tags.includes(tag));
  if (missing.length === 0) return [];
  const isUnowned = missing.includes(ownerTag(scope));
  return [
    {
      verb: owned === "adopt" ? "adopt" : "update",
      object,
      why: isUnowned ? "it carries our owner tag" : `it names IAM user ${names.user}, whose key it is given`,
      differences,
      ...(isUnowned ? {} : { cause: "declared" as const }),
      apply: () => graph.patchApplication(found.id, { tags: [...found.tags, ...missing] }, call),
    },
  ];
}

/** SAML mode comes before identifierUris: Entra takes identifiers of foreign hosts from SAML applications only. */
function signOnStep(scope: PersonaScope, object: string, found: ServicePrincipal, compare: Comparison): Step[] {
  const mails = scope.spec.application.notificationEmails;
  const isSame = sameRelayState(found.relayState, scope.relayState, scope.instance);
  const differences: Difference[] = [
    ...compare.differ("preferredSingleSignOnMode", "saml", found.preferredSingleSignOnMode),
    ...compare.differ("relayState", scope.relayState, isSame ? scope.relayState : found.relayState),
    ...compare.differ("loginUrl", "", found.loginUrl),
    ...compare.differ("appRoleAssignmentRequired", true, found.appRoleAssignmentRequired),
    ...compare.differ("accountEnabled", true, found.accountEnabled),
    ...(mails
      ? compare.asSet("notificationEmails", mails, found.notificationEmailAddresses)
      : compare.undeclared("notificationEmails", [...found.notificationEmailAddresses].sort())),
  ];
  const patch = (changed: ReadonlySet<string>): Parameters<typeof scope.graph.patchServicePrincipal>[1] => ({
    ...(changed.has("preferredSingleSignOnMode") ? { preferredSingleSignOnMode: "saml" } : {}),
    ...(changed.has("relayState") ? { samlSingleSignOnSettings: { relayState: scope.relayState } } : {}),
    ...(changed.has("loginUrl") ? { loginUrl: null } : {}),
    ...(changed.has("appRoleAssignmentRequired") ? { appRoleAssignmentRequired: true } : {}),
    ...(changed.has("accountEnabled") ? { accountEnabled: true } : {}),
    ...(changed.has("notificationEmails") ? { notificationEmailAddresses: mails ?? [] } : {}),
  });
  return update(differences, {
    object,
    why: "its single sign-on settings differ",
    divisible: true,
    apply: (changed) => scope.graph.patchServicePrincipal(found.id, patch(changed), scope.call),
  });
}

function applicationStep(
  scope: PersonaScope,
  object: string,
  found: Application,
  identifier: string,
  compare: Comparison,
): Step[] {
  const endpoints = replyUrls(scope.instance, scope.spec.application.signInEndpoints);
  const { displayName } = scope.spec.application;
  const redirects = compare.asSet("replyUrls", endpoints, found.redirectUris);
  // Of a single reply URL it is a matter of course which one is the default.
  const single = found.redirectUris.length === 1 ? found.redirectUris[0] : null;
  const reply = compare.differ("defaultReplyUrl", endpoints[0], found.defaultRedirectUri ?? single);
  const name = compare.differ("displayName", displayName, found.displayName);
  const identifiers = compare.asSet("identifier", [identifier], found.identifierUris);
  const patch = (changed: ReadonlySet<string>) => ({
    ...(changed.has("displayName") ? { displayName } : {}),
    ...(changed.has("identifier") ? { identifierUris: [identifier] } : {}),
    ...(changed.has("replyUrls") || changed.has("defaultReplyUrl")
      ? { web: { redirectUris: endpoints }, defaultRedirectUri: endpoints[0]! }
      : {}),
  });
  return update([...name, ...identifiers, ...redirects, ...reply], {
    object,
    why: "its identifier, reply URLs or name differ",
    divisible: true,
    apply: (changed) =>
      ownChoice(scope, identifier, () => scope.graph.patchApplication(found.id, patch(changed), scope.call)),
  });
}

/**
 * Two personas may choose the same free identifier at once: the second one takes the next. One that no application shows may belong to a
 * deleted one, which keeps it for thirty days.
 */
async function ownChoice(scope: PersonaScope, identifier: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof CloudError) || error.reason !== REASON.IdentifierTaken) throw error;
    if (scope.spec.application.identifier !== undefined)
      throw terminalError(
        REASON.IdentifierTaken,
        `identifier ${identifier} is taken, and no application shows it: an application deleted less than 30 days ago may hold it; delete that one permanently, choose another identifier, or leave application.identifier out`,
      );
    scope.memory.takenIdentifiers = [...(scope.memory.takenIdentifiers ?? []), identifier];
    throw waitingError(
      REASON.WaitingForReplication,
      `identifier ${identifier} was taken by another application meanwhile; the next free one is chosen`,
      2_000,
    );
  }
}
