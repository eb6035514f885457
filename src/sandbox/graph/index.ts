/** Microsoft Graph v1.0 of the sandbox: which operation a request is, and its answer with Graph's headers and errors. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type {
  Admit,
  InfrastructureError,
  Operation,
  SandboxRequest,
  SandboxResponse,
  SandboxService,
} from "../service.ts";
import { batchOf, type InnerRequest, type Outcome, runBatch } from "./batch.ts";
import { createTenant } from "./context.ts";
import { createDirectory, type Directory } from "./directory.ts";
import { badGatewayRequest, GraphError, unknownSegment } from "./error.ts";
import { createLogin } from "./login.ts";
import { addEmptyNavigations } from "./navigations.ts";
import { checkPermissions } from "./permissions.ts";
import { type Answer, type Body, type Call, type Route, Router } from "./router.ts";
import { addApplicationRoutes } from "./routes-applications.ts";
import { addGroupRoutes } from "./routes-groups.ts";
import { addOrganizationRoutes } from "./routes-organization.ts";
import { addPolicyRoutes } from "./routes-policies.ts";
import { addSynchronizationRoutes } from "./routes-synchronization.ts";
import { addUserRoutes } from "./routes-users.ts";
import { tenantOfBearer } from "./token.ts";

const BATCH = "/$batch";
const JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";
const GUID_SEGMENT = /^\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\/)/i;

/** The services "graph" and "login". */
export function createGraph(host: SandboxHost): SandboxService[] {
  const tenants = host.world.tenants.map((tenant) => {
    const directory = createDirectory(host, tenant);
    return { directory, router: routerOf(host, directory) };
  });
  const directoryOf = (name: string): Directory | undefined =>
    tenants
      .map(({ directory }) => directory)
      .find(({ tenant }) => {
        const wanted = name.toLowerCase();
        return tenant.id.toLowerCase() === wanted || tenant.verifiedDomains.some((one) => one.toLowerCase() === wanted);
      });
  /** Any bearer is good; one that names a tenant leads to it, all others to the first. */
  const tenantFor = (request: SandboxRequest): Served => {
    const wanted = tenantOfBearer(request.headers.authorization ?? "");
    return tenants.find(({ directory }) => directory.tenant.id.toLowerCase() === wanted) ?? tenants[0]!;
  };
  return [new GraphService(host, tenantFor), createLogin(host, directoryOf)];
}

/** One tenant as requests meet it. */
interface Served {
  directory: Directory;
  router: Router;
}

function routerOf(host: SandboxHost, directory: Directory): Router {
  const router = new Router();
  const tenant = createTenant(host, directory);
  addApplicationRoutes(router, tenant);
  addUserRoutes(router, tenant);
  addGroupRoutes(router, tenant);
  addPolicyRoutes(router, tenant);
  addSynchronizationRoutes(router, tenant);
  addOrganizationRoutes(router, tenant);
  addEmptyNavigations(router, tenant);
  return router;
}

class GraphService implements SandboxService {
  readonly name = "graph";
  readonly #host: SandboxHost;
  readonly #tenantFor: (request: SandboxRequest) => Served;

  constructor(host: SandboxHost, tenantFor: (request: SandboxRequest) => Served) {
    this.#host = host;
    this.#tenantFor = tenantFor;
  }

  operation(request: SandboxRequest): Operation {
    const path = belowVersion(request.path);
    if (path === BATCH) return this.#batchOperation(request);
    return this.#operationOf(
      request,
      request.method,
      path === undefined ? undefined : withoutTenant(path),
      request.query,
    );
  }

  #operationOf(request: SandboxRequest, method: string, path: string | undefined, query: URLSearchParams): Operation {
    const found = path === undefined ? undefined : this.#tenantFor(request).router.find(method, path);
    return {
      name: found?.route.name ?? "Unknown",
      writes: method !== "GET",
      cost: [["tenant", unitsOf(found?.route, query)]],
    };
  }

  /** Takes no units itself: quotas look at each request inside it (Microsoft Graph throttling guidance, "Throttling and batching"). */
  #batchOperation(request: SandboxRequest): Operation {
    let writes = false;
    try {
      writes = batchOf(parse(request.body)).some(({ method }) => method.toUpperCase() !== "GET");
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
    }
    return { name: `POST ${BATCH}`, writes, cost: [] };
  }

  async handle(request: SandboxRequest, operation: Operation, admit?: Admit): Promise<SandboxResponse> {
    const ids = requestIds(request);
    const units = operation.cost?.[0]?.[1] ?? 1;
    try {
      if (!/^Bearer .+/i.test(request.headers.authorization ?? ""))
        throw new GraphError(401, "InvalidAuthenticationToken", "Access token is empty.");
      return success(await this.#answer(request, admit), ids, units);
    } catch (error) {
      if (error instanceof GraphError) return this.#failure(error, ids, units);
      throw error;
    }
  }

  infrastructureError(kind: InfrastructureError, request: SandboxRequest, retryAfter = 1): SandboxResponse {
    const [status, code, message] = INFRASTRUCTURE[kind];
    const headers: Record<string, string> =
      kind === "throttled"
        ? { "retry-after": String(Math.ceil(retryAfter * 1000) / 1000), "x-ms-throttle-scope": "Tenant_Application" }
        : {};
    return this.#failure(new GraphError(status, code, message, { headers }), requestIds(request), 1);
  }

  async #answer(request: SandboxRequest, admit: Admit | undefined): Promise<Answer> {
    const path = belowVersion(request.path);
    if (path === undefined) throw badGatewayRequest(`Invalid version: ${request.path.split("/")[1] ?? ""}`);
    const version = /^\/beta\//i.test(request.path) ? "beta" : "v1.0";
    const { method, query, headers } = request;
    if (path === BATCH && method === "POST")
      return runBatch(batchOf(parse(request.body)), this.#host, (inner) => this.#inner(inner, request, admit));
    if (method !== "GET" && path.endsWith("/$ref") && GUID_SEGMENT.test(path))
      throw badGatewayRequest(
        "Write requests are only supported on contained entities or navigation properties with bindings.",
      );
    return this.#run(request, {
      method,
      path: withoutTenant(path),
      query,
      headers,
      body: parse(request.body),
      version,
    });
  }

  async #run(
    request: SandboxRequest,
    { method, path, query, headers, body, version }: Omit<Call, "ids" | "base"> & { method: string },
  ): Promise<Answer> {
    const { directory, router } = this.#tenantFor(request);
    const found = router.find(method, path);
    if (!found) throw unknownSegment(decodeSafely(path.split("/").find((segment) => segment !== "") ?? ""));
    checkPermissions(this.#host, directory, found.route.name, found.ids);
    return found.route.run({ ids: found.ids, body, query, headers, path, base: request.baseUrl, version });
  }

  async #inner(inner: InnerRequest, request: SandboxRequest, admit: Admit | undefined): Promise<Outcome> {
    const { pathname, searchParams } = new URL(inner.url, "http://batch");
    const refused = admit?.(this.#operationOf(request, inner.method.toUpperCase(), pathname, searchParams));
    if (refused) {
      const [status, code, message] = INFRASTRUCTURE[refused.kind];
      const wait = refused.retryAfterSeconds;
      return {
        status,
        headers: { "Content-Type": "application/json", ...(wait && { "Retry-After": String(Math.ceil(wait)) }) },
        body: this.#errorBody(new GraphError(status, code, message), requestIds(request)),
      };
    }
    const headers = Object.fromEntries(
      Object.entries(inner.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    );
    try {
      const { status, body } = await this.#run(request, {
        method: inner.method.toUpperCase(),
        path: pathname,
        query: searchParams,
        headers,
        body: inner.body ?? {},
        version: "v1.0",
      });
      return body ? { status, headers: { "Content-Type": JSON_TYPE }, body } : { status };
    } catch (error) {
      if (!(error instanceof GraphError)) throw error;
      return {
        status: error.status,
        headers: { "Content-Type": "application/json" },
        body: this.#errorBody(error, requestIds(request)),
      };
    }
  }

  #failure(error: GraphError, ids: RequestIds, units: number): SandboxResponse {
    return {
      status: error.status,
      headers: { ...commonHeaders(ids, units), "content-type": "application/json", ...error.headers },
      body: JSON.stringify(this.#errorBody(error, ids)),
    };
  }

  #errorBody({ code, message, details }: GraphError, ids: RequestIds): Body {
    const date = this.#host.clock.now().toISOString().slice(0, 19);
    const innerError = { date, ...ids };
    return { error: { code, message, ...(details ? { details } : {}), innerError } };
  }
}

const INFRASTRUCTURE: Record<InfrastructureError, [status: number, code: string, message: string]> = {
  throttled: [429, "TooManyRequests", "Too many requests"],
  internal: [500, "InternalServerError", "An internal error occurred."],
  unavailable: [503, "serviceNotAvailable", "The service is temporarily unavailable."],
  denied: [403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation."],
  conflict: [409, "Conflict", "The request conflicts with another one that is under way."],
  unauthorized: [401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired."],
};

interface RequestIds {
  "request-id": string;
  "client-request-id": string;
}

/** Without an id of the caller's both are the same. */
function requestIds(request: SandboxRequest): RequestIds {
  const id = randomUUID();
  return { "request-id": id, "client-request-id": request.headers["client-request-id"] ?? id };
}

const commonHeaders = (ids: RequestIds, units: number): Record<string, string> => ({
  ...ids,
  "cache-control": "no-cache",
  "x-ms-resource-unit": String(units),
});

function success({ status, body, text, headers }: Answer, ids: RequestIds, units: number): SandboxResponse {
  const common = { ...commonHeaders(ids, units), ...headers };
  if (status === 204) return { status, headers: common };
  if (text !== undefined) return { status, headers: { ...common, "content-type": "text/plain" }, body: text };
  return {
    status,
    headers: { ...common, "content-type": JSON_TYPE, "odata-version": "4.0" },
    body: JSON.stringify(body),
  };
}

/** Resource units: $select and a small page make a call cheaper, $expand dearer, never under one. */
function unitsOf(route: Route | undefined, query: URLSearchParams): number {
  let units = route?.cost ?? 1;
  if (query.has("$select")) units--;
  if (query.has("$expand")) units++;
  const top = Number(query.get("$top"));
  if (top > 0 && top < 20) units--;
  return Math.max(1, units);
}

/** What v1.0 has, beta has, too; what only beta has is not here. */
const belowVersion = (path: string): string | undefined => /^\/(?:v1\.0|beta)(\/.*)$/i.exec(path)?.[1];
/** A tenant's id in front is tolerated, except by $ref (microsoft-graph-docs#18898). */
const withoutTenant = (path: string) => path.replace(GUID_SEGMENT, "");

function decodeSafely(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function parse(body: string): Body {
  if (!body) return {};
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Body;
  } catch {
    // falls through to the refusal
  }
  throw badGatewayRequest(
    "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
  );
}
