/** All operations of IAM. Writes look at the truth; reads see what has propagated. */
import { type Account, type IamOperation, read } from "./account.ts";
import { policyOperations } from "./policies.ts";
import { providerOperations } from "./providers.ts";
import { roleOperations } from "./roles.ts";
import { simulation } from "./simulation.ts";
import { userOperations } from "./users.ts";

export function iamOperations(account: Account): Record<string, IamOperation> {
  return {
    ...policyOperations(account),
    ...roleOperations(account),
    ...providerOperations(account),
    ...userOperations(account),
    SimulatePrincipalPolicy: simulation(account),
    ListAccountAliases: read(() => ({ IsTruncated: false, AccountAliases: [] })),
    GetAccountSummary: read(() => ({ SummaryMap: [] })),
  };
}
