/** Cookies that only this process can read: sealed (JWE, AES-256-GCM), short, and bound to what they are for. */
import { randomBytes } from "node:crypto";
import { EncryptJWT, jwtDecrypt } from "jose";

/** Longest value that every browser keeps, with room for the name. */
const LONGEST = 3_800;

export class Seal {
  /** Of this process: a restart ends all sessions. */
  readonly #key = randomBytes(32);
  readonly #audience: string;

  constructor(audience: string) {
    this.#audience = audience;
  }

  /** Throws RangeError when it would not fit into a cookie. `purpose` keeps one kind of cookie from standing in for another. */
  async seal(purpose: string, content: Record<string, unknown>, seconds: number): Promise<string> {
    const sealed = await new EncryptJWT({ content })
      .setProtectedHeader({ alg: "dir", enc: "A256GCM" })
      .setSubject(purpose)
      .setAudience(this.#audience)
      .setIssuedAt()
      .setExpirationTime(`${seconds}s`)
      .encrypt(this.#key);
    if (sealed.length > LONGEST) throw new RangeError("too large for a cookie");
    return sealed;
  }

  /** Undefined for what was not sealed here, for this purpose, or has expired. */
  async open<T>(purpose: string, sealed: string | undefined): Promise<T | undefined> {
    if (!sealed) return undefined;
    try {
      const { payload } = await jwtDecrypt(sealed, this.#key, {
        subject: purpose,
        audience: this.#audience,
        keyManagementAlgorithms: ["dir"],
        contentEncryptionAlgorithms: ["A256GCM"],
        requiredClaims: ["exp"],
      });
      return payload.content as T;
    } catch {
      return undefined;
    }
  }
}

/** `__Host-`: over TLS only, for this host alone, for every path. Lax, because the way back from the sign-in is a link of another site. */
export const setCookie = (name: string, value: string, seconds: number): string =>
  `__Host-${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${seconds}`;
export const dropCookie = (name: string): string => setCookie(name, "", 0);
export const readCookie = (cookies: ReadonlyMap<string, string>, name: string): string | undefined =>
  cookies.get(`__Host-${name}`);
