/** The guard and the way to both clouds: which account and tenant a namespace may act in is the platform team's word. */
import type { AwsAccount } from "./aws/types.ts";
import type { Graph } from "./graph/types.ts";

/** What the configuration file (or, without one, the ambient credentials) says of one account. */
export interface AccountRules {
  /** Permissions boundary that every role and user must carry; overrides and must equal the persona's own. */
  permissionsBoundaryArn?: string;
}

export interface Clouds {
  /** Account of an instance ARN for a namespace. CloudError terminal, reason ScopeNotAllowed or WrongAccount, when it is not allowed. */
  aws(instanceArn: string, namespace: string): Promise<{ account: AwsAccount; rules: AccountRules }>;
  /** Tenant for a namespace; undefined means the controller's own. CloudError terminal, reason ScopeNotAllowed, when it is not allowed. */
  graph(tenantId: string | undefined, namespace: string): Promise<Graph>;
}
