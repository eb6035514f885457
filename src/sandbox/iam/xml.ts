/** awsQuery answers, to the byte as recorded: no declaration, two spaces per level, LF, a final newline, `<member>` items. */

/** A map of the query protocol: an `<entry>` with `<key>` and `<value>` for each. */
export class XmlMap {
  readonly entries: [string, XmlValue][];
  constructor(values: Record<string, XmlValue>) {
    this.entries = Object.entries(values);
  }
}
export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | XmlMap
  | XmlValue[]
  | { [name: string]: XmlValue | undefined };

export function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

function element(name: string, value: XmlValue | undefined, indent: string): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) {
    if (value.length === 0) return `${indent}<${name}/>\n`;
    return `${indent}<${name}>\n${value.map((item) => element("member", item, `${indent}  `)).join("")}${indent}</${name}>\n`;
  }
  if (value instanceof XmlMap) {
    const inner = value.entries.map(([key, one]) => element("entry", { key, value: one }, `${indent}  `)).join("");
    return `${indent}<${name}>\n${inner}${indent}</${name}>\n`;
  }
  if (value instanceof Date) return `${indent}<${name}>${value.toISOString().replace(/\.\d{3}Z$/, "Z")}</${name}>\n`;
  if (typeof value === "object") {
    const inner = Object.entries(value)
      .map(([key, item]) => element(key, item, `${indent}  `))
      .join("");
    return inner === "" ? `${indent}<${name}/>\n` : `${indent}<${name}>\n${inner}${indent}</${name}>\n`;
  }
  return `${indent}<${name}>${escapeXml(String(value))}</${name}>\n`;
}

export function answer(
  xmlns: string,
  operation: string,
  result: { [name: string]: XmlValue | undefined } | undefined,
  requestId: string,
): string {
  const body = result === undefined ? "" : element(`${operation}Result`, result, "  ");
  return `<${operation}Response xmlns="${xmlns}">\n${body}  <ResponseMetadata>\n    <RequestId>${requestId}</RequestId>\n  </ResponseMetadata>\n</${operation}Response>\n`;
}

export function errorAnswer(xmlns: string, code: string, message: string, requestId: string, sender: boolean): string {
  return `<ErrorResponse xmlns="${xmlns}">\n  <Error>\n    <Type>${sender ? "Sender" : "Receiver"}</Type>\n    <Code>${code}</Code>\n    <Message>${escapeXml(message)}</Message>\n  </Error>\n  <RequestId>${requestId}</RequestId>\n</ErrorResponse>\n`;
}

/** RFC 3986, as IAM encodes documents: space is %20, `*` is %2A. */
export function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
