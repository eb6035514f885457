/** Identity providers: an independent one from npm that is honest, and one that says what a test wants it to. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { jest } from "@jest/globals";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
// @ts-expect-error: it has no types of its own
import Provider from "oidc-provider";

export interface IdentityProvider {
  issuer: string;
  close(): Promise<void>;
}

export const CLIENT = "page";
// The one from npm says that it is for tests.
for (const level of ["warn", "info"] as const) jest.spyOn(console, level).mockImplementation(() => {});

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const close = (server: Server) => () =>
  new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** Whoever signs in as NAME has the object id `oid-NAME`; the groups are those given. */
export async function startProvider(
  redirect: string,
  groups: Record<string, string[]> = {},
): Promise<IdentityProvider> {
  const server = createServer();
  const issuer = await listen(server);
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT,
        token_endpoint_auth_method: "none",
        redirect_uris: [redirect],
        grant_types: ["authorization_code"],
        response_types: ["code"],
      },
    ],
    claims: { openid: ["sub", "oid", "groups"], profile: ["name"] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ["only for tests"] },
    features: { devInteractions: { enabled: true } },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, oid: `oid-${id}`, name: id, groups: groups[id] ?? [] }),
    }),
    // biome-ignore lint/suspicious/noExplicitAny: its context
    async loadExistingGrant(context: any) {
      const grant = new context.oidc.provider.Grant({ clientId: CLIENT, accountId: context.oidc.session.accountId });
      grant.addOIDCScope("openid profile");
      await grant.save();
      return grant;
    },
  });
  server.on("request", provider.callback());
  return { issuer, close: close(server) };
}

export interface Lie {
  claims?: (good: JWTPayload) => JWTPayload;
  /** Signed by a key that the provider does not publish. */
  strangeKey?: boolean;
  algorithm?: "none" | "HS256";
  /** The token endpoint's answer, instead of tokens. */
  answer?: { status: number; body: string };
}

/** Its token endpoint answers every code, with a token for `nonce` that lies as it is told. */
export async function startLiar(): Promise<IdentityProvider & { lie: Lie; nonce: string }> {
  const [good, strange] = await Promise.all([generateKeyPair("RS256"), generateKeyPair("RS256")]);
  const jwk = { ...(await exportJWK(good.publicKey)), kid: "k", alg: "RS256", use: "sig" };
  const server = createServer();
  const issuer = await listen(server);
  const liar = { issuer, lie: {} as Lie, nonce: "", close: close(server) };
  const token = async () => {
    const { claims = (one: JWTPayload) => one, strangeKey, algorithm } = liar.lie;
    const now = Math.floor(Date.now() / 1000);
    const payload = claims({
      iss: issuer,
      sub: "jane",
      oid: "oid-jane",
      aud: CLIENT,
      iat: now,
      exp: now + 300,
      nonce: liar.nonce,
    });
    if (algorithm === "none") {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
      return `${part({ alg: "none" })}.${part(payload)}.`;
    }
    if (algorithm === "HS256")
      return new SignJWT(payload).setProtectedHeader({ alg: "HS256", kid: "k" }).sign(Buffer.from(JSON.stringify(jwk)));
    return new SignJWT(payload)
      .setProtectedHeader({ alg: "RS256", kid: "k" })
      .sign(strangeKey ? strange.privateKey : good.privateKey);
  };
  server.on("request", async (request, response) => {
    const path = new URL(request.url!, issuer).pathname;
    const answers: Record<string, () => Promise<object>> = {
      "/.well-known/openid-configuration": async () => ({
        issuer,
        authorization_endpoint: `${issuer}/authorize`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        response_types_supported: ["code"],
        subject_types_supported: ["public"],
        id_token_signing_alg_values_supported: ["RS256"],
        code_challenge_methods_supported: ["S256"],
      }),
      "/keys": async () => ({ keys: [jwk] }),
      "/token": async () => ({ access_token: "a", token_type: "Bearer", expires_in: 300, id_token: await token() }),
    };
    if (path === "/token" && liar.lie.answer) {
      response.writeHead(liar.lie.answer.status, { "content-type": "application/json" }).end(liar.lie.answer.body);
      return;
    }
    const answer = answers[path];
    response
      .writeHead(answer ? 200 : 404, { "content-type": "application/json" })
      .end(JSON.stringify((await answer?.()) ?? {}));
  });
  return liar;
}
