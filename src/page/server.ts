/** The page over HTTP: checks of host, method, size and rate first, then who asks, then the view. Reads only. */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Logger } from "../runtime/logger.ts";
import { type Answer, asked, send } from "./answer.ts";
import type { Gate } from "./gate.ts";
import { html } from "./html.ts";
import { empty, frame, STYLE_PATH } from "./layout.ts";
import { ADDRESS, Rate, READER } from "./rate.ts";
import { route } from "./routes.ts";
import { type Source, visibleTo } from "./source.ts";
import { STYLE } from "./style.ts";

export interface PageOptions {
  source: Source;
  listen: { host: string; port: number };
  /** Where a browser finds the page, if not where it listens: `https://people.example.com`. */
  publicUrl?: string;
  gate(port: number): Gate | Promise<Gate>;
  log: Logger;
}

export interface RunningPage {
  /** Without a trailing slash. */
  url: string;
  gate: Gate;
  close(): Promise<void>;
}

/** Requests never need a body of this size, bytes. */
const LARGEST_BODY = 1024;
const MOST_CONNECTIONS = 256;
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

export async function servePage(options: PageOptions): Promise<RunningPage> {
  const { listen, log } = options;
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000, maxHeaderSize: 16 * 1024 });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(listen, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
  const url = (options.publicUrl ?? `http://${host}:${port}`).replace(/\/$/, "");
  const gate = await options.gate(port);
  const page = new Page({ ...options, gate, url, port, host });
  server.on("request", (request, response) => {
    page.answer(request).then(
      (answer) => send(response, answer, { head: request.method === "HEAD", secure: url.startsWith("https:") }),
      (error: Error) => {
        log.error({ error }, "a view could not be made");
        refuse(response, request, url);
      },
    );
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, gate, close };
}

function refuse(response: ServerResponse, request: IncomingMessage, url: string): void {
  if (response.headersSent) return void response.destroy();
  const answer = problem(500, "This view could not be made", "Reload it in a moment. The log says what went wrong.");
  send(response, answer, { head: request.method === "HEAD", secure: url.startsWith("https:") });
}

function problem(status: number, title: string, text: string): Answer {
  return { status, body: frame({ title, body: empty(text, html`<a href="/">Overview</a>`) }, "") };
}

const TOO_OFTEN = problem(429, "Too many requests", "Wait a few seconds, then reload this view.");

class Page {
  readonly #options: { source: Source; gate: Gate; url: string };
  readonly #hosts: ReadonlySet<string>;
  readonly #addresses = new Rate(ADDRESS);
  readonly #readers = new Rate(READER);

  constructor(options: { source: Source; gate: Gate; url: string; port: number; host: string; publicUrl?: string }) {
    this.#options = options;
    const { url, port, host } = options;
    const loopback = LOOPBACK.has(host) ? [...LOOPBACK].map((name) => `${name}:${port}`) : [];
    this.#hosts = new Set([new URL(url).host, ...loopback]);
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const { source, gate, url: origin } = this.#options;
    const { headers, method } = request;
    if (request.url === "/healthz" && method === "GET") return { status: 200, body: "ok\n", type: "text/plain" };
    // A name that an attacker's DNS points here is not ours.
    if (!this.#hosts.has((headers.host ?? "").toLowerCase()))
      return problem(421, "Wrong address", "This page is not served under this name.");
    const ask = asked(request, origin);
    if (!ask) return problem(400, "Wrong address", "This is not an address of this page.");
    if (Number(headers["content-length"] ?? 0) > LARGEST_BODY || headers["transfer-encoding"] !== undefined)
      return problem(413, "Too large", "This page takes no uploads.");
    const signsOut = method === "POST" && ask.url.pathname === "/sign-out";
    if (method !== "GET" && method !== "HEAD" && !signsOut)
      return problem(405, "Not possible", "This page is read only.");
    if (signsOut && headers["sec-fetch-site"] !== undefined && headers["sec-fetch-site"] !== "same-origin")
      return problem(403, "Not possible", "Sign out on the page itself.");
    if (ask.url.pathname === STYLE_PATH) return { status: 200, body: STYLE, type: "text/css; charset=utf-8" };
    const admitted = await gate.admit(ask, () => this.#addresses.admit(ask.address, performance.now()));
    if (admitted === "tooOften") return TOO_OFTEN;
    if ("answer" in admitted) return admitted.answer;
    const { reader } = admitted;
    if (!this.#readers.admit(reader.name ?? ask.address, performance.now())) return TOO_OFTEN;
    const objects = await visibleTo(reader, await source.objects());
    const scene = { source, reader, objects, query: ask.url.searchParams, now: Date.now() };
    const { view, section } = await route(ask.url.pathname, scene);
    return { status: view.status ?? 200, body: frame(view, section, scene) };
  }
}
