/** An error as Connect answers it: name in `x-amzn-errortype`, text in `Message`. */
import type { SignatureFault } from "../signature.ts";

/** What REST services call a bad signature. Source: Amazon Connect API reference, common errors. */
export const SIGNATURE_ERRORS: Record<SignatureFault, string> = {
  missing: "MissingAuthenticationTokenException",
  incomplete: "IncompleteSignatureException",
  unknownKey: "UnrecognizedClientException",
  expired: "ExpiredTokenException",
  mismatch: "InvalidSignatureException",
};

export class ConnectError extends Error {
  readonly type: string;
  readonly status: number;
  constructor(type: string, message: string, status: number) {
    super(message);
    this.type = type;
    this.status = status;
  }
}
export const invalidRequest = (message: string) => new ConnectError("InvalidRequestException", message, 400);
export const invalidParameter = (message: string) => new ConnectError("InvalidParameterException", message, 400);
export const notFound = (message: string) => new ConnectError("ResourceNotFoundException", message, 404);
