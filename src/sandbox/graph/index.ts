/** Microsoft Graph v1.0 of the sandbox: one route per operation, `$batch` over the same routes. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { InfrastructureError, Operation, SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import {
  addTokenSigningCertificate,
  assign,
  assignmentsOf,
  deleteApplication,
  patchApplication,
  patchServicePrincipal,
} from "./applications.ts";
import {
  CALLER,
  createDirectory,
  type Directory,
  newApplication,
  type ServicePrincipal,
  stableId,
} from "./directory.ts";
import { badRequest, GraphError, notFound, unknownSegment } from "./error.ts";
import { createLogin } from "./login.ts";
import { collection, compileFilter, select } from "./odata.ts";
import { Synchronization } from "./synchronization.ts";

type Body = Record<string, unknown>;
interface Call {
  ids: string[];
  body: Body;
  query: URLSearchParams;
  /** Path below /v1.0. */
  path: string;
  base: string;
}
interface Route {
  name: string;
  method: string;
  path: RegExp;
  /** Resource units, per the throttling guide. */
  cost: number;
  run(call: Call): Promise<Answer> | Answer;
}
type Answer = { status: number; body?: Body; headers?: Record<string, string> };

const AWS_TEMPLATE = {
  id: "8b1025e4-1dd2-430b-a150-2ef79cd700f5",
  displayName: "AWS Single-Account Access",
  publisher: "Amazon",
};
const DEFAULT_USER_FIELDS =
  "businessPhones,displayName,givenName,jobTitle,mail,mobilePhone,officeLocation,preferredLanguage,surname,userPrincipalName,id";

export function createGraph(host: SandboxHost): SandboxService[] {
  const directory = createDirectory(host);
  const routes = routesOf(directory, host);
  const find = (method: string, path: string) => {
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(path) : null;
      if (match) return { route, ids: match.slice(1).map(decodeURIComponent) };
    }
    return undefined;
  };
  const graph: SandboxService = {
    name: "graph",
    operation(request: SandboxRequest): Operation {
      const path = withoutVersion(request.path);
      const found = path === "/$batch" ? undefined : find(request.method, path);
      const name = path === "/$batch" ? "POST /$batch" : (found?.route.name ?? "Unknown");
      return {
        name,
        writes: path !== "/$batch" && request.method !== "GET",
        cost: [["tenant", found?.route.cost ?? 1]],
      };
    },
    async handle(request) {
      const requestId = randomUUID();
      const clientRequestId = request.headers["client-request-id"];
      try {
        if (!/^Bearer .+/i.test(request.headers["authorization"] ?? ""))
          throw new GraphError(401, "InvalidAuthenticationToken", "Access token is empty.");
        const path = withoutVersion(request.path);
        if (path === "/$batch" && request.method === "POST")
          return success(requestId, { status: 200, body: await batch(parse(request.body), request) });
        return success(requestId, await dispatch(request.method, path, request.query, request.body, request.baseUrl));
      } catch (error) {
        if (!(error instanceof GraphError)) throw error;
        return failure(error, requestId, clientRequestId, host);
      }
    },
    infrastructureError(kind: InfrastructureError, request, retryAfter) {
      const [status, code, message] = {
        throttled: [429, "TooManyRequests", "Too many requests"],
        internal: [500, "InternalServerError", "An internal error occurred."],
        unavailable: [503, "serviceNotAvailable", "The service is temporarily unavailable."],
        denied: [403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."],
        unauthorized: [401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."],
      }[kind] as [number, string, string];
      const response = failure(
        new GraphError(status, code, message),
        randomUUID(),
        request.headers["client-request-id"],
        host,
      );
      if (kind === "throttled")
        response.headers = { ...response.headers, "retry-after": String(Math.ceil((retryAfter ?? 1) * 1000) / 1000) };
      return response;
    },
  };

  async function dispatch(
    method: string,
    path: string,
    query: URLSearchParams,
    body: string,
    base: string,
  ): Promise<Answer> {
    const found = find(method, path);
    if (!found) throw unknownSegment(path.split("/")[1] ?? "");
    return found.route.run({ ids: found.ids, body: parse(body), query, path, base });
  }

  async function batch(body: Body, request: SandboxRequest): Promise<Body> {
    const requests = body["requests"] as { id: string; method: string; url: string; body?: Body }[] | undefined;
    if (!Array.isArray(requests) || requests.length === 0)
      throw new GraphError(400, "BadRequest", "Invalid batch payload format.");
    if (requests.length > 20)
      throw new GraphError(400, "BadRequest", "The number of requests in the batch exceeds the maximum of 20.");
    const responses = await Promise.all(
      requests.map(async ({ id, method, url, body: inner }) => {
        const target = new URL(url, "http://batch");
        try {
          const answer = await dispatch(
            method.toUpperCase(),
            target.pathname,
            target.searchParams,
            inner ? JSON.stringify(inner) : "",
            request.baseUrl,
          );
          return { id, status: answer.status, headers: { "Content-Type": "application/json" }, body: answer.body };
        } catch (error) {
          if (!(error instanceof GraphError)) throw error;
          return {
            id,
            status: error.status,
            headers: { "Content-Type": "application/json" },
            body: errorBody(error, randomUUID(), undefined, host),
          };
        }
      }),
    );
    // Answers come in any order.
    return { responses: responses.sort(() => host.random() - 0.5) };
  }
  return [graph, createLogin(directory, host)];
}

const withoutVersion = (path: string) => path.replace(/^\/v1\.0/, "").replace(/\/$/, "");

function parse(body: string): Body {
  if (!body) return {};
  try {
    return JSON.parse(body) as Body;
  } catch {
    throw new GraphError(
      400,
      "BadRequest",
      "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
    );
  }
}

function success(requestId: string, { status, body, headers }: Answer): SandboxResponse {
  const common = {
    "request-id": requestId,
    "client-request-id": requestId,
    "cache-control": "no-cache",
    "x-ms-resource-unit": "1",
    ...headers,
  };
  if (status === 204) return { status, headers: common };
  return {
    status,
    headers: {
      ...common,
      "content-type":
        "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8",
      "odata-version": "4.0",
    },
    body: JSON.stringify(body),
  };
}

function errorBody(error: GraphError, requestId: string, clientRequestId: string | undefined, host: SandboxHost): Body {
  const innerError = {
    date: host.clock.now().toISOString().slice(0, 19),
    "request-id": requestId,
    "client-request-id": clientRequestId ?? requestId,
  };
  return {
    error: {
      code: error.code,
      message: error.message,
      ...(error.details ? { details: error.details } : {}),
      innerError,
    },
  };
}

function failure(
  error: GraphError,
  requestId: string,
  clientRequestId: string | undefined,
  host: SandboxHost,
): SandboxResponse {
  return {
    status: error.status,
    headers: {
      "content-type": "application/json",
      "request-id": requestId,
      "client-request-id": clientRequestId ?? requestId,
      "x-ms-resource-unit": "1",
      "cache-control": "no-cache",
    },
    body: JSON.stringify(errorBody(error, requestId, clientRequestId, host)),
  };
}

function routesOf(directory: Directory, host: SandboxHost): Route[] {
  const { applications, servicePrincipals, users, groups, claimsPolicies } = directory;
  const sync = new Synchronization(directory, host);
  const noContent: Answer = { status: 204 };
  const context = (call: Call, what: string) => `${call.base}/v1.0/$metadata#${what}`;
  const one = (call: Call, what: string, entity: Body): Answer => {
    const fields = call.query.get("$select");
    return {
      status: 200,
      body: {
        "@odata.context": context(call, `${what}${fields ? `(${fields})` : ""}/$entity`),
        ...select(entity, fields, []),
      },
    };
  };
  const many = (call: Call, what: string, items: readonly Body[]): Answer => {
    const filter = call.query.get("$filter");
    return {
      status: 200,
      body: collection(filter ? items.filter(compileFilter(filter)) : items, context(call, what), {
        base: call.base,
        path: call.path,
        query: call.query,
      }),
    };
  };
  const existing = <V>(map: { read(key: string): V | undefined }, id: string): V => {
    const found = map.read(id);
    if (!found) throw notFound(id);
    return found;
  };
  const route = (name: string, path: RegExp, run: Route["run"], cost = 1): Route => ({
    name,
    method: name.split(" ")[0]!,
    path,
    run,
    cost,
  });
  /** Certificates are told only when asked for on one object. */
  const principalView = (sp: ServicePrincipal, call: Call): Body =>
    call.query.get("$select")?.includes("keyCredentials")
      ? sp
      : { ...sp, keyCredentials: sp.keyCredentials.map((key) => ({ ...key, key: null })) };
  const spId = (id: string) => existing(servicePrincipals, id).id;
  const userOf = (key: string) => {
    const id = directory.userByName.get(key.toLowerCase()) ?? key;
    return existing(users, id);
  };
  const userView = (call: Call, user: Body) => select(user, call.query.get("$select") ?? DEFAULT_USER_FIELDS, ["id"]);
  const linked = (id: string) =>
    (directory.policyLinks.read(id) ?? [])
      .map((policy) => claimsPolicies.read(policy))
      .filter((policy) => policy !== undefined);

  return [
    route("GET /applicationTemplates", /^\/applicationTemplates$/, (call) =>
      many(call, "applicationTemplates", [AWS_TEMPLATE]),
    ),
    route("POST /applicationTemplates/{id}/instantiate", /^\/applicationTemplates\/([^/]+)\/instantiate$/, (call) => {
      if (call.ids[0] !== AWS_TEMPLATE.id) throw notFound(call.ids[0]!);
      const displayName = call.body["displayName"];
      if (typeof displayName !== "string" || displayName === "") throw badRequest("displayName is required.");
      const { application, servicePrincipal } = newApplication(displayName, AWS_TEMPLATE.id, host.clock.now());
      applications.set(application.id, application);
      servicePrincipals.set(servicePrincipal.id, servicePrincipal);
      directory.spByAppId.set(application.appId, servicePrincipal.id);
      if (host.behaviour.instantiateOwner)
        for (const id of [application.id, servicePrincipal.id]) directory.owners.set(id, [CALLER]);
      return {
        status: 201,
        headers: { location: "https://graph.microsoft.com" },
        body: {
          "@odata.context": context(call, "microsoft.graph.applicationServicePrincipal"),
          application,
          servicePrincipal: { ...servicePrincipal },
        },
      };
    }),
    route("GET /applications", /^\/applications$/, (call) => many(call, "applications", applications.readAll()), 2),
    route(
      "GET /applications/{id}",
      /^\/applications\/([^/()]+)$/,
      (call) => one(call, "applications", existing(applications, call.ids[0]!)),
      2,
    ),
    route("PATCH /applications/{id}", /^\/applications\/([^/()]+)$/, (call) => {
      existing(applications, call.ids[0]!);
      patchApplication(directory, host, call.ids[0]!, call.body);
      return noContent;
    }),
    route("DELETE /applications/{id}", /^\/applications\/([^/()]+)$/, (call) => {
      deleteApplication(directory, call.ids[0]!, host.clock.now());
      return noContent;
    }),
    route("GET /{object}/{id}/owners", /^\/(?:applications|servicePrincipals)\/([^/]+)\/owners$/, (call) =>
      many(
        call,
        "directoryObjects",
        (directory.owners.get(call.ids[0]!) ?? []).map((id) => ({
          "@odata.type": "#microsoft.graph.servicePrincipal",
          id,
        })),
      ),
    ),
    route("GET /servicePrincipals", /^\/servicePrincipals$/, (call) =>
      many(
        call,
        "servicePrincipals",
        servicePrincipals
          .readAll()
          .map((sp) => ({ ...sp, keyCredentials: sp.keyCredentials.map((key) => ({ ...key, key: null })) })),
      ),
    ),
    route("GET /servicePrincipals/{id}", /^\/servicePrincipals\/([^/()]+)$/, (call) =>
      one(call, "servicePrincipals", principalView(existing(servicePrincipals, call.ids[0]!), call)),
    ),
    route("PATCH /servicePrincipals/{id}", /^\/servicePrincipals\/([^/()]+)$/, (call) => {
      existing(servicePrincipals, call.ids[0]!);
      patchServicePrincipal(directory, call.ids[0]!, call.body);
      return noContent;
    }),
    route(
      "POST /servicePrincipals/{id}/addTokenSigningCertificate",
      /^\/servicePrincipals\/([^/]+)\/addTokenSigningCertificate$/,
      async (call) => ({
        status: 200,
        body: {
          "@odata.context": context(call, "microsoft.graph.selfSignedCertificate"),
          ...(await addTokenSigningCertificate(directory, host, spId(call.ids[0]!), call.body)),
        },
      }),
    ),
    route(
      "GET /servicePrincipals/{id}/appRoleAssignedTo",
      /^\/servicePrincipals\/([^/]+)\/appRoleAssignedTo$/,
      (call) =>
        many(
          call,
          `servicePrincipals('${call.ids[0]}')/appRoleAssignedTo`,
          assignmentsOf(directory, host, spId(call.ids[0]!)).readAll(),
        ),
    ),
    route(
      "POST /servicePrincipals/{id}/appRoleAssignedTo",
      /^\/servicePrincipals\/([^/]+)\/appRoleAssignedTo$/,
      (call) => ({
        status: 201,
        body: {
          "@odata.context": context(call, `servicePrincipals('${call.ids[0]}')/appRoleAssignedTo/$entity`),
          ...assign(directory, host, call.ids[0]!, call.body),
        },
      }),
    ),
    route(
      "DELETE /servicePrincipals/{id}/appRoleAssignedTo/{assignment}",
      /^\/servicePrincipals\/([^/]+)\/appRoleAssignedTo\/([^/]+)$/,
      (call) => {
        if (!assignmentsOf(directory, host, spId(call.ids[0]!)).delete(call.ids[1]!)) throw notFound(call.ids[1]!);
        return noContent;
      },
    ),
    route(
      "GET /servicePrincipals/{id}/claimsMappingPolicies",
      /^\/servicePrincipals\/([^/]+)\/claimsMappingPolicies$/,
      (call) => many(call, "policies/claimsMappingPolicies", linked(spId(call.ids[0]!))),
    ),
    route(
      "POST /servicePrincipals/{id}/claimsMappingPolicies/$ref",
      /^\/servicePrincipals\/([^/]+)\/claimsMappingPolicies\/\$ref$/,
      (call) => {
        const id = spId(call.ids[0]!);
        const policy = String(call.body["@odata.id"] ?? "")
          .split("/")
          .at(-1)!;
        if (!claimsPolicies.get(policy)) throw badRequest("Invalid object identifier.");
        if ((directory.policyLinks.get(id) ?? []).length > 0)
          throw badRequest(
            "A conflicting object with one or more of the specified property values is present in the directory.",
          );
        directory.policyLinks.set(id, [policy]);
        return noContent;
      },
    ),
    route(
      "DELETE /servicePrincipals/{id}/claimsMappingPolicies/{policy}/$ref",
      /^\/servicePrincipals\/([^/]+)\/claimsMappingPolicies\/([^/]+)\/\$ref$/,
      (call) => {
        const id = spId(call.ids[0]!);
        const left = (directory.policyLinks.get(id) ?? []).filter((policy) => policy !== call.ids[1]);
        directory.policyLinks.set(id, left);
        return noContent;
      },
    ),
    route(
      "GET /servicePrincipals/{id}/synchronization/templates",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/templates$/,
      (call) => (spId(call.ids[0]!), many(call, "synchronization/templates", [{ id: "aws", factoryTag: "aws" }])),
    ),
    route(
      "GET /servicePrincipals/{id}/synchronization/jobs",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/jobs$/,
      (call) => many(call, "synchronization/jobs", sync.jobs(spId(call.ids[0]!)) as unknown as Body[]),
    ),
    route(
      "POST /servicePrincipals/{id}/synchronization/jobs",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/jobs$/,
      (call) => ({
        status: 201,
        body: {
          "@odata.context": context(call, "synchronization/jobs/$entity"),
          ...sync.create(spId(call.ids[0]!), String(call.body["templateId"])),
        },
      }),
    ),
    route(
      "GET /servicePrincipals/{id}/synchronization/jobs/{job}",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/jobs\/([^/]+)$/,
      (call) => one(call, "synchronization/jobs", sync.job(spId(call.ids[0]!), call.ids[1]!) as unknown as Body),
    ),
    route(
      "DELETE /servicePrincipals/{id}/synchronization/jobs/{job}",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/jobs\/([^/]+)$/,
      (call) => (sync.remove(spId(call.ids[0]!), call.ids[1]!), noContent),
    ),
    route(
      "POST /servicePrincipals/{id}/synchronization/jobs/{job}/{verb}",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/jobs\/([^/]+)\/(start|pause|restart|validateCredentials)$/,
      (call) => {
        const id = spId(call.ids[0]!);
        if (call.ids[2] === "validateCredentials") sync.validate(id, call.body);
        else if (call.ids[2] === "pause") sync.pause(id, call.ids[1]!);
        else sync.start(id, call.ids[1]!);
        return noContent;
      },
    ),
    route(
      "GET /servicePrincipals/{id}/synchronization/secrets",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/secrets$/,
      (call) => many(call, "synchronization/secrets", sync.secrets(spId(call.ids[0]!))),
    ),
    route(
      "PUT /servicePrincipals/{id}/synchronization/secrets",
      /^\/servicePrincipals\/([^/]+)\/synchronization\/secrets$/,
      (call) => {
        const pairs = call.body["value"];
        if (!Array.isArray(pairs)) throw badRequest("The body must hold value.");
        sync.putSecrets(spId(call.ids[0]!), pairs as { key: string; value: string }[]);
        return noContent;
      },
    ),
    route("GET /policies/claimsMappingPolicies", /^\/policies\/claimsMappingPolicies$/, (call) =>
      many(call, "policies/claimsMappingPolicies", claimsPolicies.readAll()),
    ),
    route("POST /policies/claimsMappingPolicies", /^\/policies\/claimsMappingPolicies$/, (call) => {
      const id = randomUUID();
      const policy = {
        id,
        deletedDateTime: null,
        definition: checkDefinition(call.body["definition"]),
        displayName: String(call.body["displayName"] ?? ""),
        isOrganizationDefault: false,
      };
      claimsPolicies.set(id, policy);
      return {
        status: 201,
        body: { "@odata.context": context(call, "policies/claimsMappingPolicies/$entity"), ...policy },
      };
    }),
    route("PATCH /policies/claimsMappingPolicies/{id}", /^\/policies\/claimsMappingPolicies\/([^/]+)$/, (call) => {
      const old = existing(claimsPolicies, call.ids[0]!);
      claimsPolicies.set(old.id, {
        ...old,
        ...call.body,
        definition: checkDefinition(call.body["definition"] ?? old.definition),
      });
      return noContent;
    }),
    route("DELETE /policies/claimsMappingPolicies/{id}", /^\/policies\/claimsMappingPolicies\/([^/]+)$/, (call) => {
      if (!claimsPolicies.delete(call.ids[0]!)) throw notFound(call.ids[0]!);
      return noContent;
    }),
    route("GET /policies/defaultAppManagementPolicy", /^\/policies\/defaultAppManagementPolicy$/, (call) =>
      one(call, "policies/defaultAppManagementPolicy", {
        id: "00000000-0000-0000-0000-000000000000",
        displayName: "Default app management tenant policy",
        isEnabled: false,
        applicationRestrictions: {},
        servicePrincipalRestrictions: {},
      }),
    ),
    route(
      "GET /users",
      /^\/users$/,
      (call) => many({ ...call, query: withSelect(call.query, DEFAULT_USER_FIELDS) }, "users", users.readAll()),
      2,
    ),
    route(
      "GET /users/delta",
      /^\/users\/(?:microsoft\.graph\.)?delta(?:\(\))?$/,
      (call) => delta(call, users.readAll(), "users"),
      2,
    ),
    route("GET /users/{id}", /^\/users\/([^/]+)$/, (call) => {
      const user = userView(call, userOf(call.ids[0]!.replace(/^\('(.*)'\)$/, "$1")));
      return { status: 200, body: { "@odata.context": context(call, "users/$entity"), ...user } };
    }),
    route("GET /users('{id}')", /^\/users\('([^']+)'\)$/, (call) => ({
      status: 200,
      body: { "@odata.context": context(call, "users/$entity"), ...userView(call, userOf(call.ids[0]!)) },
    })),
    route("GET /groups", /^\/groups$/, (call) =>
      many(
        call,
        "groups",
        groups.readAll().map(({ memberIds: _, ...group }) => group),
      ),
    ),
    route("GET /groups/{id}", /^\/groups\/([^/]+)$/, (call) => {
      const { memberIds: _, ...group } = existing(groups, call.ids[0]!);
      return one(call, "groups", group);
    }),
    route(
      "GET /groups/{id}/members",
      /^\/groups\/([^/]+)\/(?:members|transitiveMembers)$/,
      (call) =>
        many(
          call,
          "directoryObjects",
          existing(groups, call.ids[0]!).memberIds.flatMap((id) => {
            const user = users.read(id);
            return user ? [{ "@odata.type": "#microsoft.graph.user", ...select(user, DEFAULT_USER_FIELDS) }] : [];
          }),
        ),
      3,
    ),
    route(
      "GET /directory/deletedItems/microsoft.graph.application",
      /^\/directory\/deletedItems\/microsoft\.graph\.application$/,
      (call) =>
        many(
          call,
          "applications",
          [...directory.deleted.values()].map(({ application, at }) => ({ ...application, deletedDateTime: at })),
        ),
    ),
    route("DELETE /directory/deletedItems/{id}", /^\/directory\/deletedItems\/([^/]+)$/, (call) => {
      if (!directory.deleted.delete(call.ids[0]!)) throw notFound(call.ids[0]!);
      return noContent;
    }),
  ];

  /** Everything at first; nothing more until something moved is not tracked here, so a later token gives what changed since by value. */
  function delta(call: Call, items: readonly Body[], what: string): Answer {
    const token = call.query.get("$deltatoken");
    if (token !== null && !deltas.has(token)) throw new GraphError(410, "syncStateNotFound", "Resync required.");
    const before = token ? deltas.get(token)! : new Map<string, string>();
    const changed = items.filter((item) => before.get(String(item["id"])) !== JSON.stringify(item));
    const query = new URLSearchParams(call.query);
    query.delete("$deltatoken");
    const answer = collection(changed, context(call, what), {
      base: call.base,
      path: call.path,
      query: token ? call.query : query,
    });
    if (!answer["@odata.nextLink"]) {
      const next = stableId(what, String(deltas.size), randomUUID());
      deltas.set(next, new Map(items.map((item) => [String(item["id"]), JSON.stringify(item)])));
      if (deltas.size > 20) deltas.delete(deltas.keys().next().value!);
      const link = new URLSearchParams(query);
      link.delete("$skiptoken");
      link.set("$deltatoken", next);
      answer["@odata.deltaLink"] = `${call.base}/v1.0${call.path}?${link}`;
    }
    return { status: 200, body: answer };
  }
}

const deltas = new Map<string, Map<string, string>>();

function withSelect(query: URLSearchParams, fields: string): URLSearchParams {
  if (query.has("$select")) return query;
  const copy = new URLSearchParams(query);
  copy.set("$select", fields);
  return copy;
}

/** Keys are case-sensitive: a wrong one is "Property has an invalid value". */
function checkDefinition(definition: unknown): string[] {
  const refuse = () => badRequest("Property definition has an invalid value.");
  if (!Array.isArray(definition) || definition.length !== 1) throw refuse();
  let policy: Body | undefined;
  try {
    policy = (JSON.parse(String(definition[0])) as { ClaimsMappingPolicy?: Body }).ClaimsMappingPolicy;
  } catch {
    throw refuse();
  }
  if (policy?.["Version"] !== 1 || !Array.isArray(policy["ClaimsSchema"])) throw refuse();
  return definition as string[];
}
