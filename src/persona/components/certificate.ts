/**
 * The SAML token signing certificate. Rotation in steps that each leave a state from which the next pass goes on: add the next
 * one, have AWS trust both (saml-provider), switch, and after an overlap remove the old one. What the clouds cannot tell (since
 * when, from which) stands in tags of the SAML provider.
 */
import { REASON } from "../../api/reasons.ts";
import { ANNOTATIONS, CONDITION } from "../../api/resources.ts";
import { durationSeconds } from "../../domain/duration.ts";
import { CloudError } from "../../providers/errors.ts";
import type { ServicePrincipal } from "../../providers/graph/types.ts";
import { type Component, type Step, waitFor } from "../component.ts";
import { type PersonaScope, requestMark } from "../scope.ts";
import type { Certificate, SeenCertificate } from "../seen.ts";
import { trustsCertificate } from "../trust.ts";

export const CERTIFICATE_NAME = "CN=connect-sso";
export const ROTATED_FROM_TAG = "connectsso.dev/certificate-rotated-from";
export const ROTATED_AT_TAG = "connectsso.dev/certificate-rotated-at";
export const ROTATED_FOR_TAG = "connectsso.dev/certificate-rotated-for";

/** Assertions signed just before the switch are still to be accepted after it. */
const OVERLAP_MS = 3_600_000;
/** A certificate shows in keyCredentials within minutes. */
const SHOWS_WITHIN_MS = 300_000;

export const certificate: Component<SeenCertificate> = {
  name: "certificate",
  condition: CONDITION.CertificateReady,
  cloud: "entra",
  needs: ["application"],
  applies: () => true,
  observe,
  plan(scope, seen) {
    const { servicePrincipal } = scope.seen.application ?? {};
    const steps: Step[] = [];
    if (!seen.active) {
      const usable = seen.usable.at(-1);
      return usable ? [activate(scope, servicePrincipal!, seen, usable)] : [add(scope, "nothing signs the assertions")];
    }
    if (servicePrincipal!.preferredTokenSigningKeyThumbprint?.toUpperCase() !== seen.active.thumbprint)
      steps.push(activate(scope, servicePrincipal!, seen, seen.active));
    if (seen.rotationDue && !seen.next) steps.push(add(scope, "the active certificate is to be replaced", true));
    if (seen.rotationDue && seen.next && trustsCertificate(seen.provider?.metadata, seen.next.key))
      steps.push(switchOver(scope, servicePrincipal!, seen, seen.active, seen.next));
    steps.push(...removePrevious(scope, servicePrincipal!, seen));
    return steps;
  },
  describe: (_, { active, next }) =>
    `${active!.thumbprint.slice(0, 8)}… until ${new Date(active!.notAfter).toISOString().slice(0, 10)}${
      next ? `, being replaced by ${next.thumbprint.slice(0, 8)}…` : ""
    }`,
};

async function observe(scope: PersonaScope): Promise<SeenCertificate> {
  const { application, servicePrincipal } = scope.seen.application ?? {};
  if (!application || !servicePrincipal) return { usable: [], rotationDue: false };
  const [fresh, provider] = await Promise.all([
    scope.graph.getServicePrincipal(servicePrincipal.id, scope.call),
    scope.iam.getSamlProvider(scope.names.samlProviderArn, scope.call),
  ]);
  const principal = fresh ?? servicePrincipal;
  scope.seen.application!.servicePrincipal = principal;
  const now = scope.graph.now().getTime();
  const usable = usableCertificates(principal, now);
  const byThumbprint = (thumbprint: string | null | undefined) =>
    usable.find((one) => one.thumbprint === thumbprint?.toUpperCase());
  const remembered = byThumbprint(scope.object.status?.certificate?.thumbprint);
  const preferred = byThumbprint(principal.preferredTokenSigningKeyThumbprint);
  const active = chooseActive(scope, provider?.tags[ROTATED_FROM_TAG], preferred, remembered);
  const previous = byThumbprint(provider?.tags[ROTATED_FROM_TAG]);
  const rotationDue = active !== undefined && isRotationDue(scope, active, provider?.tags[ROTATED_FOR_TAG], now);
  const next = rotationDue
    ? usable
        .filter((one) => one.displayName === CERTIFICATE_NAME && one !== active && one !== previous)
        .filter((one) => one.notAfter > active.notAfter || requested(scope, provider?.tags[ROTATED_FOR_TAG]))
        .at(-1)
    : undefined;
  const metadata = active ? await scope.graph.federationMetadata(application.appId, scope.call) : undefined;
  return { usable, active, previous, next, rotationDue, provider, metadata };
}

/** Verify halves that have not ended, with their DER; the one that ends last comes last. */
function usableCertificates(principal: ServicePrincipal, now: number): Certificate[] {
  return principal.keyCredentials
    .filter((one) => one.usage === "Verify" && one.key && Date.parse(one.endDateTime) > now)
    .map((one) => ({
      thumbprint: one.thumbprint.toUpperCase(),
      key: one.key!,
      notAfter: Date.parse(one.endDateTime),
      displayName: one.displayName,
    }))
    .sort((a, b) => a.notAfter - b.notAfter || (a.thumbprint < b.thumbprint ? -1 : 1));
}

/** The one that status knows, unless we switched since: a signing key activated behind our back is drift, not a rotation. */
function chooseActive(
  scope: PersonaScope,
  rotatedFrom: string | undefined,
  preferred: Certificate | undefined,
  remembered: Certificate | undefined,
): Certificate | undefined {
  if (!remembered || remembered.thumbprint === preferred?.thumbprint) return preferred;
  const switched = rotatedFrom === remembered.thumbprint && preferred?.displayName === CERTIFICATE_NAME;
  return switched || scope.object.status?.certificate?.thumbprint === undefined ? preferred : remembered;
}

function requested(scope: PersonaScope, rotatedFor: string | undefined): boolean {
  const mark = requestMark(scope, ANNOTATIONS.rotateCertificate);
  const handled = scope.object.status?.handledRequests?.[ANNOTATIONS.rotateCertificate];
  const asked = scope.object.metadata.annotations?.[ANNOTATIONS.rotateCertificate];
  return mark !== undefined && rotatedFor !== mark && handled !== asked;
}

function isRotationDue(scope: PersonaScope, active: Certificate, rotatedFor: string | undefined, now: number): boolean {
  const rotateBeforeMs = durationSeconds(scope.spec.application.signingCertificate.rotateBefore) * 1000;
  return active.notAfter - now < rotateBeforeMs || requested(scope, rotatedFor);
}

function add(scope: PersonaScope, why: string, maintenance = false): Step {
  return {
    verb: "create",
    object: "signing certificate",
    why,
    differences: [],
    maintenance,
    async apply() {
      const { memory, graph } = scope;
      if (memory.certificateAddedAt !== undefined && scope.now() - memory.certificateAddedAt < SHOWS_WITHIN_MS)
        throw waitFor(REASON.WaitingForReplication, "Entra does not show the new signing certificate yet", 5_000);
      memory.certificateAddedAt = scope.now();
      const { lifetime } = scope.spec.application.signingCertificate;
      const end = new Date(graph.now().getTime() + durationSeconds(lifetime) * 1000).toISOString();
      try {
        await graph.addTokenSigningCertificate(
          scope.seen.application!.servicePrincipal!.id,
          { displayName: CERTIFICATE_NAME, endDateTime: end },
          scope.call,
        );
      } catch (error) {
        if (error instanceof CloudError && !error.outcomeUnknown) delete memory.certificateAddedAt;
        throw error;
      }
    },
  };
}

function activate(scope: PersonaScope, principal: ServicePrincipal, seen: SeenCertificate, to: Certificate): Step {
  const observed = principal.preferredTokenSigningKeyThumbprint ?? "(none)";
  return {
    verb: "update",
    object: "signing certificate",
    why: "another one, or none, is active",
    differences: [{ path: "activeThumbprint", desired: to.thumbprint, observed }],
    security: seen.active
      ? `the active signing certificate was changed to ${observed} and set back to ${to.thumbprint}`
      : undefined,
    apply: () =>
      scope.graph.patchServicePrincipal(
        principal.id,
        { preferredTokenSigningKeyThumbprint: to.thumbprint },
        scope.call,
      ),
  };
}

function switchOver(
  scope: PersonaScope,
  principal: ServicePrincipal,
  seen: SeenCertificate,
  from: Certificate,
  to: Certificate,
): Step {
  return {
    verb: "update",
    object: "signing certificate",
    why: "AWS trusts both, so the next one signs from now on",
    differences: [{ path: "activeThumbprint", desired: to.thumbprint, observed: from.thumbprint }],
    maintenance: true,
    async apply() {
      const mark = requestMark(scope, ANNOTATIONS.rotateCertificate);
      const tags = {
        [ROTATED_FROM_TAG]: from.thumbprint,
        [ROTATED_AT_TAG]: scope.graph.now().toISOString(),
        ...(mark ? { [ROTATED_FOR_TAG]: mark } : {}),
      };
      // The tags first: without them the next pass could not tell a switch of ours from somebody else's.
      await scope.iam.tagSamlProvider(seen.provider!.arn, tags, [], scope.call);
      await scope.graph.patchServicePrincipal(
        principal.id,
        { preferredTokenSigningKeyThumbprint: to.thumbprint },
        scope.call,
      );
    },
  };
}

function removePrevious(scope: PersonaScope, principal: ServicePrincipal, seen: SeenCertificate): Step[] {
  const { previous, active, provider } = seen;
  const at = Date.parse(provider?.tags[ROTATED_AT_TAG] ?? "");
  if (!previous || previous === active || !(scope.graph.now().getTime() - at > OVERLAP_MS)) return [];
  return [
    {
      verb: "delete",
      object: `signing certificate ${previous.thumbprint.slice(0, 8)}…`,
      why: "the next one has been signing long enough",
      differences: [],
      maintenance: true,
      apply: () => scope.graph.removeSigningCertificates(principal.id, [previous.thumbprint], scope.call),
    },
  ];
}
