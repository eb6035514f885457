/** XML from outside: refused before it is parsed where it is not plain, small UTF-8 without declarations. One parser for all of it. */
import { DOMParser, type Document } from "@xmldom/xmldom";

export const MAX_XML_BYTES = 1024 * 1024;
/** Responses and metadata of Entra are some ten deep, with some hundred elements of a few attributes each. */
const MAX_DEPTH = 100;
const MAX_ELEMENTS = 20_000;
const MAX_ATTRIBUTES = 200;

/** Throws an Error whose message completes "it is refused: …", in our own words: never the parser's, never the document's. */
export function parsePlainXml(xml: string): Document {
  if (Buffer.byteLength(xml) > MAX_XML_BYTES) throw new Error("it is larger than 1 MiB");
  const text = xml.replace(/^\uFEFF/, "");
  // On the raw text and before any parser: neither entities nor other encodings in disguise.
  if (/<!\s*(DOCTYPE|ENTITY)/i.test(text) || text.includes("\u0000"))
    throw new Error("it holds a document type or entity declaration");
  const encoding = /^<\?xml[^>]*encoding\s*=\s*["']([^"']+)["']/i.exec(text)?.[1];
  if (encoding && encoding.toLowerCase() !== "utf-8")
    throw new Error(`it is declared as ${/^[\w.-]{1,20}$/.test(encoding) ? encoding : "something else"}, not UTF-8`);
  limitShape(text);
  try {
    return new DOMParser({
      locator: true,
      onError(level) {
        if (level !== "warning") throw new Error();
      },
    }).parseFromString(text, "text/xml");
  } catch {
    throw new Error("it is not well-formed XML");
  }
}

/** One pass over the tags: the parser keeps every element, and its memory grows faster than the text. */
function limitShape(text: string): void {
  let [depth, elements] = [0, 0];
  for (let at = text.indexOf("<"); at >= 0; at = text.indexOf("<", at)) {
    const skipped = SKIPPED.find(([begin]) => text.startsWith(begin, at));
    if (skipped) {
      const end = text.indexOf(skipped[1], at + skipped[0].length);
      if (end < 0) return;
      at = end + skipped[1].length;
      continue;
    }
    const { end, attributes } = tagAt(text, at);
    if (text[at + 1] === "/") depth--;
    else {
      elements++;
      if (text[end - 1] !== "/") depth++;
    }
    if (depth > MAX_DEPTH) throw new Error(`it is nested more than ${MAX_DEPTH} deep`);
    if (elements > MAX_ELEMENTS) throw new Error(`it has more than ${MAX_ELEMENTS} elements`);
    if (attributes > MAX_ATTRIBUTES) throw new Error(`an element has more than ${MAX_ATTRIBUTES} attributes`);
    at = end;
  }
}

const SKIPPED: [string, string][] = [
  ["<!--", "-->"],
  ["<![CDATA[", "]]>"],
  ["<?", "?>"],
];

/** Where the tag that begins at `at` ends; ">" within quotes does not end it. */
function tagAt(text: string, at: number): { end: number; attributes: number } {
  let attributes = 0;
  for (let end = at + 1; end < text.length; end++) {
    const character = text[end];
    if (character === ">") return { end, attributes };
    if (character !== '"' && character !== "'") continue;
    attributes++;
    const close = text.indexOf(character, end + 1);
    if (close < 0) break;
    end = close;
  }
  return { end: text.length, attributes };
}
