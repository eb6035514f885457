/** Security profiles and what they permit. */
import type { SandboxHost } from "../host.ts";
import { invalidRequest, notFound } from "./error.ts";
import { names } from "./instances.ts";
import { page } from "./page.ts";
import { type Call, modified, type Route, route } from "./route.ts";
import type { SecurityProfile } from "./state.ts";
import { text } from "./validate.ts";

const MOST_PERMISSIONS = 500;

export function profileRoutes(host: SandboxHost): Route[] {
  const profile = ({ instance, rest }: Call): SecurityProfile => {
    const found = instance.securityProfiles.find(({ Id }) => Id === rest[0]);
    if (!found) throw notFound("The specified security profile does not exist");
    return found;
  };
  return [
    route("ListSecurityProfiles", "GET", "/security-profiles-summary/{InstanceId}", false, (call) =>
      names(call, call.instance.securityProfiles, "SecurityProfileSummaryList", { Type: "CUSTOMER_MANAGED" }),
    ),
    route("DescribeSecurityProfile", "GET", "/security-profiles/{InstanceId}/{SecurityProfileId}", false, (call) => {
      const { Id, Arn, Name, description, changed } = profile(call);
      return {
        SecurityProfile: {
          Id,
          Arn,
          OrganizationResourceId: call.instance.id,
          SecurityProfileName: Name,
          Description: description,
          Tags: {},
          Type: "CUSTOMER_MANAGED",
          ...modified(call.instance, changed),
        },
      };
    }),
    route(
      "ListSecurityProfilePermissions",
      "GET",
      "/security-profiles-permissions/{InstanceId}/{SecurityProfileId}",
      false,
      (call) => {
        const { permissions, changed } = profile(call);
        const size = Number(call.query.get("maxResults") ?? 1000);
        const { slice, token } = page(permissions, size, 1000, call.query.get("nextToken"));
        return { Permissions: slice, NextToken: token, ...modified(call.instance, changed) };
      },
    ),
    route("UpdateSecurityProfile", "POST", "/security-profiles/{InstanceId}/{SecurityProfileId}", true, (call) => {
      const found = profile(call);
      const { Permissions } = call.body;
      if (Permissions !== undefined && !isPermissions(Permissions))
        throw invalidRequest(`Permissions must be a list of at most ${MOST_PERMISSIONS} names`);
      found.description = text(call.body, "Description", 0, 250) ?? found.description;
      found.permissions = (Permissions as string[] | undefined) ?? found.permissions;
      found.changed = host.clock.now();
    }),
  ];
}

function isPermissions(value: unknown): value is string[] {
  return (
    Array.isArray(value) &&
    value.length <= MOST_PERMISSIONS &&
    value.every((one) => typeof one === "string" && one.length >= 1 && one.length <= 128)
  );
}
