/** A person of the directory as rules see one. */

const EXTENSIONS = Array.from({ length: 15 }, (_, index) => `extensionAttribute${index + 1}` as const);

/**
 * The attributes that rules may read, by their names in Microsoft Graph; extensionAttribute1 to 15 are in `onPremisesExtensionAttributes`.
 * What is not here is neither asked for nor kept.
 */
export const TEXT_ATTRIBUTES = [
  "userPrincipalName",
  "displayName",
  "givenName",
  "surname",
  "mail",
  "mailNickname",
  "employeeId",
  "employeeType",
  "onPremisesSamAccountName",
  "companyName",
  "department",
  "jobTitle",
  "officeLocation",
  "country",
  "usageLocation",
  "preferredLanguage",
  ...EXTENSIONS,
] as const;
export type TextAttribute = (typeof TEXT_ATTRIBUTES)[number];

/** An attribute that the directory has no value for is the empty string. */
export type Attributes = Record<TextAttribute, string> & { accountEnabled: boolean };

export interface Person {
  /** Object id in Entra, in lower case. */
  id: string;
  attributes: Attributes;
}

/** Attributes from what Graph answered: null and absent values are empty, everything off the list is dropped. */
export function attributesOf(user: object): Attributes {
  const given = user as Record<string, unknown>;
  const extensions = (given.onPremisesExtensionAttributes ?? {}) as Record<string, unknown>;
  const text = (name: string) => {
    const value = given[name] ?? extensions[name];
    return typeof value === "string" ? value : "";
  };
  const attributes = Object.fromEntries(TEXT_ATTRIBUTES.map((name) => [name, text(name)]));
  return { ...(attributes as Record<TextAttribute, string>), accountEnabled: given.accountEnabled === true };
}
