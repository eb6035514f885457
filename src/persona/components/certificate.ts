/**
 * The SAML token signing certificate. Rotation in steps that each leave a state from which the next pass goes on: add the next
 * one, have AWS trust both (saml-provider), let that spread, switch, and after an overlap remove the old one. What the clouds cannot
 * tell (since when, from which) stands in tags of the SAML provider.
 */
import { REASON } from "../../api/reasons.ts";
import { ANNOTATIONS, CONDITION } from "../../api/resources.ts";
import { durationSeconds } from "../../domain/duration.ts";
import { CloudError } from "../../providers/errors.ts";
import { UPLOAD_REFUSED } from "../../providers/graph/certificates.ts";
import type { ServicePrincipal } from "../../providers/graph/types.ts";
import { terminalError, waitingError } from "../../providers/verdicts.ts";
import {
  certificateName,
  ROTATED_AT_TAG,
  ROTATED_FOR_TAG,
  ROTATED_FROM_TAG,
  rotationOf,
  switchTime,
  trustedTag,
  usableCertificates,
} from "../certificates.ts";
import { type Component, madeWith, type Step } from "../component.ts";
import { hasLostItsHistory, intend, type PersonaScope, requestMark } from "../scope.ts";
import type { Certificate, SeenCertificate } from "../seen.ts";
import { trustsCertificate } from "../trust.ts";

/** Assertions signed just before the switch are still to be accepted after it. */
const OVERLAP_MS = 3_600_000;
/** A certificate shows in keyCredentials within minutes. */
const SHOWS_WITHIN_MS = 600_000;

export const certificate: Component<SeenCertificate> = {
  name: "certificate",
  condition: CONDITION.CertificateReady,
  cloud: "entra",
  needs: ["application"],
  applies: () => true,
  observe,
  plan(scope, seen) {
    const { servicePrincipal } = scope.seen.application ?? {};
    const { active, next, due, provider } = seen;
    if (!active) {
      const usable = seen.usable.at(-1);
      return usable ? [activate(scope, servicePrincipal!, seen, usable)] : [add(scope, "nothing signs the assertions")];
    }
    const steps: Step[] = [];
    if (servicePrincipal!.preferredTokenSigningKeyThumbprint?.toUpperCase() !== active.thumbprint)
      steps.push(activate(scope, servicePrincipal!, seen, active));
    if (due && !next) steps.push(add(scope, "the active certificate is to be replaced", true));
    if (next && trustsCertificate(provider?.metadata, next.key))
      steps.push(...takeOver(scope, servicePrincipal!, seen, active, next));
    return [...steps, ...removeOld(scope, servicePrincipal!, seen)];
  },
  reason: (_, { next, previous }) => (next || previous ? REASON.CertificateRotating : undefined),
  describe: (_, { active, next, previous, provider }) =>
    `${short(active!)} signs until ${new Date(active!.notAfter).toISOString().slice(0, 10)}${
      next ? `; ${short(next)} takes its place ${whenTrusted(switchTime(next, provider?.tags ?? {}))}` : ""
    }${previous ? `; AWS trusts the former ${short(previous)} for an hour more` : ""}`,
};

const whenTrusted = (switchAt: number | undefined) =>
  switchAt === undefined
    ? "once AWS trusts both"
    : `at ${new Date(switchAt).toISOString().slice(0, 19)}Z, when AWS trusts both everywhere`;

const short = ({ thumbprint }: Certificate) => `${thumbprint.slice(0, 8)}…`;

async function observe(scope: PersonaScope): Promise<SeenCertificate> {
  const { graph, call, inFlight, memory } = scope;
  const { application, servicePrincipal } = scope.seen.application ?? {};
  if (!application || !servicePrincipal) return { usable: [], due: false, strays: [] };
  const [fresh, provider] = await Promise.all([
    graph.getServicePrincipal(servicePrincipal.id, call),
    scope.iam.getSamlProvider(scope.names.samlProviderArn, call),
  ]);
  const principal = fresh ?? servicePrincipal;
  scope.seen.application!.servicePrincipal = principal;
  const now = graph.now().getTime();
  const asked = inFlight.certificate;
  if (asked && principal.keyCredentials.some(({ displayName }) => displayName === certificateName(asked)))
    delete inFlight.certificate;
  const usable = usableCertificates(principal, now);
  if (usable.length > 0) delete inFlight.unknownSince;
  memory.withoutCertificateSince = usable.length > 0 ? undefined : (memory.withoutCertificateSince ?? now);
  const rotation = rotationOf(scope, usable, principal.preferredTokenSigningKeyThumbprint, provider?.tags ?? {}, now);
  const metadata = rotation.active ? await graph.federationMetadata(application.appId, call) : undefined;
  return { usable, ...rotation, provider, metadata };
}

/** Not idempotent in Entra: the name, with its time, is in the status before the call is sent. */
function add(scope: PersonaScope, why: string, maintenance = false): Step {
  const { inFlight, graph, spec, call } = scope;
  return {
    verb: "create",
    object: "signing certificate",
    why,
    differences: [],
    settings: madeWith({ lifetime: spec.application.signingCertificate.lifetime }),
    maintenance,
    async apply() {
      requireAbsence(scope);
      const now = graph.now();
      const since = now.toISOString();
      await intend(scope, "certificate", since);
      const end = new Date(now.getTime() + durationSeconds(spec.application.signingCertificate.lifetime) * 1000);
      try {
        await graph.addTokenSigningCertificate(
          scope.seen.application!.servicePrincipal!.id,
          { displayName: certificateName(since), endDateTime: end.toISOString() },
          call,
        );
      } catch (error) {
        if (error instanceof CloudError && !error.outcomeUnknown) delete inFlight.certificate;
        throw error instanceof CloudError && error.code === UPLOAD_REFUSED ? byHand(scope, error) : error;
      }
    },
  };
}

/** One that was asked for earlier, by us or by a process whose status was lost, would show by now. */
function requireAbsence(scope: PersonaScope): void {
  const { inFlight, memory, graph } = scope;
  const asked = inFlight.certificate ?? (hasLostItsHistory(scope) ? memory.withoutCertificateSince : undefined);
  if (asked === undefined) return;
  if (graph.now().getTime() - new Date(asked).getTime() < SHOWS_WITHIN_MS)
    throw waitingError(
      REASON.WaitingForReplication,
      inFlight.certificate
        ? `the signing certificate asked for at ${inFlight.certificate} does not show in Entra yet`
        : "the status of this persona was lost: making sure that no signing certificate is under way",
      5_000,
    );
}

function byHand(scope: PersonaScope, refusal: CloudError): CloudError {
  return terminalError(
    REASON.CertificateByHand,
    `Microsoft Graph of this cloud makes no signing certificates and took none of ours (${refusal.message}): add one by hand to the enterprise application ${scope.spec.application.displayName} (Single sign-on, SAML certificates); the controller goes on with it`,
  );
}

function activate(scope: PersonaScope, principal: ServicePrincipal, seen: SeenCertificate, to: Certificate): Step {
  const observed = principal.preferredTokenSigningKeyThumbprint ?? "(none)";
  return {
    verb: "update",
    object: "signing certificate",
    why: "another one, or none, is active",
    differences: [{ path: "activeThumbprint", desired: to.thumbprint, observed }],
    security: seen.active
      ? `the active signing certificate was changed to ${observed}, and ${to.thumbprint} is declared`
      : undefined,
    apply: () => prefer(scope, principal, to),
  };
}

function prefer(scope: PersonaScope, principal: ServicePrincipal, { thumbprint }: Certificate): Promise<void> {
  return scope.graph.patchServicePrincipal(
    principal.id,
    { preferredTokenSigningKeyThumbprint: thumbprint },
    scope.call,
  );
}

/** Not before every endpoint of AWS has had time to trust the next one: a sign-in that it cannot verify fails. */
function takeOver(
  scope: PersonaScope,
  principal: ServicePrincipal,
  seen: SeenCertificate,
  from: Certificate,
  to: Certificate,
): Step[] {
  const { iam, call } = scope;
  const provider = seen.provider!;
  const switchAt = switchTime(to, provider.tags);
  if (switchAt !== undefined)
    return iam.now().getTime() < switchAt ? [] : [switchOver(scope, principal, seen, from, to)];
  // Whoever made AWS trust it left no note, or somebody took it away: the time counts from now.
  return [
    {
      verb: "update",
      object: `SAML provider ${scope.names.samlProvider}`,
      why: "it notes since when AWS trusts both certificates",
      differences: [],
      maintenance: true,
      apply: () => iam.tagSamlProvider(provider.arn, trustedTag(to, iam.now()), [], call),
    },
  ];
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
      await prefer(scope, principal, to);
    },
  };
}

/** The former one after the overlap, and what an unlucky rotation left over. */
function removeOld(scope: PersonaScope, principal: ServicePrincipal, seen: SeenCertificate): Step[] {
  const { previous, due, strays, provider } = seen;
  const now = scope.graph.now().getTime();
  const switchedAt = Date.parse(provider?.tags[ROTATED_AT_TAG] ?? "");
  const former = previous && now - switchedAt > OVERLAP_MS ? [previous] : [];
  const unused = due ? [] : strays.filter(({ notBefore }) => now - notBefore > OVERLAP_MS);
  return [...former, ...unused].map((one) => ({
    verb: "delete",
    object: `signing certificate ${short(one)}`,
    why: one === previous ? "the next one has been signing long enough" : "it is ours and signs nothing",
    differences: [],
    maintenance: true,
    apply: () => scope.graph.removeSigningCertificates(principal.id, [one.thumbprint], scope.call),
  }));
}
