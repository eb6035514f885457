/** Which properties a PATCH or POST may carry, and of which type. */
import { badRequest, invalidProperty, invalidValue } from "./error.ts";
import type { Body } from "./router.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const nullable =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const atMost =
  (length: number): Check =>
  (value) =>
    isText(value) && (value as string).length <= length;
const isName: Check = (value) => atMost(256)(value) && value !== "";
const areTexts: Check = (value) => Array.isArray(value) && value.every(isText);
const areObjects: Check = (value) =>
  Array.isArray(value) && value.every((one) => typeof one === "object" && one !== null && !Array.isArray(one));
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isFlag: Check = (value) => typeof value === "boolean";

export type Fields = Record<string, Check | "read-only">;

const COMMON: Fields = {
  id: "read-only",
  deletedDateTime: "read-only",
  createdDateTime: "read-only",
  applicationTemplateId: "read-only",
  displayName: isName,
  description: nullable(atMost(1024)),
  notes: nullable(atMost(1024)),
  tags: areTexts,
  keyCredentials: areObjects,
  passwordCredentials: areObjects,
  info: isObject,
  addIns: areObjects,
  tokenEncryptionKeyId: nullable(isText),
};

export const APPLICATION_FIELDS: Fields = {
  ...COMMON,
  appId: "read-only",
  publisherDomain: "read-only",
  createdByAppId: "read-only",
  identifierUris: areTexts,
  defaultRedirectUri: nullable(isText),
  appRoles: areObjects,
  web: isObject,
  spa: isObject,
  publicClient: isObject,
  api: isObject,
  optionalClaims: nullable(isObject),
  requiredResourceAccess: areObjects,
  groupMembershipClaims: nullable(isText),
  isFallbackPublicClient: nullable(isFlag),
  isDeviceOnlyAuthSupported: nullable(isFlag),
  signInAudience: isText,
  serviceManagementReference: nullable(isText),
  uniqueName: nullable(isText),
  parentalControlSettings: isObject,
};

export const PRINCIPAL_FIELDS: Fields = {
  ...COMMON,
  appId: "read-only",
  appDisplayName: "read-only",
  appOwnerOrganizationId: "read-only",
  accountEnabled: isFlag,
  alternativeNames: areTexts,
  appRoleAssignmentRequired: isFlag,
  appRoles: areObjects,
  homepage: nullable(isText),
  loginUrl: nullable(isText),
  logoutUrl: nullable(isText),
  notificationEmailAddresses: areTexts,
  preferredSingleSignOnMode: nullable(isText),
  preferredTokenSigningKeyThumbprint: nullable(isText),
  replyUrls: areTexts,
  samlSingleSignOnSettings: nullable(isObject),
  servicePrincipalNames: areTexts,
  servicePrincipalType: nullable(isText),
};

export const USER_FIELDS: Fields = {
  id: "read-only",
  userPrincipalName: isName,
  displayName: isName,
  givenName: nullable(atMost(64)),
  surname: nullable(atMost(64)),
  mail: nullable(isText),
  mailNickname: isName,
  accountEnabled: isFlag,
  userType: nullable(isText),
  jobTitle: nullable(atMost(128)),
  companyName: nullable(atMost(64)),
  country: nullable(atMost(128)),
  department: nullable(atMost(64)),
  employeeId: nullable(atMost(16)),
  employeeType: nullable(isText),
  usageLocation: nullable((value) => typeof value === "string" && /^[A-Za-z]{2}$/.test(value)),
  onPremisesExtensionAttributes: nullable(isObject),
  onPremisesSamAccountName: "read-only",
  mobilePhone: nullable(isText),
  officeLocation: nullable(isText),
  preferredLanguage: nullable(isText),
  businessPhones: areTexts,
  passwordProfile: isObject,
  onPremisesImmutableId: nullable(isText),
};

export const GROUP_FIELDS: Fields = {
  id: "read-only",
  displayName: isName,
  description: nullable(isText),
  mailEnabled: isFlag,
  mailNickname: isName,
  securityEnabled: isFlag,
  groupTypes: areTexts,
  visibility: nullable(isText),
};

/** The body's properties, checked. Annotations such as `@odata.type` are dropped. */
export function checked(body: Body, fields: Fields, resource: string): Body {
  const result: Body = {};
  for (const [name, value] of Object.entries(body)) {
    if (name.includes("@")) continue;
    const check = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (check === undefined) throw invalidProperty(name);
    if (check === "read-only") throw badRequest(`Property '${name}' is read-only and cannot be set.`);
    if (!check(value)) throw invalidValue(name, resource);
    result[name] = value;
  }
  return result;
}

/** A client may send the object's own id along; another one is refused as read-only. */
export function withoutOwnId(body: Body, { id }: { id: string }): Body {
  if (typeof body.id !== "string" || body.id.toLowerCase() !== id) return body;
  const { id: _, ...rest } = body;
  return rest;
}

export function required(body: Body, resource: string, ...names: string[]): void {
  for (const name of names)
    if (body[name] === undefined || body[name] === null)
      throw badRequest(`A value is required for property '${name}' of resource '${resource}'.`);
}
