/** The IAM SAML provider: trusts the active signing certificate, and while it is rotated also the next or the previous one. */
import { REASON } from "../../api/reasons.ts";
import { ANNOTATIONS, CONDITION } from "../../api/resources.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { KNOWN_LATER } from "../../domain/plan.ts";
import type { IamSamlProvider, Tags } from "../../providers/aws/types.ts";
import { terminalError, waitingError } from "../../providers/verdicts.ts";
import { ROTATED_FOR_TAG, ROTATED_FROM_TAG, trustedTag } from "../certificates.ts";
import { type Component, createOnce, differ, madeWith, type Step } from "../component.ts";
import { claimKnown, missingTags, ownTags, type PersonaScope, requestMark, wasOurs } from "../scope.ts";
import { changeOfTrust, describeCertificates, equalTrust, providerMetadata, trustsCertificate } from "../trust.ts";

export const samlProvider: Component<{ provider?: IamSamlProvider; desired?: string }> = {
  name: "saml-provider",
  condition: CONDITION.SamlProviderReady,
  cloud: "iam",
  needs: ["certificate"],
  applies: () => true,
  async observe(scope) {
    return {
      provider: await scope.iam.getSamlProvider(scope.names.samlProviderArn, scope.call),
      desired: desiredMetadata(scope),
    };
  },
  plan(scope, { provider, desired }) {
    const { names, iam, call } = scope;
    const object = `SAML provider ${names.samlProvider}`;
    const tags = ownTags(scope);
    if (!provider) {
      return [
        {
          verb: "create",
          object,
          why: "AWS does not know the application's certificate",
          differences: [],
          settings: madeWith({
            arn: names.samlProviderArn,
            trust: desired === undefined ? KNOWN_LATER : describeCertificates(desired),
          }),
          apply: () =>
            createOnce(object, () =>
              iam.createSamlProvider(
                { name: names.samlProvider, metadata: desired!, tags: { ...tags, ...rotationTags(scope) } },
                call,
              ),
            ),
        },
      ];
    }
    const known = scope.object.status?.samlProviderArn === provider.arn;
    const { owned, barred } = claimKnown(
      scope,
      object,
      provider.tags[OWNER_TAG],
      known && wasOurs(scope, "saml-provider", CONDITION.SamlProviderReady),
    );
    const steps: Step[] = [];
    const missing = missingTags(tags, provider.tags);
    if (Object.keys(missing).length > 0)
      steps.push({
        verb: owned === "adopt" ? "adopt" : "update",
        object,
        why: "its tags say whose it is",
        differences: Object.entries(missing).flatMap(([key, value]) =>
          differ(`tags.${key}`, value, provider.tags[key]),
        ),
        apply: () => iam.tagSamlProvider(provider.arn, missing, [], call),
      });
    if (desired !== undefined && !equalTrust(desired, provider.metadata))
      steps.push(update(scope, object, provider, desired));
    return barred ? steps.map((step) => ({ ...step, barred })) : steps;
  },
  describe: (scope) => scope.names.samlProviderArn,
};

function update(scope: PersonaScope, object: string, provider: IamSamlProvider, desired: string): Step {
  const wanted = describeCertificates(desired);
  const found = describeCertificates(provider.metadata);
  return {
    verb: "update",
    object,
    why: "it trusts other certificates or another issuer",
    differences: [{ path: "trust", desired: wanted, observed: found }],
    maintenance: isRotation(scope, provider, desired),
    security: `the metadata of ${object} was changed: it trusted ${found}, and ${wanted} is declared`,
    async apply() {
      const { iam, call } = scope;
      const { next } = scope.seen.certificate ?? {};
      // The note first: one of an earlier trust that somebody cut short must not let the next one sign at once.
      if (next && !trustsCertificate(provider.metadata, next.key))
        await iam.tagSamlProvider(provider.arn, trustedTag(next, iam.now()), [], call);
      await iam.updateSamlProvider(provider.arn, desired, call);
    },
  };
}

/** A rotation adds the next certificate and ends the former one, and does nothing else. */
function isRotation(scope: PersonaScope, provider: IamSamlProvider, desired: string): boolean {
  const change = changeOfTrust(provider.metadata, desired);
  if (!change) return false;
  const { next } = scope.seen.certificate ?? {};
  const former = provider.tags[ROTATED_FROM_TAG];
  return (
    change.added.every((thumbprint) => thumbprint === next?.thumbprint) &&
    change.removed.every((thumbprint) => thumbprint === former)
  );
}

/** A certificate made for a new provider answers every request made so far; one that is next all the same is trusted from now on. */
function rotationTags(scope: PersonaScope): Tags {
  const mark = requestMark(scope, ANNOTATIONS.rotateCertificate);
  const { next } = scope.seen.certificate ?? {};
  return { ...(mark ? { [ROTATED_FOR_TAG]: mark } : {}), ...(next ? trustedTag(next, scope.iam.now()) : {}) };
}

/** Undefined while there is no certificate. Refused or waited for when Entra's own metadata does not agree. */
function desiredMetadata(scope: PersonaScope): string | undefined {
  const seen = scope.seen.certificate;
  if (!seen?.active || seen.metadata === undefined) return undefined;
  const trusted = [seen.active, seen.next, seen.previous].filter((one) => one !== undefined);
  const keys = [...new Set(trusted.map(({ key }) => key))];
  const result = providerMetadata(seen.metadata, scope.graph.tenantId, keys);
  if ("refused" in result)
    throw terminalError(REASON.MetadataRefused, `Entra's federation metadata is refused: ${result.refused}`);
  if (!trustsCertificate(seen.metadata, seen.active.key))
    throw waitingError(
      REASON.WaitingForReplication,
      "Entra's federation metadata does not show the active signing certificate yet",
      10_000,
    );
  return result.metadata;
}
