/** The federation metadata document of one application, from the login service. */
import { type CallOptions, CloudError } from "../errors.ts";
import { networkCode } from "./errors.ts";
import { exchange, type HttpAnswer, TooLarge } from "./http.ts";

const METADATA_BYTES = 1024 * 1024;

/** No token, no redirect, and no more than 1 MiB is read. */
export async function fetchMetadata(url: string, timeoutMs: number, options: CallOptions = {}): Promise<string> {
  const fail = (message: string, status?: number) =>
    new CloudError(`federation metadata: ${message}`, {
      kind: status === 400 || status === 404 ? "waiting" : "transient",
      reason: "MetadataUnavailable",
      code: "Metadata",
      status,
      retryAfterMs: 5_000,
    });
  let answer: HttpAnswer;
  try {
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])]);
    answer = await exchange(url, { signal, limit: METADATA_BYTES });
  } catch (error) {
    if (!(error instanceof TooLarge)) throw fail(`could not be read (${networkCode(error)})`);
    throw new CloudError("federation metadata is refused: it is larger than 1 MiB", {
      kind: "terminal",
      reason: "MetadataRefused",
      code: "MetadataTooLarge",
    });
  }
  const { status, body } = answer;
  if (status >= 300) throw fail(`HTTP ${status}`, status);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(body);
}
