/** What somebody does behind the controller's back. Each edit finds its object by the clouds' own reads, and does nothing where there is none. */

import {
  AssociateUserProficienciesCommand,
  type ConnectClient,
  CreateUserCommand,
  DeleteUserCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateUserHierarchyCommand,
  UpdateUserIdentityInfoCommand,
  UpdateUserPhoneConfigCommand,
  UpdateUserRoutingProfileCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import {
  AttachRolePolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyVersionCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand as DeleteIamUserCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteSAMLProviderCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  ListEntitiesForPolicyCommand,
  ListPolicyVersionsCommand,
  PutRolePermissionsBoundaryCommand,
  TagRoleCommand,
  UntagPolicyCommand,
  UntagRoleCommand,
  UntagSAMLProviderCommand,
  UntagUserCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import type { Administrator, Clouds, Json } from "./administrator.ts";
import {
  ACCOUNT,
  HOME,
  instanceOf,
  instanceOfUser,
  mailOf,
  OWNER_TAG,
  type PersonaName,
  STRANGER,
  sharedRole,
  USERS,
  type UserName,
  upnOf,
} from "./world.ts";

export const SOMEBODYS_POLICY = `arn:aws:iam::${ACCOUNT}:policy/somebodys-policy`;
const ALLOW_ALL = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "connect:*", Resource: "*" }],
});

/** What an edit of a persona finds: each part may be missing. */
interface Found {
  application?: Json;
  principal?: Json;
  role?: Json;
  provider?: Json;
  user?: Json;
  policy?: Json;
  clouds: Clouds;
}
type PersonaEdit = (admin: Administrator, found: Found) => Promise<unknown> | undefined;
type UserEdit = (connect: ConnectClient, user: Json, clouds: Clouds) => Promise<unknown> | undefined;

const patchApplication =
  (body: object): PersonaEdit =>
  (admin, { application }) =>
    application && admin.graph("PATCH", `/applications/${application.id}`, body);
const patchPrincipal =
  (body: object): PersonaEdit =>
  (admin, { principal }) =>
    principal && admin.graph("PATCH", `/servicePrincipals/${principal.id}`, body);

async function deleteRole({ iam }: Administrator, role: Json): Promise<void> {
  for (const PolicyArn of role.attached)
    await iam.send(new DetachRolePolicyCommand({ RoleName: role.RoleName, PolicyArn }));
  await iam.send(new DeleteRoleCommand({ RoleName: role.RoleName }));
}

async function deleteIamUser({ iam }: Administrator, { UserName, attached, keys }: Json): Promise<void> {
  for (const PolicyArn of attached) await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn }));
  for (const { AccessKeyId } of keys) await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  await iam.send(new DeleteIamUserCommand({ UserName }));
}

async function deletePolicy({ iam }: Administrator, { Arn: PolicyArn }: Json): Promise<void> {
  const { PolicyRoles, PolicyUsers } = await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }));
  for (const { RoleName } of PolicyRoles ?? []) await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }));
  for (const { UserName } of PolicyUsers ?? []) await iam.send(new DetachUserPolicyCommand({ UserName, PolicyArn }));
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  for (const { VersionId, IsDefaultVersion } of Versions ?? [])
    if (!IsDefaultVersion) await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId }));
  await iam.send(new DeletePolicyCommand({ PolicyArn }));
}

/** Another version becomes the default; with five of them the oldest one goes first. */
async function rewritePolicy({ iam }: Administrator, { Arn: PolicyArn }: Json): Promise<void> {
  const { Versions } = await iam.send(new ListPolicyVersionsCommand({ PolicyArn }));
  const spare = Versions?.filter(({ IsDefaultVersion }) => !IsDefaultVersion).at(-1);
  if (Versions!.length >= 5) await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: spare!.VersionId }));
  await iam.send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: ALLOW_ALL, SetAsDefault: true }));
}

/** The app role of the persona is switched off, which Entra wants before anything else may be done to it. */
async function disableRoles(admin: Administrator, application: Json): Promise<Json[]> {
  const roles = (application.appRoles as Json[]).map((role) =>
    String(role.value).startsWith("arn:") ? { ...role, isEnabled: false } : role,
  );
  await admin.graph("PATCH", `/applications/${application.id}`, { appRoles: roles });
  return roles;
}

export const PERSONA_EDITS = {
  "relay state": patchPrincipal({ samlSingleSignOnSettings: { relayState: "https://elsewhere.example.com/" } }),
  "login URL": patchPrincipal({ loginUrl: "https://elsewhere.example.com/" }),
  "application disabled": patchPrincipal({ accountEnabled: false }),
  "anybody may sign in": patchPrincipal({ appRoleAssignmentRequired: false }),
  "notification mails": patchPrincipal({ notificationEmailAddresses: ["somebody@example.com"] }),
  "application renamed": patchApplication({ displayName: "Renamed by somebody" }),
  "identifier changed": patchApplication({ identifierUris: ["https://signin.aws.amazon.com/saml#77"] }),
  "reply URL changed": patchApplication({ web: { redirectUris: ["https://elsewhere.example.com/saml"] } }),
  "app role disabled": (admin, { application }) => application && disableRoles(admin, application),
  "app role removed": async (admin, { application }) => {
    if (!application) return;
    const roles = await disableRoles(admin, application);
    await admin.graph("PATCH", `/applications/${application.id}`, {
      appRoles: roles.filter(({ value }) => !String(value).startsWith("arn:")),
    });
  },
  "application untagged": (admin, { application }) =>
    application &&
    admin.graph("PATCH", `/applications/${application.id}`, {
      tags: application.tags.filter((tag: string) => !tag.startsWith(OWNER_TAG)),
    }),
  "application deleted": async (admin, { application, principal }) => {
    if (!application || !principal) return;
    // Refused in SAML mode; the portal switches it off by itself.
    await admin.graph("PATCH", `/servicePrincipals/${principal.id}`, { preferredSingleSignOnMode: null });
    await admin.graph("DELETE", `/applications/${application.id}`);
  },
  "assignments deleted": async (admin, { principal }) => {
    for (const { id } of principal?.assignments ?? [])
      await admin.graph("DELETE", `/servicePrincipals/${principal!.id}/appRoleAssignedTo/${id}`);
  },
  "stranger assigned": async (admin, { principal, clouds }) => {
    const role = (principal?.appRoles as Json[] | undefined)?.find(
      ({ value, isEnabled }) => isEnabled && String(value).startsWith("arn:"),
    );
    const stranger = clouds.people.find(({ userPrincipalName }) => userPrincipalName === STRANGER)!;
    const known = (principal?.assignments as Json[] | undefined)?.some(
      ({ principalId }) => principalId === stranger.id,
    );
    if (!role || known) return;
    await admin.graph("POST", `/servicePrincipals/${principal!.id}/appRoleAssignedTo`, {
      principalId: stranger.id,
      resourceId: principal!.id,
      appRoleId: role.id,
    });
  },
  "group assigned": async (admin, { principal, clouds }) => {
    const role = (principal?.appRoles as Json[] | undefined)?.find(
      ({ value, isEnabled }) => isEnabled && String(value).startsWith("arn:"),
    );
    const group = clouds.groups.find(({ displayName }) => displayName === "Night shift")!;
    const known = (principal?.assignments as Json[] | undefined)?.some(({ principalId }) => principalId === group.id);
    if (!role || known) return;
    await admin.graph("POST", `/servicePrincipals/${principal!.id}/appRoleAssignedTo`, {
      principalId: group.id,
      resourceId: principal!.id,
      appRoleId: role.id,
    });
  },
  "certificate swapped": async (admin, { principal }) => {
    if (!principal) return;
    const made = await admin.graph("POST", `/servicePrincipals/${principal.id}/addTokenSigningCertificate`, {
      displayName: "CN=somebody",
      endDateTime: "2028-01-01T00:00:00Z",
    });
    await admin.graph("PATCH", `/servicePrincipals/${principal.id}`, {
      preferredTokenSigningKeyThumbprint: made.thumbprint,
    });
  },
  "claims policy taken off": async (admin, { principal }) => {
    for (const { id } of principal?.claimsPolicies ?? [])
      await admin.graph("DELETE", `/servicePrincipals/${principal!.id}/claimsMappingPolicies/${id}/$ref`);
  },
  "claims policy rewritten": async (admin, { principal }) => {
    for (const { id } of principal?.claimsPolicies ?? [])
      await admin.graph("PATCH", `/policies/claimsMappingPolicies/${id}`, {
        definition: ['{"ClaimsMappingPolicy":{"Version":1,"IncludeBasicClaimSet":"false","ClaimsSchema":[]}}'],
      });
  },
  "claims policy of somebody attached": async (admin, { principal, clouds }) => {
    const policy = clouds.claimsPolicies.find(({ displayName }) => displayName === "somebody's claims")!;
    if (!principal || principal.claimsPolicies.length > 0) return;
    await admin.graph("POST", `/servicePrincipals/${principal.id}/claimsMappingPolicies/$ref`, {
      "@odata.id": `${admin.graphUrl}/v1.0/policies/claimsMappingPolicies/${policy.id}`,
    });
  },
  "provisioning job deleted": async (admin, { principal }) => {
    for (const { id } of principal?.jobs ?? [])
      await admin.graph("DELETE", `/servicePrincipals/${principal!.id}/synchronization/jobs/${id}`);
  },
  "provisioning job paused": async (admin, { principal }) => {
    for (const { id } of principal?.jobs ?? [])
      await admin.graph("POST", `/servicePrincipals/${principal!.id}/synchronization/jobs/${id}/pause`);
  },
  "trust rewritten": (admin, { role }) =>
    role &&
    admin.iam.send(
      new UpdateAssumeRolePolicyCommand({
        RoleName: role.RoleName,
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` }, Action: "sts:AssumeRole" },
          ],
        }),
      }),
    ),
  "policy attached": (admin, { role }) =>
    role && admin.iam.send(new AttachRolePolicyCommand({ RoleName: role.RoleName, PolicyArn: SOMEBODYS_POLICY })),
  "policies detached": async (admin, { role }) => {
    for (const PolicyArn of role?.attached ?? [])
      await admin.iam.send(new DetachRolePolicyCommand({ RoleName: role!.RoleName, PolicyArn }));
  },
  "session shortened": (admin, { role }) =>
    role &&
    admin.iam.send(
      new UpdateRoleCommand({ RoleName: role.RoleName, MaxSessionDuration: 3600, Description: "changed" }),
    ),
  "role tagged": (admin, { role }) =>
    role &&
    admin.iam.send(new TagRoleCommand({ RoleName: role.RoleName, Tags: [{ Key: "team", Value: "somebody else's" }] })),
  "role untagged": (admin, { role }) =>
    role && admin.iam.send(new UntagRoleCommand({ RoleName: role.RoleName, TagKeys: [OWNER_TAG] })),
  "boundary put on": (admin, { role }) =>
    role &&
    admin.iam.send(
      new PutRolePermissionsBoundaryCommand({ RoleName: role.RoleName, PermissionsBoundary: SOMEBODYS_POLICY }),
    ),
  "role deleted": (admin, { role }) => role && deleteRole(admin, role),
  "metadata swapped": (admin, { provider, clouds }) => {
    const other = clouds.providers.find(({ Arn }) => Arn !== provider?.Arn);
    return (
      provider &&
      other &&
      admin.iam.send(
        new UpdateSAMLProviderCommand({ SAMLProviderArn: provider.Arn, SAMLMetadataDocument: other.metadata }),
      )
    );
  },
  /** With all that it tells of a rotation. */
  "provider stripped of its tags": (admin, { provider }) =>
    provider &&
    admin.iam.send(
      new UntagSAMLProviderCommand({ SAMLProviderArn: provider.Arn, TagKeys: Object.keys(provider.tags) }),
    ),
  "provider deleted": (admin, { provider }) =>
    provider && admin.iam.send(new DeleteSAMLProviderCommand({ SAMLProviderArn: provider.Arn })),
  "federation policy rewritten": (admin, { policy }) => policy && rewritePolicy(admin, policy),
  "federation policy deleted": (admin, { policy }) => policy && deletePolicy(admin, policy),
  "federation policy untagged": (admin, { policy }) =>
    policy && admin.iam.send(new UntagPolicyCommand({ PolicyArn: policy.Arn, TagKeys: [OWNER_TAG] })),
  "IAM user stripped of its tags": (admin, { user }) =>
    user && admin.iam.send(new UntagUserCommand({ UserName: user.UserName, TagKeys: Object.keys(user.tags) })),
  "IAM user deleted": (admin, { user }) => user && deleteIamUser(admin, user),
  "access key deactivated": async (admin, { user }) => {
    for (const { UserName, AccessKeyId } of user?.keys ?? [])
      await admin.iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: "Inactive" }));
  },
  "access key deleted": async (admin, { user }) => {
    for (const { UserName, AccessKeyId } of user?.keys ?? [])
      await admin.iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }));
  },
  "access key made": async (admin, { user }) => {
    if (user && user.keys.length < 2) await admin.iam.send(new CreateAccessKeyCommand({ UserName: user.UserName }));
  },
} satisfies Record<string, PersonaEdit>;

const of = ({ Id, instance }: Json) => ({ InstanceId: instance as string, UserId: Id as string });
/** Has a profile and a routing profile that are not those of most. */
const byHand = ({ connectUsers }: Clouds, instance: string) =>
  connectUsers.find((one) => one.Username === "by.hand" && one.instance === instance)!;

export const USER_EDITS = {
  "profile changed": (connect, user, clouds) => {
    const foreign = byHand(clouds, user.instance);
    return connect.send(
      new UpdateUserSecurityProfilesCommand({ ...of(user), SecurityProfileIds: foreign.SecurityProfileIds }),
    );
  },
  "routing changed": (connect, user, clouds) => {
    const foreign = byHand(clouds, user.instance);
    return connect.send(
      new UpdateUserRoutingProfileCommand({ ...of(user), RoutingProfileId: foreign.RoutingProfileId }),
    );
  },
  "hierarchy cleared": (connect, user) => connect.send(new UpdateUserHierarchyCommand(of(user))),
  "name changed": (connect, user) =>
    connect.send(
      new UpdateUserIdentityInfoCommand({ ...of(user), IdentityInfo: { FirstName: "Some", LastName: "Body" } }),
    ),
  "phone changed": (connect, user) =>
    connect.send(
      new UpdateUserPhoneConfigCommand({
        ...of(user),
        PhoneConfig: { PhoneType: "DESK_PHONE", DeskPhoneNumber: "+353123456", AfterContactWorkTimeLimit: 77 },
      }),
    ),
  "user tagged": (connect, user) =>
    connect.send(new TagResourceCommand({ resourceArn: user.Arn, tags: { team: "somebody else's" } })),
  "user untagged": (connect, user) =>
    connect.send(new UntagResourceCommand({ resourceArn: user.Arn, tagKeys: [OWNER_TAG] })),
  "proficiency given": async (connect, user) => {
    if (user.proficiencies.length > 0) return;
    const one = { AttributeName: "connect:Language", AttributeValue: "connect:French", Level: 2 };
    await connect.send(new AssociateUserProficienciesCommand({ ...of(user), UserProficiencies: [one] }));
  },
  "user deleted": (connect, user) => connect.send(new DeleteUserCommand(of(user))),
} satisfies Record<string, UserEdit>;

export type PersonaEditName = keyof typeof PERSONA_EDITS;
export type UserEditName = keyof typeof USER_EDITS;

export async function editPersona(admin: Administrator, what: PersonaEditName, name: PersonaName): Promise<void> {
  const clouds = await admin.look();
  const owner = `test/team/${name}`;
  const own = (all: Json[]) => all.find(({ tags }) => tags[OWNER_TAG] === owner);
  const application = clouds.applications.find(({ tags }) => tags.includes(`${OWNER_TAG}:${owner}`));
  const edit: PersonaEdit = PERSONA_EDITS[what];
  await edit(admin, {
    clouds,
    application,
    principal: clouds.servicePrincipals.find(({ appId }) => appId === application?.appId),
    role: own(clouds.roles) ?? clouds.roles.find(({ tags }) => tags[OWNER_TAG] === sharedRole(instanceOf(name)).owner),
    provider: own(clouds.providers),
    user: own(clouds.users),
    policy: clouds.policies.find(
      ({ PolicyName }) => PolicyName === `connect-sso-federation-${instanceOf(name).id.slice(0, 8)}`,
    ),
  });
}

export async function editUser(admin: Administrator, what: UserEditName, name: UserName): Promise<void> {
  const clouds = await admin.look();
  const instance = instanceOfUser(name);
  const user = clouds.connectUsers.find(
    ({ Username, instance: of }) => of === instance.id && [upnOf(name), mailOf(name)].includes(Username),
  );
  const edit: UserEdit = USER_EDITS[what];
  if (user) await edit(admin.connect(instance), user, clouds);
}

const inCapitals = (name: UserName) => upnOf(name).toUpperCase();

/** Somebody makes a user by hand whose name differs in case alone. */
export async function makeInCapitals(admin: Administrator, name: UserName): Promise<void> {
  const clouds = await admin.look();
  if (clouds.connectUsers.some(({ Username }) => Username === inCapitals(name))) return;
  await makeConnectUser(admin, clouds, inCapitals(name));
}

/** And takes it away again. */
export async function deleteInCapitals(admin: Administrator): Promise<void> {
  const names = new Set(Object.keys(USERS).map((name) => inCapitals(name as UserName)));
  for (const user of (await admin.look()).connectUsers)
    if (names.has(user.Username)) await admin.connect(HOME).send(new DeleteUserCommand(of(user)));
}

export async function makeConnectUser(admin: Administrator, clouds: Clouds, Username: string): Promise<void> {
  const foreign = byHand(clouds, HOME.id);
  const made = admin.connect(HOME).send(
    new CreateUserCommand({
      InstanceId: HOME.id,
      Username,
      IdentityInfo: { FirstName: "By", LastName: "Hand" },
      PhoneConfig: { PhoneType: "SOFT_PHONE" },
      SecurityProfileIds: foreign.SecurityProfileIds,
      RoutingProfileId: foreign.RoutingProfileId,
    }),
  );
  // Made a moment ago, and not listed yet.
  await made.catch((error: Error) => {
    if (error.name !== "DuplicateResourceException") throw error;
  });
}
