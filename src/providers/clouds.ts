/** The guard and the way to both clouds: which account and tenant a namespace may act in is the platform team's word. */
import type { AwsAccount } from "./aws/types.ts";
import type { BreakerState } from "./breaker.ts";
import type { Graph } from "./graph/types.ts";
import type { LimiterState } from "./limiter.ts";

/** What the configuration file (or, without one, the ambient credentials) says of one account. */
export interface AccountRules {
  /** Permissions boundary that every role and user must carry; overrides and must equal the persona's own. */
  permissionsBoundaryArn?: string;
  /** Why the namespace may not take over an object of this name; undefined where it may. Its `adoptionPolicy` must allow it as well. */
  adoptionRefusal(name: string): string | undefined;
}

/** How the clouds look from here, at this moment; a snapshot, for metrics and for people. */
export interface CloudHealth {
  /** Keys are `<api>/<account or tenant>`, for example `connect/111122223333` and `graph/7d1a2b3c-…`. */
  breakers: ReadonlyMap<string, BreakerState>;
  /** Keys are `<api>/<account or tenant>/<region>/<operation>`; for Graph the operation is `read` or `write`, and there is no region. */
  limiters: readonly LimiterState[];
  /** When all users of an instance were last read, ms since the epoch, by the instance's ARN. */
  inventories: ReadonlyMap<string, number>;
}

export interface Clouds {
  /** Account of an instance ARN for a namespace. CloudError terminal, reason ScopeNotAllowed or WrongAccount, when it is not allowed. */
  aws(instanceArn: string, namespace: string): Promise<{ account: AwsAccount; rules: AccountRules }>;
  /** Tenant for a namespace; undefined means the controller's own. CloudError terminal, reason ScopeNotAllowed, when it is not allowed. */
  graph(tenantId: string | undefined, namespace: string): Promise<Graph>;
  /** Makes no call. */
  health(): CloudHealth;
}
