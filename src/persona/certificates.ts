/** Which certificates an application has, which of them signs, and how far a rotation has come. Pure; the tags are those of the SAML provider. */
import { ANNOTATIONS, requestName } from "../api/resources.ts";
import { durationSeconds, parseIsoDuration } from "../domain/duration.ts";
import type { Tags } from "../providers/aws/types.ts";
import type { CredentialRule, ServicePrincipal } from "../providers/graph/types.ts";
import { type PersonaScope, requestMark } from "./scope.ts";
import type { Certificate } from "./seen.ts";

/** Thumbprint of the certificate that signed before the switch, when the switch was, and for which request. */
export const ROTATED_FROM_TAG = "connectsso.dev/certificate-rotated-from";
export const ROTATED_AT_TAG = "connectsso.dev/certificate-rotated-at";
export const ROTATED_FOR_TAG = "connectsso.dev/certificate-rotated-for";
/** `<thumbprint>@<time>`: the next certificate, and when AWS was made to trust it (IAM's clock). */
const TRUSTED_TAG = "connectsso.dev/certificate-next-trusted";

/**
 * IAM is eventually consistent, and the sign-in endpoints of all regions read what it replicates (IAM user guide, "Changes that I make
 * are not always immediately visible"). No time is documented: this is what Terraform's AWS provider allows IAM to take.
 */
const TRUST_SPREADS_MS = 120_000;

const NAME = "CN=connect-sso";

/** The name says when it was asked for, so that a later read shows whether that very call succeeded. */
export function certificateName(since: string): string {
  return `${NAME} ${since}`;
}

function isOurs({ displayName }: Pick<Certificate, "displayName">): boolean {
  return displayName?.startsWith(NAME) ?? false;
}

/**
 * How long a certificate may live under the tenant's application management policy (seconds; undefined: as long as any). Graph adds a
 * password of the same life, so the rule of passwords binds it, too.
 */
export function longestLife(rules: readonly CredentialRule[]): number | undefined {
  const limits = rules
    .filter(({ name }) => name === "asymmetricKeyLifetime" || name === "passwordLifetime")
    .flatMap(({ maxLifetime }) => parseIsoDuration(maxLifetime ?? "") ?? []);
  return limits.length > 0 ? Math.min(...limits) : undefined;
}

/** Verify halves that have not ended, with their DER; the one made last comes last. */
export function usableCertificates(principal: ServicePrincipal, now: number): Certificate[] {
  return principal.keyCredentials
    .filter((one) => one.usage === "Verify" && one.key && Date.parse(one.endDateTime) > now)
    .map((one) => ({
      thumbprint: one.thumbprint.toUpperCase(),
      key: one.key!,
      notBefore: Date.parse(one.startDateTime),
      notAfter: Date.parse(one.endDateTime),
      displayName: one.displayName,
    }))
    .sort((a, b) => a.notBefore - b.notBefore || (a.thumbprint < b.thumbprint ? -1 : 1));
}

export function trustedTag(next: Certificate, since: Date): Tags {
  return { [TRUSTED_TAG]: `${next.thumbprint}@${since.toISOString()}` };
}

/** When the next one may sign (milliseconds since the epoch, IAM's clock); undefined while the tag says nothing of it. */
export function switchTime(next: Certificate | undefined, tags: Tags): number | undefined {
  const [thumbprint, since] = (tags[TRUSTED_TAG] ?? "").split("@");
  const trustedAt = Date.parse(since ?? "");
  return next === undefined || thumbprint !== next.thumbprint || Number.isNaN(trustedAt)
    ? undefined
    : trustedAt + TRUST_SPREADS_MS;
}

export interface Rotation {
  active?: Certificate;
  /** Signed until the last switch; still trusted for the overlap. */
  previous?: Certificate;
  /** To sign from the next switch on. */
  next?: Certificate;
  due: boolean;
  /** Certificates of ours that have no part to play: an answer was lost, or two rotations overlapped. */
  strays: Certificate[];
}

export function rotationOf(
  scope: PersonaScope,
  usable: Certificate[],
  preferredThumbprint: string | null,
  tags: Tags,
  now: number,
): Rotation {
  const find = (thumbprint: string | null | undefined) =>
    usable.find((one) => one.thumbprint === thumbprint?.toUpperCase());
  const from = find(tags[ROTATED_FROM_TAG]);
  const active = chooseActive(find(preferredThumbprint), find(scope.object.status?.certificate?.thumbprint), from);
  if (!active) return { due: false, strays: [] };
  const previous = from === active ? undefined : from;
  const candidates = usable.filter(
    (one) => isOurs(one) && one !== active && one !== previous && one.notBefore >= active.notBefore,
  );
  // Tagged, but not switched yet: a crash came between the two.
  const halfway = from === active && candidates.length > 0;
  const due = halfway || isDue(scope, active, tags[ROTATED_FOR_TAG], now);
  const next = due ? candidates.at(-1) : undefined;
  const strays = usable.filter((one) => isOurs(one) && one !== active && one !== previous && one !== next);
  return { active, previous, next, due, strays };
}

/** The one that status knows, unless we switched since: a signing key activated outside the controller is drift, not a rotation. */
function chooseActive(
  preferred: Certificate | undefined,
  remembered: Certificate | undefined,
  from: Certificate | undefined,
): Certificate | undefined {
  if (!remembered || remembered === preferred) return preferred;
  const switched = from === remembered && preferred !== undefined && isOurs(preferred);
  return switched ? preferred : remembered;
}

function isDue(scope: PersonaScope, active: Certificate, rotatedFor: string | undefined, now: number): boolean {
  const rotateBeforeMs = durationSeconds(scope.spec.application.signingCertificate.rotateBefore) * 1000;
  return active.notAfter - now < rotateBeforeMs || isRequested(scope, rotatedFor);
}

/** Asked for by annotation and not done yet. The tag answers when the status was lost, the status when the provider was created again. */
function isRequested(scope: PersonaScope, rotatedFor: string | undefined): boolean {
  const asked = scope.object.metadata.annotations?.[ANNOTATIONS.rotateCertificate];
  const handled = scope.object.status?.handledRequests?.[requestName(ANNOTATIONS.rotateCertificate)];
  const mark = requestMark(scope, ANNOTATIONS.rotateCertificate);
  return mark !== undefined && rotatedFor !== mark && handled !== asked;
}
