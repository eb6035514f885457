/** Paging of lists and searches. */
import { invalidParameter } from "./error.ts";

/** `size` items from where the last answer's token points; `token` is set while more follow. */
export function page<T>(
  items: readonly T[],
  size: number,
  most: number,
  token: string | null | undefined,
): { slice: T[]; token?: string } {
  if (!(Number.isInteger(size) && size >= 1 && size <= most))
    throw invalidParameter(`MaxResults must be between 1 and ${most}`);
  let start = 0;
  if (token) {
    const parsed = /^page-(\d+)$/.exec(Buffer.from(token, "base64").toString());
    if (!parsed) throw invalidParameter("NextToken is not valid");
    start = Number(parsed[1]);
  }
  const next = start + size;
  return {
    slice: items.slice(start, next),
    token: next < items.length ? Buffer.from(`page-${next}`).toString("base64") : undefined,
  };
}
