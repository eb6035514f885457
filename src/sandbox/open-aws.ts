/** Open facts of IAM and Amazon Connect. */
import type { OpenFact } from "./open.ts";

export const AWS_FACTS = {
  createUserWithoutPhoneConfig: {
    values: ["accepted", "refused"],
    fact: "CreateUser with neither PhoneConfig nor settings per channel: accepted with defaults, or refused as invalid",
    source:
      "the service model made PhoneConfig optional between botocore 1.40.76 and 1.44.8; API_CreateUser does not say whether both may be absent",
  },
  phoneConfigOfChannelUsers: {
    values: ["voice", "kept", "absent"],
    fact: "PhoneConfig in DescribeUser and SearchUsers after UpdateUserConfig: the values of the voice channel, as it was before, or no PhoneConfig at all",
    source: "API_UpdateUserConfig does not say",
  },
  channelsOfPhoneConfigUsers: {
    values: ["listed", "absent"],
    fact: "Lists per channel in DescribeUser and SearchUsers after UpdateUserPhoneConfig: every channel with the value set, or no lists",
    source: "API_UpdateUserPhoneConfig says that it sets all channels, not what is shown",
  },
  updateUserConfigOmittedLists: {
    values: ["kept", "cleared"],
    fact: "Lists that UpdateUserConfig leaves out: kept, or back to their defaults",
    source: "API_UpdateUserConfig does not say",
  },
  updateUserConfigOmittedChannels: {
    values: ["kept", "cleared"],
    fact: "Channels that a list of UpdateUserConfig leaves out: kept, or back to their defaults",
    source: "API_UpdateUserConfig does not say",
  },
  searchUsersLag: {
    values: ["none", "2s", "30s"],
    fact: "How long SearchUsers lags behind DescribeUser and ListUsers, in real time on top of consistencyDelay",
    source: "API_SearchUsers names no bound",
  },
  searchUsersPage: {
    values: ["500", "100"],
    fact: "Most users of one SearchUsers answer, whatever MaxResults asks for",
    source: "the service model allows 500, the page on best practices says 100 of all Search APIs",
  },
  searchUsersAfterContactWorkConfigs: {
    values: ["milliseconds", "seconds"],
    fact: "Unit of AfterContactWorkConfigs in SearchUsers",
    source: "API_SearchUsers gives milliseconds for PhoneConfig and does not mention the lists",
  },
  deleteAllEntitySessions: {
    values: ["ends", "refused", "unknown"],
    fact: "DeleteAllEntitySessions for a user of a SAML instance: ends the sessions, is refused as invalid, or is an operation that does not exist",
    source: "in botocore 1.44.8, without a page of its own when this was written",
  },
  deleteUserEndsSessions: {
    values: ["ends", "kept"],
    fact: "Sessions of a user who is deleted: ended, or alive until they expire",
    source: "API_DeleteUser does not say",
  },
  usernameReuse: {
    values: ["atOnce", "afterOneMinute"],
    fact: "When the name of a deleted user is free again, in simulated time",
    source: "the administrator guide recommends to create a user again and names no waiting time",
  },
  federatedRoleBinding: {
    values: ["first", "none"],
    fact: "Whether a user stays bound to the IAM role of the first federated login",
    source: "older text of configure-saml, amazon-connect-streams#235; the present guide does not mention it",
  },
  lastModifiedTimeCovers: {
    values: ["proficiencies", "everything", "settings"],
    fact: "What moves a user's LastModifiedTime: settings and proficiencies, tags as well, or settings alone",
    source: "the service model does not say",
  },
  missingProviderInTrust: {
    values: ["accepted", "refused"],
    fact: "A trust policy that names a SAML provider which does not exist: accepted, or refused with MalformedPolicyDocument (Invalid principal in policy)",
    source: "API_DeleteSAMLProvider implies that such references are tolerated; CreateRole does not say",
  },
} as const satisfies Record<string, OpenFact>;
