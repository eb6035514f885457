/** What the files of this folder share: documents and tags as IAM writes them. */
import type { Tags } from "../types.ts";

/** IAM answers RFC 3986 encoded, emulators raw; a raw document may contain "%", so it is decoded only when it must be. */
export function parseDocument(text = ""): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(decodeURIComponent(text));
  }
}

export function tagsOf(tags: { Key?: string; Value?: string }[] = []): Tags {
  return Object.fromEntries(tags.map((t) => [t.Key!, t.Value ?? ""]));
}
export const pairs = (tags: Tags) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
export const hasAny = (tags: Tags) => Object.keys(tags).length > 0;
export const tagList = (tags: Tags) => (hasAny(tags) ? { Tags: pairs(tags) } : {});
