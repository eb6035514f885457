/** Who gets in. On loopback: anyone who has the token of the printed address, which becomes a cookie at the first visit. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { Answer, Asked } from "./answer.ts";
import { html } from "./html.ts";
import { empty, frame } from "./layout.ts";
import { EVERYTHING, type Reader } from "./source.ts";

export type Admission = { reader: Reader } | { answer: Answer } | "tooOften";
export interface Gate {
  /**
   * A reader, or the answer for somebody who is none (yet). `mayAsk` is for those alone: behind a proxy all strangers have one address, and
   * must not keep out who is signed in.
   */
  admit(request: Asked, mayAsk: () => boolean): Promise<Admission>;
}

export class TokenGate implements Gate {
  readonly token = randomBytes(24).toString("base64url");
  readonly #cookie: string;

  /** `port`: cookies of one host are shared by its ports, so the name holds it. */
  constructor(port: number) {
    this.#cookie = `connect-sso-${port}`;
  }

  async admit({ url, cookies }: Asked, mayAsk: () => boolean): Promise<Admission> {
    const isReader = same(cookies.get(this.#cookie) ?? "", this.token);
    if (!isReader && !mayAsk()) return "tooOften";
    const given = url.searchParams.get("token");
    if (given !== null && same(given, this.token)) {
      const cookie = `${this.#cookie}=${this.token}; Path=/; HttpOnly; SameSite=Strict`;
      // Away from the address bar and the history.
      return { answer: { status: 303, location: url.pathname, cookies: [cookie] } };
    }
    if (isReader) return { reader: EVERYTHING };
    const body = empty(
      "This page opens at the address that connect-sso page has printed.",
      html`Go to the terminal where it runs, and open the whole address, the token included.`,
    );
    return { answer: { status: 401, body: frame({ title: "Not signed in", body }, "") } };
  }
}

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
