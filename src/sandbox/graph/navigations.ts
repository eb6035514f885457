/** Navigations that the service description has and the sandbox leaves empty: a single one is 404, a collection has no rows. */
import { many } from "./answers.ts";
import { application, principal, type Tenant, userOf } from "./context.ts";
import { seen } from "./directory.ts";
import { notFound } from "./error.ts";
import type { Call, Router } from "./router.ts";

/** Those of the directory; mailboxes, calendars and files are other services. */
const EMPTY: Record<string, { single: string[]; many: string[] }> = {
  users: {
    single: ["manager"],
    many: [
      "createdObjects",
      "directReports",
      "extensions",
      "licenseDetails",
      "oauth2PermissionGrants",
      "ownedDevices",
      "ownedObjects",
      "registeredDevices",
      "sponsors",
    ],
  },
  groups: {
    single: ["createdOnBehalfOf"],
    many: ["acceptedSenders", "membersWithLicenseErrors", "owners", "permissionGrants", "rejectedSenders", "settings"],
  },
  applications: {
    single: ["createdOnBehalfOf"],
    many: [
      "appManagementPolicies",
      "extensionProperties",
      "federatedIdentityCredentials",
      "homeRealmDiscoveryPolicies",
      "tokenIssuancePolicies",
      "tokenLifetimePolicies",
    ],
  },
  servicePrincipals: {
    single: ["remoteDesktopSecurityConfiguration"],
    many: [
      "appManagementPolicies",
      "createdObjects",
      "delegatedPermissionClassifications",
      "endpoints",
      "federatedIdentityCredentials",
      "homeRealmDiscoveryPolicies",
      "oauth2PermissionGrants",
      "ownedObjects",
      "tokenIssuancePolicies",
      "tokenLifetimePolicies",
    ],
  },
};

export function addEmptyNavigations(router: Router, tenant: Tenant): void {
  const find: Record<string, (call: Call) => { id: string }> = {
    users: ({ ids }) => userOf(tenant, ids[0]!),
    groups: ({ ids }) => seen(tenant.directory.groups, ids[0]!),
    applications: ({ ids }) => application(tenant, ids[0]!),
    servicePrincipals: ({ ids }) => principal(tenant, ids[0]!),
  };
  for (const [set, names] of Object.entries(EMPTY)) {
    for (const name of names.single)
      for (const suffix of ["", "/$ref"])
        router.add("GET", `/${set}/{id}/${name}${suffix}`, (call) => {
          find[set]!(call);
          throw notFound(name);
        });
    for (const name of names.many)
      router.add("GET", `/${set}/{id}/${name}`, (call) =>
        many(call, `${set}('${find[set]!(call).id}')/${name}`, { rows: () => [] }),
      );
  }
}
