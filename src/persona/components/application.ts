/**
 * The Entra gallery application in SAML mode. Made by the safe order of facts/microsoft-graph.md section 0: under a name derived
 * from cluster, namespace and name, looked for by that name and by its owner tag before it is asked for, and never asked for
 * twice because an answer was lost.
 */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { nextIdentifier } from "../../domain/identifier.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import type { Difference } from "../../domain/plan.ts";
import { identifierBase, samlEndpoints } from "../../domain/relay-state.ts";
import { CloudError } from "../../providers/errors.ts";
import type { Application, ServicePrincipal } from "../../providers/graph/types.ts";
import { type Component, contested, differ, differAsSet, refuse, type Step, waitFor } from "../component.ts";
import { claim, type PersonaScope } from "../scope.ts";
import type { SeenApplication } from "../seen.ts";

/** Gallery template "AWS Single-Account Access". */
export const AWS_TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5";

/** An absence counts after this many looks over at least this time; after an instantiate of this process, after the longer one. */
const LOOKS = 3;
const ABSENT_MS = 4_000;
const ABSENT_AFTER_INSTANTIATE_MS = 120_000;
const LOOK_AGAIN_MS = 2_000;

export function temporaryName(scope: PersonaScope): string {
  return `connect-sso ${scope.owner}`;
}

function ownerTag(scope: PersonaScope): string {
  return `${OWNER_TAG}:${scope.owner}`;
}

function ownerOfTags(tags: readonly string[]): string | undefined {
  return tags.find((tag) => tag.startsWith(`${OWNER_TAG}:`))?.slice(OWNER_TAG.length + 1);
}

export const application: Component<SeenApplication> = {
  name: "application",
  condition: CONDITION.ApplicationReady,
  cloud: "entra",
  needs: [],
  applies: () => true,
  observe,
  plan(scope, seen) {
    if (seen.rivals.length > 1)
      throw contested(
        "SeveralApplications",
        `applications ${seen.rivals.join(", ")} all carry this persona's mark; delete those that nobody uses`,
      );
    if (!seen.application) return [instantiate(scope)];
    const { application: found, servicePrincipal } = seen;
    const object = `application ${scope.spec.application.displayName}`;
    const owned = found.displayName === temporaryName(scope) ? "ours" : claim(scope, object, ownerOfTags(found.tags));
    if (seen.ownerless.length > 0)
      throw refuse(
        REASON.NoOwner,
        `the ${seen.ownerless.join(" and ")} of ${object} (${found.id}) has no owner, so the controller may not change it; make its service principal an owner of both`,
      );
    if (!servicePrincipal)
      throw waitFor(REASON.WaitingForReplication, `Entra does not show the service principal of ${object} yet`, 3_000);
    if (seen.identifierTakenBy)
      throw refuse(
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
  const { graph, call, memory } = scope;
  const candidates = await findCandidates(scope);
  const found = candidates[0];
  if (!found) {
    const now = scope.now();
    memory.absent = { since: memory.absent?.since ?? now, looks: (memory.absent?.looks ?? 0) + 1 };
    return { ownerless: [], rivals: [] };
  }
  delete memory.absent;
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

/** Ours by tag; else by the temporary name; else, when taking over is allowed, the one unowned gallery application of this name. */
async function findCandidates(scope: PersonaScope): Promise<Application[]> {
  const { graph, call, memory, spec } = scope;
  const hint = memory.applicationId ?? scope.object.status?.applicationId;
  const [hinted, tagged, temporary] = await Promise.all([
    hint ? graph.getApplication(hint, call) : undefined,
    graph.findApplications({ tag: ownerTag(scope) }, call),
    graph.findApplications({ displayName: temporaryName(scope) }, call),
  ]);
  const ours = tagged.filter(({ tags }) => ownerOfTags(tags) === scope.owner);
  if (ours.length > 0) return ours.map((one) => (one.id === hinted?.id ? hinted : one));
  if (hinted && (ownerOfTags(hinted.tags) === scope.owner || hinted.displayName === temporaryName(scope)))
    return [hinted];
  const named = temporary.filter(({ displayName }) => displayName === temporaryName(scope));
  if (named.length > 0) return named;
  // The tag was taken away behind our back: the id in status still tells which one it was.
  if (hinted && ownerOfTags(hinted.tags) === undefined) return [hinted];
  if (spec.adoptionPolicy !== "IfUnowned") return [];
  const unowned = (await graph.findApplications({ displayName: spec.application.displayName }, call)).filter(
    ({ applicationTemplateId, tags }) => applicationTemplateId === AWS_TEMPLATE && ownerOfTags(tags) === undefined,
  );
  const { identifier } = spec.application;
  const identified = unowned.filter(
    ({ identifierUris }) => identifier !== undefined && identifierUris.includes(identifier),
  );
  // Applications made by hand often share the gallery's name: the identifier tells them apart.
  return identified.length > 0 ? identified : unowned;
}

/** Given; else the application's own; else the one last used; else the next that nobody in the tenant has. */
async function chooseIdentifier(scope: PersonaScope, found: Application) {
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
  if (last && (last === base || last.startsWith(`${base}#`)) && !uses(last)) return { identifier: last };
  return {
    identifier: nextIdentifier(
      base,
      others.flatMap(({ identifierUris }) => identifierUris),
    ),
  };
}

function instantiate(scope: PersonaScope): Step {
  const { memory, graph, call, spec } = scope;
  return {
    verb: "create",
    object: `application ${spec.application.displayName}`,
    why: "the persona has no application in Entra",
    differences: [],
    async apply() {
      requireAbsence(scope);
      memory.instantiatedAt = scope.now();
      try {
        const made = await graph.instantiate(AWS_TEMPLATE, temporaryName(scope), call);
        memory.applicationId = made.application.id;
      } catch (error) {
        if (error instanceof CloudError && !error.outcomeUnknown) delete memory.instantiatedAt;
        else if (error instanceof CloudError)
          throw waitFor(
            REASON.WaitingForReplication,
            "Entra's answer to the new application was lost; looking whether it was made",
            LOOK_AGAIN_MS,
          );
        throw error;
      }
    },
  };
}

/** Absent often and long enough that an application asked for by an earlier pass, or an earlier process, would have shown. */
function requireAbsence(scope: PersonaScope): void {
  const { memory } = scope;
  const now = scope.now();
  const since = Math.max(memory.absent?.since ?? now, memory.instantiatedAt ?? 0);
  const needed = memory.instantiatedAt === undefined ? ABSENT_MS : ABSENT_AFTER_INSTANTIATE_MS;
  if ((memory.absent?.looks ?? 0) < LOOKS || now - since < needed)
    throw waitFor(
      REASON.WaitingForReplication,
      "making sure that Entra has no application of this persona before one is made",
      LOOK_AGAIN_MS,
    );
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
  const endpoints = samlEndpoints(scope.instance);
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
      apply: () => scope.graph.patchApplication(found.id, patch, scope.call),
    },
  ];
}
