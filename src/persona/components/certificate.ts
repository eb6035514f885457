/**
 * The SAML token signing certificate. Rotation in steps that each leave a state from which the next pass continues: add the next
 * one, have AWS trust both (saml-provider), let that spread, switch, and after an overlap remove the old one. What the clouds cannot
 * show (since when, from which) is kept in tags of the SAML provider.
 */
import { REASON } from "../../api/reasons.ts";
import { ANNOTATIONS, CONDITION } from "../../api/resources.ts";
import { settingsOf } from "../../domain/difference.ts";
import { durationSeconds, formatDuration, isoSeconds } from "../../domain/duration.ts";
import type { Step } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import { CloudError } from "../../providers/errors.ts";
import { UPLOAD_REFUSED } from "../../providers/graph/certificates.ts";
import type { ServicePrincipal } from "../../providers/graph/types.ts";
import { terminalError } from "../../providers/verdicts.ts";
import {
  certificateName,
  longestLife,
  ROTATED_AT_TAG,
  ROTATED_FOR_TAG,
  ROTATED_FROM_TAG,
  rotationOf,
  switchTime,
  trustedTag,
  usableCertificates,
} from "../certificates.ts";
import type { PersonaComponent } from "../component.ts";
import { type PersonaScope, principalOf, requestMark } from "../scope.ts";
import type { Certificate, SeenCertificate } from "../seen.ts";
import { trustsCertificate } from "../trust.ts";

/** Assertions signed just before the switch are still to be accepted after it. */
const OVERLAP_MS = 3_600_000;
/** A certificate shows in keyCredentials within minutes. */
const SHOWS_WITHIN_MS = 600_000;

export const certificate: PersonaComponent<"certificate"> = {
  condition: CONDITION.CertificateReady,
  cloud: "entra",
  needs: ["application"],
  partOf: "application",
  concerns: { trust: /^activeThumbprint$/ },
  shared: false,
  servesLogin: false,
  applies: () => true,
  observe,
  plan(scope, seen, compare) {
    const servicePrincipal = principalOf(scope);
    const { active, next, due, provider } = seen;
    if (!active) {
      const usable = seen.usable.at(-1);
      return usable
        ? [activate(scope, servicePrincipal!, compare, usable)]
        : [add(scope, seen, "nothing signs the assertions")];
    }
    const steps: Step[] = [];
    if (servicePrincipal!.preferredTokenSigningKeyThumbprint?.toUpperCase() !== active.thumbprint)
      steps.push(activate(scope, servicePrincipal!, compare, active));
    else compare.differ("activeThumbprint", active.thumbprint, active.thumbprint);
    if (due && !next) steps.push(add(scope, seen, "the active certificate is to be replaced", true));
    if (next && trustsCertificate(provider?.metadata, next.key))
      steps.push(...switchToNext(scope, servicePrincipal!, seen, active, next));
    return [...steps, ...removeOld(scope, servicePrincipal!, seen)];
  },
  reason: (_, { next, previous }) => (next || previous ? REASON.CertificateRotating : undefined),
  describe: (_, { active, next, previous, provider }) =>
    `${short(active!)} signs until ${new Date(active!.notAfter).toISOString().slice(0, 10)}${
      next ? `; ${short(next)} takes its place ${whenTrusted(switchTime(next, provider?.tags ?? {}))}` : ""
    }${previous ? `; AWS trusts the former ${short(previous)} for another hour` : ""}`,
  // The certificate goes with the application.
  remove: async () => true,
};

const whenTrusted = (switchAt: number | undefined) =>
  switchAt === undefined ? "once AWS trusts both" : `at ${isoSeconds(switchAt)}, when AWS trusts both everywhere`;

const short = ({ thumbprint }: Certificate) => `${thumbprint.slice(0, 8)}…`;

async function observe(scope: PersonaScope): Promise<SeenCertificate> {
  const { graph, call, once } = scope;
  const { application, servicePrincipal } = scope.seen.application ?? {};
  if (!application || !servicePrincipal) return { usable: [], due: false, strays: [] };
  const [fresh, provider] = await Promise.all([
    graph.getServicePrincipal(servicePrincipal.id, call),
    scope.iam.getSamlProvider(scope.names.samlProviderArn, call),
  ]);
  const principal = fresh ?? servicePrincipal;
  const now = graph.now().getTime();
  const asked = once.askedAt("certificate");
  const usable = usableCertificates(principal, now);
  if (asked && principal.keyCredentials.some(({ displayName }) => displayName === certificateName(asked)))
    once.found("certificate");
  if (usable.length === 0) once.absent("certificate");
  else once.trust();
  const rotation = rotationOf(scope, usable, principal.preferredTokenSigningKeyThumbprint, provider?.tags ?? {}, now);
  const metadata = rotation.active ? await graph.federationMetadata(application.appId, call) : undefined;
  const isWanted = usable.length === 0 || (rotation.due && !rotation.next);
  return {
    usable,
    ...rotation,
    provider,
    metadata,
    principal,
    ...(isWanted ? { longestLife: await readLongestLife(scope) } : {}),
  };
}

/** Undefined also where the policy may not be read: then Graph decides. */
async function readLongestLife({ graph, call }: PersonaScope): Promise<number | undefined> {
  try {
    const policy = await graph.identifierPolicy(call);
    return policy?.isEnabled ? longestLife(policy.credentials ?? []) : undefined;
  } catch (error) {
    if (error instanceof CloudError && error.status === 403) return undefined;
    throw error;
  }
}

/** As declared, or as long as the tenant's policy allows; seconds. */
function lifetimeOf({ spec }: PersonaScope, most = Number.POSITIVE_INFINITY): number {
  const { lifetime, rotateBefore } = spec.application.signingCertificate;
  const seconds = Math.min(durationSeconds(lifetime), most);
  if (seconds > durationSeconds(rotateBefore)) return seconds;
  throw terminalError(
    REASON.AppManagementPolicy,
    `the tenant's application management policy lets a certificate live ${formatDuration(most)}, not longer than application.signingCertificate.rotateBefore (${rotateBefore}), so each would be replaced at once; lower rotateBefore, or exempt the application from the policy`,
  );
}

/** Not idempotent in Entra: the name, with its time, is in the status before the call is sent. */
function add(scope: PersonaScope, seen: SeenCertificate, why: string, maintenance = false): Step {
  const { once, graph, call } = scope;
  const lifetime = lifetimeOf(scope, seen.longestLife);
  return {
    verb: "create",
    object: "signing certificate",
    why,
    differences: [],
    settings: settingsOf({ lifetime: formatDuration(lifetime) }),
    maintenance,
    ...(maintenance ? { reason: REASON.CertificateRotating } : {}),
    apply: () =>
      once.ask(
        { key: "certificate", object: "the signing certificate", showsWithinMs: SHOWS_WITHIN_MS, lookAgainMs: 5_000 },
        async (since) => {
          const end = new Date(Date.parse(since) + lifetime * 1000);
          try {
            await graph.addTokenSigningCertificate(
              principalOf(scope)!.id,
              { displayName: certificateName(since), endDateTime: end.toISOString() },
              call,
            );
          } catch (error) {
            throw error instanceof CloudError && error.code === UPLOAD_REFUSED ? byHand(scope, error) : error;
          }
        },
      ),
  };
}

function byHand(scope: PersonaScope, refusal: CloudError): CloudError {
  return terminalError(
    REASON.CertificateByHand,
    `Microsoft Graph of this cloud creates no signing certificates and refused ours (${refusal.message}): add one by hand to the enterprise application ${scope.spec.application.displayName} (Single sign-on, SAML certificates); the controller then uses it`,
  );
}

function activate(scope: PersonaScope, principal: ServicePrincipal, compare: Comparison, to: Certificate): Step {
  return {
    verb: "update",
    object: "signing certificate",
    why: "another one, or none, is active",
    differences: compare.differ("activeThumbprint", to.thumbprint, principal.preferredTokenSigningKeyThumbprint),
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
function switchToNext(
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
  // No tag says when AWS was made to trust it: the time counts from now.
  return [
    {
      verb: "update",
      object: `SAML provider ${scope.names.samlProvider}`,
      why: "it notes since when AWS trusts both certificates",
      differences: [],
      maintenance: true,
      reason: REASON.CertificateRotating,
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
    reason: REASON.CertificateRotating,
    async apply() {
      const mark = requestMark(scope, ANNOTATIONS.rotateCertificate);
      const tags = {
        [ROTATED_FROM_TAG]: from.thumbprint,
        [ROTATED_AT_TAG]: scope.graph.now().toISOString(),
        ...(mark ? { [ROTATED_FOR_TAG]: mark } : {}),
      };
      // The tags first: without them the next pass could not distinguish a switch of ours from another writer's.
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
    reason: REASON.CertificateRotating,
    apply: () => scope.graph.removeSigningCertificates(principal.id, [one.thumbprint], scope.call),
  }));
}
