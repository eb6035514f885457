/**
 * Deletion with deletionPolicy Delete, in an order that IAM accepts. Only objects with our owner tag go; what is not there is done, once
 * IAM has had time to show what was made just before.
 */
import { REASON } from "../api/reasons.ts";
import { CONDITION, type ConnectSsoPersona, INDEX, PERSONA } from "../api/resources.ts";
import { iamNames, parseInstanceArn } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { waitingError } from "../providers/verdicts.ts";
import { findCondition, isTrue } from "../runtime/conditions.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { application } from "./components/application.ts";
import { claimsPolicyName } from "./components/claims.ts";
import { ownerTag, temporaryName } from "./find-application.ts";
import { waitForRequested } from "./instantiate.ts";
import type { PersonaScope } from "./scope.ts";

/** IAM shows a new object within this time. */
const IAM_SHOWS_MS = 60_000;
const LOOK_AGAIN_MS = 5_000;

export async function removePersona(scope: PersonaScope, store: ObjectStore): Promise<void> {
  const { iam, names, call, owner, graph } = scope;
  const isProvisioned = scope.spec.roleDelivery.mode === "Provisioning";
  const role = await iam.getRole(names.role, call);
  if (role?.tags[OWNER_TAG] === owner) await iam.deleteRole(names.role, call);
  const provider = await iam.getSamlProvider(names.samlProviderArn, call);
  if (provider?.tags[OWNER_TAG] === owner) await iam.deleteSamlProvider(names.samlProviderArn, call);
  const user = await iam.getUser(names.user, call);
  if (user?.tags[OWNER_TAG] === owner) await iam.deleteUser(names.user, call);
  const federation = await removeShared(scope, store, names.federationPolicyArn);
  const listing = await removeShared(scope, store, names.listingPolicyArn);
  await removeApplication(scope);
  for (const policy of await graph.findClaimsPolicies(claimsPolicyName(scope), call))
    await graph.deleteClaimsPolicy(policy.id, call);
  waitForHidden(scope, [
    ...(role ? [] : [CONDITION.RoleReady]),
    ...(provider ? [] : [CONDITION.SamlProviderReady]),
    ...(user || !isProvisioned ? [] : [CONDITION.ProvisioningReady]),
    ...(federation && (listing || !isProvisioned) ? [] : [CONDITION.PoliciesReady]),
  ]);
}

/**
 * An object that no pass has read back may have been made just before the deletion, and not be readable yet: then it is looked for a
 * little longer. `absent`: conditions of what was not found.
 */
function waitForHidden({ object, iam }: PersonaScope, absent: string[]): void {
  const conditions = object.status?.conditions;
  const refused = isTrue(conditions, CONDITION.Stalled);
  // Refused before anything was made.
  if (refused && findCondition(conditions, CONDITION.PoliciesReady)?.reason === REASON.Pending) return;
  const hidden = absent.filter((type) => !isTrue(conditions, type));
  const until = Date.parse(object.metadata.deletionTimestamp ?? "") + IAM_SHOWS_MS;
  if (hidden.length > 0 && iam.now().getTime() < until)
    throw waitingError(
      REASON.WaitingForReplication,
      `what was made just before the deletion may not be readable yet; it is looked for until ${new Date(until).toISOString().slice(0, 19)}Z`,
      LOOK_AGAIN_MS,
    );
}

/**
 * The last persona of the instance takes the policy along; policyEntities tells of those that the store does not know. False when it is
 * wanted by nobody, and not found.
 */
async function removeShared(scope: PersonaScope, store: ObjectStore, arn: string): Promise<boolean> {
  const { iam, call, object } = scope;
  const others = store
    .list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value: object.spec.instanceArn })
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid && !metadata.deletionTimestamp);
  if (others.some((other) => policiesOf(other).includes(arn))) return true;
  const policy = await iam.getPolicy(arn, call);
  if (policy?.tags[OWNER_TAG] !== scope.sharedOwner) return policy !== undefined;
  const { roles, users, groups } = await iam.policyEntities(arn, call);
  if (roles.length + users.length + groups.length === 0) await iam.deletePolicy(arn, call);
  return true;
}

function policiesOf({ spec, metadata }: ConnectSsoPersona): string[] {
  const instance = parseInstanceArn(spec.instanceArn);
  const provisioning = spec.roleDelivery.provisioning;
  const names = iamNames({ instance, namespace: metadata.namespace, name: metadata.name, aws: spec.aws, provisioning });
  return spec.roleDelivery.mode === "Provisioning"
    ? [names.federationPolicyArn, names.listingPolicyArn]
    : [names.federationPolicyArn];
}

/** SAML mode off and identifiers cleared first: Entra may refuse to delete otherwise, and a soft-deleted application may keep them. */
async function removeApplication(scope: PersonaScope): Promise<void> {
  const { graph, call } = scope;
  const { application: found, servicePrincipal } = await application.observe(scope);
  if (!found) return waitForRequested(scope);
  // Under the temporary name it is ours before it is tagged.
  if (!found.tags.includes(ownerTag(scope)) && found.displayName !== temporaryName(scope)) return;
  if (found.identifierUris.length > 0) await graph.patchApplication(found.id, { identifierUris: [] }, call);
  if (servicePrincipal?.preferredSingleSignOnMode)
    await graph.patchServicePrincipal(servicePrincipal.id, { preferredSingleSignOnMode: null }, call);
  await graph.deleteApplication(found.id, call);
}
