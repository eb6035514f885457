/** login.microsoftonline.com: federation metadata of every application, and tokens for every well-formed request. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { createCertificate, type SigningCertificate } from "./certificate.ts";
import { signingCertificates } from "./credentials.ts";
import type { Directory } from "./directory.ts";
import { federationMetadata } from "./metadata.ts";
import { tokenOf } from "./token.ts";

const METADATA = /^\/([^/]+)\/federationmetadata\/2007-06\/federationmetadata\.xml$/i;
const TOKEN = /^\/([^/]+)\/oauth2\/v2\.0\/token$/i;
const ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const TOKEN_LIFE_SECONDS = 3599;

/** `directoryOf` knows a tenant by id or by verified domain. */
export function createLogin(host: SandboxHost, directoryOf: (tenant: string) => Directory | undefined): SandboxService {
  const tenantKeys = new Map<string, Promise<SigningCertificate>>();
  const keyOf = (tenantId: string) => {
    let key = tenantKeys.get(tenantId);
    if (!key) {
      const now = host.clock.now();
      key = createCertificate(
        "CN=accounts.accesscontrol.windows.net",
        now,
        new Date(now.getTime() + 5 * 365 * 86_400_000),
      );
      tenantKeys.set(tenantId, key);
    }
    return key;
  };

  /** An explicit null leaves the choice to the service (terraform-provider-microsoft365#3491); what holds before is open. */
  const choosesCertificate = (directory: Directory, principalId: string) =>
    directory.automaticSigning.has(principalId) || host.behaviour.open.certificateNeverPreferred === "newest";

  async function metadata(tenant: string, request: SandboxRequest): Promise<SandboxResponse> {
    const directory = directoryOf(tenant);
    if (!directory) return unknownTenant(tenant);
    const appId = request.query.get("appid");
    const principal =
      appId === null
        ? undefined
        : directory.servicePrincipals.read(directory.principalByAppId.get(appId.toLowerCase()) ?? "");
    if (appId !== null && !principal)
      return refusal(
        400,
        "unauthorized_client",
        `AADSTS700016: Application with identifier '${appId}' was not found in the directory '${tenant}'.`,
      );
    const signer = await keyOf(directory.tenant.id);
    const { active, inactive } = principal
      ? signingCertificates(principal, host.clock.now(), choosesCertificate(directory, principal.id))
      : { active: [], inactive: [] };
    const listed = host.behaviour.open.inactiveCertificatesInMetadata === "listed" ? inactive : [];
    const knob = host.behaviour.metadata;
    return {
      status: 200,
      headers: { "content-type": "application/samlmetadata+xml; charset=utf-8", "x-ms-request-id": randomUUID() },
      body: await federationMetadata({
        tenantId: knob === "otherTenant" ? randomUUID() : directory.tenant.id,
        cloud: directory.tenant.cloud,
        // Without a certificate of its own an application's tokens are signed with the tenant's.
        certificates: [...(active.length > 0 ? active : [signer.der]), ...listed],
        signer,
        fault: knob === "otherTenant" ? undefined : knob,
      }),
    };
  }

  function token(tenant: string, form: URLSearchParams): SandboxResponse {
    const directory = directoryOf(tenant);
    if (!directory) return unknownTenant(tenant);
    const missing = ["grant_type", "client_id", "scope"].find((name) => !form.get(name));
    if (missing)
      return refusal(
        400,
        "invalid_request",
        `AADSTS900144: The request body must contain the following parameter: '${missing}'.`,
      );
    if (form.get("grant_type") !== "client_credentials")
      return refusal(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.");
    if (!form.get("scope")!.endsWith("/.default"))
      return refusal(
        400,
        "invalid_scope",
        "AADSTS1002012: The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
      );
    const assertion = form.get("client_assertion_type") === ASSERTION_TYPE && form.get("client_assertion");
    if (!assertion && !form.get("client_secret"))
      return refusal(
        401,
        "invalid_client",
        "AADSTS7000218: The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
      );
    return json(200, {
      token_type: "Bearer",
      expires_in: TOKEN_LIFE_SECONDS,
      ext_expires_in: TOKEN_LIFE_SECONDS,
      access_token: tokenOf(
        directory.tenant.id,
        host.behaviour.graphPermissions,
        lifetime(host.clock.now()),
        form.get("client_id")!,
      ),
    });
  }

  return {
    name: "login",
    operation({ method, path }) {
      if (METADATA.test(path)) return { name: "federationmetadata", writes: false };
      return { name: method === "POST" && TOKEN.test(path) ? "POST token" : "Unknown", writes: false };
    },
    handle(request) {
      const [, metadataTenant] = METADATA.exec(request.path) ?? [];
      if (metadataTenant !== undefined && request.method === "GET") return metadata(metadataTenant, request);
      const [, tokenTenant] = TOKEN.exec(request.path) ?? [];
      if (tokenTenant !== undefined && request.method === "POST")
        return token(tokenTenant, new URLSearchParams(request.body));
      return { status: 404, headers: { "x-ms-request-id": randomUUID() }, body: "" };
    },
    infrastructureError(kind, _request, retryAfterSeconds) {
      const status = { throttled: 429, internal: 500, unavailable: 503, denied: 403, unauthorized: 401, conflict: 409 }[
        kind
      ];
      const response = refusal(
        status,
        "temporarily_unavailable",
        "AADSTS90033: A transient error has occurred. Please try again.",
      );
      if (kind !== "throttled") return response;
      return { ...response, headers: { ...response.headers, "retry-after": String(retryAfterSeconds ?? 1) } };
    },
  };
}

function lifetime(now: Date) {
  const iat = Math.floor(now.getTime() / 1000);
  return { iat, nbf: iat, exp: iat + TOKEN_LIFE_SECONDS };
}

const json = (status: number, body: object): SandboxResponse => ({
  status,
  headers: {
    "content-type": "application/json; charset=utf-8",
    "cache-control": "no-store, no-cache",
    "x-ms-request-id": randomUUID(),
  },
  body: JSON.stringify(body),
});

const refusal = (status: number, error: string, description: string) =>
  json(status, {
    error,
    error_description: description,
    error_codes: [Number(/AADSTS(\d+)/.exec(description)?.[1])],
    trace_id: randomUUID(),
    correlation_id: randomUUID(),
  });

const unknownTenant = (tenant: string) =>
  refusal(
    400,
    "invalid_request",
    `AADSTS90002: Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID.`,
  );
