/** What concerns the whole account: its quotas, and who trusts a provider. */
import { GetAccountSummaryCommand, type SummaryKeyType } from "@aws-sdk/client-iam";
import type { Clock } from "../../../runtime/clock.ts";
import { kept } from "../../kept.ts";
import type { Call } from "../call.ts";
import type { Iam, IamRole } from "../types.ts";

/** Long enough for a batch of creates, short enough to be true. */
const MAX_AGE_MS = 60_000;

export function accountCalls(call: Call, roles: Pick<Iam, "listRoles">, clock: Pick<Clock, "now">) {
  const summary = kept(clock, async (o) => {
    const r = await call(new GetAccountSummaryCommand({}), o);
    return r.SummaryMap ?? {};
  });
  const allRoles = kept(clock, (o) => roles.listRoles("/", o));
  return {
    async quotas(o) {
      const values = (await summary.get(MAX_AGE_MS, o)) as Partial<Record<SummaryKeyType, number>>;
      const quota = (used: SummaryKeyType, limit: SummaryKeyType) => ({
        used: values[used] ?? 0,
        limit: values[limit] ?? Number.POSITIVE_INFINITY,
      });
      return {
        roles: quota("Roles", "RolesQuota" as SummaryKeyType),
        policies: quota("Policies", "PoliciesQuota"),
        users: quota("Users", "UsersQuota"),
        groups: quota("Groups", "GroupsQuota"),
      };
    },
    async trustPolicyCharacters(o) {
      return (await summary.get(MAX_AGE_MS, o)).AssumeRolePolicySizeQuota;
    },
    async rolesTrusting(samlProviderArn, o) {
      if (o?.isFresh) allRoles.forget();
      return (await allRoles.get(MAX_AGE_MS, o)).filter((role) => trusts(role, samlProviderArn)).map(({ arn }) => arn);
    },
  } satisfies Partial<Iam>;
}

/** Whether a Federated principal of an Allow is this provider; ARNs of providers are compared as IAM does, without regard to case. */
function trusts({ trust }: Pick<IamRole, "trust">, arn: string): boolean {
  const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
  return list((trust as { Statement?: unknown } | undefined)?.Statement).some((statement) => {
    const { Effect, Principal } = statement as { Effect?: string; Principal?: { Federated?: unknown } };
    return (
      Effect === "Allow" && list(Principal?.Federated).some((one) => String(one).toLowerCase() === arn.toLowerCase())
    );
  });
}
