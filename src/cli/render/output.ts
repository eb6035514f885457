/** One answer in the form that was asked for. Text goes to people, the rest to programs and pull requests. */
import { Document } from "yaml";
import { jsonText } from "../../domain/text.ts";
import { safeYaml } from "../../manifests/safe-yaml.ts";

export const FORMATS = ["text", "json", "yaml"] as const;
export type Format = (typeof FORMATS)[number] | "markdown";

interface Answer {
  /** Plain data, the same for json and yaml: a stable contract, documented with the command. */
  data: unknown;
  text(): string;
  markdown?(): string;
}

export function format(answer: Answer, as: Format): string {
  switch (as) {
    case "json":
      return `${jsonText(JSON.stringify(answer.data, null, 2))}\n`;
    case "yaml":
      return safeYaml(new Document(answer.data), { lineWidth: 0 });
    case "markdown":
      return ended(answer.markdown?.() ?? answer.text());
    case "text":
      return ended(answer.text());
  }
}

export function print(answer: Answer, as: Format): void {
  process.stdout.write(format(answer, as));
}

const ended = (text: string) => (text.endsWith("\n") ? text : `${text}\n`);
