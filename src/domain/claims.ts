/** Claims mapping policy. It supersedes the gallery application's own claims, so it carries every one of them. */

/** The one string of a policy's `definition`. `sessionDurationSeconds`: 900 to 43200. */
export function claimsDefinition(
  roleSessionNameSource: "userPrincipalName" | "mail",
  sessionDurationSeconds: number,
): string {
  const attributes = "https://aws.amazon.com/SAML/Attributes";
  return JSON.stringify({
    ClaimsMappingPolicy: {
      Version: 1,
      IncludeBasicClaimSet: "true",
      ClaimsSchema: [
        { Source: "user", ID: "assignedroles", SamlClaimType: `${attributes}/Role` },
        { Source: "user", ID: roleSessionNameSource.toLowerCase(), SamlClaimType: `${attributes}/RoleSessionName` },
        { Value: String(sessionDurationSeconds), SamlClaimType: `${attributes}/SessionDuration` },
        {
          Source: "user",
          ID: "userprincipalname",
          SamlClaimType: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
        },
      ],
    },
  });
}
