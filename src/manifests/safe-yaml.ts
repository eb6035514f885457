/** YAML of data that others wrote: the same data, and nothing in it that a terminal obeys. */
import { type Document, Scalar, type ToStringOptions, visit } from "yaml";
import { isUnsafe, yamlText } from "../domain/text.ts";

export function safeYaml(document: Document, options?: ToStringOptions): string {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "string" && isUnsafe(node.value)) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  return yamlText(document.toString(options));
}
