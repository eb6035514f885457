/**
 * Claims mapping policies: the one that a persona wants, and what an existing one sends to AWS, row by row. A policy supersedes the
 * gallery application's own claims, so it carries every one of them. Sources: Entra's "Claims customization reference" and "Customize
 * claims with PowerShell"; the key is written `ID` in Microsoft's pages and `Id` in policies that are in use, so case is ignored.
 */
import { NAME_ATTRIBUTES, type NameTransform, type RoleSessionName } from "./session-name.ts";

const ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes";
const NAME_ID = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier";
const METHODS: Record<string, NameTransform> = { extractmailprefix: "MailPrefix", tolowercase: "Lowercase" };
const TRANSFORMED = "roleSessionName";

/** What one claim is made of. `what` says it for people where a persona has no word for it. */
type Claim<T> = { state: "absent" } | { state: "expressible"; value: T } | { state: "not expressible"; what: string };

interface ReadClaims {
  /** Expressible: the app roles that people are assigned. */
  role: Claim<"assignedRoles">;
  roleSessionName: Claim<RoleSessionName>;
  /** Seconds. */
  sessionDuration: Claim<number>;
}

/** The gallery application's own claims send the user principal name and Entra's default session: anything else needs a policy. */
export function needsClaimsPolicy(application: {
  roleSessionName: RoleSessionName;
  sessionDuration?: string;
}): boolean {
  const { from, transform } = application.roleSessionName;
  return from !== "userPrincipalName" || transform !== "None" || application.sessionDuration !== undefined;
}

/**
 * The `definition` of the policy that a persona wants: one JSON string. Seconds are 900 to 43200 and never more than the role allows,
 * because AWS refuses a login that asks for more.
 */
export function desiredClaims(
  name: RoleSessionName,
  { sessionSeconds, maxSessionSeconds }: { sessionSeconds: number; maxSessionSeconds: number },
): string {
  const attribute = name.from.toLowerCase();
  const claim = { SamlClaimType: `${ATTRIBUTES}/RoleSessionName` };
  const method = { None: undefined, MailPrefix: "ExtractMailPrefix", Lowercase: "ToLowercase" }[name.transform];
  const input = { MailPrefix: "mail", Lowercase: "string", None: "" }[name.transform];
  return JSON.stringify({
    ClaimsMappingPolicy: {
      Version: 1,
      IncludeBasicClaimSet: "true",
      ClaimsSchema: [
        { Source: "user", ID: "assignedroles", SamlClaimType: `${ATTRIBUTES}/Role` },
        ...(method
          ? [
              // A transformation finds its input among the rows; the NameID below is one already.
              ...(attribute === "userprincipalname" ? [] : [{ Source: "user", ID: attribute }]),
              { Source: "transformation", ID: TRANSFORMED, TransformationId: method, ...claim },
            ]
          : [{ Source: "user", ID: attribute, ...claim }]),
        { Value: String(Math.min(sessionSeconds, maxSessionSeconds)), SamlClaimType: `${ATTRIBUTES}/SessionDuration` },
        { Source: "user", ID: "userprincipalname", SamlClaimType: NAME_ID },
      ],
      ...(method
        ? {
            ClaimsTransformations: [
              {
                ID: method,
                TransformationMethod: method,
                InputClaims: [{ ClaimTypeReferenceId: attribute, TransformationClaimType: input }],
                OutputClaims: [{ ClaimTypeReferenceId: TRANSFORMED, TransformationClaimType: "outputClaim" }],
              },
            ],
          }
        : {}),
    },
  });
}

/** What the policy sends to AWS; undefined when it cannot be read. */
export function readClaims(definition: readonly string[]): ReadClaims | undefined {
  try {
    const policies = definition.map((text) => section(lowered(JSON.parse(text)), "claimsmappingpolicy"));
    const rows = policies.flatMap((policy) => list(policy.claimsschema));
    const transformations = policies.flatMap((policy) => [
      ...list(policy.claimstransformations ?? []),
      ...list(policy.claimstransformation ?? []),
    ]);
    const claim = <T>(name: string, read: (row: Row) => T | undefined) => one(rows, name, read);
    return {
      role: claim("Role", (row) => (isUser(row, "assignedroles") ? ("assignedRoles" as const) : undefined)),
      roleSessionName: claim("RoleSessionName", (row) => nameOf(row, rows, transformations)),
      sessionDuration: claim("SessionDuration", (row) =>
        /^\d{1,6}$/.test(row.value ?? "") ? Number(row.value) : undefined,
      ),
    };
  } catch {
    return undefined;
  }
}

/** How an existing policy compares with a declared name. Only "differs" may be overwritten, and only by its owner. */
export function compareClaims(
  definition: readonly string[],
  declared: RoleSessionName,
): { verdict: "same" } | { verdict: "differs"; sends: RoleSessionName } | { verdict: "not expressible"; why: string } {
  const claims = readClaims(definition);
  if (!claims) return { verdict: "not expressible", why: "its definition cannot be read" };
  const problem = inexpressible(claims);
  if (problem !== undefined) return { verdict: "not expressible", why: problem };
  const sends = (claims.roleSessionName as { value: RoleSessionName }).value;
  return sends.from === declared.from && sends.transform === declared.transform
    ? { verdict: "same" }
    : { verdict: "differs", sends };
}

/** Why a persona cannot stand for these claims: they would have to be left as they are. */
export function inexpressible({ role, roleSessionName }: ReadClaims): string | undefined {
  if (role.state === "absent") return "it sends no Role";
  if (role.state === "not expressible")
    return `Role comes from ${role.what}, not from the app roles that people are assigned`;
  if (roleSessionName.state === "absent") return "it sends no RoleSessionName";
  if (roleSessionName.state === "not expressible") return `RoleSessionName comes from ${roleSessionName.what}`;
  return undefined;
}

interface Row {
  source?: string;
  id?: string;
  extensionid?: string;
  value?: string;
  samlclaimtype?: string;
  transformationid?: string;
}
interface Transformation {
  id?: string;
  transformationmethod?: string;
  inputclaims?: { claimtypereferenceid?: string }[];
  inputparameters?: unknown[];
}

function one<T>(rows: Row[], name: string, read: (row: Row) => T | undefined): Claim<T> {
  const found = rows.filter(({ samlclaimtype }) => samlclaimtype === `${ATTRIBUTES}/${name}`);
  const [row, ...more] = found;
  if (!row) return { state: "absent" };
  if (more.length > 0) return { state: "not expressible", what: `${found.length} rows` };
  const value = read(row);
  return value === undefined ? { state: "not expressible", what: describe(row) } : { state: "expressible", value };
}

const isUser = ({ source, id, extensionid }: Row, attribute: string): boolean =>
  source?.toLowerCase() === "user" && id?.toLowerCase() === attribute && extensionid === undefined;

function nameOf(row: Row, rows: Row[], transformations: Transformation[]): RoleSessionName | undefined {
  const direct = NAME_ATTRIBUTES.find((attribute) => isUser(row, attribute.toLowerCase()));
  if (direct) return { from: direct, transform: "None" };
  if (row.source?.toLowerCase() !== "transformation") return undefined;
  const step = transformations.filter(({ id }) => id !== undefined && id === row.transformationid);
  const [input, ...others] = step[0]?.inputclaims ?? [];
  const transform = METHODS[step[0]?.transformationmethod?.toLowerCase() ?? ""];
  if (step.length !== 1 || !transform || !input || others.length > 0 || (step[0]!.inputparameters ?? []).length > 0)
    return undefined;
  const source = rows.find(({ id }) => id !== undefined && id === input.claimtypereferenceid);
  const from = source && NAME_ATTRIBUTES.find((attribute) => isUser(source, attribute.toLowerCase()));
  return from && { from, transform };
}

function describe({ source, id, extensionid, value, transformationid }: Row): string {
  if (value !== undefined) return `the constant "${value}"`;
  if (extensionid !== undefined) return `the directory extension ${extensionid}`;
  if (source?.toLowerCase() === "transformation") return `the transformation ${transformationid ?? id}`;
  return `${source ?? "nothing"}.${id ?? "nothing"}`;
}

/** Keys in lower case, at every depth of the few that a policy has. */
function lowered(value: unknown, depth = 0): unknown {
  if (depth > 8) throw new Error("nested too deep");
  if (Array.isArray(value)) return value.map((each) => lowered(each, depth + 1));
  if (value === null || typeof value !== "object") return typeof value === "number" ? String(value) : value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toLowerCase(), lowered(each, depth + 1)]));
}

function section(value: unknown, key: string): Record<string, unknown> {
  const found = (value as Record<string, unknown> | null)?.[key];
  if (found === null || typeof found !== "object") throw new Error(`no ${key}`);
  return found as Record<string, unknown>;
}

function list<T extends object>(value: unknown): T[] {
  if (!Array.isArray(value) || !value.every((each) => each !== null && typeof each === "object"))
    throw new Error("not a list of objects");
  return value as T[];
}
