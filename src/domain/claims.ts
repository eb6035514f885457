/** Claims mapping policy. It supersedes the gallery application's own claims, so it carries every one of them. */

const ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes";

/** The one string of a policy's `definition`. `sessionDurationSeconds`: 900 to 43200. */
export function claimsDefinition(
  roleSessionNameSource: "userPrincipalName" | "mail",
  sessionDurationSeconds: number,
): string {
  return JSON.stringify({
    ClaimsMappingPolicy: {
      Version: 1,
      IncludeBasicClaimSet: "true",
      ClaimsSchema: [
        { Source: "user", ID: "assignedroles", SamlClaimType: `${ATTRIBUTES}/Role` },
        { Source: "user", ID: roleSessionNameSource.toLowerCase(), SamlClaimType: `${ATTRIBUTES}/RoleSessionName` },
        { Value: String(sessionDurationSeconds), SamlClaimType: `${ATTRIBUTES}/SessionDuration` },
        {
          Source: "user",
          ID: "userprincipalname",
          SamlClaimType: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier",
        },
      ],
    },
  });
}

/**
 * Whether a policy that somebody else attached sends Role and RoleSessionName as declared, whatever else it sends. One that does not
 * decides as whom people sign in, because it supersedes the gallery application's claims.
 */
export function sendsDeclaredName(
  definition: readonly string[],
  roleSessionNameSource: "userPrincipalName" | "mail",
): boolean {
  try {
    const rows = definition.flatMap((text) => JSON.parse(text).ClaimsMappingPolicy.ClaimsSchema as ClaimRow[]);
    const comesFrom = (attribute: string, id: string) => {
      const found = rows.filter(({ SamlClaimType }) => SamlClaimType === `${ATTRIBUTES}/${attribute}`);
      return found.length === 1 && found[0]!.Source === "user" && found[0]!.ID?.toLowerCase() === id;
    };
    return comesFrom("Role", "assignedroles") && comesFrom("RoleSessionName", roleSessionNameSource.toLowerCase());
  } catch {
    return false;
  }
}

interface ClaimRow {
  Source?: string;
  ID?: string;
  SamlClaimType?: string;
}
