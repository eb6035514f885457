/** What Connect refuses in a request about a user. Limits are those of the service model and of the administrator guide. */
import { ConnectError, invalidParameter, invalidRequest, notFound } from "./error.ts";
import type { Instance, Proficiency } from "./state.ts";

export type Body = Record<string, unknown>;

export function text(body: Body, name: string, least: number, most: number): string | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string")
    throw new ConnectError("SerializationException", `STRING_VALUE expected for ${name}`, 400);
  if (value.length < least || value.length > most)
    throw invalidParameter(`${name} must have length between ${least} and ${most}`);
  return value;
}

export function required(body: Body, name: string, least = 1, most = 256): string {
  const value = text(body, name, least, most);
  if (value === undefined) throw invalidRequest(`${name} is required`);
  return value;
}

export function checkUsername(instance: Instance, username: string): void {
  const saml = (instance.world.identityManagement ?? "SAML") === "SAML";
  if (username.length > (saml ? 64 : 20))
    throw invalidParameter(`Username must be at most ${saml ? 64 : 20} characters`);
  if (!/^[a-zA-Z0-9_.\\@-]+$/.test(username)) throw invalidParameter("Username contains invalid characters");
  if (username.includes("@") && !/^[^@]+@[^@]+\.[^@.]+$/.test(username))
    throw invalidParameter("Username with @ must be an email address");
}

export function identityInfo(instance: Instance, value: unknown, needNames: boolean) {
  const info = (value ?? {}) as Body;
  const saml = (instance.world.identityManagement ?? "SAML") === "SAML";
  if (saml && info.Email !== undefined)
    throw invalidRequest("Email is not allowed for instances that use SAML for identity management");
  const FirstName = text(info, "FirstName", 0, 255);
  const LastName = text(info, "LastName", 0, 300);
  if (needNames && saml && (!FirstName || !LastName)) throw invalidRequest("FirstName and LastName are required");
  for (const name of [FirstName, LastName])
    if (name !== undefined && name !== name.normalize("NFC"))
      throw invalidParameter("Names must be in Unicode normalization form C");
  const SecondaryEmail = text(info, "SecondaryEmail", 0, 254);
  if (SecondaryEmail && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(SecondaryEmail))
    throw invalidParameter("SecondaryEmail is not an email address");
  const Mobile = text(info, "Mobile", 0, 50);
  if (Mobile && !/^\+[1-9]\d{1,14}$/.test(Mobile)) throw invalidParameter("Mobile must be E.164");
  const Email = text(info, "Email", 0, 254);
  return { FirstName: FirstName ?? "", LastName: LastName ?? "", Email, SecondaryEmail, Mobile };
}

export function securityProfiles(instance: Instance, value: unknown): string[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > 10)
    throw invalidRequest("SecurityProfileIds must have 1 to 10 members");
  for (const id of value)
    if (!instance.securityProfiles.some(({ Id }) => Id === id))
      throw notFound(`Security profile ${String(id)} not found`);
  return value as string[];
}

export function routingProfile(instance: Instance, value: unknown): string {
  if (typeof value !== "string" || value === "") throw invalidRequest("RoutingProfileId is required");
  if (!instance.routingProfiles.some(({ Id }) => Id === value)) throw notFound(`Routing profile ${value} not found`);
  return value;
}

export function hierarchyGroup(instance: Instance, value: unknown): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (!instance.hierarchyGroups.some(({ Id }) => Id === value))
    throw notFound(`Hierarchy group ${String(value)} not found`);
  return value as string;
}

export function tagMap(value: unknown): Record<string, string> {
  if (value === undefined || value === null) return {};
  const entries = Object.entries(value as Record<string, string>);
  if (entries.length < 1 || entries.length > 50) throw invalidRequest("Tags must have 1 to 50 entries");
  for (const [key, one] of entries) {
    if (!/^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]{1,128}$/u.test(key))
      throw invalidParameter(`Tag key ${key} is not valid`);
    if (typeof one !== "string" || one.length > 256) throw invalidParameter(`Tag value of ${key} is not valid`);
  }
  return Object.fromEntries(entries);
}

export function proficiencies(instance: Instance, value: unknown, withLevel: boolean): Proficiency[] {
  if (!Array.isArray(value) || value.length === 0) throw invalidRequest("UserProficiencies is required");
  return value.map((one: Body) => {
    const AttributeName = required(one, "AttributeName", 1, 100);
    const AttributeValue = required(one, "AttributeValue", 1, 100);
    if (!instance.attributes.includes(AttributeName)) throw notFound(`Predefined attribute ${AttributeName} not found`);
    const Level = Number(one.Level);
    if (withLevel && !(typeof one.Level === "number" && Level >= 1 && Level <= 5))
      throw invalidParameter("Level must be between 1 and 5");
    return { AttributeName, AttributeValue, Level };
  });
}
