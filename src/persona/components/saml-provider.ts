/** The IAM SAML provider: trusts the active signing certificate, and while it is rotated also the next or the previous one. */
import { REASON } from "../../api/reasons.ts";
import { ANNOTATIONS, CONDITION } from "../../api/resources.ts";
import { type Dependants, providerTakeOver } from "../../domain/adoption.ts";
import { KNOWN_LATER, settingsOf } from "../../domain/difference.ts";
import { readTrust, trustRows } from "../../domain/metadata.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { type Step, update } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import type { IamSamlProvider, Tags } from "../../providers/aws/types.ts";
import { terminalError, waitingError } from "../../providers/verdicts.ts";
import { ROTATED_FOR_TAG, ROTATED_FROM_TAG, trustedTag } from "../certificates.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { tagStep } from "../principals.ts";
import { claimKnown, ownTags, type PersonaScope, principalOf, requestMark, tagChanges, wasOurs } from "../scope.ts";
import { dependantsOfProvider, isAdoption, kept, refuse, rolesTrusting } from "../take-over.ts";
import { changeOfTrust, describeCertificates, providerMetadata, trustOf, trustsCertificate } from "../trust.ts";

export const samlProvider: PersonaComponent<"saml-provider"> = {
  condition: CONDITION.SamlProviderReady,
  cloud: "iam",
  needs: ["certificate"],
  concerns: { trust: /^trust\./ },
  shared: false,
  servesLogin: false,
  applies: () => true,
  async observe(scope) {
    const provider = await scope.iam.getSamlProvider(scope.names.samlProviderArn, scope.call);
    const adopting = isAdoption(scope, provider?.tags);
    return {
      provider,
      desired: desiredMetadata(scope),
      ...(adopting ? { dependants: await dependantsOfProvider(scope) } : {}),
    };
  },
  plan(scope, { provider, desired, dependants }, compare) {
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
          settings: settingsOf({
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
      known && wasOurs(scope, "saml-provider"),
    );
    if (owned === "adopt") guardProvider(scope, provider, desired, dependants);
    const changed = tagChanges(compare, tags, provider.tags);
    const steps = [
      ...tagStep(object, owned, changed.rows, () =>
        iam.tagSamlProvider(provider.arn, changed.set, changed.remove, call),
      ),
      ...(desired === undefined ? [] : trustSteps(scope, object, provider, desired, compare)),
    ];
    const problem = encryptionProblem(object, provider);
    return { steps: barred ? steps.map((step) => ({ ...step, barred })) : steps, ...(problem ? { problem } : {}) };
  },
  describe: (scope) => scope.names.samlProviderArn,
  async remove(scope) {
    const { iam, names, call, owner } = scope;
    const provider = await iam.getSamlProvider(names.samlProviderArn, call);
    if (provider?.tags[OWNER_TAG] !== owner) return provider !== undefined;
    const roles = await rolesTrusting(scope, true);
    if (roles.length > 0) return kept(`SAML provider ${names.samlProvider}`, roles);
    await iam.deleteSamlProvider(names.samlProviderArn, call);
    return true;
  },
};

/** Others must not lose a certificate or the identity provider that they sign in with. */
function guardProvider(
  scope: PersonaScope,
  { metadata }: IamSamlProvider,
  desired: string | undefined,
  dependants: Dependants = { others: [], unread: ["iam:ListRoles"] },
): void {
  // Without a certificate of the application nothing of the provider would be kept.
  const wanted = desired === undefined ? { entityId: "", ssoUrls: [], signingCertificates: [] } : readTrust(desired);
  const own = principalOf(scope)?.keyCredentials.map(({ thumbprint }) => thumbprint.toUpperCase()) ?? [];
  const observed = trustOf(metadata);
  const { names, iam } = scope;
  const now = iam.now().getTime();
  refuse(providerTakeOver({ name: names.samlProvider, desired: wanted, observed, own, now, ...dependants }));
}

/** IAM decrypts with keys that Entra is not given: its plain assertions are refused. */
function encryptionProblem(object: string, { assertionEncryption }: IamSamlProvider): Error | undefined {
  return assertionEncryption === "Required"
    ? terminalError(
        REASON.AssertionEncryption,
        `${object} takes encrypted assertions only (AssertionEncryptionMode: Required), and Entra sends plain ones, so every sign-in fails; set it to Allowed`,
      )
    : undefined;
}

function trustSteps(
  scope: PersonaScope,
  object: string,
  provider: IamSamlProvider,
  desired: string,
  compare: Comparison,
): Step[] {
  const differences = compare.all(trustRows(readTrust(desired), provider.metadata));
  const isRotating = differences.length > 0 && isRotation(scope, provider, desired);
  return update(differences, {
    object,
    why: "it trusts other certificates, another issuer or another sign-in address",
    ...(isRotating ? { maintenance: true, reason: REASON.CertificateRotating } : {}),
    async apply() {
      const { iam, call } = scope;
      const { next } = scope.seen.certificate ?? {};
      // The note first: one of an earlier trust that somebody cut short must not let the next one sign at once.
      if (next && !trustsCertificate(provider.metadata, next.key))
        await iam.tagSamlProvider(provider.arn, trustedTag(next, iam.now()), [], call);
      await iam.updateSamlProvider(provider.arn, desired, call);
    },
  });
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
  // After a switch the document may show the former certificate for a while; AWS trusts both.
  const agrees = [seen.active, seen.previous].some((one) => one && trustsCertificate(seen.metadata, one.key));
  if (!agrees)
    throw waitingError(
      REASON.WaitingForReplication,
      "Entra's federation metadata does not show the active signing certificate yet",
      10_000,
    );
  return result.metadata;
}
