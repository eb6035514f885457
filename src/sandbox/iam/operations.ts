/** All operations of IAM. Writes look at the truth; reads see what has propagated. */
import { type Account, type IamOperation, read } from "./account.ts";
import { groupOperations } from "./groups.ts";
import { policyOperations } from "./policies.ts";
import { providerOperations } from "./providers.ts";
import { roleOperations } from "./roles.ts";
import { simulation } from "./simulation.ts";
import { userOperations } from "./users.ts";
import { XmlMap } from "./xml.ts";

export function iamOperations(account: Account): Record<string, IamOperation> {
  return {
    ...policyOperations(account),
    ...roleOperations(account),
    ...providerOperations(account),
    ...userOperations(account),
    ...groupOperations(account),
    SimulatePrincipalPolicy: simulation(account),
    ListAccountAliases: read(() => ({ IsTruncated: false, AccountAliases: [] })),
    GetAccountSummary: read(() => ({ SummaryMap: new XmlMap(summaryOf(account)) })),
  };
}

/** Counters and quotas by their names in the recorded answer. */
function summaryOf({ roles, policies, users, groups, providers, quotas }: Account): Record<string, number> {
  return {
    AccessKeysPerUserQuota: 2,
    AccountAccessKeysPresent: 0,
    AccountMFAEnabled: 0,
    AssumeRolePolicySizeQuota: quotas.trustPolicyCharacters,
    AttachedPoliciesPerGroupQuota: 10,
    AttachedPoliciesPerRoleQuota: 10,
    AttachedPoliciesPerUserQuota: 10,
    GlobalEndpointTokenVersion: 1,
    GroupPolicySizeQuota: 5120,
    Groups: groups.size,
    GroupsPerUserQuota: 10,
    GroupsQuota: quotas.groups,
    InstanceProfiles: 0,
    InstanceProfilesQuota: 1000,
    Policies: policies.size,
    PoliciesQuota: quotas.policies,
    PolicySizeQuota: 6144,
    PolicyVersionsInUse: [...policies.values()].reduce((sum, { versions }) => sum + versions.length, 0),
    PolicyVersionsInUseQuota: 10_000,
    Providers: providers.size,
    RolePolicySizeQuota: 10_240,
    Roles: roles.size,
    RolesQuota: quotas.roles,
    UserPolicySizeQuota: 2048,
    Users: users.size,
    UsersQuota: quotas.users,
    VersionsPerPolicyQuota: 5,
  };
}
