/** The IAM documents of the blog, and their comparison by meaning: IAM reorders, rewrites and re-encodes what it stores. */

import { type Difference, NONE } from "./difference.ts";
import type { InstanceArn } from "./names.ts";
import { readDocument } from "./policy/document.ts";
import { matchesAction } from "./policy/match.ts";
import { replyUrls, type SignInEndpoints } from "./reply-urls.ts";

/** The blog's azure_federation_policy. `${aws:userid}` is `<role id>:<RoleSessionName>`. */
export function federationPolicy(instance: InstanceArn): unknown {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "ConnectFederation",
        Effect: "Allow",
        Action: "connect:GetFederationToken",
        Resource: `arn:${instance.partition}:connect:${instance.region}:${instance.account}:instance/${instance.id}/user/\${aws:userid}`,
      },
    ],
  };
}

/** As AWS's present guide has it ("Configure SAML with IAM"): by a condition instead of a resource. It gives the same right. */
export function federationPolicyOfGuide(instance: InstanceArn): unknown {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "connect:GetFederationToken",
        Resource: "*",
        Condition: { StringEquals: { "connect:InstanceId": instance.id } },
      },
    ],
  };
}

/** The blog's azure_cli_policy: what Entra's role import reads. */
export function listingPolicy(): unknown {
  return {
    Version: "2012-10-17",
    Statement: [
      { Sid: "ListRoles", Effect: "Allow", Action: ["iam:ListRoles", "iam:ListAccountAliases"], Resource: "*" },
    ],
  };
}

/** SAML trust for programmatic and console access. `SAML:aud` is matched with the assertion's Recipient, global and regional. */
export function trustPolicy(instance: InstanceArn, samlProviderArn: string, which?: SignInEndpoints): unknown {
  return sharedTrustPolicy(instance, [{ arn: samlProviderArn, ...(which ? { endpoints: which } : {}) }]);
}

/** A SAML provider that a role trusts, and to which addresses Entra posts its assertions. */
export interface TrustedProvider {
  arn: string;
  endpoints?: SignInEndpoints;
}

/** As `trustPolicy`, of several providers: one statement for those with the same addresses, in an order that does not depend on the list's. */
export function sharedTrustPolicy(
  instance: InstanceArn,
  providers: readonly TrustedProvider[],
): { Version: string; Statement: object[] } {
  const sorted = providers.toSorted((a, b) => (a.arn < b.arn ? -1 : 1));
  const groups = Map.groupBy(sorted, ({ endpoints }) => replyUrls(instance, endpoints).sort().join(" "));
  return {
    Version: "2012-10-17",
    Statement: [...groups.values()].map((group) => ({
      Effect: "Allow",
      Principal: { Federated: oneOrAll(group.map(({ arn }) => arn)) },
      Action: "sts:AssumeRoleWithSAML",
      Condition: { StringEquals: { "SAML:aud": oneOrAll(replyUrls(instance, group[0]!.endpoints)) } },
    })),
  };
}

const oneOrAll = (values: readonly string[]) => (values.length === 1 ? values[0] : values);

/** Characters that count for IAM's quotas: white space does not. */
export const policyCharacters = (document: unknown): number => JSON.stringify(document).replace(/\s/g, "").length;

/**
 * What a trust policy lets in, one text for each provider, and for each statement that names none. Two that add a provider each then differ
 * by one text, not by the same one.
 */
export function trustGrants(document: unknown): string[] {
  return normalStatements(document).flatMap(({ "Principal.Federated": providers, ...rest }) => {
    const terms = summary(Object.fromEntries(Object.entries(rest).sort()));
    return providers === undefined ? [terms] : providers.split(", ").map((arn) => `${arn} ${terms}`);
  });
}

interface Statement {
  [key: string]: unknown;
}

/** Normal form: lists for values, lower-case action and condition keys, sorted; `Principal: "*"` as `{AWS: "*"}`. */
function normalStatement(statement: Statement): Record<string, string> {
  const flat: Record<string, string> = {};
  const put = (path: string, value: unknown, fold = false) => {
    const values = (Array.isArray(value) ? value : [value]).map((one) =>
      fold ? String(one).toLowerCase() : String(one),
    );
    // A value with a comma is quoted: "a, b" is not the same as a and b.
    flat[path] = [...new Set(values.map((one) => (one.includes(",") ? JSON.stringify(one) : one)))].sort().join(", ");
  };
  for (const [key, value] of Object.entries(statement)) {
    if (key === "Sid") continue;
    if (key === "Action" || key === "NotAction") put(key, value, true);
    else if ((key === "Principal" || key === "NotPrincipal") && value === "*") put(`${key}.AWS`, "*");
    else if (key === "Principal" || key === "NotPrincipal")
      for (const [type, who] of Object.entries(value as object)) put(`${key}.${type}`, who);
    else if (key === "Condition") {
      for (const [operator, tests] of Object.entries(value as object)) {
        for (const [name, values] of Object.entries(tests as object))
          put(`Condition.${operator}.${name.toLowerCase()}`, values);
      }
    } else put(key, value);
  }
  return flat;
}

function normalStatements(document: unknown): Record<string, string>[] {
  const statements = (document as { Statement?: Statement | Statement[] } | undefined)?.Statement ?? [];
  return (Array.isArray(statements) ? statements : [statements])
    .map(normalStatement)
    .sort((a, b) => JSON.stringify(Object.entries(a).sort()).localeCompare(JSON.stringify(Object.entries(b).sort())));
}

/**
 * Both documents row by row, equal rows included; the documents allow the same when no row differs. Order, one-element lists, case of
 * actions and of condition keys, and Sid do not count (hashicorp/awspolicyequivalence, IAM user guide). Equal statements are paired first,
 * so that an added one does not shift the others.
 */
export function policyRows(desired: unknown, observed: unknown, prefix = ""): Difference[] {
  const wanted = normalStatements(desired);
  const found = normalStatements(observed);
  const text = (statement: Record<string, string>) => JSON.stringify(Object.entries(statement).sort());
  const left = [...found];
  const partner = wanted.map((one) => {
    const index = left.findIndex((other) => text(other) === text(one));
    return index < 0 ? undefined : left.splice(index, 1)[0];
  });
  const rows: Difference[] = [];
  for (const [index, one] of wanted.entries()) {
    const other = partner[index] ?? left.shift();
    const path = `${prefix}Statement[${index}]`;
    if (!other) rows.push({ path, desired: summary(one), observed: NONE });
    else
      for (const key of new Set([...Object.keys(one), ...Object.keys(other)]))
        rows.push({ path: `${path}.${key}`, desired: one[key] ?? NONE, observed: other[key] ?? NONE });
  }
  for (const [index, one] of left.entries())
    rows.push({ path: `${prefix}Statement[${wanted.length + index}]`, desired: NONE, observed: summary(one) });
  return rows;
}

/** The rows that differ. */
export function comparePolicies(desired: unknown, observed: unknown, prefix = ""): Difference[] {
  return policyRows(desired, observed, prefix).filter((row) => row.desired !== row.observed);
}

function summary(statement: Record<string, string>): string {
  return Object.entries(statement)
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
}

/** ARNs of the SAML providers that a trust policy names. */
export function trustedProviders(trust: unknown): string[] {
  return normalStatements(trust).flatMap((statement) =>
    (statement["Principal.Federated"] ?? "").split(", ").filter(Boolean),
  );
}

/** Statements of a trust policy, each with the providers for which `isKept` holds of their grant (`trustGrants`). */
export function keptStatements(trust: unknown, isKept: (grant: string) => boolean): Statement[] {
  const statements = (trust as { Statement?: Statement | Statement[] } | undefined)?.Statement ?? [];
  const grantOf = (Statement: Statement) => trustGrants({ Statement })[0]!;
  return [statements].flat().flatMap((statement) => {
    const { Federated, ...others } = (statement.Principal ?? {}) as { Federated?: string | string[] };
    if (Federated === undefined) return isKept(grantOf(statement)) ? [statement] : [];
    const only = (providers: string[]) => ({ ...statement, Principal: { ...others, Federated: oneOrAll(providers) } });
    const kept = [Federated].flat().filter((arn) => isKept(grantOf(only([arn]))));
    return kept.length > 0 ? [only(kept)] : [];
  });
}

/** Statements that would go when `observed` is replaced by `desired`, one line each; for people. */
export function lostStatements(desired: unknown, observed: unknown): string[] {
  const text = (statement: Record<string, string>) => JSON.stringify(Object.entries(statement).sort());
  const kept = normalStatements(desired).map(text);
  return normalStatements(observed)
    .filter((one) => {
      const same = kept.indexOf(text(one));
      if (same >= 0) kept.splice(same, 1);
      return same < 0;
    })
    .map(summary);
}

/** Principals that `observed` lets in and `desired` does not: "Federated arn:…". */
export function lostPrincipals(desired: unknown, observed: unknown): string[] {
  const kept = new Set(principalsOf(desired));
  return [...new Set(principalsOf(observed))].filter((principal) => !kept.has(principal));
}

/** Further actions and endpoints (`SAML:aud`) that the trust `observed` names and `desired` does not: "sts:TagSession". */
export function lostAccess(desired: unknown, observed: unknown): string[] {
  const kept = accessOf(desired);
  return [...new Set(accessOf(observed))].filter((one) => !kept.some((each) => matchesAction(one, each)));
}

function accessOf(trust: unknown): string[] {
  return readDocument(trust)
    .filter(({ effect }) => effect === "Allow")
    .flatMap(({ actions, conditions }) => [
      ...actions.patterns,
      ...conditions
        .filter(({ operator, key }) => operator === "StringEquals" && key.toLowerCase() === "saml:aud")
        .flatMap(({ values }) => values),
    ]);
}

function principalsOf(trust: unknown): string[] {
  return normalStatements(trust)
    .filter(({ Effect }) => Effect === "Allow")
    .flatMap((statement) =>
      Object.entries(statement)
        .filter(([key]) => key.startsWith("Principal.") || key.startsWith("NotPrincipal."))
        .flatMap(([key, who]) => who.split(", ").map((one) => `${key.replace("Principal.", "")} ${one}`)),
    );
}
