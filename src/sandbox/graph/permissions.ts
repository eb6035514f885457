/**
 * Which application permissions of the caller an operation needs, when the world says which ones the caller has. From the permissions
 * reference of Microsoft Graph; what it leaves out (deleted items, alternate keys) is taken as for the same objects elsewhere.
 */
import type { SandboxHost } from "../host.ts";
import { type Directory, objectId } from "./directory.ts";
import { GraphError } from "./error.ts";
import { CALLER } from "./token.ts";

/** Any of these; a permission with `+` needs all that it names. */
type Needs = readonly string[];

const OWNED = "Application.ReadWrite.OwnedBy";
const READ_APPLICATIONS = ["Application.Read.All", OWNED, "Application.ReadWrite.All", "Directory.Read.All"];
const READ_ONE_APPLICATION = [...READ_APPLICATIONS, "Directory.ReadWrite.All"];
const WRITE_APPLICATIONS = [OWNED, "Application.ReadWrite.All"];
const WRITE_PRINCIPALS = [...WRITE_APPLICATIONS, "Directory.ReadWrite.All"];
const ADD_OWNERS = [...WRITE_APPLICATIONS.map((one) => `${one}+Directory.Read.All`), "Directory.ReadWrite.All"];
const ASSIGN = [
  "AppRoleAssignment.ReadWrite.All+Application.Read.All",
  "AppRoleAssignment.ReadWrite.All+Directory.Read.All",
  "Application.ReadWrite.All",
];
const CLAIMS = ["Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration"];
const WRITE_CLAIMS = ["Policy.ReadWrite.ApplicationConfiguration"];
const CLAIMS_OF_PRINCIPAL = WRITE_APPLICATIONS.flatMap((one) => CLAIMS.map((policy) => `${one}+${policy}`));
const READ_SYNCHRONIZATION = [OWNED, "Synchronization.Read.All", "Synchronization.ReadWrite.All"];
const WRITE_SYNCHRONIZATION = [OWNED, "Synchronization.ReadWrite.All"];
const DIRECTORY = ["Directory.Read.All", "Directory.ReadWrite.All"];
const READ_ALL_USERS = ["User.Read.All", "User.ReadWrite.All", ...DIRECTORY];
const READ_USERS = ["User.ReadBasic.All", "User.ReadWrite.CrossCloud", ...READ_ALL_USERS];
const READ_GROUPS = [
  ...["Group.ReadBasic.All", "Group.Read.All", "Group.ReadWrite.All", "GroupMember.Read.All"],
  ...["Group-NestingSupport.ReadWrite.All", ...DIRECTORY],
];
const READ_MEMBERS = [
  ...["GroupMember.ReadBasic.All", "GroupMember.Read.All", "GroupMember.ReadWrite.All"],
  ...["Group.ReadBasic.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"],
];

const TABLE: [operation: RegExp, needs: Needs][] = [
  [/^POST \/applicationTemplates\/\{\}\/instantiate$/, WRITE_PRINCIPALS],
  [/^GET \/applications(\/\$count)?$/, READ_APPLICATIONS],
  [/^GET \/applications\/(delta|\{\}(\/owners)?)$/, READ_ONE_APPLICATION],
  [/^POST \/applications$/, ["AppRegistration.Create", ...WRITE_APPLICATIONS]],
  [/^(PATCH|DELETE) \/applications\/\{\}$/, WRITE_APPLICATIONS],
  [/^(POST|DELETE) \/(applications|servicePrincipals)\/\{\}\/owners\/(\{\}\/)?\$ref$/, ADD_OWNERS],
  [/^GET \/servicePrincipals(\/\$count)?$/, READ_APPLICATIONS],
  [/^GET \/servicePrincipals\/(delta|\{\}(\/owners|\/appRoleAssignedTo(\/\{\})?)?)$/, READ_ONE_APPLICATION],
  [/^(POST \/servicePrincipals|(PATCH|DELETE) \/servicePrincipals\/\{\})$/, WRITE_PRINCIPALS],
  [/^POST \/servicePrincipals\/\{\}\/addTokenSigningCertificate$/, WRITE_PRINCIPALS],
  [/^POST \/servicePrincipals\/\{\}\/appRoleAssignedTo$/, ASSIGN],
  [
    /^DELETE \/servicePrincipals\/\{\}\/appRoleAssignedTo\/\{\}$/,
    ["AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"],
  ],
  [/^(GET|POST|DELETE) \/servicePrincipals\/\{\}\/claimsMappingPolicies/, CLAIMS_OF_PRINCIPAL],
  [/^GET \/servicePrincipals\/\{\}\/synchronization/, READ_SYNCHRONIZATION],
  [/^(POST|PUT|DELETE) \/servicePrincipals\/\{\}\/synchronization/, WRITE_SYNCHRONIZATION],
  [
    /^GET \/policies\/claimsMappingPolicies\/\{\}\/appliesTo$/,
    [...CLAIMS, "Application.Read.All", "Directory.Read.All"],
  ],
  [/^GET \/policies\//, CLAIMS],
  [/^(POST|PATCH|DELETE) \/policies\//, WRITE_CLAIMS],
  [/^GET \/users\/delta$/, READ_ALL_USERS],
  [/^GET \/users(\/\{\}|\/\$count)?$/, READ_USERS],
  [/^(POST|PATCH|DELETE) \/users(\/\{\})?$/, ["User.ReadWrite.All", "Directory.ReadWrite.All"]],
  [/^GET \/users\/\{\}\/manager$/, ["User.Read.All", "User.ReadWrite.All", ...DIRECTORY]],
  [
    /^GET \/(users|groups|servicePrincipals)\/\{\}\/appRoleAssignments(\/\{\})?$/,
    ["AppRoleAssignment.ReadWrite.All", ...DIRECTORY],
  ],
  [/^POST \/(users|groups|servicePrincipals)\/\{\}\/appRoleAssignments$/, ASSIGN],
  [
    /^DELETE \/(users|groups|servicePrincipals)\/\{\}\/appRoleAssignments\/\{\}$/,
    ["AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"],
  ],
  [/^GET \/groups(\/delta|\/\{\}|\/\$count)?$/, READ_GROUPS],
  [/^(POST|PATCH|DELETE) \/groups(\/\{\})?$/, ["Group.ReadWrite.All", "Directory.ReadWrite.All"]],
  [
    /^(POST|DELETE) \/groups\/\{\}\/members\/(\{\}\/)?\$ref$/,
    ["GroupMember.ReadWrite.All", "Group.ReadWrite.All", "Directory.ReadWrite.All"],
  ],
  [/^GET \/groups\/\{\}\/(members|transitiveMembers|memberOf|transitiveMemberOf)(\/|$)/, READ_MEMBERS],
  [/^GET \/users\/\{\}\/(memberOf|transitiveMemberOf)(\/|$)/, [...READ_ALL_USERS, "GroupMember.Read.All"]],
  [/^GET \/servicePrincipals\/\{\}\/(memberOf|transitiveMemberOf)(\/|$)/, READ_ONE_APPLICATION],
  [/^GET \/organization/, ["Organization.Read.All", ...DIRECTORY, "User.Read.All"]],
  [/^GET \/domains/, ["Domain.Read.All", ...DIRECTORY]],
  [/^GET \/auditLogs\/provisioning$/, ["AuditLog.Read.All", "ProvisioningLog.Read.All", "Directory.Read.All"]],
  [/^GET \/directory\/deletedItems\/microsoft\.graph\.user$/, READ_ALL_USERS],
  [/^GET \/directory\/deletedItems\/microsoft\.graph\.group$/, READ_GROUPS],
  [/^POST \/directoryObjects\/getByIds$/, DIRECTORY],
  [/^POST \/(users|groups)\/\{\}\/getMemberGroups$/, DIRECTORY],
  [/^GET \/directory\/deletedItems/, READ_ONE_APPLICATION],
  [/^(POST|DELETE) \/directory\/deletedItems/, WRITE_APPLICATIONS],
];
/** Of the objects that the caller does not own, OwnedBy only reads. */
const OF_AN_OBJECT = /^(PATCH|PUT|POST|DELETE) \/(applications|servicePrincipals)\/\{\}/;

/** Undefined when any token will do. `operation` is a route's name, for example "PATCH /applications/{id}". */
export function permissionsFor(operation: string): Needs | undefined {
  const plain = operation.replaceAll(/\{[^}]*\}/g, "{}");
  if (/^GET \/applicationTemplates/.test(plain)) return undefined;
  // What the table does not know needs a permission that no controller has.
  return TABLE.find(([pattern]) => pattern.test(plain))?.[1] ?? ["Directory.ReadWrite.All"];
}

/** Throws the 403 that Graph answers when the caller's permissions do not cover the operation on this object. */
export function checkPermissions(host: SandboxHost, directory: Directory, operation: string, ids: string[]): void {
  const held = host.behaviour.graphPermissions;
  const listed = held && permissionsFor(operation);
  if (!listed) return;
  const isClaimsList = operation === "GET /policies/claimsMappingPolicies";
  const needs = isClaimsList && host.behaviour.open.listClaimsPolicies === "both" ? [CLAIMS.join("+")] : listed;
  const suffices = (one: string) =>
    one.split("+").every((name) => held.includes(name) && (name !== OWNED || mayChange(directory, operation, ids)));
  if (needs.some(suffices)) return;
  throw new GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
}

function mayChange(directory: Directory, operation: string, [key = ""]: string[]): boolean {
  const [, , set] = OF_AN_OBJECT.exec(operation.replaceAll(/\{[^}]*\}/g, "{}")) ?? [];
  if (set === undefined) return true;
  const id = objectId(directory, set === "applications" ? "application" : "servicePrincipal", key);
  return directory.owners.get(id)?.includes(CALLER) ?? false;
}
