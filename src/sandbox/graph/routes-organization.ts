/** Operations on the tenant itself: /organization, /domains, /me, provisioning logs. */
import { many, one } from "./answers.ts";
import type { Tenant } from "./context.ts";
import { badRequest, notFound } from "./error.ts";
import type { Router } from "./router.ts";

export function addOrganizationRoutes(router: Router, { directory, synchronization }: Tenant): void {
  const { id, verifiedDomains } = directory.tenant;
  const domains = verifiedDomains.map((name, index) => ({
    id: name,
    authenticationType: "Managed",
    isAdminManaged: true,
    isDefault: index === 0,
    isInitial: name.endsWith(".onmicrosoft.com"),
    isRoot: true,
    isVerified: true,
    supportedServices: [],
  }));
  const organization = {
    id,
    deletedDateTime: null,
    displayName: verifiedDomains[0] ?? id,
    tenantType: "AAD",
    countryLetterCode: "US",
    verifiedDomains: domains.map(({ id: name, isDefault, isInitial }) => ({
      name,
      isDefault,
      isInitial,
      type: "Managed",
      capabilities: "",
    })),
  };
  router.add("GET", "/organization", (call) => many(call, "organization", { rows: () => [organization] }));
  router.add("GET", "/organization/{id}", (call) => {
    if (call.ids[0]!.toLowerCase() !== id.toLowerCase()) throw notFound(call.ids[0]!);
    return one(call, "organization", organization);
  });
  router.add("GET", "/domains", (call) => many(call, "domains", { rows: () => domains }));
  router.add("GET", "/domains/{id}", (call) => {
    const domain = domains.find((one) => one.id.toLowerCase() === call.ids[0]!.toLowerCase());
    if (!domain) throw notFound(call.ids[0]!);
    return one(call, "domains", domain);
  });
  // An application is not a person.
  router.add("GET", "/me", () => {
    throw badRequest("/me request is only valid with delegated authentication flow.");
  });
  router.add("GET", "/auditLogs/provisioning", (call) =>
    many(call, "auditLogs/provisioning", {
      rows: () => synchronization.logs(),
      filter: { resource: "ProvisioningObjectSummary", properties: new Set(["id", "jobId", "servicePrincipal/id"]) },
    }),
  );
}
