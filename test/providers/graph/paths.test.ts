import { expect, test } from "@jest/globals";
import { templateOf } from "../../../src/providers/graph/paths.ts";

const ID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

test.each([
  ["/applications", "/applications"],
  ["/applications?$filter=displayName eq 'a/b'&$top=100", "/applications"],
  [`/applications/${ID}/owners`, "/applications/{id}/owners"],
  [`/servicePrincipals/${ID}?$select=id`, "/servicePrincipals/{id}"],
  [`/servicePrincipals/${ID}/appRoleAssignedTo/8sW_x-1`, "/servicePrincipals/{id}/appRoleAssignedTo/{id}"],
  [`/servicePrincipals/${ID}/claimsMappingPolicies/$ref`, "/servicePrincipals/{id}/claimsMappingPolicies/$ref"],
  [
    `/servicePrincipals/${ID}/claimsMappingPolicies/${ID}/$ref`,
    "/servicePrincipals/{id}/claimsMappingPolicies/{id}/$ref",
  ],
  [
    `/servicePrincipals/${ID}/synchronization/jobs/aws.x.${ID}/start`,
    "/servicePrincipals/{id}/synchronization/jobs/{id}/start",
  ],
  [
    "/directory/deletedItems/microsoft.graph.application?$top=100",
    "/directory/deletedItems/microsoft.graph.application",
  ],
  [`/directory/deletedItems/${ID}/restore`, "/directory/deletedItems/{id}/restore"],
  [`/groups/${ID}/members/microsoft.graph.user`, "/groups/{id}/members/microsoft.graph.user"],
  ["/users/delta?$deltatoken=latest", "/users/delta"],
  ["/users/jane%40example.com", "/users/{id}"],
])("%s is called %s in logs and metrics", (path, template) => {
  expect(templateOf(path)).toBe(template);
});
