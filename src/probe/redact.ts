/**
 * Makes requests and answers fit to be shown. A string stays only where its field is known to hold a word of the API; every other one
 * becomes a placeholder, the same for the same value, and is replaced in free text, too.
 */
import type { Exchange } from "./recorder.ts";

/** Fields whose values are words of the APIs. */
const WORDS = new Set(
  [
    ...[
      "Action",
      "Version",
      "Effect",
      "code",
      "Code",
      "Type",
      "type",
      "__type",
      "usage",
      "state",
      "status",
      "StatusName",
    ],
    ...[
      "restrictionType",
      "maxLifetime",
      "origin",
      "Channel",
      "PhoneType",
      "PhoneNumberType",
      "EntityType",
      "ComparisonType",
    ],
    ...[
      "FieldName",
      "QuickConnectType",
      "ContactFlowType",
      "VoiceEnhancementMode",
      "preferredSingleSignOnMode",
      "target",
    ],
    ...[
      "allowedMemberTypes",
      "signInAudience",
      "principalType",
      "templateId",
      "interval",
      "factoryTag",
      "reason",
      "usage",
    ],
    ...[
      "Source",
      "ID",
      "SamlClaimType",
      "IncludeBasicClaimSet",
      "AttributeName",
      "AttributeValue",
      "@odata.type",
      "createdBy",
    ],
    ...["RoutingProfileType", "servicePrincipalType", "LastModifiedRegion", "MaxItems", "IsTruncated", "Status"],
  ].map((name) => name.toLowerCase()),
);
/** Fields of free text: what is not known to be of the world stays. */
const TEXTS = new Set(["message", "errormessage", "error_description", "value.message"]);
const TIME = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;
const WORD = /^[\w.:/@*#-]{0,120}$/;
/** In texts and paths. */
const PATTERNS: [kind: string, pattern: RegExp][] = [
  ["certificate", /MII[A-Za-z0-9+/=]{100,}/g],
  ["token", /eyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g],
  ["arn", /arn:[a-z-]+:[a-z0-9-]*:[a-z0-9-]*:\d{12}:[^\s"'<>,)]+/g],
  ["id", /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi],
  ["id", /\b[0-9a-f]{32}\b/gi],
  ["key", /\b(AKIA|ASIA|AROA|AIDA|ANPA)[A-Z0-9]{12,}/g],
  ["address", /[\w.+-]+@[\w-]+(\.[\w-]+)+/g],
  ["thumbprint", /\b[0-9A-F]{40}\b/gi],
  ["account", /\b\d{12}\b/g],
];
const SHORTEST = 4;
/** Of a list; the others show nothing more. */
const MOST_ROWS = 10;

export class Redactor {
  readonly #prefix: string;
  readonly #placeholders = new Map<string, { placeholder: string; strong: boolean }>();
  #sorted: [string, { placeholder: string; strong: boolean }][] = [];
  readonly #counts = new Map<string, number>();

  /** `prefix` keeps the placeholders of a resumed run apart from those in its file. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  /** `value` never appears in what is written, not even as a part of something; `kind` is what stands for it. */
  hide(kind: string, value: string | undefined): void {
    if (value) this.#placeholder(kind, value, true);
  }

  exchange({ request, answer, ...rest }: Exchange) {
    const body = answer && this.#body(answer.body);
    return {
      ...rest,
      request: {
        method: request.method,
        path: this.text(decoded(request.path)),
        ...(request.body !== undefined && { body: this.#body(request.body) }),
      },
      ...(answer && {
        answer: { status: answer.status, ...(answer.requestId && { requestId: answer.requestId }), body },
      }),
    };
  }

  /** Free text: values that are known, and what looks like an id, a name or a secret. */
  text(text: string): string {
    let clean = this.known(text);
    for (const [kind, pattern] of PATTERNS)
      clean = clean.replace(pattern, (found) => this.#placeholder(kind, found, true));
    return clean;
  }

  /** All strings of a value, once everything is known; names of members stay. */
  again<T>(value: T): T {
    if (typeof value === "string") return this.known(value) as T;
    if (Array.isArray(value)) return value.map((one) => this.again(one)) as T;
    if (value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, this.again(one)])) as T;
  }

  /** The values that are known, longest first. Names and the like only where they stand alone: they may be common words. */
  known(text: string): string {
    let clean = text;
    let lower = text.toLowerCase();
    for (const [value, { placeholder, strong }] of this.#longestFirst()) {
      if (!lower.includes(value.toLowerCase())) continue;
      const pattern = strong ? escaped(value) : `(?<![\\w{-])${escaped(value)}(?![\\w-])`;
      clean = clean.replace(new RegExp(pattern, strong ? "gi" : "g"), () => placeholder);
      lower = clean.toLowerCase();
    }
    return clean;
  }

  #longestFirst() {
    if (this.#sorted.length !== this.#placeholders.size)
      this.#sorted = [...this.#placeholders].sort(([a], [b]) => b.length - a.length);
    return this.#sorted.filter(([value]) => value.length >= SHORTEST);
  }

  #body(text: string): unknown {
    if (text === "") return undefined;
    const json = parsed(text);
    if (json !== undefined) return this.#value("", json);
    if (/^\s*</.test(text)) return this.#xml(text);
    if (/^[\w.]+=[^\s]*$/.test(text))
      return Object.fromEntries(
        [...new URLSearchParams(text)].map(([name, value]) => [name, this.#string(lastName(name), value)]),
      );
    return this.#placeholder("text", text);
  }

  #value(name: string, value: unknown): unknown {
    if (typeof value === "string") return this.#string(name, value);
    if (Array.isArray(value)) {
      const shown: unknown[] = value.slice(0, MOST_ROWS).map((one) => this.#value(name, one));
      return value.length > MOST_ROWS ? [...shown, `(${value.length - MOST_ROWS} more)`] : shown;
    }
    if (value === null || typeof value !== "object") return value;
    // Tags have names of their own.
    if (/^tags$/i.test(name))
      return Object.fromEntries(
        Object.entries(value).map(([key, one]) => [
          this.#placeholder("tag", key),
          this.#placeholder("tagValue", String(one)),
        ]),
      );
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [this.known(key), this.#value(key, one)]));
  }

  #string(name: string, value: string): string {
    if (value === "" || value === "*" || TIME.test(value) || /^(true|false)$/.test(value)) return value;
    const json = /^\s*[{[]/.test(value) ? parsed(value) : undefined;
    if (json !== undefined) return JSON.stringify(this.#value(name, json));
    if (TEXTS.has(name.toLowerCase())) return this.text(value);
    if (WORDS.has(name.toLowerCase()) && WORD.test(value)) return this.text(value);
    if (name === "@odata.context" || name === "@odata.nextLink") return this.text(value);
    return this.#placeholder(name || "value", value);
  }

  /** Federation metadata is public and long: it becomes the list of its certificates. */
  #xml(text: string): unknown {
    if (/<(\w+:)?EntityDescriptor/.test(text))
      return {
        federationMetadata: [...text.matchAll(/X509Certificate>([^<]+)</g)].map(([, one]) =>
          this.#placeholder("certificate", one!.replace(/\s/g, "")),
        ),
      };
    const clean = text.replace(
      /<([\w.:]+)((?:\s[^>]*)?)>([^<]+)(?=<)/g,
      (_, name: string, attributes: string, value: string) =>
        value.trim() === "" ? `<${name}${attributes}>` : `<${name}${attributes}>${this.#string(name, decoded(value))}`,
    );
    return this.text(clean);
  }

  #placeholder(kind: string, value: string, strong = false): string {
    // A placeholder inside a text stays what it is.
    if (/^\{[\w.@$-]+-\d+\}$/.test(value)) return value;
    const known = this.#placeholders.get(value);
    if (known) return known.placeholder;
    const name = this.#prefix + kind.replaceAll(/[^\w@.-]/g, "");
    const count = (this.#counts.get(name) ?? 0) + 1;
    this.#counts.set(name, count);
    const placeholder = `{${name}-${count}}`;
    this.#placeholders.set(value, { placeholder, strong });
    return placeholder;
  }
}

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
/** "Tags.member.1.Key" is a Key. */
const lastName = (name: string) =>
  name
    .split(".")
    .filter((part) => !/^(member|\d+)$/.test(part))
    .at(-1) ?? name;

function parsed(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : undefined;
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
