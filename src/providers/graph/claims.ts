/** Claims mapping policies. */
import { gone, type Json, present, type TenantContext } from "./context.ts";
import { literal, path, principalPath } from "./paths.ts";
import type { ClaimsMappingPolicy, Graph } from "./types.ts";

const toClaimsPolicy = (json: Json): ClaimsMappingPolicy => ({
  id: String(json.id),
  displayName: String(json.displayName ?? ""),
  definition: (json.definition as string[] | undefined) ?? [],
});

export function claimsCalls({ client, write }: TenantContext) {
  return {
    claimsPoliciesOf: async (id, options) =>
      (await client.list<Json>(`${principalPath(id)}/claimsMappingPolicies`, options)).map(toClaimsPolicy),
    findClaimsPolicies: async (displayName, options) =>
      (
        await client.list<Json>(
          `/policies/claimsMappingPolicies?$filter=displayName eq ${literal(displayName)}`,
          options,
        )
      ).map(toClaimsPolicy),
    async createClaimsPolicy(policy, options) {
      const json = await client.send<Json>({
        method: "POST",
        path: "/policies/claimsMappingPolicies",
        body: { ...policy, isOrganizationDefault: false },
        target: policy.displayName,
        options,
      });
      return toClaimsPolicy(json!);
    },
    async updateClaimsPolicy(id, { definition }, options) {
      await client.send({
        method: "PATCH",
        path: path`/policies/claimsMappingPolicies/${id}`,
        body: { definition },
        target: `claims policy ${id}`,
        options,
      });
    },
    async deleteClaimsPolicy(id, options) {
      await gone(() =>
        client.send({
          method: "DELETE",
          path: path`/policies/claimsMappingPolicies/${id}`,
          target: `claims policy ${id}`,
          options,
        }),
      );
    },
    async attachClaimsPolicy(id, policyId, options) {
      const base = client.baseUrl;
      await present(() =>
        write({
          method: "POST",
          path: `${principalPath(id)}/claimsMappingPolicies/$ref`,
          body: { "@odata.id": `${base}/v1.0${path`/policies/claimsMappingPolicies/${policyId}`}` },
          target: `claims policy ${policyId} on ${id}`,
          options,
        }),
      );
    },
    async detachClaimsPolicy(id, policyId, options) {
      await gone(() =>
        write({
          method: "DELETE",
          path: `${path`/servicePrincipals/${id}/claimsMappingPolicies/${policyId}`}/$ref`,
          target: `claims policy ${policyId} on ${id}`,
          options,
        }),
      );
    },
  } satisfies Partial<Graph>;
}
