/** `application.roleSessionName`: which attribute of a person becomes the RoleSessionName, and so the Connect user name. */
import { checkUsername, type UsernameProblem } from "../usernames.ts";

export type NameAttribute =
  | "userPrincipalName"
  | "mail"
  | "mailNickname"
  | "employeeId"
  | "onPremisesSamAccountName"
  | `extensionAttribute${number}`;
export type NameTransform = "None" | "MailPrefix" | "Lowercase";
export interface RoleSessionName {
  from: NameAttribute;
  transform: NameTransform;
}

/** Every value of `from`. */
export const NAME_ATTRIBUTES: readonly NameAttribute[] = [
  ...(["userPrincipalName", "mail", "mailNickname", "employeeId", "onPremisesSamAccountName"] as const),
  ...Array.from({ length: 15 }, (_, index): NameAttribute => `extensionAttribute${index + 1}`),
];

/** A person as Microsoft Graph shows one; an attribute without a value is null or absent. */
export interface NamedPerson {
  userPrincipalName: string;
  accountEnabled: boolean;
  mail?: string | null;
  mailNickname?: string | null;
  employeeId?: string | null;
  onPremisesSamAccountName?: string | null;
  onPremisesExtensionAttributes?: Record<string, string | null> | null;
}

function attributeOf(person: NamedPerson, from: NameAttribute): string | undefined {
  const value = from.startsWith("extensionAttribute")
    ? person.onPremisesExtensionAttributes?.[from]
    : (person as unknown as Record<string, string | null | undefined>)[from];
  return value ?? undefined;
}

/** The RoleSessionName that Entra will send for this person, byte for byte, or why there is none. */
export function sessionNameOf(
  person: NamedPerson,
  { from, transform }: RoleSessionName,
): { name: string } | UsernameProblem {
  const who = person.userPrincipalName;
  if (!person.accountEnabled)
    return {
      reason: "EntraUserDisabled",
      message: `the Entra user ${who} is disabled; enable it or delete this ConnectUser`,
    };
  const value = attributeOf(person, from);
  if (!value)
    return {
      reason: from === "mail" ? "EntraUserWithoutMail" : "EntraUserWithoutName",
      message: `the Entra user ${who} has no ${from}, which is this persona's RoleSessionName; set its ${from} in Entra`,
    };
  // Claims are made of the attribute as it is; a letter that no case table agrees on is refused before it is changed.
  const wrong = checkUsername(transform === "MailPrefix" ? value.split("@")[0]! : value);
  if (transform === "None") return sessionProblem(wrong, from) ?? { name: value };
  if (transform === "MailPrefix" && !value.includes("@"))
    return {
      reason: "InvalidUsername",
      message: `${from} of ${who} is "${value}", which holds no @ and so has no mail prefix; use transform: None, or set an address in Entra`,
    };
  const name = transform === "MailPrefix" ? value.split("@")[0]! : value.toLowerCase();
  return sessionProblem(wrong, from) ?? { name };
}

function sessionProblem(problem: UsernameProblem | undefined, from: NameAttribute): UsernameProblem | undefined {
  if (problem?.reason !== "GuestUserPrincipalName") return problem;
  return {
    reason: problem.reason,
    message:
      from === "userPrincipalName"
        ? "the user principal name of a guest holds '#', which AWS refuses; set application.roleSessionName.from: mail on the persona"
        : `${from} holds '#', which AWS refuses; choose another attribute in application.roleSessionName.from`,
  };
}
