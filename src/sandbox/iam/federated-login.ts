/** sts:AssumeRoleWithSAML: a person with a response of the identity provider becomes a session of a role that trusts the provider. */
import type { SandboxHost } from "../host.ts";
import { type IamOperation, read } from "./account.ts";
import { type Assertion, readAssertion } from "./assertion.ts";
import { isObject, type Json, statementsOf, stringsOf } from "./documents.ts";
import { IamError, invalid } from "./error.ts";
import { evaluate } from "./evaluate.ts";
import { openSession } from "./session.ts";
import type { IamState, Role } from "./state.ts";

const ATTRIBUTES = "https://aws.amazon.com/SAML/Attributes";
const SESSION_SECONDS = 3600;

/** `stateOf` finds what IAM knows of an account. */
export function assumeRoleWithSaml(
  host: SandboxHost,
  stateOf: (account: string) => IamState | undefined,
): IamOperation {
  return read((p) => {
    const [roleArn, providerArn] = [p.arn("RoleArn"), p.arn("PrincipalArn")];
    const [, account = ""] = /^arn:aws[\w-]*:iam::(\d{12}):/.exec(roleArn) ?? [];
    const state = stateOf(account);
    const provider = state?.providers.get(providerArn.toLowerCase());
    if (!state || !provider) throw new IamError("InvalidIdentityToken", "Specified provider doesn't exist", 400);
    const assertion = readAssertion(p.required("SAMLAssertion"), provider.metadata, host.clock.now());
    const sessionName = assertion.attributes.get(`${ATTRIBUTES}/RoleSessionName`)?.[0] ?? "";
    if (!/^[a-zA-Z_0-9+=,.@-]{2,64}$/.test(sessionName))
      throw invalid("RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}");
    const role = [...state.roles.values()].find(({ arn }) => arn === roleArn);
    if (!role || !names(assertion, roleArn, providerArn) || !trusts(role, providerArn, assertion))
      throw new IamError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithSAML", 403);
    const seconds = p.integer("DurationSeconds", 900, 43_200) ?? SESSION_SECONDS;
    if (seconds > role.maxSessionDuration)
      throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
    const { issuer: Issuer, subject: Subject, subjectType: SubjectType, recipient: Audience } = assertion;
    return {
      ...openSession(host, { account, name: role.name, id: role.id, known: true }, sessionName, seconds),
      Subject,
      SubjectType,
      Issuer,
      Audience,
    };
  });
}

/** The Role attribute has the pair of role and provider, in either order. */
function names({ attributes }: Assertion, role: string, provider: string): boolean {
  return (attributes.get(`${ATTRIBUTES}/Role`) ?? []).some((pair) => {
    const parts = pair.split(",").map((part) => part.trim());
    return parts.length === 2 && parts.includes(role) && parts.includes(provider);
  });
}

/** The statements of the trust that are about this provider, decided for the login, and for tags when the response brings some. */
function trusts({ trust, arn }: Role, provider: string, assertion: Assertion): boolean {
  const document = JSON.parse(trust) as Json;
  const about = (statementsOf(document) ?? []).filter(({ Principal }) => {
    const federated =
      Principal === "*" ? ["*"] : isObject(Principal) ? (stringsOf(Principal.Federated ?? []) ?? []) : [];
    return federated.some((one) => one === "*" || one.toLowerCase() === provider.toLowerCase());
  });
  if (about.length === 0) return false;
  const policy = JSON.stringify({ ...document, Statement: about.map((one) => ({ ...one, Resource: "*" })) });
  const context = {
    "SAML:aud": [assertion.recipient],
    "SAML:iss": [assertion.issuer],
    "SAML:sub": [assertion.subject],
    "SAML:sub_type": [assertion.subjectType],
    "SAML:doc": [provider.replace(/^arn:[\w-]+:iam::(\d{12}):saml-provider\//, "$1/")],
  };
  const tagged = [...assertion.attributes.keys()].some((name) => name.startsWith(`${ATTRIBUTES}/PrincipalTag:`));
  return ["sts:AssumeRoleWithSAML", ...(tagged ? ["sts:TagSession"] : [])].every(
    (action) => evaluate([policy], { action, resource: arn, context }) === "allowed",
  );
}
