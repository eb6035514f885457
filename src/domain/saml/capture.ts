/**
 * Finds the SAML responses in what people have at hand: raw XML, the base64 of the form field, the URL-encoded form, the page that
 * posts the form, a HAR file of the browser's developer tools, an export of the SAML-tracer extension. Pure; nothing is kept.
 */
import { inflateRawSync } from "node:zlib";
import { MAX_XML_BYTES } from "../xml.ts";

export interface Captured {
  xml: string;
  /** Where the browser was sent with it: the assertion consumer service. */
  url?: string;
  relayState?: string;
  /** When the browser sent it, where the capture says so. */
  at?: Date;
  /** Characters of the form field; AWS takes at most 100,000. */
  base64Length?: number;
}
export interface Capture {
  form: "XML" | "base64" | "form" | "page" | "HAR" | "SAML-tracer export";
  /** In the order of the capture. */
  responses: Captured[];
}

/** HAR files of a long session are large; more than this is no login. */
export const MAX_INPUT_BYTES = 64 * 1024 * 1024;

/** Throws an Error that says what was expected; never repeats the input. */
export function readCapture(input: Buffer): Capture {
  if (input.length > MAX_INPUT_BYTES) throw new Error("the input is larger than 64 MiB");
  const text = decodeUtf8(input).trim();
  if (text === "") throw new Error("the input is empty");
  if (text.startsWith("{")) return readJson(text);
  if (/^<!doctype html|^<html|<form\b/i.test(text)) return page(text);
  if (text.startsWith("<")) return { form: "XML", responses: [{ xml: text }] };
  if (/(^|[?&])SAMLResponse=/.test(text)) return { form: "form", responses: [formField(text)] };
  const bare = text.replace(/^["']|["']$/g, "");
  return { form: "base64", responses: [fromBase64(bare)] };
}

function decodeUtf8(input: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(input);
  } catch {
    throw new Error("the input is not UTF-8 text");
  }
}

/** Base64 as it is, with line breaks, with "+" turned into spaces, or percent-encoded once more. */
function fromBase64(value: string): Captured {
  const plain = value.includes("%") ? decodePercent(value) : value;
  const base64 = plain
    .replace(/[\r\n\t]/g, "")
    .trim()
    .replaceAll(" ", "+");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(base64))
    throw new Error("the input is neither XML, base64, a URL-encoded form, a HAR file nor a SAML-tracer export");
  if (base64.length > MAX_XML_BYTES * 1.4) throw new Error("the SAML response is larger than 1 MiB");
  const bytes = Buffer.from(base64, "base64");
  const xml = bytes[0] === 0x3c || bytes[0] === 0xef ? bytes : inflate(bytes);
  return { xml: decodeUtf8(xml), base64Length: base64.length };
}

/** The redirect binding deflates; AWS does not take it, but a person should see what it is. */
function inflate(bytes: Buffer): Buffer {
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_XML_BYTES });
  } catch {
    throw new Error("the input is no XML, and read as base64 it holds none");
  }
}

function decodePercent(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    throw new Error("the input is percent-encoded, but not correctly");
  }
}

function formField(text: string, more: Partial<Captured> = {}): Captured {
  const fields = new URLSearchParams(text.slice(Math.max(text.indexOf("?") + 1, 0)).replace(/[\r\n]+$/, ""));
  const value = fields.get("SAMLResponse");
  if (!value) throw new Error("the form has no SAMLResponse");
  const relayState = fields.get("RelayState");
  return { ...fromBase64(value), ...(relayState ? { relayState } : {}), ...more };
}

/** The page by which Entra has the browser post the form. */
function page(text: string): Capture {
  const found = pageFields(text);
  if (!found) throw new Error("the page holds no form with a SAMLResponse");
  return { form: "page", responses: [found] };
}

function pageFields(text: string): Captured | undefined {
  const value = inputValue(text, "SAMLResponse");
  if (value === undefined) return undefined;
  const relayState = inputValue(text, "RelayState");
  const action = /<form\b[^>]{0,4000}?\baction\s*=\s*["']([^"'>]{1,2000})["']/i.exec(text)?.[1];
  return {
    ...fromBase64(unescapeHtml(value)),
    ...(relayState ? { relayState: unescapeHtml(relayState) } : {}),
    ...(action ? { url: unescapeHtml(action) } : {}),
  };
}

function inputValue(text: string, name: string): string | undefined {
  for (const [tag] of text.matchAll(/<input\b[^>]{1,2000000}>/gi)) {
    if (new RegExp(`\\bname\\s*=\\s*["']${name}["']`, "i").test(tag))
      return /\bvalue\s*=\s*(?:"([^"]*)"|'([^']*)')/i
        .exec(tag)
        ?.slice(1)
        .find((group) => group !== undefined);
  }
  return undefined;
}

const unescapeHtml = (text: string) =>
  text
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/&#(\d{1,7});/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

interface HarEntry {
  startedDateTime?: string;
  request?: { url?: string; postData?: { text?: string; params?: { name?: string; value?: string }[] } };
  response?: { content?: { text?: string; encoding?: string } };
}
interface TracedRequest {
  url?: string;
  post?: [string, string][];
  get?: [string, string][];
  saml?: string;
  responseHeaders?: { name?: string; value?: string }[];
}

function readJson(text: string): Capture {
  let json: { log?: { entries?: HarEntry[] }; requests?: TracedRequest[]; SAMLResponse?: unknown };
  try {
    json = JSON.parse(text);
  } catch {
    throw new Error("the input begins like JSON, but is not");
  }
  const har = Array.isArray(json.log?.entries);
  if (!har && !Array.isArray(json.requests))
    throw new Error("the JSON is neither a HAR file (log.entries) nor a SAML-tracer export (requests)");
  const responses = har ? fromHar(json.log!.entries!) : fromTracer(json.requests!);
  const form = har ? "HAR" : "SAML-tracer export";
  if (responses.length === 0)
    throw new Error(
      `the ${form} holds no SAML response; record from before the sign-in page opens, with "preserve log" on`,
    );
  return { form, responses };
}

function fromHar(entries: HarEntry[]): Captured[] {
  const posted = entries.map(({ request, startedDateTime }) => {
    const data = request?.postData;
    const field = (name: string) => data?.params?.find((one) => one.name === name)?.value;
    const more = { ...(request?.url ? { url: withoutQuery(request.url) } : {}), ...time(startedDateTime) };
    const value = field("SAMLResponse");
    if (value) {
      const relay = field("RelayState");
      // Some browsers write the fields as they were sent, some decoded.
      const relayState = relay && /^https?%3a/i.test(relay) ? decodePercent(relay) : relay;
      return { ...fromBase64(value), ...(relayState ? { relayState } : {}), ...more };
    }
    return data?.text && /(^|&)SAMLResponse=/.test(data.text) ? formField(data.text, more) : undefined;
  });
  const found = posted.filter((one) => one !== undefined);
  if (found.length > 0) return found;
  // The post itself may be missing from a log that was cut off at the redirect: the page that makes it is there.
  return entries
    .map(({ response, startedDateTime }) => {
      const content = response?.content;
      const html =
        content?.encoding === "base64" ? Buffer.from(content.text ?? "", "base64").toString() : content?.text;
      const read = html?.includes("SAMLResponse") ? pageFields(html) : undefined;
      return read && { ...read, ...time(startedDateTime) };
    })
    .filter((one) => one !== undefined);
}

/** Its export masks form fields unless told otherwise; the decoded document stands beside them. */
function fromTracer(requests: TracedRequest[]): Captured[] {
  return requests.flatMap(({ url, post, get, saml, responseHeaders }) => {
    const fields = Array.isArray(post) ? post : Array.isArray(get) ? get : [];
    const field = (name: string) => fields.find((pair) => Array.isArray(pair) && pair[0] === name)?.[1];
    const value = field("SAMLResponse");
    if (value === undefined) return [];
    const date = responseHeaders?.find(({ name }) => name?.toLowerCase() === "date")?.value;
    const relay = field("RelayState");
    const more = {
      ...(url ? { url: withoutQuery(url) } : {}),
      ...(relay && /^https:/.test(relay) ? { relayState: relay } : {}),
      ...time(date),
    };
    const masked = !/^[A-Za-z0-9+/%=\s]{100,}$/.test(value);
    if (!masked) return [{ ...fromBase64(value), ...more }];
    if (typeof saml === "string" && saml.trimStart().startsWith("<")) return [{ xml: saml.trim(), ...more }];
    throw new Error(
      "the SAML-tracer export has its values masked and no SAML document; export again with the cookie filter 'None'",
    );
  });
}

const withoutQuery = (url: string) => url.split(/[?#]/)[0]!;

function time(text: string | undefined): { at?: Date } {
  const at = text ? new Date(text) : undefined;
  return at && !Number.isNaN(at.getTime()) ? { at } : {};
}
