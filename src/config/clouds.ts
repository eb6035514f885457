/** The guard in front of both clouds. Every reconcile, deletion included, gets its account and tenant through here only. */
import { REASON, type Reason } from "../api/reasons.ts";
import { matchesGlob } from "../domain/glob.ts";
import type { AwsAccount } from "../providers/aws/types.ts";
import type { CloudHealth, Clouds } from "../providers/clouds.ts";
import { CloudError } from "../providers/errors.ts";
import type { Graph } from "../providers/graph/types.ts";
import { adoptionRefusal } from "./adoption.ts";
import type { AccountSettings, Settings, TenantSettings } from "./settings.ts";

interface AwsAccounts {
  account(id: string | undefined, options?: { assumeRoleArn?: string }): Promise<AwsAccount>;
  health(): CloudHealth;
}
interface GraphTenants {
  tenant(id: string | undefined, options?: { clientId?: string }): Promise<Graph>;
  health(): CloudHealth;
}

const INSTANCE_ARN = /^arn:aws[a-z-]*:connect:([a-z0-9-]+):(\d{12}):instance\/([^/]+)$/;

export function createClouds(deps: {
  settings: () => Settings;
  awsAccounts: AwsAccounts;
  graphTenants: GraphTenants;
}): Clouds {
  return {
    async aws(instanceArn, namespace) {
      const { accountId, rules } = allowedAccount(deps.settings(), instanceArn, namespace);
      const account = await deps.awsAccounts.account(
        rules ? accountId : undefined,
        rules?.assumeRoleArn ? { assumeRoleArn: rules.assumeRoleArn } : {},
      );
      if (account.account !== accountId) {
        throw refused(
          REASON.WrongAccount,
          `the instance is in account ${accountId}, the credentials are of ${account.account}`,
        );
      }
      const boundary = rules?.permissionsBoundaryArn;
      return {
        account,
        rules: {
          ...(boundary ? { permissionsBoundaryArn: boundary } : {}),
          adoptionRefusal: (name) => adoptionRefusal(deps.settings().adoption, namespace, name),
        },
      };
    },
    async graph(tenantId, namespace) {
      const { tenants } = deps.settings();
      if (!tenants) {
        const own = await deps.graphTenants.tenant(undefined);
        if (tenantId !== undefined && own.tenantId.toLowerCase() !== tenantId.toLowerCase())
          throw refused(REASON.ScopeNotAllowed, `tenant ${tenantId} is not the controller's; list it in --config`);
        return own;
      }
      // The controller's own tenant is only known once its client exists; being listed is still asked of it.
      const id = tenantId ?? (await deps.graphTenants.tenant(undefined)).tenantId;
      const rules = allowedTenant(tenants, id, namespace);
      return deps.graphTenants.tenant(id, rules.clientId ? { clientId: rules.clientId } : {});
    },
    health() {
      const [aws, graph] = [deps.awsAccounts.health(), deps.graphTenants.health()];
      return {
        breakers: new Map([...aws.breakers, ...graph.breakers]),
        limiters: [...aws.limiters, ...graph.limiters],
        inventories: new Map([...aws.inventories, ...graph.inventories]),
      };
    },
  };
}

function allowedAccount(
  { accounts }: Settings,
  instanceArn: string,
  namespace: string,
): { accountId: string; rules: AccountSettings | undefined } {
  const match = INSTANCE_ARN.exec(instanceArn);
  if (!match) throw refused(REASON.InvalidSpec, `"${instanceArn}" is not the ARN of a Connect instance`);
  const [, region, accountId, instanceId] = match as unknown as [string, string, string, string];
  if (!accounts) return { accountId, rules: undefined };
  const entries = accounts.filter(({ id }) => id === accountId);
  if (entries.length === 0) throw refused(REASON.ScopeNotAllowed, `account ${accountId} is not listed in --config`);
  const refusals = entries.map((rules) => accountRefusal(rules, { namespace, region, instanceId, instanceArn }));
  const rules = entries.find((_, index) => refusals[index] === undefined);
  // The last thing to be wrong is the nearest to what was meant.
  if (!rules) throw refused(REASON.ScopeNotAllowed, refusals.sort((a, b) => b!.rank - a!.rank)[0]!.message);
  return { accountId, rules };
}

function accountRefusal(
  { id, namespaces, regions, instances }: AccountSettings,
  asked: { namespace: string; region: string; instanceId: string; instanceArn: string },
): { rank: number; message: string } | undefined {
  const { namespace, region, instanceId, instanceArn } = asked;
  if (!isNamed(namespaces, namespace))
    return { rank: 0, message: `namespace ${namespace} may not act in account ${id}` };
  if (regions && !regions.includes(region))
    return { rank: 1, message: `region ${region} is not allowed in account ${id}` };
  if (instances && !instances.some((one) => one === instanceId || one === instanceArn))
    return { rank: 2, message: `instance ${instanceId} is not allowed in account ${id}` };
  return undefined;
}

function allowedTenant(tenants: TenantSettings[], id: string, namespace: string): TenantSettings {
  const rules = tenants.find((tenant) => tenant.id.toLowerCase() === id.toLowerCase());
  if (!rules) throw refused(REASON.ScopeNotAllowed, `tenant ${id} is not listed in --config`);
  if (!isNamed(rules.namespaces, namespace))
    throw refused(REASON.ScopeNotAllowed, `namespace ${namespace} may not act in tenant ${id}`);
  return rules;
}

const isNamed = (patterns: string[] | undefined, namespace: string) =>
  !patterns || patterns.some((pattern) => matchesGlob(pattern, namespace));

function refused(reason: Reason, message: string): CloudError {
  return new CloudError(message, { kind: "terminal", reason, code: reason });
}
