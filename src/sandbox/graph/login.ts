/** login.microsoftonline.com: federation metadata per application, and tokens for anybody. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { thumbprintOf } from "./applications.ts";
import type { Directory } from "./directory.ts";

export function createLogin(directory: Directory, host: SandboxHost): SandboxService {
  const plain = (status: number, body: string, type = "application/json"): SandboxResponse => ({
    status,
    headers: { "content-type": type, "x-ms-request-id": randomUUID() },
    body,
  });
  return {
    name: "login",
    operation: ({ method, path }) => ({
      name: path.includes("federationmetadata") ? "federationmetadata" : `${method} token`,
      writes: false,
    }),
    handle(request: SandboxRequest) {
      const [, tenant = "", ...rest] = request.path.split("/");
      const path = rest.join("/");
      if (path === "oauth2/v2.0/token" && request.method === "POST")
        return plain(
          200,
          JSON.stringify({
            token_type: "Bearer",
            expires_in: 3599,
            ext_expires_in: 3599,
            access_token: `sandbox.tenant.${tenant}`,
          }),
        );
      if (path !== "federationmetadata/2007-06/federationmetadata.xml") return plain(404, "");
      const sp = directory.servicePrincipals.read(directory.spByAppId.get(request.query.get("appid") ?? "") ?? "");
      if (!sp)
        return plain(
          400,
          JSON.stringify({
            error: "invalid_request",
            error_description: "AADSTS700016: Application was not found in the directory.",
          }),
        );
      const active = sp.keyCredentials.find(
        (key) => key.usage === "Verify" && thumbprintOf(key) === sp.preferredTokenSigningKeyThumbprint?.toUpperCase(),
      );
      return plain(
        200,
        metadata(
          host.behaviour.metadata === "otherTenant" ? randomUUID() : tenant,
          active?.key ? [active.key] : [],
          host.behaviour.metadata,
        ),
        "application/samlmetadata+xml; charset=utf-8",
      );
    },
    infrastructureError: (kind) =>
      plain({ throttled: 429, internal: 500, unavailable: 503, denied: 403, unauthorized: 401 }[kind], ""),
  };
}

function metadata(tenant: string, certificates: string[], knob: string | undefined): string {
  const keys = certificates
    .map(
      (der) =>
        `<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>${der}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>`,
    )
    .join("");
  const url = `https://login.microsoftonline.com/${tenant}/saml2`;
  const doctype = knob === "doctype" ? '<!DOCTYPE EntityDescriptor [<!ENTITY x "y">]>' : "";
  const padding = knob === "tooLarge" ? `<!--${"x".repeat(1_200_000)}-->` : "";
  return `<?xml version="1.0" encoding="utf-8"?>${doctype}<EntityDescriptor ID="_${randomUUID()}" entityID="https://sts.windows.net/${tenant}/" xmlns="urn:oasis:names:tc:SAML:2.0:metadata">${padding}<IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">${keys}<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${url}"/><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="${url}"/><SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="${url}"/></IDPSSODescriptor></EntityDescriptor>`;
}
