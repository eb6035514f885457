/** An error as IAM and STS answer it: wire code, text, HTTP status. */
export class IamError extends Error {
  readonly code: string;
  readonly status: number;
  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}
export const notFound = (message: string) => new IamError("NoSuchEntity", message, 404);
export const conflict = (message: string) => new IamError("DeleteConflict", message, 409);
export const exists = (message: string) => new IamError("EntityAlreadyExists", message, 409);
export const limit = (message: string) => new IamError("LimitExceeded", message, 409);
export const invalid = (message: string) => new IamError("ValidationError", message, 400);
