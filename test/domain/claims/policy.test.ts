import { expect, test } from "@jest/globals";
import { compareClaims, desiredClaims, readClaims } from "../../../src/domain/claims/policy.ts";
import { NAME_ATTRIBUTES, type NameTransform } from "../../../src/domain/claims/session-name.ts";

const AWS = "https://aws.amazon.com/SAML/Attributes";
const role = { Source: "user", ID: "assignedroles", SamlClaimType: `${AWS}/Role` };
const named = (row: object) => ({ ...row, SamlClaimType: `${AWS}/RoleSessionName` });
const policy = (rows: unknown, more = {}) => [
  JSON.stringify({ ClaimsMappingPolicy: { Version: 1, IncludeBasicClaimSet: "true", ClaimsSchema: rows, ...more } }),
];
const prefix = (more = {}) => ({
  ID: "Prefix",
  TransformationMethod: "ExtractMailPrefix",
  InputClaims: [{ ClaimTypeReferenceId: "mail", TransformationClaimType: "mail" }],
  OutputClaims: [{ ClaimTypeReferenceId: "Out", TransformationClaimType: "outputClaim" }],
  ...more,
});
const transformed = named({ Source: "transformation", ID: "Out", TransformationId: "Prefix" });
const mail = { Source: "user", ID: "mail" };

test.each<[string, readonly string[], unknown]>([
  [
    "user principal name",
    policy([role, named({ Source: "user", ID: "userprincipalname" })]),
    { from: "userPrincipalName", transform: "None" },
  ],
  [
    "mail under the key Id",
    policy([{ ...role }, named({ Source: "user", Id: "mail" })]),
    { from: "mail", transform: "None" },
  ],
  [
    "employee id",
    policy([role, named({ Source: "user", ID: "employeeid" })]),
    { from: "employeeId", transform: "None" },
  ],
  [
    "account name",
    policy([role, named({ Source: "user", ID: "onpremisessamaccountname" })]),
    { from: "onPremisesSamAccountName", transform: "None" },
  ],
  [
    "an attribute of Exchange",
    policy([role, named({ Source: "user", ID: "extensionattribute15" })]),
    { from: "extensionAttribute15", transform: "None" },
  ],
  [
    "mail prefix",
    policy([role, mail, transformed], { ClaimsTransformations: [prefix()] }),
    { from: "mail", transform: "MailPrefix" },
  ],
  [
    "mail prefix under the singular key",
    policy([role, mail, transformed], { ClaimsTransformation: [prefix()] }),
    { from: "mail", transform: "MailPrefix" },
  ],
  [
    "lower case",
    policy([role, mail, transformed], { ClaimsTransformations: [prefix({ TransformationMethod: "ToLowercase" })] }),
    { from: "mail", transform: "Lowercase" },
  ],
  [
    "another claim from mail does not count",
    policy([role, { ...mail, SamlClaimType: "x" }, named({ Source: "user", ID: "employeeid" })]),
    { from: "employeeId", transform: "None" },
  ],
  [
    "display name",
    policy([role, named({ Source: "user", ID: "displayname" })]),
    "RoleSessionName comes from user.displayname",
  ],
  [
    "an attribute that does not exist",
    policy([role, named({ Source: "user", ID: "extensionattribute16" })]),
    "RoleSessionName comes from user.extensionattribute16",
  ],
  [
    "a directory extension",
    policy([role, named({ Source: "user", ExtensionID: "extension_1_agent" })]),
    "RoleSessionName comes from the directory extension extension_1_agent",
  ],
  ["a constant", policy([role, named({ Value: "everybody" })]), 'RoleSessionName comes from the constant "everybody"'],
  [
    "a join",
    policy([role, mail, transformed], {
      ClaimsTransformations: [
        prefix({ TransformationMethod: "Join", InputParameters: [{ ID: "string2", Value: "x" }] }),
      ],
    }),
    "RoleSessionName comes from the transformation Prefix",
  ],
  [
    "a chain",
    policy([role, named({ Source: "transformation", ID: "B", TransformationId: "Low" })], {
      ClaimsTransformations: [
        prefix(),
        prefix({ ID: "Low", TransformationMethod: "ToLowercase", InputClaims: [{ ClaimTypeReferenceId: "Out" }] }),
      ],
    }),
    "RoleSessionName comes from the transformation Low",
  ],
  [
    "a transformation that is not there",
    policy([role, mail, transformed]),
    "RoleSessionName comes from the transformation Prefix",
  ],
  ["two rows", policy([role, named(mail), named(mail)]), "RoleSessionName comes from 2 rows"],
  [
    "a role by constant",
    policy([{ Value: "arn:p,arn:r", SamlClaimType: `${AWS}/Role` }, named(mail)]),
    'Role comes from the constant "arn:p,arn:r", not from the app roles that people are assigned',
  ],
  ["no role", policy([named(mail)]), "it sends no Role"],
  ["no name", policy([role]), "it sends no RoleSessionName"],
  [
    "a claim name in another case",
    policy([role, { ...mail, SamlClaimType: `${AWS}/rolesessionname` }]),
    "it sends no RoleSessionName",
  ],
  ["no JSON", ["{"], "its definition cannot be read"],
  ["no policy", ["null"], "its definition cannot be read"],
  ["rows that are none", policy([null]), "its definition cannot be read"],
])("%s", (_, definition, expected) => {
  const found = compareClaims(definition, { from: "mail", transform: "None" });
  if (typeof expected === "string") expect(found).toEqual({ verdict: "not expressible", why: expected });
  else if (JSON.stringify(expected) === '{"from":"mail","transform":"None"}')
    expect(found).toEqual({ verdict: "same" });
  else expect(found).toEqual({ verdict: "differs", sends: expected });
});

test("every declared name is read back from the policy that it makes", () => {
  for (const from of NAME_ATTRIBUTES)
    for (const transform of ["None", "MailPrefix", "Lowercase"] as NameTransform[]) {
      const definition = [desiredClaims({ from, transform }, { sessionSeconds: 28_800, maxSessionSeconds: 43_200 })];
      expect(compareClaims(definition, { from, transform })).toEqual({ verdict: "same" });
      expect(readClaims(definition)?.sessionDuration).toEqual({ state: "expressible", value: 28_800 });
    }
});

test("the session is never longer than the role allows", () => {
  const definition = [
    desiredClaims({ from: "mail", transform: "None" }, { sessionSeconds: 28_800, maxSessionSeconds: 3600 }),
  ];
  expect(readClaims(definition)?.sessionDuration).toEqual({ state: "expressible", value: 3600 });
});
