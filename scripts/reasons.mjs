// What each condition and each reason means, and what to do: the text of docs/conditions.md.

/** Type of the condition: [of which kinds, meaning when True]. */
export const CONDITIONS = {
  Ready: ["all", "Everything is as declared. Its message names differences that are reported and not corrected."],
  Reconciling: ["all", "Work is in progress, or the next try is scheduled."],
  Stalled: [
    "all",
    "Manual action is needed. The message says what to do; the controller checks again once per poll interval.",
  ],
  Drifted: ["all", "Someone changed a cloud object outside the controller. `status.drift` has the fields."],
  Conflict: [
    "persona, user",
    "One person, or one user name, is in two personas of an instance. Neither is granted anything new.",
  ],
  RemovalsHalted: ["persona", "The mass-deletion guard has halted removals of users."],
  ApplicationReady: ["persona", "The application in Entra exists and is configured."],
  CertificateReady: ["persona", "The signing certificate is active and is not due for rotation."],
  ClaimsReady: ["persona", "Entra sends the attributes that AWS needs."],
  PoliciesReady: ["persona", "The IAM policies exist and have the declared content."],
  SamlProviderReady: ["persona", "The SAML provider in IAM trusts the certificates of the application."],
  RoleReady: ["persona", "The IAM role trusts the provider and has its policies and its boundary."],
  ProvisioningReady: [
    "persona",
    "Mode Provisioning: the IAM user, its access key and the job in Entra work. Otherwise not applicable.",
  ],
  RoleDelivered: ["persona", "The application has the app role that stands for the IAM role."],
  AssignmentsReady: ["persona", "The groups of `application.groups` are assigned."],
  SourceReady: ["set", "The groups of the set were read completely."],
  MembersReady: ["set", "The ConnectUsers are as the rules say."],
  ChangesHeld: ["set", "Changes above a limit wait for approval."],
  RoleAssigned: ["user", "The person has the app role."],
  ConnectUserReady: ["user", "The user in Amazon Connect exists and is as declared."],
};

/** `title`: reason → [meaning, what to do]. An empty action: nothing to do. */
export const REASONS = {
  "Ready, Reconciling, Stalled": {
    Converged: ["Everything was read and is as declared.", ""],
    Suspended: ["`spec.suspend` is true. Nothing is checked or changed.", "`connect-sso resume NAME`, and in Git."],
    Deleting: ["The object is being deleted.", "Wait. If it stays: [runbook](runbooks/ConnectSsoDeletionStuck.md)."],
    NotApplicable: ["This mode does not need the component.", ""],
    WaitingForDependency: [
      "A component or persona that this one needs is not ready.",
      "Look at the condition that the message names.",
    ],
    Failed: ["An unexpected error.", "Read the log. Report a defect with the stack."],
    Timeout: [
      "The reconcile reached its deadline and is repeated.",
      "Wait. If it stays: [throttling](runbooks/ConnectSsoApiThrottled.md).",
    ],
    StatusNotKept: [
      "The custom resource definitions are older than the controller, and drop a field of the status that must not be forgotten.",
      "Apply the definitions of this version (`crds/`).",
    ],
    CircuitOpen: [
      "An API failed again and again, and is left alone for a while.",
      "[Runbook](runbooks/ConnectSsoCircuitOpen.md).",
    ],
    CircuitClosed: ["Event: the API answers again.", ""],
    Unreachable: ["The cloud does not answer.", "Check network and [proxies](proxies.md)."],
    InvalidSpec: ["The spec contradicts itself.", "Change the field that the message names."],
  },
  Drift: {
    NoDrift: ["Nothing was changed outside the controller.", ""],
    NotCompared: ["Not everything could be read.", "Look at the conditions that are not True."],
    DriftFound: [
      "A difference was found and is not corrected (`driftPolicy: Report`, or it cannot be corrected).",
      "Change the manifest, or set `driftPolicy: Correct`. [Runbook](runbooks/ConnectSsoDriftDetected.md).",
    ],
    DriftCorrected: ["A difference was corrected.", "Ask who changed it."],
    DriftRecurring: [
      "The same object is changed again and again.",
      "Remove it from the other tool. [Runbook](runbooks/ConnectSsoDriftRecurring.md).",
    ],
    SecurityDriftFound: [
      "A difference in trust or permissions was found and is not corrected.",
      "Treat it as an incident. [Trust](runbooks/ConnectSsoTrustDrift.md), [permissions](runbooks/ConnectSsoPermissionDrift.md).",
    ],
    SecurityProfileGained: [
      "Somebody edited a security profile of Amazon Connect that the persona grants: it permits more than before.",
      "Find out who did it. [Runbook](runbooks/ConnectSsoProfileGained.md).",
    ],
    SecurityProfileLost: [
      "Somebody edited a security profile of Amazon Connect that the persona grants: it permits less than before.",
      "Nothing, if that was meant: the users of the persona can do less.",
    ],
    SecurityDriftCorrected: [
      "A difference in trust or permissions was corrected.",
      "Treat it as an incident until you know who changed it.",
    ],
  },
  Components: {
    UpToDate: ["The component is as declared.", ""],
    Pending: ["Not checked yet.", "Wait."],
    Created: ["Event: an object was created.", ""],
    Updated: ["Event: an object was updated.", ""],
    Deleted: ["Event: an object was deleted.", ""],
    Kept: [
      "Event: a persona was deleted, and one of its objects was kept: something else depends on it.",
      "Delete the object once nothing uses it.",
    ],
    Adopted: ["Event: an object without an owner got our owner tag.", ""],
    Recreated: ["Event: the Connect user was deleted and created again.", ""],
    WaitingForReplication: [
      "The change was made, but is not visible everywhere yet.",
      "Wait a few minutes. Entra says some strange things meanwhile, such as HostNameNotOnVerifiedDomain.",
    ],
    WaitingForRoleImport: [
      "Mode Provisioning: Entra has not imported the role yet.",
      "Wait about 40 minutes. After two hours: [runbook](runbooks/ConnectSsoRoleImportSlow.md).",
    ],
    JobQuarantined: [
      "Entra stopped its provisioning job after failures.",
      "[Runbook](runbooks/ConnectSsoSyncQuarantined.md).",
    ],
    CredentialsRefused: [
      "Entra cannot sign in to AWS with the new access key.",
      "Look for a service control policy against IAM users.",
    ],
    RoleDisabled: ["Entra disabled the role in the application. The controller writes it again.", "Wait."],
    AssertionEncryption: [
      "The SAML provider requires encrypted assertions, and Entra sends plain ones.",
      "Set AssertionEncryptionMode of the provider to Allowed.",
    ],
    KeyRotating: ["The access key is being rotated. Logins work.", "Wait."],
    CertificateRotating: ["The signing certificate is being rotated. Logins work.", "Wait."],
    CertificateByHand: [
      "The tenant does not let the controller create a certificate.",
      "Create one by hand; the message says how.",
    ],
  },
  "Settings and names": {
    ScopeNotAllowed: [
      "The settings file does not allow this namespace the account or tenant.",
      "Use another namespace, or change the [settings file](settings.md).",
    ],
    WrongAccount: [
      "The credentials belong to another account.",
      "Correct the credentials, or the role in the settings file.",
    ],
    InstanceNotFound: ["The Connect instance does not exist.", "Correct `instanceArn`."],
    InstanceNotSaml: [
      "The instance keeps passwords or uses Active Directory.",
      "Create another instance; this cannot be changed.",
    ],
    InstanceGlobalResiliency: [
      "Instances with Global Resiliency sign in elsewhere and are not supported.",
      "Use another instance.",
    ],
    UnknownSecurityProfile: [
      "The instance has no security profile of this name.",
      "Correct the name; the message lists similar ones.",
    ],
    UnknownRoutingProfile: [
      "The instance has no routing profile of this name.",
      "Correct the name; the message lists similar ones.",
    ],
    UnknownHierarchyGroup: [
      "The instance has no hierarchy group of this name.",
      "Correct the name; the message lists similar ones.",
    ],
    UnknownGroup: ["Entra has no such group.", "Correct the name or the id."],
    GroupReplaced: [
      "The Entra group is gone, and another one has its name.",
      "If that one is meant, declare it by id.",
    ],
    AmbiguousGroup: ["Several groups have this name.", "Use the object id."],
    NameTooLong: ["A name is longer than the cloud accepts.", "Choose a shorter name."],
    IdentifierTaken: [
      "Another application in the tenant has this identifier.",
      "Leave `application.identifier` out, or choose another.",
    ],
    IdentifierPolicy: [
      "A tenant policy refuses the identifier, or does not see SAML mode yet.",
      "Wait some minutes; then exempt the application from the policy.",
    ],
  },
  Owners: {
    ForeignOwner: [
      "The object belongs to another persona, namespace or cluster name.",
      "Choose another name; or pass the right `--cluster-name`; or release it there first. `adoptionPolicy` helps only for a Connect user whose ConnectUser exists no more; the message says so.",
    ],
    AdoptionNotAllowed: [
      "The persona does not let its users take over Connect users that exist.",
      "Set `connectUsers.allowAdoption: true` on the persona, or delete the ConnectUser.",
    ],
    LastAdministrator: [
      "A Connect user that was taken over is the last one with the security profile Admin.",
      "Give the profile to somebody else first.",
    ],
    NotOwned: [
      "An object of this name exists and has no owner.",
      "Choose another name, or adopt it with `adoptionPolicy: IfUnowned`.",
    ],
    AdoptionRefused: [
      "Adoption would take something from others who use the object.",
      "Do what the message says, or choose another name.",
    ],
    OwnedByOthers: [
      "The application is owned by others; the controller may only change what it owns.",
      "Make its service principal an owner.",
    ],
    TrustTooLong: [
      "The trust of the shared role has no room for this persona's SAML provider.",
      "Raise the quota Role trust policy length, shorten aws.samlProviderName, or set aws.roleSharing: Persona.",
    ],
    ForeignBoundary: [
      "The role or user carries another permissions boundary.",
      "Attach the declared one, or declare this one.",
    ],
    NoOwner: [
      "The controller's service principal is not an owner of the application.",
      "Make it an owner of the application and of its service principal.",
    ],
    SeveralApplications: [
      "Several applications fit, and it is not clear which one is meant.",
      "Delete the others, or remove their tag.",
    ],
    MetadataRefused: [
      "Entra's federation metadata is not what it should be. AWS is not made to trust it.",
      "Find out why first: [runbook](runbooks/ConnectSsoTrustDrift.md).",
    ],
    MetadataUnavailable: [
      "Entra's federation metadata cannot be read.",
      "Check the network and the proxy; otherwise wait.",
    ],
  },
  Sets: {
    SourceIncomplete: [
      "A group of the set could not be read completely. No one is removed.",
      "Wait. If it stays, correct the rights or the group.",
    ],
    SourceEmpty: [
      "The groups of the set are empty. Nothing is changed.",
      "Correct the groups. To remove everyone, delete the set.",
    ],
    GroupChanged: ["A group name now stands for another group. Nothing is changed.", "Use the object id of the group."],
    InvalidRule: ["A rule of the set does not compile.", "Correct the expression that the message names."],
    ChangesHeld: [
      "More changes than `limits` allows. Those above the limit wait.",
      "Read the list; annotate the set with `connectsso.dev/approve` and the hash in the message.",
    ],
    ChangesApproved: ["A list of changes was approved.", ""],
    NothingHeld: ["No change waits for approval.", ""],
    PlanOnly: ["`mode: Plan`: the set shows changes and makes none.", "Set `mode: Apply`."],
    Left: ["Event: a person left the source. The grace period has begun.", ""],
    HandedOver: ["Event: a ConnectUser was handed over to another set.", ""],
  },
  "Deletion and conflicts": {
    HasUsers: ["Users still refer to the persona.", "Delete them, or move them to another persona."],
    MassDeletionHalted: [
      "More users were deleted than the guard allows at once.",
      "[Runbook](runbooks/ConnectSsoRemovalsHalted.md).",
    ],
    MassDeletionAllowed: ["Event: halted removals were allowed.", ""],
    NotHalted: ["No removal is halted.", ""],
    UsersConflict: ["Users of this persona also belong to another persona.", "Their own conditions say to which."],
    AssignedHere: [
      "People who belong to another persona are assigned to this application.",
      "Remove the assignment that is wrong.",
    ],
    TwoPersonas: [
      "The person is in two personas of the instance.",
      "Delete one of the two ConnectUsers, or the assignment in Entra.",
    ],
    NoConflict: ["No one is in two personas.", ""],
  },
  Users: {
    PersonaNotFound: [
      "The persona of `personaRef` does not exist in this namespace.",
      "Correct the name, or create it.",
    ],
    PersonaSuspended: ["The persona is suspended.", "Resume the persona."],
    PersonaDeleting: ["The persona is being deleted.", "Delete the user, or move it to another persona."],
    PersonaNotReady: ["The persona is not ready.", "Look at the conditions of the persona."],
    EntraUserNotFound: ["Entra has no such person.", "Correct `entraUser`, or delete the ConnectUser."],
    EntraUserDisabled: [
      "The account is disabled in Entra, so access is taken away (`whenDisabled`).",
      "Nothing; access comes back when the account is enabled.",
    ],
    EntraUserReplaced: [
      "The user principal name belongs to another person than before.",
      "Set the annotation `connectsso.dev/recreate` for the new person, or delete the ConnectUser.",
    ],
    EntraUserWithoutMail: [
      "The user name comes from the mail address, and the person has none.",
      "Set it in Entra, or use another attribute.",
    ],
    EntraUserWithoutName: [
      "The user name comes from an attribute that the person does not have.",
      "Set the attribute in Entra, or use another.",
    ],
    GuestUserPrincipalName: [
      "A guest's user principal name contains `#EXT#`, which Amazon Connect does not accept.",
      "Use another attribute, with `application.roleSessionName.from`.",
    ],
    InvalidUsername: [
      "Amazon Connect does not accept the user name.",
      "Use another attribute, or change the name in Entra.",
    ],
    UsernameChanged: [
      "Entra sends another user name than that of the person's Connect user, which cannot be renamed.",
      "Change the name back, use an attribute that does not change, or set the annotation `connectsso.dev/recreate`.",
    ],
    UsernameMismatch: ["The declared user name is not what Entra sends.", "Leave `username` out, or correct it."],
    UsernameCaseMismatch: [
      "A Connect user has the same name in another case.",
      "Change the case in Entra, or let the Connect user be recreated.",
    ],
    SecurityProfileNotAllowed: [
      "The persona does not allow this security profile.",
      "Add it to `connectUsers.securityProfiles` of the persona, or use another.",
    ],
    NamesMissing: ["First name or last name is missing in Entra.", "Set it in Entra or in the ConnectUser."],
  },
  "Errors of AWS": {
    AccessDenied: [
      "A right is missing, or a policy of the organisation denies it.",
      "`connect-sso doctor`; [permissions](permissions.md).",
    ],
    BoundaryNotFound: ["The permissions boundary does not exist.", "Create it: `connect-sso policy boundary`."],
    CredentialsInvalid: ["AWS does not know the credentials.", "Correct the credentials of the pod."],
    CredentialsMissing: ["There are no AWS credentials.", "Check IRSA, Pod Identity or the environment."],
    CredentialsExpired: ["The credentials have expired.", "Wait; they are renewed."],
    ClockSkew: ["The clock differs from that of AWS.", "Correct the clock of the node."],
    Throttled: ["Too many calls.", "Wait. If it stays: [runbook](runbooks/ConnectSsoApiThrottled.md)."],
    QuotaExceeded: ["A quota is used up.", "Request a higher quota, or delete what is not needed."],
    InvalidInput: ["AWS refused a value.", "Correct the field that the message names."],
    Rejected: ["AWS refused the call.", "Read the message."],
    MalformedPolicyDocument: ["IAM refused a policy.", "Read the message; report a defect."],
    UnmodifiableEntity: ["The object is managed by AWS.", "Choose another name."],
    PolicyNotAttachable: ["The policy cannot be attached.", "Correct the ARN."],
    PrincipalNotYetKnown: ["IAM does not know a new principal yet.", "Wait."],
    NotFound: ["The object is not visible yet, or was deleted.", "Wait. If it stays, read the message."],
    AlreadyExists: ["An object of this name exists.", "Choose another name, or adopt it."],
    StillInUse: ["The object is still used.", "Wait."],
    Conflict: ["Two changes at the same time.", "Wait."],
    ConcurrentModification: ["Two changes at the same time.", "Wait."],
    TemporarilyUnmodifiable: ["AWS is still working on the last change.", "Wait."],
    ServiceFailure: ["AWS answered with an error of its own.", "Wait; see the AWS health page."],
    NotSupported: ["The service does not have this operation.", "Check the region."],
    NoAnswer: ["No answer.", "Check network and [proxies](proxies.md)."],
    MalformedAnswer: ["The answer could not be read.", "Look for a proxy that changes answers."],
  },
  "Errors of Microsoft Graph": {
    EntraCredentials: [
      "Entra does not accept the controller's credentials.",
      "Check the federated credential, or the secret.",
    ],
    GraphUnauthenticated: ["Graph does not accept the token.", "Wait; then check the credentials."],
    GraphForbidden: [
      "A permission is missing, or has no consent.",
      "`connect-sso doctor`; [permissions](permissions.md).",
    ],
    GraphThrottled: ["Too many calls.", "Wait."],
    GraphUnavailable: ["Graph answered with an error of its own.", "Wait; see the Microsoft status page."],
    GraphUnreachable: ["No answer.", "Check network and [proxies](proxies.md)."],
    GraphConflict: ["Two changes at the same time.", "Wait."],
    GraphRefused: ["Graph refused the call.", "Read the message."],
    AppManagementPolicy: [
      "A tenant policy forbids the certificate or key.",
      "Exempt the application, or upload a certificate that fits.",
    ],
    ListExpired: ["A list took too long and is read again.", "Wait."],
    ReferenceExists: ["The link exists already.", "Wait."],
    ReferenceAbsent: ["The link is gone already.", "Wait."],
    NoTenant: ["No tenant is known.", "Set `AZURE_TENANT_ID`, or the tenant in the settings file."],
    InsecureEndpoint: ["An endpoint is not https.", "Correct it; `--allow-insecure-endpoints` is for sandboxes only."],
  },
};
