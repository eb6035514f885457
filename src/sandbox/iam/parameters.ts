/** awsQuery parameters: form fields, `X.member.N` lists, and the constraints that IAM checks first (ValidationError). */
import { invalid } from "./error.ts";
import type { Tag } from "./state.ts";

/** [pattern, minimum length, maximum length] of IAM's service model. */
const RULES: Record<string, [RegExp, number, number]> = {
  roleName: [/[\w+=,.@-]+/, 1, 64],
  userName: [/[\w+=,.@-]+/, 1, 128],
  groupName: [/[\w+=,.@-]+/, 1, 128],
  policyName: [/[\w+=,.@-]+/, 1, 128],
  name: [/[\w._-]+/, 1, 128],
  path: [/(\u002F)|(\u002F[\u0021-\u007E]+\u002F)/, 1, 512],
  policyArn: [/[\s\S]*/, 20, 2048],
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the service model allows tab, line feed and carriage return
  description: [/[\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*/, 0, 1000],
  versionId: [/v[1-9][0-9]*(\.[A-Za-z0-9-]*)?/, 1, 128],
};

export class Parameters {
  readonly #form: URLSearchParams;
  constructor(form: URLSearchParams) {
    this.#form = form;
  }

  optional(name: string): string | undefined {
    const value = this.#form.get(name) ?? undefined;
    const field = name.charAt(0).toLowerCase() + name.slice(1);
    const rule = RULES[field];
    if (value !== undefined && rule) {
      const [pattern, least, most] = rule;
      const complaint =
        value.length < least
          ? `Member must have length greater than or equal to ${least}`
          : value.length > most
            ? `Member must have length less than or equal to ${most}`
            : new RegExp(`^(?:${pattern.source})$`).test(value)
              ? undefined
              : `Member must satisfy regular expression pattern: ${pattern.source}`;
      if (complaint)
        throw invalid(`1 validation error detected: Value at '${field}' failed to satisfy constraint: ${complaint}`);
    }
    return value;
  }

  /** Fills in a field that the caller left out. */
  assume(name: string, value: string): void {
    if (!this.#form.has(name)) this.#form.set(name, value);
  }

  /** A field as it is, unchecked. */
  peek(name: string): string | undefined {
    return this.#form.get(name) ?? undefined;
  }

  /** Context keys and values of a simulation. */
  contextEntries(): Record<string, string[]> {
    const entries: Record<string, string[]> = {};
    for (let index = 1; this.#form.has(`ContextEntries.member.${index}.ContextKeyName`); index++) {
      const prefix = `ContextEntries.member.${index}`;
      entries[this.#form.get(`${prefix}.ContextKeyName`)!] = this.members(`${prefix}.ContextKeyValues`);
    }
    return entries;
  }

  /** Keys of tags to take off. */
  tagKeys(): string[] {
    const keys = this.members("TagKeys");
    const complain = (constraint: string) =>
      invalid(`1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: ${constraint}`);
    if (keys.length > 50) throw complain("Member must have length less than or equal to 50");
    if (!keys.every((key) => key.length <= 128 && /^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u.test(key)))
      throw complain(
        "Member must satisfy constraint: [Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+, Member must not be null]",
      );
    return keys;
  }

  required(name: string): string {
    const value = this.optional(name);
    if (value === undefined || value === "") {
      throw invalid(
        `1 validation error detected: Value at '${name.charAt(0).toLowerCase() + name.slice(1)}' failed to satisfy constraint: Member must not be null`,
      );
    }
    return value;
  }

  arn(name: string): string {
    const value = this.required(name);
    if (!/^arn:aws[\w-]*:iam::(\d{12}|aws):[\w-]+\/.+$/.test(value)) throw invalid(`ARN ${value} is not valid.`);
    return value;
  }

  integer(name: string, least: number, most: number): number | undefined {
    const value = this.optional(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isInteger(number) || number < least || number > most) {
      const bound = number > most ? `less than or equal to ${most}` : `greater than or equal to ${least}`;
      throw invalid(
        `1 validation error detected: Value at '${name.charAt(0).toLowerCase() + name.slice(1)}' failed to satisfy constraint: Member must have value ${bound}`,
      );
    }
    return number;
  }

  flag(name: string): boolean {
    return this.optional(name) === "true";
  }

  members(name: string): string[] {
    const values: string[] = [];
    for (let index = 1; this.#form.has(`${name}.member.${index}`); index++)
      values.push(this.#form.get(`${name}.member.${index}`)!);
    return values;
  }

  tags(): Tag[] {
    const tags: Tag[] = [];
    for (let index = 1; this.#form.has(`Tags.member.${index}.Key`); index++) {
      const Key = this.#form.get(`Tags.member.${index}.Key`)!;
      const Value = this.#form.get(`Tags.member.${index}.Value`) ?? "";
      const complain = (part: string, complaint: string) =>
        invalid(
          `1 validation error detected: Value at 'tags.${index}.member.${part}' failed to satisfy constraint: ${complaint}`,
        );
      if (Key.length < 1) throw complain("key", "Member must have length greater than or equal to 1");
      if (Key.length > 128) throw complain("key", "Member must have length less than or equal to 128");
      if (Value.length > 256) throw complain("value", "Member must have length less than or equal to 256");
      if (!/^[\p{L}\p{Z}\p{N}_.:/=+\-@]+$/u.test(Key))
        throw complain("key", "Member must satisfy regular expression pattern: [\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]+");
      tags.push({ Key, Value });
    }
    if (tags.length > 50)
      throw invalid(
        "1 validation error detected: Value at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50",
      );
    return tags;
  }
}
