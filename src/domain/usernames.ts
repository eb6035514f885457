/** RoleSessionName and the Connect user name must be the same string, byte for byte, and satisfy both services. */
import type { Reason } from "../api/reasons.ts";

export type UsernameProblem = { reason: Reason; message: string };

/** AWS: the RoleSessionName attribute of an assertion. */
export const ROLE_SESSION_NAME = /^[a-zA-Z_0-9+=,.@-]{2,64}$/;
/** Connect with SAML: up to 64 of these; "@" only in the form of an e-mail address. */
const CONNECT_USERNAME = /^[a-zA-Z0-9_.@-]{1,64}$/;
const EMAIL = /^[^@]+@[^@]+\.[^@.]+$/;

export function checkUsername(username: string): UsernameProblem | undefined {
  if (/#ext#/i.test(username)) {
    return {
      reason: "GuestUserPrincipalName",
      message: `the guest user principal name ${username} holds '#', which AWS refuses; set application.roleSessionName.from: mail on the persona`,
    };
  }
  if (!ROLE_SESSION_NAME.test(username)) {
    return {
      reason: "InvalidUsername",
      message: `"${username}" cannot be a RoleSessionName: 2 to 64 of letters, digits and _+=,.@-`,
    };
  }
  if (!CONNECT_USERNAME.test(username) || (username.includes("@") && !EMAIL.test(username))) {
    return {
      reason: "InvalidUsername",
      message: `"${username}" cannot be a Connect user name: letters, digits and _.-, '@' only in an e-mail address`,
    };
  }
  return undefined;
}

/** `declared` must be what Entra sends; a difference in case alone is the usual trap and named as such. */
export function checkDeclared(declared: string | undefined, sent: string): UsernameProblem | undefined {
  if (declared === undefined || declared === sent) return undefined;
  if (declared.toLowerCase() === sent.toLowerCase()) {
    return {
      reason: "UsernameCaseMismatch",
      message: `username ${declared} differs in case from the RoleSessionName ${sent}; Connect compares case, so no login would work`,
    };
  }
  return {
    reason: "UsernameMismatch",
    message: `username ${declared} is not the RoleSessionName ${sent} that Entra sends; leave username out or change the user in Entra`,
  };
}
