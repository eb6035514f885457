/** An error as Graph answers it. */
export class GraphError extends Error {
  readonly code: string;
  readonly status: number;
  readonly details: { code: string; message: string; target?: string }[] | undefined;
  constructor(status: number, code: string, message: string, details?: GraphError["details"]) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}
export const badRequest = (message: string, details?: GraphError["details"]) =>
  new GraphError(400, "Request_BadRequest", message, details);
export const notFound = (id: string) =>
  new GraphError(
    404,
    "Request_ResourceNotFound",
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );
export const unknownSegment = (segment: string) =>
  new GraphError(400, "BadRequest", `Resource not found for the segment '${segment}'.`);
/** A value that must be unique in the tenant is taken. */
export const objectConflict = (property: string) =>
  badRequest(`Another object with the same value for property ${property} already exists.`, [
    {
      code: "ObjectConflict",
      message: `Another object with the same value for property ${property} already exists.`,
      target: property,
    },
  ]);
