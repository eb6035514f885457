/** `connect-sso page`: serves until a signal stops it. Reads only. */
import { createLogger } from "../../observability/log.ts";
import { Access } from "../../page/access.ts";
import { TokenGate } from "../../page/gate.ts";
import { type PageOptions, servePage } from "../../page/server.ts";
import { openSignIn } from "../../page/sign-in.ts";
import { CliError } from "../command.ts";
import { type CloudOptions, insecureAllowed, type ObjectOptions } from "../options.ts";
import { openPlainCluster, openSource } from "../page-source.ts";

interface PageCommandOptions extends ObjectOptions, CloudOptions {
  listen: string;
  publicUrl?: string;
  oidcIssuerUrl?: string;
  oidcClientId?: string;
  oidcTokenFile?: string;
  oidcUsernameClaim: string;
  oidcUsernamePrefix: string;
  oidcGroupsClaim: string;
  oidcGroupsPrefix: string;
}

export async function page(options: PageCommandOptions): Promise<number> {
  const listen = parseListen(options.listen);
  const url = options.publicUrl === undefined ? undefined : publicUrl(options.publicUrl);
  if (options.oidcIssuerUrl !== undefined) return withSignIn(options, listen, url);
  if (!isLoopback(listen.host) && url === undefined)
    throw new CliError(`${options.listen} is not on loopback`, {
      hint: "name the address at which browsers find the page: --public-url https://…; put TLS in front of it",
    });
  const { source, log } = await openSource(options);
  const address = url === undefined ? {} : { publicUrl: url };
  await serve({ source, listen, ...address, gate: (port) => new TokenGate(port), log }, ({ url: at, gate }) =>
    process.stdout.write(`page at ${at}/?token=${(gate as TokenGate).token}\n`),
  );
  return 0;
}

/** Beyond loopback for many people: each signs in, and sees what the API server lets them read. */
async function withSignIn(options: PageCommandOptions, listen: PageOptions["listen"], url: string | undefined) {
  const { oidcIssuerUrl: issuer, oidcClientId: clientId, filename } = options;
  const allowInsecure = insecureAllowed(options);
  if (!clientId || !url)
    throw new CliError("--oidc-issuer-url needs --oidc-client-id and --public-url", {
      hint: "the client's registration lists the redirect address PUBLIC-URL/signed-in",
    });
  if (filename)
    throw new CliError("sign-in is for a cluster: its API server says who may read what", { hint: "leave -f out" });
  for (const one of [issuer!, url])
    if (!one.startsWith("https://") && !allowInsecure)
      throw new CliError(`${one} is not https`, { hint: "cookies and tokens must not travel in the clear" });
  const log = createLogger(options.logLevel ?? "info");
  const { source, client } = await openPlainCluster(options, log);
  const access = new Access(client);
  const gate = () =>
    openSignIn({
      issuer: issuer!,
      clientId,
      ...(options.oidcTokenFile ? { tokenFile: options.oidcTokenFile } : {}),
      publicUrl: url,
      usernameClaim: options.oidcUsernameClaim,
      usernamePrefix: options.oidcUsernamePrefix,
      groupsClaim: options.oidcGroupsClaim,
      groupsPrefix: options.oidcGroupsPrefix,
      allowInsecure,
      log,
      reader: (person) => access.reader(person),
    });
  await serve({ source, listen, publicUrl: url, gate, log }, ({ url: at }) => process.stdout.write(`page at ${at}/\n`));
  return 0;
}

async function serve(
  options: PageOptions,
  started: (page: Awaited<ReturnType<typeof servePage>>) => void,
): Promise<void> {
  try {
    const running = await servePage(options);
    started(running);
    await new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await running.close();
  } finally {
    await options.source.close();
  }
}

function parseListen(text: string): { host: string; port: number } {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  if (host === undefined || port > 65_535)
    throw new CliError(`--listen ${text} is not host:port`, { hint: "for example --listen 127.0.0.1:8765" });
  return { host, port };
}

const isLoopback = (host: string): boolean => host === "localhost" || host === "::1" || /^127\./.test(host);

function publicUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search || url.hash || url.username)
    throw new CliError(`--public-url ${text} is not an address without a path`, {
      hint: "for example --public-url https://people.example.com",
    });
  return url.origin;
}
