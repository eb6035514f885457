/** The tenant's application management policy, as it is, and the action that makes signing certificates. Nothing of the tenant is changed. */
import { type Step, seen } from "../types.ts";
import { application } from "./application.ts";
import { addCertificate } from "./certificates.ts";

/** Years of a certificate that is longer than any policy about lifetimes would allow. */
const LONG_DAYS = 3 * 365 - 1;
const TELLING = ["passwordAddition", "passwordLifetime", "asymmetricKeyLifetime", "trustedCertificateAuthority"];

interface Restrictions {
  passwordCredentials?: { restrictionType: string; state?: string; maxLifetime?: string | null }[];
  keyCredentials?: { restrictionType: string; state?: string; maxLifetime?: string | null }[];
}

export const managementPolicy: Step = {
  name: "managementPolicy",
  needs: ["graph"],
  minutes: 1,
  permissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All", "Policy.Read.All"],
  facts: {
    managementPolicyOfSigningCertificates: {
      question: "The tenant's application management policy and addTokenSigningCertificate: exempt, or bound",
      row: 11,
      values: ["exempt", "bound"],
    },
  },
  async run(context) {
    const fact = "managementPolicyOfSigningCertificates";
    const policy = await context.graph.call<{ isEnabled?: boolean; servicePrincipalRestrictions?: Restrictions }>(
      "GET",
      "/policies/defaultAppManagementPolicy",
    );
    if (!policy.ok) return context.settle(fact, { observed: seen(policy) });
    const { passwordCredentials = [], keyCredentials = [] } = policy.body?.servicePrincipalRestrictions ?? {};
    const telling = [...passwordCredentials, ...keyCredentials].filter(
      ({ restrictionType, state, maxLifetime }) =>
        state !== "disabled" && TELLING.includes(restrictionType) && !(daysOf(maxLifetime) >= LONG_DAYS),
    );
    if (!policy.body?.isEnabled || telling.length === 0)
      return context.settle(fact, {
        observed:
          "the tenant's policy has no rule that would show it: set asymmetricKeyLifetime to P365D there and repeat",
      });
    const made = await application(context, "policy");
    const answer = await addCertificate(context, made, LONG_DAYS);
    const bound = /AsPerAppPolicy/.test(answer.code ?? "") || /app ?policy|assigned policy/i.test(answer.message ?? "");
    context.settle(fact, {
      ...(answer.ok ? { value: "exempt" } : bound ? { value: "bound" } : {}),
      observed: `under ${telling.map(({ restrictionType }) => restrictionType).join(", ")}: ${seen(answer)}`,
    });
  },
};

/** NaN where there is none. */
const daysOf = (duration: string | null | undefined): number =>
  Number(/^P(\d+)D/.exec(duration ?? "")?.[1] ?? Number.NaN);
