/** What a role of a persona is to be: its own one, or the one that it shares. */
import { durationSeconds } from "../domain/duration.ts";
import { OWNER_TAG } from "../domain/ownership.ts";
import { sharedTrustPolicy, trustPolicy } from "../domain/policies.ts";
import { longestSession, type SharedTrust } from "./role-sharing.ts";
import { ownTags, type PersonaScope } from "./scope.ts";

/** Paths of a role that is shared begin with this, so that the persona's own role and the shared one never pass for each other. */
export const SHARED = "shared.";

/** What a role is to be; `sharing` where it is shared. Default: the persona's present role. */
export function desiredRole(scope: PersonaScope, sharing?: SharedTrust, name: string = scope.names.role) {
  const { names, spec, instance, object } = scope;
  const { namespace } = object.metadata;
  const common = {
    name,
    path: names.path,
    permissionsBoundaryArn: scope.boundaryArn,
    maxSigninSessionSeconds: spec.aws.maxSigninSessionDuration
      ? durationSeconds(spec.aws.maxSigninSessionDuration)
      : undefined,
  };
  const policies = policiesOf(names, spec.roleDelivery.mode);
  if (sharing)
    return {
      ...common,
      at: SHARED,
      owner: scope.sharedOwner.role,
      trust: sharedTrustPolicy(instance, sharing.trusted),
      description: `Amazon Connect sign-in of personas of ${namespace} that share it`,
      maxSessionDurationSeconds: longestSession(sharing.participants),
      tags: { [OWNER_TAG]: scope.sharedOwner.role },
      policies,
      participants: sharing.participants,
      /** Of others: they attach them, and no one takes them off. */
      mayHave: sharing.participants.flatMap((one) => policiesOf(one.names, one.persona.spec.roleDelivery.mode)),
    };
  return {
    ...common,
    at: "",
    owner: scope.owner,
    trust: trustPolicy(instance, names.samlProviderArn, spec.application.signInEndpoints),
    description: `Amazon Connect sign-in of persona ${namespace}/${object.metadata.name}`,
    maxSessionDurationSeconds: durationSeconds(spec.aws.maxSessionDuration),
    tags: ownTags(scope),
    policies,
    participants: [] as SharedTrust["participants"],
    mayHave: [] as string[],
  };
}

export type DesiredRole = ReturnType<typeof desiredRole>;

const policiesOf = (names: PersonaScope["names"], mode: string): string[] => [
  names.federationPolicyArn,
  ...(mode === "Provisioning" ? [names.listingPolicyArn] : []),
];
