/** Token, permissions, tenant policy and metadata on the side of Entra. */
import { checkMetadata } from "../domain/metadata.ts";
import { type EntraNeeds, graphPermissions } from "../domain/permissions/entra.ts";
import { CloudError } from "../providers/errors.ts";
import type { Graph } from "../providers/graph/types.ts";
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

export async function entra(graph: Graph, needs: EntraNeeds): Promise<Check[]> {
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
    (name === "AppRoleAssignment.ReadWrite.All" && held.includes("Application.ReadWrite.All")) ||
    (name === "Policy.Read.All" && held.includes("Policy.ReadWrite.ApplicationConfiguration"));
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
            `${surplus.join(", ")} is more than what is declared needs`,
            "take it away, unless personas to come need it",
          ),
        ]
      : []),
  ];
}

async function identifiers(graph: Graph): Promise<Check> {
  let policy: Awaited<ReturnType<Graph["identifierPolicy"]>>;
  try {
    policy = await graph.identifierPolicy();
  } catch (error) {
    if (!(error instanceof CloudError) || error.status !== 403) throw error;
    return skipped(
      "entra",
      "identifiers",
      "the tenant's application management policy cannot be read without Policy.Read.All",
    );
  }
  const blocking = policy?.isEnabled
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
