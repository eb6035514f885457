/** Who signs a request, and what the policies that IAM holds let it do. */
import type { SandboxHost } from "../host.ts";
import type { SandboxRequest } from "../service.ts";
import { SignatureError, type SignatureFault, type Signer, verifySignature } from "../signature.ts";
import { IamError, invalid } from "./error.ts";
import { type Decision, evaluate, type Question } from "./evaluate.ts";
import type { Parameters } from "./parameters.ts";
import type { IamState, Role, User } from "./state.ts";

/** What the query protocol calls a bad signature. */
const SIGNATURE_ERRORS: Record<SignatureFault, [code: string, status: number]> = {
  missing: ["MissingAuthenticationToken", 403],
  incomplete: ["IncompleteSignature", 400],
  unknownKey: ["InvalidClientTokenId", 403],
  expired: ["ExpiredToken", 403],
  mismatch: ["SignatureDoesNotMatch", 403],
};
const SKEW_MINUTES = 15;

/** By inline policies and default versions of attached ones, those of a user's groups included, and by the boundary. */
export function decide(state: IamState, identity: User | Role, question: Question): Decision {
  const groups = "groups" in identity ? identity.groups.flatMap((name) => state.groups.get(name) ?? []) : [];
  const attached = [identity, ...groups].flatMap((one) => one.attached);
  const inline = [identity, ...groups].flatMap((one) => one.inline.map(({ document }) => document));
  const documentsOf = (arns: string[]) =>
    arns.flatMap((arn) => {
      const policy = state.policies.get(arn.toLowerCase());
      return policy ? [policy.versions.find(({ id }) => id === policy.defaultVersion)!.document] : [];
    });
  const context = {
    ...question.context,
    "aws:username": [identity.name],
    "aws:userid": question.context["aws:userid"] ?? [identity.id],
    "aws:principalarn": [identity.arn],
    "aws:principalaccount": [state.account],
    ...Object.fromEntries(identity.tags.map(({ Key, Value }) => [`aws:PrincipalTag/${Key}`, [Value]])),
  };
  const byPolicies = evaluate([...documentsOf(attached), ...inline], { ...question, context });
  if (!identity.boundary || byPolicies === "explicitDeny") return byPolicies;
  const byBoundary = evaluate(documentsOf([identity.boundary]), { ...question, context });
  return byBoundary === "allowed" ? byPolicies : byBoundary;
}

/**
 * Refuses what is not signed by a key in force. The real IAM wants the one region of its partition; clients know that of its own endpoint
 * only, and sign for their own region where they are given another one, so every region passes here.
 */
export function authenticate(host: SandboxHost, request: SandboxRequest, service: "iam" | "sts"): Signer {
  try {
    return verifySignature(host, request, { service, skewMinutes: SKEW_MINUTES });
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    const [code, status] = SIGNATURE_ERRORS[error.fault];
    const text = error.fault === "missing" ? "Request is missing Authentication Token" : error.message;
    throw new IamError(code, text, status);
  }
}

export class Principals {
  readonly #state: IamState;
  readonly #host: SandboxHost;

  constructor(state: IamState, host: SandboxHost) {
    this.#state = state;
    this.#host = host;
  }

  /** Refuses what the policies of a user or a role of this account do not allow; other callers may do everything. */
  authorize(accessKeyId: string, question: Question): void {
    if (this.allows(accessKeyId, question)) return;
    const { action, resource } = question;
    const { arn } = this.#host.callers.get(accessKeyId)!;
    throw new IamError(
      "AccessDenied",
      `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
      403,
    );
  }

  /** Whether a caller may do what is asked. Keys that IAM did not give out are bound by no policy. */
  allows(accessKeyId: string, question: Question): boolean {
    const identity = this.#identityOf(accessKeyId);
    if (identity === undefined) return this.#host.callers.has(accessKeyId);
    if (identity === "gone") return false;
    const role = this.#host.callers.get(accessKeyId)?.role;
    const own: Record<string, string[]> = role ? { "aws:userid": [`${role.id}:${role.sessionName}`] } : {};
    return decide(this.#state, identity, { ...question, context: { ...question.context, ...own } }) === "allowed";
  }

  /** The user that a request names, or else the one who sends it. */
  userNameOf(accessKeyId: string, parameters: Parameters): string {
    const name = parameters.peek("UserName") ?? this.#userOf(accessKeyId)?.name;
    if (name === undefined) throw invalid("Must specify userName when calling with non-User credentials");
    return name;
  }

  /** What GetAccessKeyLastUsed shows from now on. */
  markUsed(accessKeyId: string, service: string, region: string): void {
    const user = this.#userOf(accessKeyId);
    if (!user) return;
    const lastUsed = { at: this.#host.clock.now(), service, region };
    const keys = user.keys.map((key) => (key.id === accessKeyId ? { ...key, lastUsed } : key));
    this.#state.users.set(user.name.toLowerCase(), { ...user, keys });
  }

  #userOf(accessKeyId: string): User | undefined {
    if (!this.#host.callers.has(accessKeyId)) return undefined;
    return [...this.#state.users.values()].find(({ keys }) => keys.some(({ id }) => id === accessKeyId));
  }

  #identityOf(accessKeyId: string): User | Role | "gone" | undefined {
    const session = this.#host.callers.get(accessKeyId)?.role;
    if (session?.name === undefined) return this.#userOf(accessKeyId);
    const role = this.#state.roles.get(session.name.toLowerCase());
    return role?.id === session.id ? role : "gone";
  }
}
