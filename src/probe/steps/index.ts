/** All steps, in the order in which they run: the long one last. */
import type { Step } from "../types.ts";
import { assignments } from "./assignments.ts";
import { certificates } from "./certificates.ts";
import { claimsPolicies } from "./claims-policies.ts";
import { contactHandling } from "./contact-handling.ts";
import { federation } from "./federation.ts";
import { identifiers } from "./identifiers.ts";
import { managementPolicy } from "./management-policy.ts";
import { newApplication } from "./new-application.ts";
import { roleImport } from "./role-import.ts";
import { searching } from "./searching.ts";
import { synchronization } from "./synchronization.ts";
import { trust } from "./trust.ts";
import { userLife } from "./user-life.ts";

export const STEPS: readonly Step[] = [
  newApplication,
  identifiers,
  certificates,
  claimsPolicies,
  assignments,
  synchronization,
  managementPolicy,
  trust,
  contactHandling,
  searching,
  userLife,
  federation,
  roleImport,
];

/** Open facts that no API shows, and why. */
export const NOT_BY_API: Record<string, string> = {
  deleteUserEndsSessions:
    "a session is a person's, in a browser: GetCurrentUserData shows agents who have opened the Contact Control Panel, not sessions. Part of the manual step.",
};

/** What a person has to do, because it needs a browser. */
export const MANUAL: readonly string[] = [
  "Sign in with a test user through the application's tile; save the HAR file and run `connect-sso saml decode` on it: which attributes come without a claims policy, and which reply URL is the default.",
  "Sign in with relay states to /connect/ccp, /connect/ccp-v2 and /agent-app-v2, each with `new_domain=true` as a parameter of its own and inside `destination`: which page opens.",
  'Sign in a user, then give the person another role of the same instance and sign in again: "Bad Request" means that the user is bound to the first role.',
  "While a test user is signed in to the agent workspace, delete the user in Connect: the workspace ends at once, or lasts until the session expires.",
  "Switch the active certificate while a test user signs in every ten seconds: seconds until assertions are signed with the new one (`connect-sso saml decode` prints the certificate).",
];
