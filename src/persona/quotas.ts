/** IAM's quotas, compared with what a batch of personas needs before the first of them writes anything. Reads only. */
import { REASON } from "../api/reasons.ts";
import { type ConnectSsoPersona, PERSONA } from "../api/resources.ts";
import { parseInstanceArn } from "../domain/names.ts";
import type { IamQuota } from "../providers/aws/types.ts";
import { ifAllowed } from "../providers/errors.ts";
import { terminalError } from "../providers/verdicts.ts";
import type { PersonaScope } from "./scope.ts";

/** Per account. Source: IAM user guide, "IAM and AWS STS quotas"; GetAccountSummary does not show it. */
const SAML_PROVIDERS = 100;

export async function refuseFullAccount(scope: PersonaScope): Promise<void> {
  const { iam, names, call, instance, object } = scope;
  const missing = {
    role: isMissing(object, "role") && !(await iam.getRole(names.role, call)),
    provider: isMissing(object, "saml-provider") && !(await iam.getSamlProvider(names.samlProviderArn, call)),
    policy: isMissing(object, "federation-policy") && !(await iam.getPolicy(names.federationPolicyArn, call)),
  };
  if (!missing.role && !missing.provider && !missing.policy) return;
  // Without the right to look, IAM decides at the first write.
  const [quotas, providers] = await Promise.all([ifAllowed(iam.quotas(call)), ifAllowed(iam.listSamlProviders(call))]);
  const provisioning = ({ spec }: ConnectSsoPersona) => spec.roleDelivery.mode === "Provisioning";
  const needs = {
    roles: waiting(scope, "role"),
    users: waiting(scope, "provisioning-user").filter(provisioning),
    providers: waiting(scope, "saml-provider"),
  };
  const full = [
    ...(missing.role ? [tooFew("roles", needs.roles.length, quotas?.roles)] : []),
    ...(missing.policy ? [tooFew("policies", provisioning(object) ? 2 : 1, quotas?.policies)] : []),
    ...(missing.role && provisioning(object) ? [tooFew("users", needs.users.length, quotas?.users)] : []),
    ...(missing.provider && providers
      ? [tooFew("SAML providers", needs.providers.length, { used: providers.length, limit: SAML_PROVIDERS })]
      : []),
  ].filter((one) => one !== undefined);
  if (full.length === 0) return;
  throw terminalError(
    REASON.QuotaExceeded,
    `account ${instance.account} has no room for what is declared: ${full.join("; ")}. Delete what is not used, or request more in Service Quotas (AWS Identity and Access Management; the quota of SAML providers is fixed)`,
  );
}

type Made = "role" | "saml-provider" | "federation-policy" | "provisioning-user";

/** Nothing says that it was ever made. */
const isMissing = ({ status }: ConnectSsoPersona, component: Made) => status?.lastApplied?.[component] === undefined;

/** This persona, and others of the account that are yet to be made; what they take over exists already. */
function waiting({ store, instance, object }: PersonaScope, component: Made): ConnectSsoPersona[] {
  const others = store
    .list<ConnectSsoPersona>(PERSONA)
    .filter(
      (one) =>
        one.metadata.uid !== object.metadata.uid &&
        !one.metadata.deletionTimestamp &&
        !one.spec.suspend &&
        one.spec.adoptionPolicy !== "IfUnowned" &&
        isMissing(one, component) &&
        parseInstanceArn(one.spec.instanceArn).account === instance.account,
    );
  return [object, ...others];
}

function tooFew(what: string, wanted: number, quota: IamQuota | undefined): string | undefined {
  if (!quota || quota.used + wanted <= quota.limit) return undefined;
  return `it has ${quota.used} of at most ${quota.limit} ${what}, and ${wanted === 1 ? "one more is" : `${wanted} more are`} needed`;
}
