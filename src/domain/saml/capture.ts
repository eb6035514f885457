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
  const xml = /^(\xef\xbb\xbf)?\s*</.test(bytes.subarray(0, 100).toString("latin1")) ? bytes : inflate(bytes);
  return { xml: decodeUtf8(xml).replace(/^\s+/, ""), base64Length: base64.length };
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
  const fields = new URLSearchParams(text.slice(Math.max(text.indexOf("?") + 1, 0)).trimEnd());
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
  const [form] = tags(text, "form");
  const action = form && attributeOf(form, "action");
  return {
    ...fromBase64(unescapeHtml(value)),
    ...(relayState ? { relayState: unescapeHtml(relayState) } : {}),
    ...(action ? { url: unescapeHtml(action) } : {}),
  };
}

function inputValue(text: string, name: string): string | undefined {
  for (const tag of tags(text, "input")) if (attributeOf(tag, "name") === name) return attributeOf(tag, "value");
  return undefined;
}

/** Opening tags of one kind, each read once: a page of many megabytes takes no longer than its length. */
function* tags(text: string, name: string): Generator<string> {
  const begin = new RegExp(`<${name}(?=[\\s/])`, "gi");
  for (let found = begin.exec(text); found; found = begin.exec(text)) {
    const end = text.indexOf(">", found.index);
    if (end < 0) return;
    yield text.slice(found.index, end);
    begin.lastIndex = end;
  }
}

function attributeOf(tag: string, name: string): string | undefined {
  for (const [, key, double, single] of tag.matchAll(/([\w-]+)\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)')/g))
    if (key!.toLowerCase() === name.toLowerCase()) return double ?? single;
  return undefined;
}

const unescapeHtml = (text: string) =>
  text
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, code: string) => character(Number.parseInt(code, 16)))
    .replace(/&#(\d{1,7});/g, (_, code: string) => character(Number(code)))
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");

const character = (code: number) => (code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd");

/** Any JSON value as what is expected of it: a capture is a file from somewhere, and every part of it may be missing or another thing. */
type Json = Record<string, unknown>;
const object = (value: unknown): Json =>
  value !== null && typeof value === "object" && !Array.isArray(value) ? (value as Json) : {};
const array = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const string = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function readJson(text: string): Capture {
  let json: Json;
  try {
    json = object(JSON.parse(text));
  } catch {
    throw new Error("the input begins like JSON, but is not");
  }
  const { entries } = object(json.log);
  const har = Array.isArray(entries);
  if (!har && !Array.isArray(json.requests))
    throw new Error("the JSON is neither a HAR file (log.entries) nor a SAML-tracer export (requests)");
  const responses = har ? fromHar(entries.map(object)) : fromTracer(array(json.requests).map(object));
  const form = har ? "HAR" : "SAML-tracer export";
  if (responses.length === 0)
    throw new Error(
      `the ${form} holds no SAML response; record from before the sign-in page opens, with "preserve log" on`,
    );
  return { form, responses };
}

function fromHar(entries: Json[]): Captured[] {
  const posted = entries.map((entry) => {
    const request = object(entry.request);
    const data = object(request.postData);
    const params = array(data.params).map(object);
    const field = (name: string) => string(params.find((one) => one.name === name)?.value);
    const url = string(request.url);
    const more = { ...(url ? { url: withoutQuery(url) } : {}), ...time(entry.startedDateTime) };
    const value = field("SAMLResponse");
    if (value) {
      const relay = field("RelayState");
      // Some browsers write the fields as they were sent, some decoded.
      const relayState = relay && /^https?%3a/i.test(relay) ? decodePercent(relay) : relay;
      return { ...fromBase64(value), ...(relayState ? { relayState } : {}), ...more };
    }
    const text = string(data.text);
    return text && /(^|&)SAMLResponse=/.test(text) ? formField(text, more) : undefined;
  });
  const found = posted.filter((one) => one !== undefined);
  if (found.length > 0) return found;
  // The post itself may be missing from a log that was cut off at the redirect: the page that makes it is there.
  return entries
    .map((entry) => {
      const content = object(object(entry.response).content);
      const text = string(content.text);
      const html = content.encoding === "base64" ? Buffer.from(text ?? "", "base64").toString() : text;
      const read = html?.includes("SAMLResponse") ? pageFields(html) : undefined;
      return read && { ...read, ...time(entry.startedDateTime) };
    })
    .filter((one) => one !== undefined);
}

/** Its export masks form fields by default; the decoded document is next to them. */
function fromTracer(requests: Json[]): Captured[] {
  return requests.flatMap(({ url, post, get, saml, responseHeaders }) => {
    const fields = array(Array.isArray(post) ? post : get).map(array);
    const field = (name: string) => string(fields.find(([key]) => key === name)?.[1]);
    const value = field("SAMLResponse");
    if (value === undefined) return [];
    const date = array(responseHeaders)
      .map(object)
      .find(({ name }) => string(name)?.toLowerCase() === "date")?.value;
    const relay = field("RelayState");
    const address = string(url);
    const more = {
      ...(address ? { url: withoutQuery(address) } : {}),
      ...(relay && /^https:/.test(relay) ? { relayState: relay } : {}),
      ...time(date),
    };
    const masked = !/^[A-Za-z0-9+/%=\s]{100,}$/.test(value);
    if (!masked) return [{ ...fromBase64(value), ...more }];
    const document = string(saml)?.trim();
    if (document?.startsWith("<")) return [{ xml: document, ...more }];
    throw new Error(
      "the SAML-tracer export has its values masked and no SAML document; export again with the cookie filter 'None'",
    );
  });
}

const withoutQuery = (url: string) => url.split(/[?#]/)[0]!;

function time(text: unknown): { at?: Date } {
  const at = typeof text === "string" && text !== "" ? new Date(text) : undefined;
  return at && !Number.isNaN(at.getTime()) ? { at } : {};
}
