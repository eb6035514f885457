/** Deletion with deletionPolicy Delete, in an order that IAM accepts. Only objects with our owner tag go; what is not there is done. */
import { type ConnectSsoPersona, INDEX, PERSONA } from "../api/resources.ts";
import { iamNames, parseInstanceArn } from "../domain/names.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import type { ObjectStore } from "../runtime/port.ts";
import { application } from "./components/application.ts";
import { claimsPolicyName } from "./components/claims.ts";
import { ownerTag, temporaryName } from "./find-application.ts";
import { waitForRequested } from "./instantiate.ts";
import type { PersonaScope } from "./scope.ts";

export async function removePersona(scope: PersonaScope, store: ObjectStore): Promise<void> {
  const { iam, names, call, owner, graph } = scope;
  const role = await iam.getRole(names.role, call);
  if (role?.tags[OWNER_TAG] === owner) await iam.deleteRole(names.role, call);
  const provider = await iam.getSamlProvider(names.samlProviderArn, call);
  if (provider?.tags[OWNER_TAG] === owner) await iam.deleteSamlProvider(names.samlProviderArn, call);
  const user = await iam.getUser(names.user, call);
  if (user?.tags[OWNER_TAG] === owner) await iam.deleteUser(names.user, call);
  await removeShared(scope, store, names.federationPolicyArn);
  await removeShared(scope, store, names.listingPolicyArn);
  await removeApplication(scope);
  for (const policy of await graph.findClaimsPolicies(claimsPolicyName(scope), call))
    await graph.deleteClaimsPolicy(policy.id, call);
}

/** The last persona of the instance takes the policy along; policyEntities tells of those that the store does not know. */
async function removeShared(scope: PersonaScope, store: ObjectStore, arn: string): Promise<void> {
  const { iam, call, object } = scope;
  const others = store
    .list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value: object.spec.instanceArn })
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid && !metadata.deletionTimestamp);
  if (others.some((other) => policiesOf(other).includes(arn))) return;
  const policy = await iam.getPolicy(arn, call);
  if (policy?.tags[OWNER_TAG] !== scope.sharedOwner) return;
  const { roles, users, groups } = await iam.policyEntities(arn, call);
  if (roles.length + users.length + groups.length === 0) await iam.deletePolicy(arn, call);
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
