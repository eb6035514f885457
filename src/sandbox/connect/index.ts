/** Amazon Connect of the sandbox: restJson1, one route per operation. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { InfrastructureError, Operation, SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { SignatureError, type Signer, verifySignature } from "../signature.ts";
import { authorize } from "./authorization.ts";
import { ConnectError, notFound, SIGNATURE_ERRORS } from "./error.ts";
import { instanceRoutes } from "./instances.ts";
import { proficiencyRoutes } from "./proficiencies.ts";
import { profileRoutes } from "./profiles.ts";
import { quickConnectRoutes } from "./quick-connects.ts";
import type { Route } from "./route.ts";
import { sessionRoutes } from "./sessions.ts";
import { createInstances, type Instance } from "./state.ts";
import { tagRoutes } from "./tags.ts";
import { userRoutes } from "./users.ts";
import type { Body } from "./validate.ts";

/** Every operation of Connect that the sandbox has. */
export function connectRoutes(host: SandboxHost): Route[] {
  return [
    ...instanceRoutes(),
    ...userRoutes(host),
    ...proficiencyRoutes(host),
    ...profileRoutes(host),
    ...tagRoutes(host),
    ...sessionRoutes(host),
    ...quickConnectRoutes(host),
  ];
}

export function createConnect(host: SandboxHost): SandboxService[] {
  const instances = createInstances(host);
  const routes = connectRoutes(host);
  const byOperation = new Map(routes.map((route) => [route.name, route]));
  const service: SandboxService = {
    name: "connect",
    operation(request: SandboxRequest): Operation {
      const route = routes.find(({ method, path }) => method === request.method && path.test(request.path));
      return { name: route?.name ?? "Unknown", writes: route?.writes ?? false };
    },
    handle(request, operation) {
      try {
        const route = byOperation.get(operation.name);
        if (!route) throw unknownOperation();
        const { accessKeyId, caller, region } = signerOf(host, request);
        const [instanceId = "", ...rest] = route.path.exec(request.path)!.slice(1).map(decodeURIComponent);
        let body: Body = {};
        try {
          body = request.body ? (JSON.parse(request.body) as Body) : {};
        } catch {
          throw new ConnectError("SerializationException", "Unable to parse the request body", 400);
        }
        const own = new Map(
          [...instances].filter(([, one]) => one.account === caller.account && one.world.region === region),
        );
        const instance = instanceOf(own, instanceId || String(body.InstanceId ?? ""), route.name);
        const call = { caller, instances: own, instance, rest, body, query: request.query };
        authorize(host, accessKeyId, route.name, call);
        return respond(200, route.run(call) ?? {});
      } catch (error) {
        if (!(error instanceof ConnectError)) throw error;
        return respond(error.status, { Message: error.message }, error.type);
      }
    },
    infrastructureError(kind: InfrastructureError) {
      const [type, message, status] = {
        throttled: ["ThrottlingException", "Rate exceeded", 429],
        internal: ["InternalServiceException", "Internal service error", 500],
        unavailable: ["InternalServiceException", "Service unavailable", 503],
        denied: ["AccessDeniedException", "User is not authorized to perform this action", 403],
        conflict: ["ResourceConflictException", "The resource is being changed by another request", 409],
        unauthorized: ["ExpiredTokenException", "The security token included in the request is expired", 403],
      }[kind] as [string, string, number];
      return respond(status, { Message: message }, type);
    },
  };
  return [service];
}

const SKEW_MINUTES = 5;

const unknownOperation = () => new ConnectError("UnknownOperationException", "", 404);

function signerOf(host: SandboxHost, request: SandboxRequest): Signer {
  try {
    return verifySignature(host, request, { service: "connect", skewMinutes: SKEW_MINUTES });
  } catch (error) {
    if (!(error instanceof SignatureError)) throw error;
    throw new ConnectError(SIGNATURE_ERRORS[error.fault], error.message, 403);
  }
}

function respond(status: number, body: unknown, type?: string): SandboxResponse {
  return {
    status,
    headers: {
      "content-type": "application/json",
      "x-amzn-requestid": randomUUID(),
      "access-control-allow-origin": "*",
      ...(type ? { "x-amzn-errortype": type } : {}),
    },
    body: JSON.stringify(body),
  };
}

/** Ids and ARNs are both accepted, as the service does. Operations without an instance get any. */
function instanceOf(instances: Map<string, Instance>, id: string, operation: string): Instance {
  if (operation === "ListInstances" || operation.endsWith("Resource")) return [...instances.values()][0]!;
  const found = instances.get(id.split("/").at(-1)!);
  if (!found) throw notFound("The specified instance does not exist");
  return found;
}
