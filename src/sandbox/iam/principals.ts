/** Who signs a request, and what the policies that IAM holds let it do. */
import type { SandboxHost } from "../host.ts";
import type { SandboxRequest } from "../service.ts";
import { IamError, invalid } from "./error.ts";
import { type Decision, evaluate, type Question } from "./evaluate.ts";
import type { Parameters } from "./parameters.ts";
import { readAuthorization, signatureMatches } from "./signature.ts";
import type { IamState, Role, User } from "./state.ts";

/** Temporary credentials. `roleName` is absent for a role of another account, whose policies the sandbox does not hold. */
export interface Session {
  secret: string;
  token: string;
  expires: Date;
  roleName?: string;
}

/** Default documents of managed policies attached to an identity, and of its boundary. */
export function decide(state: IamState, identity: User | Role, question: Question): Decision {
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
  };
  const byPolicies = evaluate(documentsOf(identity.attached), { ...question, context });
  if (!identity.boundary || byPolicies === "explicitDeny") return byPolicies;
  const byBoundary = evaluate(documentsOf([identity.boundary]), { ...question, context });
  return byBoundary === "allowed" ? byPolicies : byBoundary;
}

export class Principals {
  readonly sessions = new Map<string, Session>();
  readonly #state: IamState;
  readonly #host: SandboxHost;

  constructor(state: IamState, host: SandboxHost) {
    this.#state = state;
    this.#host = host;
  }

  /** Refuses what is not signed by a key in force. The administrator's secret is not IAM's: its signature is not computed. */
  authenticate(request: SandboxRequest, service: string): string {
    const authorization = readAuthorization(request.headers);
    const { accessKeyId } = authorization;
    const session = this.sessions.get(accessKeyId);
    if (!this.#host.callers.has(accessKeyId) || (session && session.token !== request.headers["x-amz-security-token"]))
      throw new IamError("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
    const secret = session?.secret ?? this.#keyOf(accessKeyId)?.secret;
    if (secret !== undefined && !signatureMatches(request, authorization, secret))
      throw new IamError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
        403,
      );
    if (session && session.expires <= this.#host.clock.now())
      throw new IamError("ExpiredToken", "The security token included in the request is expired", 403);
    this.markUsed(accessKeyId, service, authorization.region);
    return accessKeyId;
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

  #keyOf(accessKeyId: string) {
    return this.#userOf(accessKeyId)?.keys.find(({ id }) => id === accessKeyId);
  }

  #identityOf(accessKeyId: string): User | Role | "gone" | undefined {
    const session = this.sessions.get(accessKeyId);
    if (session?.roleName === undefined) return this.#userOf(accessKeyId);
    const role = this.#state.roles.get(session.roleName);
    return role && role.id === this.#host.callers.get(accessKeyId)?.role?.id ? role : "gone";
  }
}
