/** XML from outside: refused before it is parsed where it is not plain, small UTF-8 without declarations. One parser for all of it. */
import { DOMParser, type Document } from "@xmldom/xmldom";

export const MAX_XML_BYTES = 1024 * 1024;

/** Throws an Error whose message completes "it is refused: …". */
export function parsePlainXml(xml: string): Document {
  if (Buffer.byteLength(xml) > MAX_XML_BYTES) throw new Error("it is larger than 1 MiB");
  const text = xml.replace(/^\uFEFF/, "");
  // On the raw text and before any parser: neither entities nor other encodings in disguise.
  if (/<!\s*(DOCTYPE|ENTITY)/i.test(text) || text.includes("\u0000"))
    throw new Error("it holds a document type or entity declaration");
  const encoding = /^<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']/i.exec(text)?.[1];
  if (encoding && encoding.toLowerCase() !== "utf-8") throw new Error(`it is declared as ${encoding}, not UTF-8`);
  return new DOMParser({
    onError(level, message) {
      if (level !== "warning") throw new Error(message);
    },
  }).parseFromString(text, "text/xml");
}
