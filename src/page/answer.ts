/** Requests and answers of the page, and the headers that every answer carries. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Html } from "./html.ts";

export interface Asked {
  method: string;
  url: URL;
  cookies: ReadonlyMap<string, string>;
  /** Address of the other side of the connection. */
  address: string;
}

export interface Answer {
  status: number;
  body?: Html | string;
  type?: string;
  location?: string;
  cookies?: string[];
}

/** Nothing is loaded but our own stylesheet; no script runs, no site frames the page, nothing is kept. */
const HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "permissions-policy": "camera=(), geolocation=(), microphone=()",
  "cache-control": "no-store",
};
const HSTS = { "strict-transport-security": "max-age=31536000" };

export function send(response: ServerResponse, answer: Answer, options: { head: boolean; secure: boolean }): void {
  const { status, body = "", type = "text/html; charset=utf-8", location, cookies } = answer;
  const text = typeof body === "string" ? body : body.text;
  response.writeHead(status, {
    ...HEADERS,
    ...(options.secure ? HSTS : {}),
    "content-type": type,
    "content-length": Buffer.byteLength(text),
    ...(location ? { location } : {}),
    ...(cookies ? { "set-cookie": cookies } : {}),
  });
  response.end(options.head ? undefined : text);
}

/** Undefined for an address that is none. `origin` is where the page is; what the request says of it is not used. */
export function asked(request: IncomingMessage, origin: string): Asked | undefined {
  const { method = "", url = "", headers, socket } = request;
  if (!url.startsWith("/") || !URL.canParse(url, origin)) return undefined;
  const parsed = new URL(url, origin);
  // `//host` would be another host in a redirect; so is `/\host`, and what `/.//host` becomes.
  if (parsed.origin !== new URL(origin).origin || parsed.pathname.startsWith("//")) return undefined;
  return {
    method,
    url: parsed,
    cookies: cookiesOf(headers.cookie ?? ""),
    address: socket.remoteAddress ?? "",
  };
}

function cookiesOf(header: string): Map<string, string> {
  const pairs = header.split(";").map((pair) => pair.trim().split(/=(.*)/s));
  return new Map(pairs.flatMap(([name, value]) => (name && value !== undefined ? [[name, value]] : [])));
}
