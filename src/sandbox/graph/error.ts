/** Errors as Microsoft Graph answers them. Codes and texts: recorded answers where there are any, else the sources named at each. */
import type { SandboxHost } from "../host.ts";

interface ErrorDetail {
  code: string;
  message: string;
  target?: string;
}

export class GraphError extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: ErrorDetail[] | undefined;
  readonly headers: Record<string, string>;
  constructor(
    status: number,
    code: string,
    message: string,
    more: { details?: ErrorDetail[]; headers?: Record<string, string> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = more.details;
    this.headers = more.headers ?? {};
  }
}

/** What the directory refuses. */
export const badRequest = (message: string, details?: ErrorDetail[]) =>
  new GraphError(400, "Request_BadRequest", message, { details });
/** What the gateway in front of the directory refuses. */
export const badGatewayRequest = (message: string) => new GraphError(400, "BadRequest", message);
export const unsupportedQuery = (message: string) => new GraphError(400, "Request_UnsupportedQuery", message);
/** One text for what never existed, was deleted, is of another type or has not been replicated. */
export const notFound = (id: string) =>
  new GraphError(
    404,
    "Request_ResourceNotFound",
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
export const unknownSegment = (segment: string) =>
  badGatewayRequest(`Resource not found for the segment '${segment}'.`);
export const invalidValue = (property: string, resource: string) =>
  badRequest(`Invalid value specified for property '${property}' of resource '${resource}'.`);
export const invalidProperty = (property: string) => badRequest(`Invalid property '${property}'.`);
/** A value that must be unique in the tenant is taken; the property is named in `details`, too, or in the message alone. */
export const objectConflict = (property: string, detailed = true) => {
  const message = `Another object with the same value for property ${property} already exists.`;
  return badRequest(message, detailed ? [{ code: "ObjectConflict", message, target: property }] : undefined);
};
export const referenceExists = (property: string) =>
  badRequest(`One or more added object references already exist for the following modified properties: '${property}'.`);
/** For DELETE …/$ref: what is answered is open. */
export const referenceAbsent = (host: SandboxHost, property: string, id: string) =>
  host.behaviour.open.absentReference === "notFound"
    ? notFound(id)
    : badRequest(
        `One or more removed object references do not exist for the following modified properties: '${property}'.`,
      );
export const forbidden = () =>
  new GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.");
