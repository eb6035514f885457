/** What concerns the whole account: its quotas, and who trusts a provider. */
import { GetAccountSummaryCommand, type SummaryKeyType } from "@aws-sdk/client-iam";
import type { Clock } from "../../../runtime/clock.ts";
import type { CallOptions } from "../../errors.ts";
import type { Iam, IamRole } from "../types.ts";
import type { IamContext } from "./context.ts";

/** Long enough for a batch of creates, short enough to be true. */
const MAX_AGE_MS = 60_000;

export function accountCalls({ client, call }: IamContext, roles: Pick<Iam, "listRoles">, clock: Pick<Clock, "now">) {
  const summary = keptFor(clock, async (o?: CallOptions) => {
    const r = await call("GetAccountSummary", (s) => client.send(new GetAccountSummaryCommand({}), s), o);
    return r.SummaryMap ?? {};
  });
  const allRoles = keptFor(clock, (o?: CallOptions) => roles.listRoles("/", o));
  return {
    async quotas(o) {
      const values = (await summary(o)) as Partial<Record<SummaryKeyType, number>>;
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
    async rolesTrusting(samlProviderArn, o) {
      return (await allRoles(o)).filter((role) => trusts(role, samlProviderArn)).map(({ arn }) => arn);
    },
  } satisfies Partial<Iam>;
}

/** Shared by everybody who asks within a minute; a failure is not kept. */
function keptFor<T>(clock: Pick<Clock, "now">, read: (o?: CallOptions) => Promise<T>) {
  let known: { at: number; value: Promise<T> } | undefined;
  return (o?: CallOptions & { isFresh?: boolean }): Promise<T> => {
    if (!o?.isFresh && known && clock.now() - known.at <= MAX_AGE_MS) return known.value;
    const fresh = { at: clock.now(), value: read({ priority: o?.priority, tenant: o?.tenant }) };
    known = fresh;
    fresh.value.catch(() => {
      if (known === fresh) known = undefined;
    });
    return fresh.value;
  };
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
