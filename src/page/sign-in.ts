/**
 * Sign-in by OpenID Connect: authorization code with PKCE, state and nonce (RFC 9700, OpenID Connect Core 3.1), by a certified client. Nothing
 * is kept here between two requests but what was used up: the session is in a sealed cookie and ends by itself.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import * as client from "openid-client";
import type { Logger } from "../runtime/logger.ts";
import type { Answer, Asked } from "./answer.ts";
import { dropCookie, readCookie, Seal, setCookie } from "./cookies.ts";
import type { Admission, Gate } from "./gate.ts";
import { type Html, html } from "./html.ts";
import { empty, frame } from "./layout.ts";
import type { Reader } from "./source.ts";

export interface SignInOptions {
  issuer: string;
  clientId: string;
  /** A projected token of the pod's service account, which the client's registration trusts. Absent: a public client. */
  tokenFile?: string;
  /** Where browsers find the page; the redirect address is `/signed-in` below it. */
  publicUrl: string;
  /** Claims and prefixes as the API server has them (its --oidc-… flags), so that both know a person by the same name. */
  usernameClaim: string;
  usernamePrefix: string;
  groupsClaim: string;
  groupsPrefix: string;
  /** Accept an identity provider without TLS: for tests only. */
  allowInsecure: boolean;
  log: Logger;
  /** The reader for a person whom the API server knows under this name and these groups. */
  reader(person: Person): Reader;
}

export interface Person {
  username: string;
  groups: string[];
}

interface Session extends Person {
  id: string;
}

interface Attempt {
  state: string;
  nonce: string;
  verifier: string;
  to: string;
}

const CALLBACK = "/signed-in";
/** How long a session lasts, seconds. Then the identity provider is asked again, mostly without a word to the person. */
export const SESSION_SECONDS = 15 * 60;
/** How long a sign-in may take, seconds. */
const ATTEMPT_SECONDS = 10 * 60;
const SESSION = "connect-sso";
const ATTEMPT = "connect-sso-sign-in";
/** Used states and ended sessions that are remembered until they would have expired anyway. */
const MOST_USED = 50_000;

export async function openSignIn(options: SignInOptions): Promise<Gate> {
  const { issuer, clientId, tokenFile, allowInsecure } = options;
  const authentication = tokenFile ? federated(tokenFile) : client.None();
  // Signatures are checked although the token comes straight from the issuer: TLS alone would do for the protocol, not for us.
  const execute = [client.enableNonRepudiationChecks, ...(allowInsecure ? [client.allowInsecureRequests] : [])];
  const configuration = await client.discovery(new URL(issuer), clientId, {}, authentication, { execute, timeout: 10 });
  return new SignIn(options, configuration);
}

/** The pod's own token instead of a secret (RFC 7523). It rotates, so it is read for every request. */
function federated(file: string): client.ClientAuth {
  return (_server, { client_id }, body) => {
    body.set("client_id", client_id);
    body.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    body.set("client_assertion", readFileSync(file, "utf8").trim());
  };
}

class SignIn implements Gate {
  readonly #options: SignInOptions;
  readonly #configuration: client.Configuration;
  readonly #seal: Seal;
  /** States of finished attempts and ids of ended sessions, with the time at which they can be forgotten. */
  readonly #used = new Map<string, number>();

  constructor(options: SignInOptions, configuration: client.Configuration) {
    this.#options = options;
    this.#configuration = configuration;
    this.#seal = new Seal(options.publicUrl);
  }

  async admit(request: Asked, mayAsk: () => boolean): Promise<Admission> {
    const { method, url } = request;
    const { pathname } = url;
    const session = await this.#session(request);
    if (!session && !mayAsk()) return "tooOften";
    if (pathname === CALLBACK) return { answer: await this.#finish(request) };
    // A link of another site is a GET, and brings the cookie along.
    if (pathname === "/sign-out" && method === "POST") return { answer: this.#end(session) };
    if (session) return { reader: this.#options.reader(session) };
    if (pathname === "/sign-in" || pathname === "/sign-out") return { answer: await this.#begin(request) };
    // A person at a browser is sent on; what only loads a part of a page is not.
    const to = pathname + url.search;
    return { answer: await this.#begin(request, to) };
  }

  async #session({ cookies }: Asked): Promise<Session | undefined> {
    const session = await this.#seal.open<Session>(SESSION, readCookie(cookies, SESSION));
    return session && !this.#used.has(session.id) ? session : undefined;
  }

  async #begin(_request: Asked, to = "/"): Promise<Answer> {
    const [state, nonce, verifier] = [client.randomState(), client.randomNonce(), client.randomPKCECodeVerifier()];
    const location = client.buildAuthorizationUrl(this.#configuration, {
      redirect_uri: this.#redirect(),
      scope: "openid profile",
      response_type: "code",
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    });
    const attempt: Attempt = { state, nonce, verifier, to: to.slice(0, 1_000) };
    const sealed = await this.#seal.seal(ATTEMPT, { ...attempt }, ATTEMPT_SECONDS);
    return { status: 303, location: location.href, cookies: [setCookie(ATTEMPT, sealed, ATTEMPT_SECONDS)] };
  }

  async #finish({ url, cookies }: Asked): Promise<Answer> {
    const attempt = await this.#seal.open<Attempt>(ATTEMPT, readCookie(cookies, ATTEMPT));
    if (!attempt) return refused("This sign-in has expired, or it began in another browser.");
    // Once, whatever comes of it.
    if (!this.#use(attempt.state, ATTEMPT_SECONDS)) return refused("This sign-in was used already.");
    let person: Person;
    try {
      const callback = new URL(this.#redirect());
      callback.search = url.search;
      const tokens = await client.authorizationCodeGrant(this.#configuration, callback, {
        expectedState: attempt.state,
        expectedNonce: attempt.nonce,
        pkceCodeVerifier: attempt.verifier,
        idTokenExpected: true,
      });
      person = personOf(tokens.claims()!, this.#options);
    } catch (error) {
      // The library's errors hold what the identity provider sent: only their kind is logged.
      const { code, name } = error as { code?: string; name: string };
      this.#options.log.warn({ reason: code ?? name }, "a sign-in was refused");
      return refused("The identity provider's answer was not accepted. The log says why.");
    }
    return this.#begun(person, attempt.to);
  }

  async #begun(person: Person, to: string): Promise<Answer> {
    try {
      const sealed = await this.#seal.seal(SESSION, { ...person, id: randomUUID() }, SESSION_SECONDS);
      return { status: 303, location: to, cookies: [setCookie(SESSION, sealed, SESSION_SECONDS), dropCookie(ATTEMPT)] };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return refused(
        `You are in ${person.groups.length} groups, more than a session can hold. Ask the administrator to emit only groups that are assigned to this application.`,
      );
    }
  }

  #end(session: Session | undefined): Answer {
    if (session) this.#use(session.id, SESSION_SECONDS);
    const body = empty("You are signed out of this page.", html`<a href="/sign-in">Sign in again</a>`);
    return { status: 200, body: frame({ title: "Signed out", body }, ""), cookies: [dropCookie(SESSION)] };
  }

  /** False when it was used before. */
  #use(id: string, seconds: number): boolean {
    const now = Date.now();
    for (const [old, until] of this.#used) {
      if (until > now && this.#used.size < MOST_USED) break;
      this.#used.delete(old);
    }
    if (this.#used.has(id)) return false;
    this.#used.set(id, now + seconds * 1000);
    return true;
  }

  #redirect(): string {
    return `${this.#options.publicUrl}${CALLBACK}`;
  }
}

function refused(text: string): Answer {
  const body: Html = empty(text, html`<a href="/sign-in">Sign in</a>`);
  return { status: 403, body: frame({ title: "Not signed in", body }, ""), cookies: [dropCookie(ATTEMPT)] };
}

/** As the API server makes it of the same token. Names that Kubernetes gives meaning to are never taken from a token. Throws when there is none. */
export function personOf(
  claims: Record<string, unknown>,
  options: Pick<SignInOptions, "usernameClaim" | "usernamePrefix" | "groupsClaim" | "groupsPrefix">,
): Person {
  const { usernameClaim, usernamePrefix, groupsClaim, groupsPrefix } = options;
  const name = claims[usernameClaim];
  if (typeof name !== "string" || name === "") throw new Error(`the token has no claim ${usernameClaim}`);
  const username = usernamePrefix + name;
  if (username.startsWith("system:")) throw new Error("a name of a person must not begin with system:");
  const given = claims[groupsClaim];
  const groups = (Array.isArray(given) ? given : typeof given === "string" ? [given] : [])
    .filter((one): one is string => typeof one === "string" && one !== "")
    .map((one) => groupsPrefix + one)
    .filter((one) => !one.startsWith("system:"));
  return { username, groups };
}
