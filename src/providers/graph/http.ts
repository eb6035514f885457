/**
 * HTTP to Microsoft's services, by the client over Node's own that the AWS SDK brings along: `fetch` is undici, which costs 13 MB of memory
 * and 25 ms of every start. No redirect is followed; bodies are read whole, and are bounded.
 */
import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { NodeHttpHandler } from "@smithy/node-http-handler";

interface HttpRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  signal: AbortSignal;
  /** Bytes of the answer's body, decompressed, that are read at most. */
  limit: number;
}
export interface HttpAnswer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: Buffer;
}

/** The answer's body is larger than the limit, and was read no further. */
export class TooLarge extends Error {}

/** Without a connection, milliseconds; how long the whole may take is the signal's affair. */
const CONNECT_MS = 10_000;
/** Through HTTPS_PROXY and around NO_PROXY, which Node itself reads. */
const pool = { keepAlive: true, maxSockets: 25, proxyEnv: process.env };
const client = new NodeHttpHandler({ connectionTimeout: CONNECT_MS, httpAgent: pool, httpsAgent: pool });
const decompress = promisify(gunzip);

/** Rejects with TooLarge, with the signal's reason, or with what became of the connection. */
export async function exchange(url: string, request: HttpRequest): Promise<HttpAnswer> {
  const { method = "GET", body, signal, limit } = request;
  const { protocol, hostname, port, pathname, search } = new URL(url);
  const headers: Record<string, string> = { ...request.headers, "accept-encoding": "gzip" };
  if (body !== undefined) headers["content-length"] = String(Buffer.byteLength(body));
  const wire = { method, protocol, hostname, port: port ? Number(port) : undefined, path: pathname + search, headers };
  try {
    const { response } = await client.handle({ ...wire, body } as Parameters<typeof client.handle>[0], {
      abortSignal: signal,
    });
    const { statusCode: status, headers: answered } = response;
    const stream = response.body as IncomingMessage;
    if (status >= 300 && status < 400) {
      stream.destroy();
      throw Object.assign(new Error("a redirect"), { code: "Redirect" });
    }
    return { status, headers: answered, body: await bodyOf(answered, stream, limit) };
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

async function bodyOf(headers: Record<string, string>, body: IncomingMessage, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Leaving early closes the connection.
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw new TooLarge();
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  if (headers["content-encoding"] !== "gzip" || bytes.length === 0) return bytes;
  try {
    return await decompress(bytes, { maxOutputLength: limit });
  } catch (error) {
    throw (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE" ? new TooLarge() : error;
  }
}
