/**
 * What AWS and Amazon Connect ask of an assertion, as one list of rules. Each names what a person would see, as the IAM user guide's
 * "Troubleshoot SAML federation" and Connect's "Troubleshoot SAML" have it, and how to fix it.
 */
import { isoSeconds } from "../duration.ts";
import { checkUsername, ROLE_SESSION_NAME } from "../usernames.ts";
import type { Decoded } from "./decode.ts";
import { type AssertionFields, ATTRIBUTES, awsAttribute, rolePairs } from "./document.ts";

export interface Finding {
  /** error: the login fails. warning: it may, or something is odd. note: good to know. */
  level: "error" | "warning" | "note";
  what: string;
  /** What the person at the browser gets to see, where it is known. */
  seen?: string;
  fix?: string;
}

interface CheckContext {
  now: Date;
  /** Seconds that clocks may differ. */
  skewSeconds: number;
}

const CLAIMS = "look at Attributes & Claims of the application in Entra, or let the persona's claims policy write them";
const INVALID = "Your request included an invalid SAML response.";
/** Sign-in endpoints of the three partitions, global, regional and per provider. */
const ENDPOINT =
  /^https:\/\/([a-z0-9-]+\.)?(signin\.aws\.amazon\.com|signin\.amazonaws-us-gov\.com|signin\.amazonaws\.cn)\/saml(\/acs\/\w+)?$/;
const MAX_BASE64 = 100_000;

export function checkDocument(decoded: Decoded, context: CheckContext): Finding[] {
  const { assertion } = decoded;
  return [
    ...structure(decoded),
    ...(assertion
      ? [
          ...subject(assertion),
          ...roles(assertion),
          ...sessionName(assertion),
          ...duration(assertion),
          ...furtherActions(assertion),
          ...times(decoded, assertion, context),
        ]
      : []),
  ];
}

function structure({ response, assertion, assertions, encrypted, comments, signature, capture }: Decoded): Finding[] {
  const findings: Finding[] = [];
  if (response?.status && response.status !== "Success")
    findings.push({
      level: "error",
      what: `Entra answered ${response.status}${response.subStatus ? `/${response.subStatus}` : ""}: ${response.statusMessage || "no message"}`,
      fix: "the sign-in logs of the application in Entra say more",
    });
  if (encrypted)
    findings.push({
      level: "error",
      what: "the assertion is encrypted, so nothing of it can be shown; this tool holds no key, and Connect's set-up uses none",
      seen: INVALID,
      fix: "switch token encryption of the application off in Entra",
    });
  else if (!assertion && (response?.status === undefined || response.status === "Success"))
    findings.push({ level: "error", what: "the response holds no assertion", seen: INVALID });
  if (assertions > 1)
    findings.push({
      level: "error",
      what: `the document holds ${assertions} assertions; only the first is shown, and it may not be the one that AWS reads`,
    });
  if (comments)
    findings.push({
      level: "warning",
      what: "the document holds comments or processing instructions; Entra writes none, and parsers disagree about values with a comment in them",
    });
  if (signature.state === "refused")
    findings.push({
      level: "error",
      what: `the signature does not hold: ${signature.why}`,
      seen: "Response signature invalid",
      fix: "compare the certificate of the application in Entra with the metadata of the IAM SAML provider (`connect-sso why` does)",
    });
  if (signature.algorithm === "rsa-sha1")
    findings.push({
      level: "warning",
      what: "it is signed with SHA-1",
      fix: "choose SHA-256 in the application's SAML signing certificate",
    });
  if ((capture.base64Length ?? 0) > MAX_BASE64)
    findings.push({
      level: "error",
      what: `the response has ${capture.base64Length} characters, AWS takes 100,000; usually group claims`,
      fix: "send only the groups that are assigned to the application, or none",
    });
  if (capture.url && !ENDPOINT.test(capture.url))
    findings.push({
      level: "warning",
      what: `the browser sent it to ${capture.url}, which is no sign-in endpoint of AWS`,
    });
  return findings;
}

function subject({ nameId, confirmations, audiences }: AssertionFields): Finding[] {
  const findings: Finding[] = [];
  const denied = "Not authorized to perform sts:AssumeRoleWithSAML";
  if (!nameId) findings.push({ level: "error", what: "there is no NameID", seen: denied, fix: CLAIMS });
  const [confirmation, ...more] = confirmations;
  if (!confirmation || more.length > 0)
    findings.push({
      level: "error",
      what: `there are ${confirmations.length} subject confirmations, AWS wants exactly one`,
      seen: INVALID,
    });
  if (confirmation && !confirmation.recipient)
    findings.push({ level: "error", what: "the subject confirmation has no Recipient", seen: INVALID });
  if (confirmation?.recipient && !ENDPOINT.test(confirmation.recipient))
    findings.push({
      level: "error",
      what: `the recipient ${confirmation.recipient} is no sign-in endpoint of AWS`,
      seen: denied,
      fix: "set the reply URL of the application to https://signin.aws.amazon.com/saml",
    });
  if (confirmation && !confirmation.notOnOrAfter)
    findings.push({ level: "error", what: "the subject confirmation has no NotOnOrAfter", seen: INVALID });
  if (audiences.length === 0)
    findings.push({
      level: "error",
      what: "there is no audience",
      seen: "Response does not contain the required audience.",
    });
  const wrong = audiences.filter(
    (one) => !ENDPOINT.test(one) && !/^urn:amazon:webservices(:govcloud|:cn-north(west)?-\d)?$/.test(one),
  );
  if (wrong.length > 0)
    findings.push({
      level: "error",
      what: `the audience is ${wrong.join(", ")}, not AWS`,
      seen: "Response does not contain the required audience.",
      fix: "set the Identifier of the application to https://signin.aws.amazon.com/saml, with #2, #3… for further applications",
    });
  return findings;
}

function roles(assertion: AssertionFields): Finding[] {
  const pairs = rolePairs(assertion).filter(({ text }) => text.trim() !== "");
  const named =
    awsAttribute(assertion, "Role").length > 0 ||
    assertion.attributes.some(({ name }) => name === `${ATTRIBUTES}/Role`);
  if (pairs.length === 0)
    return [
      (named ? undefined : misspelt(assertion, "Role", INVALID)) ?? {
        level: "error",
        what: named
          ? "the Role attribute is there, but empty: the role that the user is assigned has no value"
          : "there is no Role attribute: the user has no role in this application, or the claim is missing",
        seen: INVALID,
        fix: "assign the user (directly or by a group) to the application with the persona's role, not with default access",
      },
    ];
  const findings: Finding[] = pairs
    .filter(({ roleArn, providerArn }) => !roleArn || !providerArn)
    .map(({ text, roleArn }) => ({
      level: "error",
      what: `Role "${text}" is no pair of ${roleArn ? "" : "role ARN and "}provider ARN`,
      seen: INVALID,
      fix: "its value must be <role ARN>,<provider ARN>",
    }));
  for (const { text } of pairs.filter((one) => /^\s|\s$|\s,|,\s/.test(one.text)))
    findings.push({
      level: "warning",
      what: `Role ${JSON.stringify(text)} holds white space around an ARN`,
      fix: "set the value of the app role to <role ARN>,<provider ARN> without spaces",
    });
  if (pairs.length > 1)
    findings.push({
      level: "warning",
      what: `there are ${pairs.length} roles, so AWS asks which one to use; a Connect user belongs to one`,
      seen: "a page with a choice of roles",
      fix: "leave one role per user and application",
    });
  return findings;
}

function sessionName(assertion: AssertionFields): Finding[] {
  const all = assertion.attributes.filter(({ name }) => name === `${ATTRIBUTES}/RoleSessionName`);
  const values = all.flatMap((one) => one.values).filter((one) => one.trim() !== "");
  const [value] = values;
  const seen = "RoleSessionName is required in AuthnResponse";
  if (value === undefined && all.length > 0)
    return [
      {
        level: "error",
        what: "RoleSessionName is there, but empty: the attribute behind it has no value for this person",
        seen,
        fix: "set that attribute of the person in Entra (mail, employee id…), or choose another one in application.roleSessionName.from",
      },
    ];
  if (value === undefined)
    return [
      misspelt(assertion, "RoleSessionName", seen) ?? {
        level: "error",
        what: "there is no RoleSessionName: the claim is missing, or the attribute behind it is empty for this user",
        seen,
        fix: CLAIMS,
      },
    ];
  if (values.length > 1)
    return [{ level: "error", what: `there are ${values.length} RoleSessionNames`, seen: INVALID, fix: CLAIMS }];
  if (!ROLE_SESSION_NAME.test(value))
    return [
      {
        level: "error",
        what: `RoleSessionName ${JSON.stringify(value)} ${value.trim() === value ? "does not match [a-zA-Z_0-9+=,.@-]{2,64}" : "begins or ends with white space"}`,
        seen: "RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}",
        fix:
          value.trim() === value
            ? "choose another source of the claim, for guests user.mail (application.roleSessionName.from: mail)"
            : "correct the attribute of the person in Entra",
      },
    ];
  const wrong = checkUsername(value);
  return wrong
    ? [{ level: "error", what: wrong.message, fix: "AWS takes it, Connect has no user of such a name" }]
    : [];
}

/** Each needs an action of its own in the role's trust, which the trust of a persona does not have. */
function furtherActions({ attributes }: AssertionFields): Finding[] {
  const needs: [RegExp, string][] = [
    [/\/(PrincipalTag:|TransitiveTagKeys$)/, "sts:TagSession"],
    [/\/SourceIdentity$/, "sts:SetSourceIdentity"],
  ];
  return needs.flatMap(([pattern, action]) => {
    const found = attributes.find(({ name }) => name.startsWith(`${ATTRIBUTES}/`) && pattern.test(name));
    return found
      ? [
          {
            level: "warning" as const,
            what: `the attribute ${found.name.slice(ATTRIBUTES.length + 1)} needs ${action} in the role's trust, which a persona's does not have`,
            seen: "Not authorized to perform sts:AssumeRoleWithSAML",
            fix: "take the claim away from the application",
          },
        ]
      : [];
  });
}

function duration(assertion: AssertionFields): Finding[] {
  const [value] = awsAttribute(assertion, "SessionDuration");
  if (value === undefined) return [];
  const seconds = Number(value);
  if (/^\d+$/.test(value) && seconds >= 900 && seconds <= 43_200) return [];
  return [
    {
      level: "error",
      what: `SessionDuration "${value}" is not a number of seconds from 900 to 43200`,
      seen: INVALID,
      fix: "set application.sessionDuration, or the claim in Entra",
    },
  ];
}

/** Names must match exactly; another case, a slash too many, a space or a missing namespace is invisible in Entra's portal. */
function misspelt(assertion: AssertionFields, name: string, seen: string): Finding | undefined {
  const near = assertion.attributes.find(
    ({ name: found }) => found.trim().toLowerCase().split("/").at(-1)!.trim() === name.toLowerCase(),
  );
  return (
    near && {
      level: "error",
      what: `the attribute is called ${JSON.stringify(near.name)}; AWS wants exactly "${ATTRIBUTES}/${name}"`,
      seen,
      fix: `correct the claim in Attributes & Claims of the application in Entra: name ${name}, namespace ${ATTRIBUTES}`,
    }
  );
}

/** A trace is old when it is read: against the clock it says when it was good, against its own time whether it was. */
function times(
  { capture }: Decoded,
  { notBefore, notOnOrAfter, confirmations, issueInstant }: AssertionFields,
  context: CheckContext,
): Finding[] {
  const at = capture.at ?? context.now;
  const skew = context.skewSeconds * 1000;
  const ends = [notOnOrAfter, confirmations[0]?.notOnOrAfter].filter((one) => one !== undefined);
  const end = ends.length > 0 ? new Date(Math.min(...ends.map(Number))) : undefined;
  const findings: Finding[] = [];
  const whose = capture.at ? "when the browser sent it" : "now";
  if (notBefore && at.getTime() + skew < notBefore.getTime())
    findings.push({
      level: "error",
      what: `it is not valid before ${isoSeconds(notBefore)}, ${spell(notBefore.getTime() - at.getTime())} after ${whose}`,
      fix: "a clock is wrong: compare the clock of the machine that recorded it",
    });
  if (end && at.getTime() - skew >= end.getTime())
    findings.push(
      capture.at
        ? {
            level: "error",
            what: `it had expired ${spell(at.getTime() - end.getTime())} before the browser sent it`,
            seen: INVALID,
            fix: "sign in again; do not reload or bookmark the page that posts it",
          }
        : {
            level: "note",
            what: `it expired ${spell(at.getTime() - end.getTime())} ago, as every saved response does after an hour`,
          },
    );
  if (
    capture.at &&
    issueInstant &&
    Math.abs(capture.at.getTime() - issueInstant.getTime()) > Math.max(skew, 300_000) &&
    findings.length === 0
  )
    findings.push({
      level: "note",
      what: `it was issued ${spell(Math.abs(capture.at.getTime() - issueInstant.getTime()))} ${capture.at > issueInstant ? "before" : "after"} the browser sent it`,
    });
  return findings;
}

/** "45 s", "12 min", "3 h", "5 days". */
export function spell(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} days`;
}
