/** The process' own HTTP endpoints: metrics for Prometheus, liveness and readiness for the kubelet. Nothing else is served. */
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";

export interface Endpoint {
  /** As bound, such as `127.0.0.1:8080`. */
  address: string;
  close(): Promise<void>;
}

/** A page: status, text and its content type. */
type Page = () => Promise<{ status: number; text: string; type?: string }>;

/** Connections at a time; beyond that the one that has been silent for longest is closed, so that probes always get through. */
const MOST_CONNECTIONS = 128;
/** Until a connection without traffic is closed, milliseconds. */
const IDLE_MS = 30_000;

/** Listens on `host:port`, `:port` (every interface) or `[v6]:port`; undefined for "0" and "", which mean off. */
export async function serve(bindAddress: string, pages: Record<string, Page>): Promise<Endpoint | undefined> {
  if (bindAddress === "0" || bindAddress === "") return undefined;
  const { host, port } = parseAddress(bindAddress);
  const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 }, answer(pages));
  limitConnections(server);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, ...(host ? { host } : {}) }, resolve);
  });
  const bound = server.address() as AddressInfo;
  const name = bound.family === "IPv6" ? `[${bound.address}]` : bound.address;
  return { address: `${name}:${bound.port}`, close: () => close(server) };
}

function limitConnections(server: Server): void {
  server.setTimeout(IDLE_MS);
  /** The one that was used last at the end. */
  const sockets = new Set<Socket>();
  const used = (socket: Socket) => {
    sockets.delete(socket);
    sockets.add(socket);
  };
  server.on("connection", (socket) => {
    used(socket);
    socket.once("close", () => sockets.delete(socket));
    const [oldest] = sockets;
    if (sockets.size > MOST_CONNECTIONS) oldest?.destroy();
  });
  server.on("request", ({ socket }) => used(socket));
}

function parseAddress(address: string): { host: string; port: number } {
  const found = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(address);
  const port = Number(found?.[3]);
  if (!found || port > 65_535) throw new Error(`${address} is not host:port, :port or 0`);
  return { host: found[1] ?? found[2] ?? "", port };
}

function answer(pages: Record<string, Page>): RequestListener {
  return async (request, response) => {
    const path = (request.url ?? "").replace(/[?#].*$/, "").replace(/(.)\/$/, "$1");
    const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
    if (!page || (request.method !== "GET" && request.method !== "HEAD")) {
      response.writeHead(page ? 405 : 404).end();
      return;
    }
    try {
      const { status, text, type } = await page();
      response.writeHead(status, { "content-type": type ?? "text/plain; charset=utf-8" }).end(text);
    } catch {
      response.writeHead(500).end();
    }
  };
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
