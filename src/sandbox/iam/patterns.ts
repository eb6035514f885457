/** Wildcards and policy variables. */

/** A text after its variables were replaced: as it is, and with the wildcards that came out of `${*}` and `${?}` masked. */
export interface Expanded {
  literal: string;
  /** `*` and `?` are wildcards, unless a backslash precedes them. */
  pattern: string;
}

const VARIABLE = /\$\{([^}]*)\}/g;

/** Replaces `${key}` and `${key, 'default'}`; `${*}`, `${?}` and `${$}` are the characters. Undefined when a key has no value. */
export function expand(text: string, lookUp: (key: string) => string | undefined): Expanded | undefined {
  let known = true;
  const replace = (mask: (value: string) => string) =>
    text.replace(VARIABLE, (_, inside: string) => {
      if (["*", "?", "$"].includes(inside)) return mask(inside);
      const [, key = "", fallback] = /^\s*([^,]+?)\s*(?:,\s*'([^']*)'\s*)?$/.exec(inside) ?? [];
      const value = lookUp(key) ?? fallback;
      if (value === undefined) known = false;
      return mask(value ?? "");
    });
  const literal = replace((value) => value);
  const pattern = replace((value) => value.replace(/[*?]/g, "\\$&"));
  return known ? { literal, pattern } : undefined;
}

/** `*` and `?` as IAM reads them. */
export function like({ pattern }: Expanded, text: string, ignoreCase = false): boolean {
  const source = pattern
    .split(/(\\[*?]|[*?])/)
    .map((part) => (part === "*" ? ".*" : part === "?" ? "." : /^\\[*?]$/.test(part) ? part : escaped(part)))
    .join("");
  return new RegExp(`^${source}$`, ignoreCase ? "is" : "s").test(text);
}

const escaped = (text: string) => text.replace(/[.+^${}()|[\]\\*?]/g, "\\$&");

/** Each of the six parts of an ARN is matched on its own, so a `*` does not run over a colon. */
export function arnLike({ pattern }: Expanded, arn: string): boolean {
  const split = (text: string): string[] => [...text.split(":").slice(0, 5), text.split(":").slice(5).join(":")];
  const parts = split(arn);
  return (
    pattern === "*" || split(pattern).every((part, index) => like({ literal: part, pattern: part }, parts[index] ?? ""))
  );
}
