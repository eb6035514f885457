/** The tenant's default application management policy: what it says, and what it refuses. */
import type { SandboxHost } from "../host.ts";
import type { WorldTenant } from "../world.ts";
import type { Directory } from "./directory.ts";
import { GraphError } from "./error.ts";
import type { Body } from "./router.ts";

const DAY_MS = 86_400_000;
const POLICY_ID = "00000000-0000-0000-0000-000000000000";

/** The policy as GET /policies/defaultAppManagementPolicy shows it. */
export function managementPolicy({ appManagement = {} }: WorldTenant): Body {
  const { passwordAddition, passwordLifetimeDays, asymmetricKeyLifetimeDays, trustedCertificateAuthority } =
    appManagement;
  const credentials = {
    passwordCredentials: [
      ...(passwordAddition ? [credentialRule("passwordAddition")] : []),
      ...(passwordLifetimeDays ? [credentialRule("passwordLifetime", passwordLifetimeDays)] : []),
    ],
    keyCredentials: [
      ...(asymmetricKeyLifetimeDays ? [credentialRule("asymmetricKeyLifetime", asymmetricKeyLifetimeDays)] : []),
      ...(trustedCertificateAuthority ? [credentialRule("trustedCertificateAuthority")] : []),
    ],
  };
  return {
    id: POLICY_ID,
    deletedDateTime: null,
    displayName: "Default app management tenant policy",
    description:
      "Default tenant policy that enforces app management restrictions on applications and service principals.",
    isEnabled: true,
    applicationRestrictions: {
      ...credentials,
      identifierUris: {
        nonDefaultUriAddition: identifierRule("disabled"),
        uriAdditionWithoutUniqueTenantIdentifier: identifierRule("enabled"),
      },
    },
    servicePrincipalRestrictions: credentials,
  };
}

const identifierRule = (state: "enabled" | "disabled") => ({
  state,
  isStateSetByMicrosoft: true,
  restrictForAppsCreatedAfterDateTime: null,
  excludeSaml: true,
  excludeAppsReceivingV2Tokens: true,
  excludeActors: null,
});

const credentialRule = (restrictionType: string, days?: number) => ({
  restrictionType,
  state: "enabled",
  maxLifetime: days === undefined ? null : `P${days}D`,
  restrictForAppsCreatedAfterDateTime: "2020-01-01T00:00:00Z",
  excludeActors: null,
});

/** Refuses what addTokenSigningCertificate would add, where the action is bound: a key, and a password of the same life. */
export function checkAppManagement({ tenant }: Directory, { behaviour }: SandboxHost, lifetimeMs: number): void {
  if (behaviour.open.managementPolicyOfSigningCertificates === "exempt") return;
  checkNewKey(tenant, lifetimeMs);
  checkNewPassword(tenant, lifetimeMs);
}

/** A key credential that the caller uploads or has made; every one here is self-signed. */
export function checkNewKey({ appManagement }: WorldTenant, lifetimeMs: number): void {
  if (appManagement?.trustedCertificateAuthority) throw typeRefused();
  if (exceeds(lifetimeMs, appManagement?.asymmetricKeyLifetimeDays)) throw lifetimeRefused();
}

export function checkNewPassword({ appManagement }: WorldTenant, lifetimeMs: number): void {
  if (appManagement?.passwordAddition) throw typeRefused();
  if (exceeds(lifetimeMs, appManagement?.passwordLifetimeDays)) throw lifetimeRefused();
}

const exceeds = (lifetimeMs: number, days: number | undefined) => days !== undefined && lifetimeMs > days * DAY_MS;

/** Texts as KelvinTegelaar/CIPP-API#1970 quotes them; the codes are those of the appManagementPolicy pages. */
const typeRefused = () =>
  new GraphError(
    400,
    "CredentialTypeNotAllowedAsPerAppPolicy",
    `Credential type not allowed as per assigned policy '${POLICY_ID}'.`,
  );
const lifetimeRefused = () =>
  new GraphError(
    400,
    "CredentialInvalidLifetimeAsPerAppPolicy",
    `Credential lifetime exceeds the max value allowed as per assigned policy '${POLICY_ID}'.`,
  );
