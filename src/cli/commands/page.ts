/** `connect-sso page`: serves until it is told to stop. Reads only. */
import { TokenGate } from "../../page/gate.ts";
import { servePage } from "../../page/server.ts";
import { CliError } from "../command.ts";
import type { CloudOptions, ObjectOptions } from "../options.ts";
import { openSource } from "../page-source.ts";

export interface PageCommandOptions extends ObjectOptions, CloudOptions {
  listen: string;
  publicUrl?: string;
}

export async function page(options: PageCommandOptions): Promise<number> {
  const listen = parseListen(options.listen);
  if (!isLoopback(listen.host) && options.publicUrl === undefined)
    throw new CliError(`${options.listen} is not on loopback`, {
      hint: "name the address at which browsers find the page: --public-url https://…; put TLS in front of it",
    });
  const { source, log } = await openSource(options);
  try {
    const running = await servePage({
      source,
      listen,
      ...(options.publicUrl ? { publicUrl: publicUrl(options.publicUrl) } : {}),
      gate: (port) => new TokenGate(port),
      log,
    });
    const { token } = running.gate as TokenGate;
    process.stdout.write(`page at ${running.url}/?token=${token}\n`);
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await running.close();
  } finally {
    await source.close();
  }
  return 0;
}

export function parseListen(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || port > 65_535)
    throw new CliError(`--listen ${text} is not host:port`, { hint: "for example --listen 127.0.0.1:8765" });
  return { host, port };
}

export const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127\./.test(host);

export function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search || url.hash || url.username)
    throw new CliError(`--public-url ${text} is not an address without a path`, {
      hint: "for example --public-url https://people.example.com",
    });
  return url.origin;
}
