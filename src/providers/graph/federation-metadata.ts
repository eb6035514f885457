/** The federation metadata document of one application, from the login service. */
import { type CallOptions, CloudError } from "../errors.ts";

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
  let response: Response;
  try {
    response = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(options.signal ? [options.signal] : [])]),
    });
  } catch {
    throw fail("no answer");
  }
  if (!response.ok) throw fail(`HTTP ${response.status}`, response.status);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > METADATA_BYTES)
        throw new CloudError("federation metadata is refused: it is larger than 1 MiB", {
          kind: "terminal",
          reason: "MetadataRefused",
          code: "MetadataTooLarge",
        });
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CloudError) throw error;
    throw fail("the answer was cut");
  }
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(chunks));
}
