/** Rules of the real services, each as a proxy enforces it. Source of each: docs/cloud-behaviour.md. */
import { createHash } from "node:crypto";
import type { Json, Reply, Request, Rule } from "./rules-proxy.ts";

const error = (status: number, code: string, message: string): Reply => ({
  status,
  body: { error: { code, message, innerError: {} } },
});
const badRequest = (message: string) => error(400, "Request_BadRequest", message);
const forbidden = () => error(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
const is = ({ method, path }: Request, wanted: string, pattern: RegExp) => method === wanted && pattern.test(path);

const ONE_PRINCIPAL = /^\/servicePrincipals\/[^/]+$/;
const ONE_APPLICATION = /^\/applications\/[^/]+$/;
const SYNCHRONIZATION = /^\/servicePrincipals\/([^/]+)\/synchronization/;
const REFERENCE = /\/\$ref$/;
const MINUTE_MS = 60_000;
const TWO_YEARS_MS = 730 * 24 * 60 * MINUTE_MS;

export const RULES: Record<string, Rule> = {
  "instantiate answers 404 although it has made both objects": ({ met }) => ({
    after(request, reply) {
      if (!is(request, "POST", /\/instantiate$/)) return reply;
      met();
      return error(
        404,
        "Request_ResourceNotFound",
        "Resource does not exist or one of its queried reference-property objects are not present.",
      );
    },
  }),

  "owners show after a minute": ({ met, graph, now }) => ({
    async after(request, reply) {
      const [, object] = /^(\/(?:applications|servicePrincipals)\/[^/]+)\/owners$/.exec(request.path) ?? [];
      if (!object || request.method !== "GET") return reply;
      const { createdDateTime } = await graph("GET", object);
      if (now() - Date.parse(createdDateTime) > MINUTE_MS) return reply;
      met();
      return { ...reply, body: { ...reply.body, value: [] } };
    },
  }),

  "a restored application has no service principal": ({ met, graph }) => ({
    async after(request, reply) {
      if (!is(request, "POST", /^\/directory\/deletedItems\/[^/]+\/restore$/) || !reply.body?.identifierUris)
        return reply;
      const { value } = await graph("GET", `/servicePrincipals?$filter=appId eq '${reply.body.appId}'`);
      for (const { id } of value) await graph("DELETE", `/servicePrincipals/${id}`);
      met();
      return reply;
    },
  }),

  "identifiers of foreign hosts need SAML mode, which shows late": ({ met, graph }) => {
    const refused = new Set<string>();
    return {
      async before(request) {
        if (!is(request, "PATCH", ONE_APPLICATION) || !request.body?.identifierUris?.length) return undefined;
        const { appId, identifierUris } = await graph("GET", request.path);
        const { value } = await graph("GET", `/servicePrincipals?$filter=appId eq '${appId}'`);
        const added = request.body.identifierUris.filter((one: string) => !identifierUris.includes(one));
        const early = !refused.has(appId) || value[0]?.preferredSingleSignOnMode !== "saml";
        if (added.length === 0 || !early) return undefined;
        refused.add(appId);
        met();
        return error(
          400,
          "HostNameNotOnVerifiedDomain",
          `Values of identifierUris property must use a verified domain of the organization or its subdomain: '${added[0]}'`,
        );
      },
    };
  },

  "an identifier that is taken is known by the message alone": ({ met }) => ({
    before(request) {
      const { identifierUris } = request.body ?? {};
      if (!is(request, "PATCH", ONE_APPLICATION) || !identifierUris?.includes("https://signin.aws.amazon.com/saml"))
        return undefined;
      met();
      return badRequest("Another object with the same value for property identifierUris already exists.");
    },
  }),

  "kept credentials come back with null for key and secret": ({ met, graph }) => ({
    async before(request) {
      const { body, path } = request;
      if (!body || !(is(request, "PATCH", ONE_PRINCIPAL) || is(request, "PATCH", ONE_APPLICATION))) return undefined;
      const known = await graph("GET", path);
      for (const [list, secret] of [
        ["keyCredentials", "key"],
        ["passwordCredentials", "secretText"],
      ] as const)
        for (const one of (body[list] ?? []) as Json[]) {
          if (!known[list].some(({ keyId }: Json) => keyId === one.keyId)) continue;
          met();
          if (one[secret] !== null)
            return badRequest(`Existing credential with KeyId '${one.keyId}' must be sent back with null value.`);
        }
      return undefined;
    },
  }),

  "customKeyIdentifier is the hash of a thumbprint": ({ met, graph }) => {
    const other = ({ customKeyIdentifier: bytes, ...rest }: Json) => ({
      ...rest,
      customKeyIdentifier: createHash("sha256")
        .update(Buffer.from(bytes, "base64").toString("hex").toUpperCase())
        .digest("base64"),
    });
    return {
      async before(request) {
        if (!is(request, "PATCH", ONE_PRINCIPAL)) return undefined;
        const known = await graph("GET", request.path);
        for (const list of ["keyCredentials", "passwordCredentials"])
          for (const one of (request.body?.[list] ?? []) as Json[]) {
            const before = known[list].find(({ keyId }: Json) => keyId === one.keyId);
            if (before) one.customKeyIdentifier = before.customKeyIdentifier;
          }
        return undefined;
      },
      after(request, reply) {
        if (!is(request, "GET", ONE_PRINCIPAL) || !reply.body?.keyCredentials?.length) return reply;
        met();
        const { keyCredentials, passwordCredentials } = reply.body;
        const lists = { keyCredentials, passwordCredentials };
        const shown = Object.entries(lists).map(([name, list]) => [name, (list as Json[] | undefined)?.map(other)]);
        return { ...reply, body: { ...reply.body, ...Object.fromEntries(shown) } };
      },
    };
  },

  "certificates of more than two years are forbidden by the tenant": ({ met, now }) => ({
    before(request) {
      if (!is(request, "POST", /\/addTokenSigningCertificate$/)) return undefined;
      met();
      const end = Date.parse(request.body?.endDateTime ?? "9999-12-31");
      return end - now() > TWO_YEARS_MS
        ? error(
            400,
            "CredentialInvalidLifetimeAsPerAppPolicy",
            "Credential lifetime exceeds the max value allowed as per assigned policy 'x'.",
          )
        : undefined;
    },
  }),

  "app roles are disabled before they go": ({ met, graph }) => ({
    async before(request) {
      if (!is(request, "PATCH", ONE_APPLICATION) || !request.body?.appRoles) return undefined;
      met();
      const { appRoles } = await graph("GET", request.path);
      const gone = appRoles.find(
        ({ id, isEnabled, value }: Json) =>
          isEnabled &&
          !request.body!.appRoles.some((one: Json) => one.id === id && (one.value === value || !one.isEnabled)),
      );
      return gone
        ? error(
            400,
            "CannotDeleteOrUpdateEnabledEntitlement",
            "Permission (scope or role) cannot be deleted or updated unless disabled first.",
          )
        : undefined;
    },
  }),

  "listing claims policies needs both permissions": ({ met }) => ({
    before(request) {
      if (!is(request, "GET", /^\/policies\/claimsMappingPolicies$/)) return undefined;
      met();
      const [, claims = ""] = request.headers.authorization!.split(".");
      const { roles } = JSON.parse(Buffer.from(claims, "base64url").toString() || "{}") as { roles?: string[] };
      const needed = ["Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration"];
      return needed.every((one) => roles?.includes(one)) ? undefined : forbidden();
    },
  }),

  "a reference that is not there is 400": ({ met }) => ({
    after(request, reply) {
      if (!is(request, "DELETE", REFERENCE) || reply.status !== 404) return reply;
      met();
      return badRequest(
        "One or more removed object references do not exist for the following modified properties: 'policies'.",
      );
    },
  }),

  "provisioning refuses the first calls of each kind": ({ met }) => {
    const refused = new Map<string, number>();
    return {
      before({ method, path }) {
        if (!SYNCHRONIZATION.test(path)) return undefined;
        const operation = `${method} ${path.replace(/aws\.[^/]+/, "{job}")}`;
        const count = refused.get(operation) ?? 0;
        if (count >= 2) return undefined;
        refused.set(operation, count + 1);
        met();
        return count === 0 ? forbidden() : error(409, "Conflict", "The service principal is being provisioned.");
      },
    };
  },

  "synchronization secrets cannot be read": ({ met }) => ({
    before(request) {
      if (!is(request, "GET", /\/synchronization\/secrets$/)) return undefined;
      met();
      return forbidden();
    },
  }),

  "an application in SAML mode with an identifier is not deleted, and seems so for a while": ({ met, graph }) => {
    const refused = new Set<string>();
    return {
      async before(request) {
        if (!is(request, "DELETE", ONE_APPLICATION)) return undefined;
        const { identifierUris } = await graph("GET", request.path);
        if (refused.has(request.path) && identifierUris.length === 0) return undefined;
        refused.add(request.path);
        met();
        return error(400, "DeletingSamlSpNotAllowed", "Property appId is invalid.");
      },
    };
  },

  "advanced queries need ConsistencyLevel": ({ met }) => ({
    before({ service, method, query, headers }) {
      if (service !== "graph" || method !== "GET" || !query.has("$filter")) return undefined;
      met();
      const advanced =
        query.has("$search") ||
        query.has("$orderby") ||
        query.get("$count") === "true" ||
        /\b(ne|not|endsWith)\b/i.test(query.get("$filter")!.replaceAll(/'[^']*'/g, ""));
      return advanced && headers.consistencylevel !== "eventual"
        ? error(400, "Request_UnsupportedQuery", "Unsupported query.")
        : undefined;
    },
  }),

  "CreateUser needs PhoneConfig": ({ met }) => ({
    before({ service, method, path, body }) {
      if (service !== "connect" || method !== "PUT" || !/^\/users\/[^/]+$/.test(path)) return undefined;
      met();
      return body?.PhoneConfig
        ? undefined
        : {
            status: 400,
            headers: { "x-amzn-errortype": "InvalidRequestException" },
            body: { Message: "PhoneConfig is required" },
          };
    },
  }),

  "PhoneConfig is not shown beside the lists per channel": ({ met }) => ({
    after({ service }, reply) {
      if (service !== "connect") return reply;
      const users = [reply.body?.User, ...(reply.body?.Users ?? [])].filter((one) => one?.AfterContactWorkConfigs);
      for (const one of users) {
        met();
        delete one.PhoneConfig;
      }
      return reply;
    },
  }),
};
