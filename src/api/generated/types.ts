// Generated from crds/ by `make generate`. Do not edit.

/** What is wanted. The controller never writes it. */
export interface ConnectSsoPersonaSpec {
/** ARN of the Amazon Connect instance, `arn:<partition>:connect:<region>:<account>:instance/<id>`. Its identity management must be SAML. Immutable. */
instanceArn: string
/** The page on which a login lands. Set this or `destination`. */
landingPage?: ("AdminConsole" | "ContactControlPanel" | "AgentWorkspace" | "MetricsAndQuality")
/** Any path of the Connect site to land on, for example `/connect/ccp-v2`; the controller URL-encodes it. */
destination?: string
/** Query parameters beside `destination` in the relay state, for example `{new_domain: "true"}`. The controller URL-encodes them. */
relayStateParameters?: {
[k: string]: string
}
/** The Entra enterprise application (the blog's gallery application). */
application: {
/** Name of the application in Entra. */
displayName: string
/** Entra tenant. Default is the controller's tenant. */
tenantId?: string
/**
 * SAML Identifier (Entity ID), `https://signin.aws.amazon.com/saml` or with `#N`; unique in the tenant. Default is the next
 * free `#N`, kept in status.
 */
identifier?: string
/**
 * What becomes RoleSessionName, and so the Connect user name. The default leaves the claims of the gallery application
 * untouched; any other value writes a claims mapping policy.
 */
roleSessionName: {
/** The attribute of the Entra user. */
from: ("userPrincipalName" | "mail" | "mailNickname" | "employeeId" | "onPremisesSamAccountName" | "extensionAttribute1" | "extensionAttribute2" | "extensionAttribute3" | "extensionAttribute4" | "extensionAttribute5" | "extensionAttribute6" | "extensionAttribute7" | "extensionAttribute8" | "extensionAttribute9" | "extensionAttribute10" | "extensionAttribute11" | "extensionAttribute12" | "extensionAttribute13" | "extensionAttribute14" | "extensionAttribute15")
/** MailPrefix takes the part before the `@`; Lowercase changes capital letters to small ones. */
transform: ("None" | "MailPrefix" | "Lowercase")
}
/**
 * SessionDuration of the AWS session, 15m to 12h and never longer than `aws.maxSessionDuration`. A value writes a claims mapping
 * policy. Without one, the session is what Entra's gallery application sends; beside another `roleSessionName` it is 8h, or
 * `aws.maxSessionDuration` if that is shorter.
 */
sessionDuration?: string
/** The SAML token signing certificate. */
signingCertificate: {
/** Lifetime of a new certificate, 24h to 26280h; Entra allows at most three years. */
lifetime: string
/** How long before its expiry a certificate is replaced, at least 1h. */
rotateBefore: string
}
/**
 * Sign-in endpoints of AWS that are reply URLs of the application and stand in the role's trust. RegionalFirst sends logins to the endpoint of
 * the instance's region, which keeps working when the global one does not, and GlobalFirst to the global one; both allow both. Regional is
 * the set-up of AWS's present guide, Global the blog's.
 */
signInEndpoints: ("RegionalFirst" | "GlobalFirst" | "Regional" | "Global")
/** Addresses that Entra mails before a certificate expires. */
notificationEmails?: string[]
/**
 * Entra groups that are assigned to the application with the persona's role. Direct members only; nested groups do not sign in.
 * A member also needs a ConnectUser, because Amazon Connect knows no groups; a ConnectUserSet creates them.
 */
groups?: {
/** Object id of the group. */
id?: string
/** Display name; must be unambiguous in the tenant. */
displayName?: string
}[]
}
/** Names of the IAM objects. */
aws: {
/** Name of the policy that allows connect:GetFederationToken (the blog's azure_federation_policy). Shared by all personas of an instance. Default `connect-sso-federation-<instance id, first 8>`, with a hash of the path behind it where `path` is not the default. */
federationPolicyName?: string
/** Name of the IAM SAML provider. Default `connect-sso-<namespace>-<name>`, shortened. Immutable. */
samlProviderName?: string
/**
 * Name of the IAM role. Default `connect-sso-<namespace>-<name>`, shortened; with `roleSharing: Instance`
 * `connect-sso-<namespace>_<instance id, first 8>`. Immutable while `roleSharing` stays as it is.
 */
roleName?: string
/**
 * Persona: the persona has a role of its own. Instance: all personas of the instance in this namespace that say so have one role,
 * whose trust lists their SAML providers; a user that moves between them needs no new Connect user. See docs/lifecycle.md before
 * you change it for a persona with users.
 */
roleSharing: ("Persona" | "Instance")
/** IAM path of role, user and policies. Immutable. */
path: string
/** Permissions boundary put on the role and on the provisioning user. */
permissionsBoundaryArn?: string
/** Maximum session duration of the role, 1h to 12h. */
maxSessionDuration: string
/**
 * IAM's MaxSigninSessionDuration of the role, 1h to 2160h: how long a sign-in session may last, whatever `maxSessionDuration` says. Without it
 * the role has none.
 */
maxSigninSessionDuration?: string
/** Further tags for every IAM object. */
tags?: {
[k: string]: string
}
}
/** How the pair of role and provider gets into the application. */
roleDelivery: {
/** Direct: the controller writes the app role itself; neither an IAM user nor an access key exists. Provisioning: Entra imports the role with an access key, as the blog does; takes Entra some 40 minutes. */
mode: ("Direct" | "Provisioning")
/** For mode Provisioning only. */
provisioning?: {
/** IAM user whose key Entra holds. Default `connect-sso-<namespace>-<name>`, shortened. */
iamUserName?: string
/** Policy that allows iam:ListRoles and iam:ListAccountAliases (the blog's azure_cli_policy). Shared by all personas of an instance. Default `connect-sso-list-roles-<instance id, first 8>`, with a hash of the path behind it where `aws.path` is not the default. */
policyName?: string
/** Age at which the access key is rotated, at least 24h. Default 2160h. */
accessKeyMaxAge: string
}
}
/** What users of this persona may be given in Connect. */
connectUsers: {
/** Names of security profiles; the default of users, and the list of what they may have. */
securityProfiles: string[]
/** Default routing profile of users. */
routingProfile: string
/**
 * True lets ConnectUsers of this persona take over Connect users that carry no owner tag, if they ask for it (`adoptionPolicy:
 * IfUnowned`).
 */
allowAdoption: boolean
}
/** Correct reverts changes made outside the controller; Report only shows them. */
driftPolicy: ("Correct" | "Report")
/** Never touches only objects with our tag; IfUnowned also takes over objects that carry no owner tag. */
adoptionPolicy: ("Never" | "IfUnowned")
/** What happens in the clouds when the persona is deleted. Retain, because a recreated role breaks every user that federated through it. */
deletionPolicy: ("Retain" | "Delete")
/** True stops every look and every write until it is false again. */
suspend: boolean
}

/** What was found. A report, never the only memory. */
export interface ConnectSsoPersonaStatus {
/** Generation of the spec that this status describes. */
observedGeneration?: number
/** Ready, Reconciling, Stalled (kstatus), Drifted, and one condition per component. */
conditions?: {
/** Name of the condition. */
type: string
/** True, False or Unknown. */
status: ("True" | "False" | "Unknown")
/** Why, in one PascalCase word. */
reason: string
/** One line that says what to do. */
message: string
/** When the status changed last. */
lastTransitionTime: string
/** Generation of the spec that it describes. */
observedGeneration?: number
}[]
/** Owner tag that the persona's cloud objects carry, `<cluster>/<namespace>/<name>`. */
owner?: string
/** SAML Identifier in use. */
identifier?: string
/** Entra tenant. */
tenantId?: string
/** Object id of the application. */
applicationId?: string
/** Client id of the application. */
appId?: string
/** Object id of the service principal. */
servicePrincipalId?: string
/** Id of the app role that carries role and provider. */
appRoleId?: string
/** ARN of the federation policy. */
federationPolicyArn?: string
/** ARN of the listing policy (mode Provisioning). */
listingPolicyArn?: string
/** ARN of the SAML provider. */
samlProviderArn?: string
/** ARN of the role. */
roleArn?: string
/**
 * Roles from before `aws.roleSharing` changed that the application carries beside the present one. Users who first signed in with
 * one of them are bound to it until they are recreated.
 */
formerRoles?: {
/** Name of the IAM role. */
name: string
/** Id of the app role that carries it. */
appRoleId: string
}[]
/** ARN of the provisioning user (mode Provisioning). */
iamUserArn?: string
/** Relay state in use. */
relayState?: string
/** URL that a user opens to sign in. */
userAccessUrl?: string
/**
 * Ids of the groups that `application.groups` names by display name, as they were first found. Another group that takes the name is
 * refused.
 */
groups?: {
/** Name in the spec. */
displayName: string
/** Object id of the group. */
id: string
}[]
/** The active signing certificate. */
certificate?: {
/** Upper-case hexadecimal SHA-1. */
thumbprint?: string
/** Upper-case hexadecimal SHA-256. */
fingerprint?: string
/** When it expires. */
expirationTime?: string
/** Thumbprint of the next certificate while it is being rotated. */
rotatingTo?: string
}
/** What the security profiles of `connectUsers` permit. An event of the persona reports each later change. */
securityProfiles?: {
/** Name of the security profile. */
name: string
/** Digest of the list. */
digest: string
/** API names of what it permits, sorted. */
permissions: string[]
/** What it gained last, at most 20 of them. */
gained?: string[]
/** What it lost last, at most 20 of them. */
lost?: string[]
/** When that was found. */
gainedTime?: string
/** When that was found. */
lostTime?: string
}[]
/** The access key that Entra holds (mode Provisioning). Never the key itself. */
accessKey?: {
/** Last four characters of its id. */
lastFour?: string
/** When it was created. */
creationTime?: string
/** When it was last used. */
lastUsedTime?: string
/** Step of a rotation that is under way. */
rotation?: string
}
/** Entra's provisioning job (mode Provisioning). */
syncJob?: {
/** Id of the job. */
id?: string
/** Status code of the job. */
state?: string
/** When its last successful run ended. */
lastSuccessTime?: string
/** Why it is in quarantine. */
quarantineReason?: string
}
/** Since when the controller has been waiting for the role in the application. */
roleImportWaitingSince?: string
/** ConnectUsers that refer to this persona. */
users?: {
/** All of them. */
total?: number
/** Those that are Ready. */
ready?: number
/** Those in conflict. */
conflicted?: number
/** ready/total. */
summary?: string
/** Those being removed. */
removing?: number
}
/** Removals of users that were let through within the last poll intervals. The guard against mass deletion counts them, so a restart forgets nothing. */
removals?: {
/** When. */
time: string
/** Hash of the list that a person allowed; what was allowed does not count. */
approved?: string
/** Removals. */
removals?: number
/** Digests of the removals that are not done yet, six bytes each, in base64. */
changes?: string
}[]
/** What is not as declared, at most 20 rows, redacted. */
drift?: {
/** Component that differs. */
component: string
/** Field that differs. */
path: string
/** What is declared. */
desired: string
/** What was found. */
observed: string
/** What it touches: who may sign in (trust), what they may do (permissions), or neither. */
concern: ("trust" | "permissions" | "settings")
/** When it was first seen. */
since: string
}[]
/**
 * What the controller applied last, by component and field, as short digests. A difference from it is drift; a difference from the
 * spec alone is a declared change.
 */
lastApplied?: {
[k: string]: {
[k: string]: string
}
}
/**
 * Calls that must never be repeated blindly. Written before such a call is sent, taken away once its outcome is seen, so that a
 * new process knows of it.
 */
inFlight?: {
/** When an application was asked for. */
application?: string
/** When a signing certificate was asked for; its name ends in this time. */
certificate?: string
/** When a claims mapping policy was asked for. */
claimsPolicy?: string
/** When a look found that the status was lost: what was asked for before is not known. */
unknownSince?: string
}
/** When the clouds were last compared with the spec; moves at most once per poll interval in which something else changed. */
lastCheckedTime?: string
/** Last value handled of each request annotation. */
handledRequests?: {
[k: string]: string
}
}

/** What is wanted. The controller never writes it. */
export interface ConnectUserSpec {
/**
 * The persona, in the same namespace. A user that moves to another persona may no longer be able to sign in, because Connect binds a user to the role of
 * the first login (see the recreate annotation), unless both personas declare `aws.roleSharing: Instance`.
 */
personaRef: {
/** Name of the ConnectSsoPersona. */
name: string
}
/** The Entra user. Immutable. */
entraUser: {
/** User principal name. */
userPrincipalName?: string
/** Object id. */
objectId?: string
}
/** Connect user name. Must be exactly the RoleSessionName that Entra will send (also in case), which is its default. Immutable once set. */
username?: string
/** First name; default from Entra. */
firstName?: string
/** Last name; default from Entra. */
lastName?: string
/** Secondary e-mail. SAML instances take no primary one. */
secondaryEmail?: string
/** Mobile number in E.164. */
mobile?: string
/** Names of security profiles; default the persona's. Only profiles that the persona lists. */
securityProfiles?: string[]
/** Name of the routing profile; default the persona's. */
routingProfile?: string
/** Path of hierarchy group names from the top level, for example [Dublin, Team A]. */
hierarchyGroup?: string[]
/** The telephone. Fields that are not given stay as they are. */
phone?: {
/** Kind of phone. */
type?: ("SoftPhone" | "DeskPhone")
/** Desk phone number in E.164. */
deskPhoneNumber?: string
}
/**
 * How the agent takes contacts, by channel. Channels and fields that are not given stay as they are; a field that is taken out of the
 * manifest goes back to Amazon Connect's default if its value is still ours.
 */
contactHandling?: {
/** Calls. */
voice?: {
/** Answer calls automatically (soft phone only). */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
/** Keep the connection open between calls (soft phone only). */
persistentConnection?: boolean
/** What happens to the agent's audio. */
enhancement?: ("None" | "VoiceIsolation" | "NoiseSuppression")
}
/** Chats. */
chat?: {
/** Accept contacts automatically. */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
}
/** Tasks. */
task?: {
/** Accept contacts automatically. */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
}
/** E-mails. */
email?: {
/** Accept contacts automatically. */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
}
}
/** Proficiencies of the agent. When given, the list is complete. */
proficiencies?: {
/** Name of the predefined attribute. */
attribute: string
/** Value of the attribute. */
value: string
/** 1 to 5. */
level: number
}[]
/** Further tags of the Connect user. */
tags?: {
[k: string]: string
}
/** Correct reverts changes made outside the controller; Report only shows them. */
driftPolicy: ("Correct" | "Report")
/** Never touches only a Connect user with our tag; IfUnowned also takes over one that carries no owner tag. */
adoptionPolicy: ("Never" | "IfUnowned")
/** RevokeAccess takes the role assignment and keeps the Connect user and its history; Delete also deletes the Connect user; Retain touches nothing. */
deletionPolicy: ("RevokeAccess" | "Delete" | "Retain")
/**
 * What happens when the account is disabled in Entra. RevokeAccess takes the role assignment away until the account is enabled again; Keep
 * changes nothing.
 */
whenDisabled: ("RevokeAccess" | "Keep")
/** True ends running sessions in Amazon Connect when access is taken away; otherwise they last up to 12 hours. */
endSessions: boolean
/** What happens to quick connects that ring this user when its Connect user is deleted. Delete removes them; Report names them. */
quickConnects: ("Delete" | "Report")
/** True stops every look and every write until it is false again. */
suspend: boolean
}

/** What was found. A report, never the only memory. */
export interface ConnectUserStatus {
/** Generation of the spec that this status describes. */
observedGeneration?: number
/** Ready, Reconciling, Stalled (kstatus), Drifted, and one condition per component. */
conditions?: {
/** Name of the condition. */
type: string
/** True, False or Unknown. */
status: ("True" | "False" | "Unknown")
/** Why, in one PascalCase word. */
reason: string
/** One line that says what to do. */
message: string
/** When the status changed last. */
lastTransitionTime: string
/** Generation of the spec that it describes. */
observedGeneration?: number
}[]
/** Connect user name in use. */
username?: string
/** Object id of the Entra user. */
entraObjectId?: string
/** Id of the Connect user. */
connectUserId?: string
/** ARN of the Connect user. */
connectUserArn?: string
/** Id of the app role assignment in Entra. */
appRoleAssignmentId?: string
/** Name of the IAM role with which the person signs in. */
roleName?: string
/** URL to sign in with. */
userAccessUrl?: string
/** Names of further Connect users of this person that carry our tags, made under a former name. No one can sign in to them. */
strays?: string[]
/** What became of running sessions when access was taken away last. */
sessions?: {
/** When they were ended. */
endedTime?: string
/** What was done. */
message?: string
}
/** What is not as declared, at most 20 rows, redacted. */
drift?: {
/** Component that differs. */
component: string
/** Field that differs. */
path: string
/** What is declared. */
desired: string
/** What was found. */
observed: string
/** What it touches: who may sign in (trust), what they may do (permissions), or neither. */
concern: ("trust" | "permissions" | "settings")
/** When it was first seen. */
since: string
}[]
/**
 * What the controller applied last, by component and field, as short digests. A difference from it is drift; a difference from the
 * spec alone is a declared change.
 */
lastApplied?: {
[k: string]: {
[k: string]: string
}
}
/** When the clouds were last compared with the spec; moves at most once per poll interval in which something else changed. */
lastCheckedTime?: string
/** Last value handled of each request annotation, recreate for one. */
handledRequests?: {
[k: string]: string
}
}

/** What is wanted. The controller never writes it. */
export interface ConnectUserSetSpec {
/** Where the people come from. */
source: {
/** Entra tenant. Default is the controller's tenant. */
tenantId?: string
/** Entra groups. A member of any of them is a candidate. */
groups: {
/** Object id of the group. */
id?: string
/** Display name; must be unambiguous in the tenant. */
displayName?: string
}[]
/** True also counts members of groups inside these groups, at any depth. It holds for the groups of rules too. */
nested: boolean
/** CEL expression over `user`; only people for whom it is true are matched. Default is everybody. */
where?: string
}
/** Read from top to bottom. The first rule that sets a single value (persona, routing profile, hierarchy group) wins; sets (security profiles, proficiencies, tags) are united. */
rules: {
/** Name of the rule; `why` and `people` show it. */
name: string
/** The rule holds for members of this group. With `when`, both must hold; with neither, the rule holds for everybody. */
group?: {
/** Object id of the group. */
id?: string
/** Display name; must be unambiguous in the tenant. */
displayName?: string
}
/** CEL expression over `user`; the rule holds where it is true. */
when?: string
/** Single values. */
set?: {
/** Name of the ConnectSsoPersona, in the same namespace. */
persona?: string
/** Name of the routing profile. */
routingProfile?: string
/** Path of hierarchy group names from the top level. */
hierarchyGroup?: string[]
}
/** Single values computed from the person by CEL. */
compute?: {
/** CEL expression whose value is the name of the routing profile. */
routingProfile?: string
/** CEL expression whose value is the path as a list, for example `[user.country, user.officeLocation]`. */
hierarchyGroup?: string
}
/** Members of sets. */
add?: {
/** Names of security profiles, of those that the persona lists. A person for whom no rule and no template names one has the persona's default. */
securityProfiles?: string[]
/** Proficiencies. Of two rules that give the same attribute and value the higher level wins. */
proficiencies?: {
/** Name of the predefined attribute. */
attribute: string
/** Value of the attribute. */
value: string
/** 1 to 5. */
level: number
}[]
/** Tags of the Connect user. Of two rules that give the same key the first wins. */
tags?: {
[k: string]: string
}
}
}[]
/** Fields that all users of the set have in common. A rule's single value wins over the template's. */
template: {
/** Names of security profiles; default the persona's. Only profiles that the persona lists. */
securityProfiles?: string[]
/** Name of the routing profile; default the persona's. */
routingProfile?: string
/** Path of hierarchy group names from the top level, for example [Dublin, Team A]. */
hierarchyGroup?: string[]
/** The telephone. Fields that are not given stay as they are. */
phone?: {
/** Kind of phone. */
type?: ("SoftPhone" | "DeskPhone")
/** Desk phone number in E.164. */
deskPhoneNumber?: string
}
/**
 * How the agent takes contacts, by channel. Channels and fields that are not given stay as they are; a field that is taken out of the
 * manifest goes back to Amazon Connect's default if its value is still ours.
 */
contactHandling?: {
/** Calls. */
voice?: {
/** Answer calls automatically (soft phone only). */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
/** Keep the connection open between calls (soft phone only). */
persistentConnection?: boolean
/** What happens to the agent's audio. */
enhancement?: ("None" | "VoiceIsolation" | "NoiseSuppression")
}
/** Chats. */
chat?: {
/** Accept contacts automatically. */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
}
/** Tasks. */
task?: {
/** Accept contacts automatically. */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
}
/** E-mails. */
email?: {
/** Accept contacts automatically. */
autoAccept?: boolean
/** Seconds of after-contact work; 0 means no limit. */
afterContactWorkSeconds?: number
}
}
/** Proficiencies of the agent. When given, the list is complete. */
proficiencies?: {
/** Name of the predefined attribute. */
attribute: string
/** Value of the attribute. */
value: string
/** 1 to 5. */
level: number
}[]
/** Further tags of the Connect user. */
tags?: {
[k: string]: string
}
/** Correct reverts changes made outside the controller; Report only shows them. */
driftPolicy?: ("Correct" | "Report")
/** Never touches only a Connect user with our tag; IfUnowned also takes over one that carries no owner tag. */
adoptionPolicy?: ("Never" | "IfUnowned")
/** RevokeAccess takes the role assignment and keeps the Connect user and its history; Delete also deletes the Connect user; Retain touches nothing. */
deletionPolicy?: ("RevokeAccess" | "Delete" | "Retain")
/**
 * What happens when the account is disabled in Entra. RevokeAccess takes the role assignment away until the account is enabled again; Keep
 * changes nothing.
 */
whenDisabled?: ("RevokeAccess" | "Keep")
/** True ends running sessions in Amazon Connect when access is taken away; otherwise they last up to 12 hours. */
endSessions?: boolean
/** What happens to quick connects that ring this user when its Connect user is deleted. Delete removes them; Report names them. */
quickConnects?: ("Delete" | "Report")
}
/** What happens to people who are no longer in the source. */
removal: {
/** How long a person who left the source keeps everything; who is back within it has lost nothing. Accounts that are disabled or deleted get none. */
gracePeriod: string
}
/** How much may change within the last poll intervals without a person's word. Above a limit nothing of that sort is done; the annotation connectsso.dev/approve with the hash of the list lets exactly that list go. */
limits: {
/** Share of the set's users that may be removed. */
removals: string
/** Share of the set's users that may move to another persona. */
moves: string
/** Share of the set's users that may be given a security profile that they did not have. A new user counts; those of the first expansion do not. */
grants: string
/** Fewer changes of one sort than this are never held. */
ignoreBelow: number
}
/** Apply writes ConnectUsers; Plan only computes, shows and counts. */
mode: ("Apply" | "Plan")
/** What happens to the set's users when the set is deleted. Orphan keeps them, as if they had been written by hand; Delete deletes them. */
deletionPolicy: ("Orphan" | "Delete")
/** True stops every look and every write until it is false again. */
suspend: boolean
}

/** What was found. A report, never the only memory. */
export interface ConnectUserSetStatus {
/** Generation of the spec that this status describes. */
observedGeneration?: number
/** Ready, Reconciling, Stalled (kstatus), Drifted, SourceReady, ChangesHeld and MembersReady. */
conditions?: {
/** Name of the condition. */
type: string
/** True, False or Unknown. */
status: ("True" | "False" | "Unknown")
/** Why, in one PascalCase word. */
reason: string
/** One line that says what to do. */
message: string
/** When the status changed last. */
lastTransitionTime: string
/** Generation of the spec that it describes. */
observedGeneration?: number
}[]
/** How the source was read last. */
source?: {
/** Groups by the name in the spec. The id is kept, so that another group of the same name never takes its place unnoticed. */
groups?: {
/** Display name or id as declared. */
name: string
/** Object id. */
id: string
/** People in it, nested groups included. */
people?: number
}[]
}
/** People by state. */
people?: {
/** In the groups of the source. */
found?: number
/** Of these, the ones for whom `where` is true. */
matched?: number
/** ConnectUsers of this set. */
members?: number
/** Of these, the ones that are Ready. */
ready?: number
/** Of these, the ones in their grace period. */
leaving?: number
/** People with a change that is held. */
held?: number
/** Matched people who get no ConnectUser or whose ConnectUser stays as it is. */
leftOut?: number
}
/** True once everybody of the first expansion has a ConnectUser. From then on new users count as grants. */
expanded?: boolean
/** The list that waits for a person's word, or with mode Plan for the mode Apply. */
pending?: {
/** Hash of exactly this list. The annotation connectsso.dev/approve takes it. */
hash?: string
/** Since when there is a list with this hash. */
since?: string
/** New users. */
creations?: number
/** Users to be removed. */
removals?: number
/** Users to move to another persona. */
moves?: number
/** Users to be given a security profile that they did not have. */
grants?: number
/** At most 20 of them. `connect-sso people` shows all. */
sample?: {
/** User principal name or object id. */
who: string
/** What would happen. */
change: ("Create" | "Remove" | "Move" | "Grant" | "Update")
/** Why. */
reason?: string
}[]
}
/** At most 20 people who are left out or left as they are. `connect-sso people` shows all. */
leftOut?: {
/** User principal name or object id. */
who: string
/** Why. */
reason: string
}[]
/** What was let through within the last poll intervals. Limits count it, so a restart forgets nothing. */
admitted?: {
/** When. */
time: string
/** Hash by which it was approved; what was approved does not count. */
approved?: string
/** Removals. */
removals?: number
/** Moves. */
moves?: number
/** Grants. */
grants?: number
/** Digests of the changes that are not done yet, six bytes each, in base64. */
changes?: string
}[]
/** What is not as declared, at most 20 rows, redacted. */
drift?: {
/** Component that differs. */
component: string
/** Field that differs. */
path: string
/** What is declared. */
desired: string
/** What was found. */
observed: string
/** What it touches: who may sign in (trust), what they may do (permissions), or neither. */
concern: ("trust" | "permissions" | "settings")
/** When it was first seen. */
since: string
}[]
/**
 * What the controller applied last, by component and field, as short digests. A difference from it is drift; a difference from the
 * spec alone is a declared change.
 */
lastApplied?: {
[k: string]: {
[k: string]: string
}
}
/** When the source was last compared with the spec; moves at most once per poll interval in which something else changed. */
lastCheckedTime?: string
/** Last value handled of each request annotation, approve for one. */
handledRequests?: {
[k: string]: string
}
}
