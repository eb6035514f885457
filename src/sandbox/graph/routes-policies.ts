/** Operations on claims mapping policies and on the tenant's application management policy. */
import { randomUUID } from "node:crypto";
import { contextOf, many, one } from "./answers.ts";
import { principal, type Tenant } from "./context.ts";
import { changeable, seen } from "./directory.ts";
import { badRequest, notFound, referenceAbsent, referenceExists } from "./error.ts";
import { managementPolicy } from "./management.ts";
import { withoutKeys } from "./principals.ts";
import { type Body, NO_CONTENT, type Router, referencedId } from "./router.ts";
import type { ClaimsPolicy } from "./shapes.ts";

const SET = "policies/claimsMappingPolicies";

export function addPolicyRoutes(router: Router, tenant: Tenant): void {
  const { claimsPolicies, policyLinks } = tenant.directory;
  router.add("GET", "/policies/claimsMappingPolicies", (call) =>
    many(call, SET, {
      rows: () => claimsPolicies.readAll(),
      filter: { resource: "ClaimsMappingPolicy", properties: new Set(["id", "displayName"]) },
    }),
  );
  router.add("POST", "/policies/claimsMappingPolicies", (call) => {
    const policy = policyOf({ id: randomUUID(), deletedDateTime: null, isOrganizationDefault: false }, call.body);
    claimsPolicies.set(policy);
    return { status: 201, body: { "@odata.context": contextOf(call, `${SET}/$entity`), ...policy } };
  });
  router.add("GET", "/policies/claimsMappingPolicies/{id}", (call) =>
    one(call, SET, seen(claimsPolicies, call.ids[0]!)),
  );
  router.add("PATCH", "/policies/claimsMappingPolicies/{id}", (call) => {
    claimsPolicies.set(policyOf(changeable(claimsPolicies, call.ids[0]!), call.body));
    return NO_CONTENT;
  });
  router.add("DELETE", "/policies/claimsMappingPolicies/{id}", (call) => {
    const { id } = changeable(claimsPolicies, call.ids[0]!);
    claimsPolicies.delete(id);
    for (const { id: linked } of tenant.directory.servicePrincipals.values()) unlink(tenant, linked, id);
    return NO_CONTENT;
  });
  router.add("GET", "/policies/claimsMappingPolicies/{id}/appliesTo", (call) => {
    const { id } = seen(claimsPolicies, call.ids[0]!);
    return many(call, "directoryObjects", {
      rows: () =>
        tenant.directory.servicePrincipals
          .readAll()
          .filter((one) => policyLinks.read(one.id)?.includes(id))
          .map((one) => ({ "@odata.type": "#microsoft.graph.servicePrincipal", ...withoutKeys(one) })),
    });
  });
  addLinks(router, tenant);
  router.add("GET", "/policies/defaultAppManagementPolicy", (call) => ({
    status: 200,
    body: {
      "@odata.context": contextOf(call, "policies/defaultAppManagementPolicy/$entity"),
      ...managementPolicy(tenant.directory.tenant),
    },
  }));
}

function unlink({ directory: { policyLinks } }: Tenant, principalId: string, policyId: string): boolean {
  const links = policyLinks.get(principalId) ?? [];
  if (!links.includes(policyId)) return false;
  const left = links.filter((id) => id !== policyId);
  if (left.length > 0) policyLinks.set(principalId, left);
  else policyLinks.delete(principalId);
  return true;
}

/** A policy must carry all claims, so a second one makes no sense; what the service does with it is open. */
function addLinks(router: Router, tenant: Tenant): void {
  const { claimsPolicies, policyLinks } = tenant.directory;
  router.add("GET", "/servicePrincipals/{id}/claimsMappingPolicies", (call) => {
    const { id } = principal(tenant, call.ids[0]!);
    return many(call, SET, {
      rows: () => {
        const policies = (policyLinks.read(id) ?? []).map((one) => claimsPolicies.read(one)).filter((one) => !!one);
        return policies.map((policy) => ({ "@odata.type": "#microsoft.graph.claimsMappingPolicy", ...policy }));
      },
    });
  });
  router.add("POST", "/servicePrincipals/{id}/claimsMappingPolicies/$ref", (call) => {
    const { id } = principal(tenant, call.ids[0]!);
    const policy = claimsPolicies.read(referencedId(call.body).toLowerCase());
    if (!policy) throw notFound(referencedId(call.body));
    const links = policyLinks.get(id) ?? [];
    if (links.includes(policy.id)) throw referenceExists("claimsMappingPolicies");
    if (links.length > 0 && tenant.host.behaviour.open.secondClaimsPolicy === "refused")
      throw badRequest(
        "A conflicting object with one or more of the specified property values is present in the directory.",
      );
    policyLinks.set(id, [...links, policy.id]);
    return NO_CONTENT;
  });
  router.add("DELETE", "/servicePrincipals/{id}/claimsMappingPolicies/{policy}/$ref", (call) => {
    const { id } = principal(tenant, call.ids[0]!);
    if (!unlink(tenant, id, call.ids[1]!.toLowerCase()))
      throw referenceAbsent(tenant.host, "claimsMappingPolicies", call.ids[1]!);
    return NO_CONTENT;
  });
}

function policyOf(old: Partial<ClaimsPolicy> & { id: string }, body: Body): ClaimsPolicy {
  const displayName = body.displayName ?? old.displayName;
  if (typeof displayName !== "string" || displayName === "")
    throw badRequest("Property displayName has an invalid value.");
  const isOrganizationDefault = body.isOrganizationDefault ?? old.isOrganizationDefault;
  return {
    ...old,
    displayName,
    isOrganizationDefault,
    definition: definitionOf(body.definition ?? old.definition),
  };
}

/** Keys are case-sensitive: a wrong one is "Property has an invalid value". */
function definitionOf(definition: unknown): string[] {
  const refusal = badRequest("Property definition has an invalid value.");
  if (!Array.isArray(definition) || definition.length !== 1 || typeof definition[0] !== "string") throw refusal;
  let policy: Body | undefined;
  try {
    policy = (JSON.parse(definition[0]) as { ClaimsMappingPolicy?: Body }).ClaimsMappingPolicy;
  } catch {
    throw refusal;
  }
  const { Version, IncludeBasicClaimSet, ClaimsSchema, ...rest } = policy ?? {};
  const known = Object.keys(rest).every((name) => ["ClaimsTransformation", "ClaimsTransformations"].includes(name));
  const basic =
    IncludeBasicClaimSet === undefined || ["true", "false", true, false].includes(IncludeBasicClaimSet as never);
  if (Version !== 1 || !basic || !Array.isArray(ClaimsSchema) || !known) throw refusal;
  for (const claim of ClaimsSchema as Body[]) {
    const names = Object.keys(claim);
    const sourced = typeof claim.Source === "string" && (claim.ID ?? claim.Id ?? claim.ExtensionID) !== undefined;
    const target = claim.SamlClaimType !== undefined || claim.JwtClaimType !== undefined;
    // A row without a claim of its own feeds a transformation (Entra, "Customize claims with PowerShell", example of a join).
    const isComplete = sourced || (target && claim.Value !== undefined);
    if (!isComplete || names.some((name) => !CLAIM_KEYS.has(name))) throw refusal;
  }
  return definition as string[];
}

const CLAIM_KEYS = new Set([
  "Source",
  "ID",
  // In use, and working: terraform-provider-azuread#1115.
  "Id",
  "ExtensionID",
  "Value",
  "TransformationId",
  "SamlClaimType",
  "JwtClaimType",
  "SAMLNameFormat",
  "SamlNameForm",
]);
