/**
 * The Entra gallery application in SAML mode. Made by the safe order of facts/microsoft-graph.md section 0: under a name derived
 * from cluster, namespace and name, looked for by that name and by its owner tag before it is asked for.
 */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import type { Difference } from "../../domain/plan.ts";
import { samlEndpoints } from "../../domain/relay-state.ts";
import { CloudError } from "../../providers/errors.ts";
import type { Application, ServicePrincipal } from "../../providers/graph/types.ts";
import { conflictError, terminalError, waitingError } from "../../providers/verdicts.ts";
import { type Component, differ, differAsSet, type Step } from "../component.ts";
import {
  chooseIdentifier,
  findCandidates,
  findDeleted,
  ownerOfTags,
  ownerTag,
  temporaryName,
} from "../find-application.ts";
import { instantiate, noteAbsence, restore } from "../instantiate.ts";
import { claim, type PersonaScope } from "../scope.ts";
import type { SeenApplication } from "../seen.ts";

export const application: Component<SeenApplication> = {
  name: "application",
  condition: CONDITION.ApplicationReady,
  cloud: "entra",
  needs: [],
  applies: () => true,
  observe,
  plan(scope, seen) {
    if (seen.rivals.length > 1)
      throw conflictError(
        "SeveralApplications",
        `applications ${seen.rivals.join(", ")} all carry this persona's mark; delete those that nobody uses`,
      );
    if (!seen.application) return [seen.deleted ? restore(scope, seen.deleted) : instantiate(scope)];
    const { application: found, servicePrincipal } = seen;
    const object = `application ${scope.spec.application.displayName}`;
    const owned = found.displayName === temporaryName(scope) ? "ours" : claim(scope, object, ownerOfTags(found.tags));
    if (seen.ownerless.length > 0)
      throw terminalError(
        REASON.NoOwner,
        `the ${seen.ownerless.join(" and ")} of ${object} (${found.id}) has no owner, so the controller may not change it; make its service principal an owner of both`,
      );
    if (!servicePrincipal)
      throw waitingError(
        REASON.WaitingForReplication,
        `Entra does not show the service principal of ${object} yet`,
        3_000,
      );
    if (seen.identifierTakenBy)
      throw terminalError(
        REASON.IdentifierTaken,
        `identifier ${seen.identifier} is used by ${seen.identifierTakenBy}; choose another, or leave application.identifier out`,
      );
    return [
      ...tagStep(scope, object, found, owned),
      ...signOnStep(scope, object, servicePrincipal),
      ...applicationStep(scope, object, found, seen.identifier!),
    ];
  },
  describe: (scope, seen) => `${scope.spec.application.displayName}, identifier ${seen.identifier}`,
};

async function observe(scope: PersonaScope): Promise<SeenApplication> {
  const { graph, call, memory, inFlight } = scope;
  const candidates = await findCandidates(scope);
  const found = candidates[0];
  if (!found) {
    noteAbsence(scope);
    return { ownerless: [], rivals: [], deleted: await findDeleted(scope) };
  }
  delete memory.absent;
  delete inFlight.application;
  const known = await graph.findServicePrincipal(found.appId, call);
  const [servicePrincipal, ...owners] = await Promise.all([
    known ? graph.getServicePrincipal(known.id, call) : undefined,
    graph.owners("application", found.id, call),
    known ? graph.owners("servicePrincipal", known.id, call) : ["unknown"],
  ]);
  const ownerless = (["application", "servicePrincipal"] as const).filter((_, index) => owners[index]!.length === 0);
  return {
    application: found,
    servicePrincipal,
    ownerless,
    rivals: candidates.map(({ id }) => id),
    ...(await chooseIdentifier(scope, found)),
  };
}

function tagStep(scope: PersonaScope, object: string, found: Application, owned: "ours" | "adopt"): Step[] {
  if (found.tags.includes(ownerTag(scope))) return [];
  return [
    {
      verb: owned === "adopt" ? "adopt" : "update",
      object,
      why: "it carries our owner tag",
      differences: differ("tags", scope.owner, ownerOfTags(found.tags)),
      apply: () => scope.graph.patchApplication(found.id, { tags: [...found.tags, ownerTag(scope)] }, scope.call),
    },
  ];
}

/** SAML mode comes before identifierUris: Entra takes identifiers of foreign hosts from SAML applications only. */
function signOnStep(scope: PersonaScope, object: string, found: ServicePrincipal): Step[] {
  const mails = scope.spec.application.notificationEmails;
  const differences: Difference[] = [
    ...differ("preferredSingleSignOnMode", "saml", found.preferredSingleSignOnMode),
    ...differ("relayState", scope.relayState, found.relayState),
    ...differ("loginUrl", "", found.loginUrl),
    ...differ("appRoleAssignmentRequired", true, found.appRoleAssignmentRequired),
    ...differ("accountEnabled", true, found.accountEnabled),
    ...(mails ? differAsSet("notificationEmails", mails, found.notificationEmailAddresses) : []),
  ];
  if (differences.length === 0) return [];
  const changed = new Set(differences.map(({ path }) => path));
  const patch: Parameters<typeof scope.graph.patchServicePrincipal>[1] = {
    ...(changed.has("preferredSingleSignOnMode") ? { preferredSingleSignOnMode: "saml" } : {}),
    ...(changed.has("relayState") ? { samlSingleSignOnSettings: { relayState: scope.relayState } } : {}),
    ...(changed.has("loginUrl") ? { loginUrl: null } : {}),
    ...(changed.has("appRoleAssignmentRequired") ? { appRoleAssignmentRequired: true } : {}),
    ...(changed.has("accountEnabled") ? { accountEnabled: true } : {}),
    ...(changed.has("notificationEmails") ? { notificationEmailAddresses: mails! } : {}),
  };
  return [
    {
      verb: "update",
      object,
      why: "its single sign-on settings differ",
      differences,
      apply: () => scope.graph.patchServicePrincipal(found.id, patch, scope.call),
    },
  ];
}

function applicationStep(scope: PersonaScope, object: string, found: Application, identifier: string): Step[] {
  const endpoints = samlEndpoints(scope.instance, scope.spec.application.signInEndpoints);
  const { displayName } = scope.spec.application;
  const redirects = differAsSet("replyUrls", endpoints, found.redirectUris);
  // Of a single reply URL it is a matter of course which one is the default.
  const single = found.redirectUris.length === 1 ? found.redirectUris[0] : null;
  const reply = differ("defaultReplyUrl", endpoints[0], found.defaultRedirectUri ?? single);
  const name = differ("displayName", displayName, found.displayName);
  const identifiers = differAsSet("identifier", [identifier], found.identifierUris);
  const differences = [...name, ...identifiers, ...redirects, ...reply];
  if (differences.length === 0) return [];
  const patch = {
    ...(name.length > 0 ? { displayName } : {}),
    ...(identifiers.length > 0 ? { identifierUris: [identifier] } : {}),
    ...(redirects.length + reply.length > 0
      ? { web: { redirectUris: endpoints }, defaultRedirectUri: endpoints[0]! }
      : {}),
  };
  return [
    {
      verb: "update",
      object,
      why: "its identifier, reply URLs or name differ",
      differences,
      apply: () => ownChoice(scope, identifier, () => scope.graph.patchApplication(found.id, patch, scope.call)),
    },
  ];
}

/** Two personas may choose the same free identifier at once: who comes second takes the next. */
async function ownChoice(scope: PersonaScope, identifier: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    const given = scope.spec.application.identifier !== undefined;
    if (given || !(error instanceof CloudError) || error.reason !== REASON.IdentifierTaken) throw error;
    throw waitingError(
      REASON.WaitingForReplication,
      `identifier ${identifier} was taken by another application meanwhile; the next free one is chosen`,
      2_000,
    );
  }
}
