/** HTML as values: what is put into a template is escaped, unless it is HTML already. */
import { htmlText } from "../domain/text.ts";

export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | number | false | undefined | readonly Content[];

/** A template. Strings become text or the value of a quoted attribute; false and undefined become nothing. */
export function html(parts: TemplateStringsArray, ...values: Content[]): Html {
  return new Html(parts.map((part, index) => part + (index < values.length ? render(values[index]) : "")).join(""));
}

function render(content: Content): string {
  if (content instanceof Html) return content.text;
  if (content === false || content === undefined) return "";
  return Array.isArray(content) ? content.map(render).join("") : htmlText(String(content));
}

/** A path of this page: every part is encoded. */
export function path(...parts: string[]): string {
  return `/${parts.map(encodeURIComponent).join("/")}`;
}

/** A path with a query; parameters that are empty are left out. */
export function withQuery(base: string, query: Record<string, string | number | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  return parameters.size > 0 ? `${base}?${parameters}` : base;
}
