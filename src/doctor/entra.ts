/** Token, permissions, tenant policy and metadata on the side of Entra. */
import type { ConnectSsoPersona, ConnectUserSet } from "../api/resources.ts";
import { durationSeconds, formatDuration } from "../domain/duration.ts";
import { checkMetadata } from "../domain/metadata.ts";
import { OWNER_TAG, ownerOf } from "../domain/ownership.ts";
import { type EntraNeeds, entraNeeds, graphPermissions } from "../domain/permissions/entra.ts";
import { longestLife } from "../persona/certificates.ts";
import { ownerOfTags } from "../persona/find-application.ts";
import { CloudError } from "../providers/errors.ts";
import type { Graph, IdentifierPolicy } from "../providers/graph/types.ts";
import { groupKey, groupsOf } from "../set/rules.ts";
import { groupName } from "../set/source.ts";
import { bad, type Check, good, look, NETWORK, skipped, warn } from "./check.ts";
import { clock } from "./program.ts";

/** Tier 0: each leads to Global Administrator. Sources: permissions reference of Graph; Maester MT.1050. */
const TIER_0: Record<string, string> = {
  "RoleManagement.ReadWrite.Directory": "makes anybody a Global Administrator",
  "Application.ReadWrite.All": "adds credentials to every application, privileged ones included; OwnedBy suffices",
  "Directory.ReadWrite.All": "writes nearly everything in the tenant",
  "AppRoleAssignment.ReadWrite.All":
    "can grant itself any permission. The controller needs it to assign users and groups: guard its identity like a Global Administrator's",
  "PrivilegedAccess.ReadWrite.AzureADGroup": "adds members to privileged groups",
  "Group.ReadWrite.All": "adds members to every group that is not role-assignable",
  "User.ReadWrite.All": "writes every user",
};

/** `cluster`: first part of every owner tag. */
export async function entra(
  graph: Graph,
  personas: ConnectSsoPersona[],
  cluster: string,
  sets: ConnectUserSet[] = [],
): Promise<Check[]> {
  const needs = entraNeeds(personas, sets);
  const token = await look(
    "entra",
    "token",
    async () => {
      // Any read that needs no permission beyond a token.
      await graph.findApplications({ displayName: "connect-sso doctor" });
      return good("entra", "token", `tenant ${graph.tenantId} answers`);
    },
    "check AZURE_CLIENT_ID, AZURE_TENANT_ID and the federated credential (connect-sso policy entra prints it)",
  );
  const held = await graph.permissions().catch(() => undefined);
  const metadata = await look(
    "entra",
    "metadata",
    async () => {
      const result = checkMetadata(await graph.federationMetadata(undefined), { tenantId: graph.tenantId });
      return result.ok
        ? good("entra", "metadata", "the federation metadata can be read")
        : bad("entra", "metadata", result.message, "is there a proxy in between that rewrites it?");
    },
    "allow https to login.microsoftonline.com, without a proxy that follows redirects",
  );
  // Without an answer there is no token and no time: the credentials are not what is wrong.
  const offline = metadata.some(({ fix }) => fix === NETWORK);
  const answered = [...token, ...metadata].some(({ state }) => state === "good");
  return [
    ...token.map((one) => (offline && one.state === "bad" ? { ...one, fix: NETWORK } : one)),
    ...permissions(held, needs),
    ...(await look("entra", "identifiers", () => identifiers(graph))),
    ...(await look("entra", "certificates", () => certificates(graph, personas))),
    ...(await owners(graph, personas, cluster)),
    ...(sets.length > 0 ? await look("entra", "groups", () => groups(graph, sets)) : []),
    ...metadata,
    answered
      ? clock("entra", "Entra", graph.now(), new Date())
      : skipped("entra", "clock", "not compared: Entra did not answer"),
  ];
}

export function permissions(held: string[] | undefined, needs: EntraNeeds): Check[] {
  if (held === undefined)
    return [skipped("entra", "permissions", "the token cannot be read, so its permissions are not known")];
  const wanted = graphPermissions(needs);
  const covered = (name: string) =>
    held.includes(name) ||
    (name === "Application.ReadWrite.OwnedBy" && held.includes("Application.ReadWrite.All")) ||
    (name === "Application.Read.All" &&
      ["Application.ReadWrite.All", "Directory.Read.All"].some((one) => held.includes(one))) ||
    (name === "AppRoleAssignment.ReadWrite.All" && held.includes("Application.ReadWrite.All"));
  const missing = wanted.filter(({ name }) => !covered(name));
  const broad = held.filter((name) => name in TIER_0);
  // Policy.Read.All serves this command's own look at the tenant's policy.
  const used = new Set([...wanted.map(({ name }) => name), "Policy.Read.All"]);
  const surplus = held.filter((name) => !used.has(name) && !(name in TIER_0));
  const grant = "Entra admin center > App registrations > API permissions: add it and grant admin consent";
  return [
    ...missing.map(({ name, why }) => bad("entra", "permissions", `${name} is missing: ${why}`, grant)),
    ...(missing.length === 0 ? [good("entra", "permissions", `all ${wanted.length} that the personas need`)] : []),
    ...broad.map((name) =>
      warn(
        "entra",
        "permissions",
        `${name} is tier 0: it ${TIER_0[name]}`,
        wanted.some((one) => one.name === name) ? undefined : `take ${name} away`,
      ),
    ),
    ...(surplus.length > 0
      ? [
          warn(
            "entra",
            "permissions",
            `no manifest needs ${surplus.join(", ")}`,
            "revoke what later manifests will not need either",
          ),
        ]
      : []),
  ];
}

/** The groups that sets name: where one is missing, its set changes nothing. */
async function groups(graph: Graph, sets: ConnectUserSet[]): Promise<Check[]> {
  const named = new Map(sets.flatMap(({ spec }) => groupsOf(spec)).map((group) => [groupKey(group), group]));
  const checks: Check[] = [];
  for (const group of named.values()) {
    const found = await graph.findGroups(group.id ? { id: group.id } : { displayName: group.displayName! });
    const name = groupName(group);
    if (found.length === 0)
      checks.push(bad("entra", "groups", `there is no group ${name}`, "correct the set, or restore the group"));
    if (found.length > 1)
      checks.push(
        bad("entra", "groups", `${found.length} groups are called ${name}`, "name the one you mean by id in the set"),
      );
  }
  return checks.length > 0 ? checks : [good("entra", "groups", `all ${named.size} that the sets name exist`)];
}

const UNREAD = "the tenant's application management policy cannot be read without Policy.Read.All";

/** Undefined where it may not be read. */
async function policyOf(graph: Graph): Promise<IdentifierPolicy | undefined> {
  try {
    return (await graph.identifierPolicy()) ?? { isEnabled: false, rules: [] };
  } catch (error) {
    if (!(error instanceof CloudError) || error.status !== 403) throw error;
    return undefined;
  }
}

/** Rules that bind the signing certificates that the controller creates, and the passwords that Graph adds to them. */
async function certificates(graph: Graph, personas: ConnectSsoPersona[]): Promise<Check> {
  const policy = await policyOf(graph);
  if (!policy) return skipped("entra", "certificates", UNREAD);
  const rules = policy.isEnabled ? (policy.credentials ?? []) : [];
  const forbidding = rules.filter(({ name }) => name === "passwordAddition" || name === "trustedCertificateAuthority");
  if (forbidding.length > 0)
    return warn(
      "entra",
      "certificates",
      `the tenant's application management policy (${forbidding.map(({ name }) => name).join(", ")}) may refuse the signing certificates that the controller creates`,
      "exempt the controller's applications from it, or add a certificate to each application by hand",
    );
  const most = longestLife(rules);
  const longer = personas.filter(
    ({ spec }) => most !== undefined && durationSeconds(spec.application.signingCertificate.lifetime) > most,
  );
  return longer.length > 0
    ? warn(
        "entra",
        "certificates",
        `the tenant's application management policy lets a certificate live ${formatDuration(most!)}, shorter than the personas declare; new ones end that early`,
        "set application.signingCertificate.lifetime, and rotateBefore below it",
      )
    : good("entra", "certificates", "no tenant policy refuses the signing certificates that the personas declare");
}

/** Applications of the personas that are there already: with Application.ReadWrite.OwnedBy only an owner may change them. */
async function owners(graph: Graph, personas: ConnectSsoPersona[], cluster: string): Promise<Check[]> {
  const [held, self] = await Promise.all([graph.permissions(), graph.selfId()]).catch(() => []);
  if (personas.length === 0 || self === undefined || held?.includes("Application.ReadWrite.All")) return [];
  return look("entra", "owners", async () => {
    const foreign = await Promise.all(
      personas.map(async ({ metadata, spec }) => {
        const tag = ownerOf(cluster, metadata.namespace, metadata.name);
        const tagged = await graph.findApplications({ tag: `${OWNER_TAG}:${tag}` });
        const named =
          spec.adoptionPolicy === "IfUnowned"
            ? await graph.findApplications({ displayName: spec.application.displayName })
            : [];
        const found = [...tagged, ...named.filter(({ tags }) => ownerOfTags(tags) === undefined)];
        const [application] = found;
        const principal = application && (await graph.findServicePrincipal(application.appId));
        if (!application || !principal) return [];
        const ids = await Promise.all([
          graph.owners("application", application.id),
          graph.owners("servicePrincipal", principal.id),
        ]);
        return ids.every((one) => one.includes(self)) ? [] : [application.displayName];
      }),
    );
    const names = [...new Set(foreign.flat())];
    return names.length > 0
      ? bad(
          "entra",
          "owners",
          `the controller is no owner of ${names.join(", ")}, and may change only what it owns`,
          "make its service principal an owner of the application and of the application's service principal (docs/taking-over.md)",
        )
      : good("entra", "owners", "the controller owns the personas' applications, as far as they exist");
  });
}

async function identifiers(graph: Graph): Promise<Check> {
  const policy = await policyOf(graph);
  if (!policy) return skipped("entra", "identifiers", UNREAD);
  const blocking = policy.isEnabled
    ? policy.rules.filter(({ restricted, exceptSaml }) => restricted && !exceptSaml)
    : [];
  if (blocking.length === 0)
    return good("entra", "identifiers", "no tenant policy refuses the identifiers of AWS to SAML applications");
  return bad(
    "entra",
    "identifiers",
    `the tenant's application management policy (${blocking.map(({ name }) => name).join(", ")}) refuses https://signin.aws.amazon.com/saml also to SAML applications`,
    "have excludeSaml set in the policy, or exempt the controller's applications from it",
  );
}
