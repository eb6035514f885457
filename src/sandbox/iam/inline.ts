/** Inline policies: the same four operations for roles, users and groups. */
import { type IamOperation, page, read, write } from "./account.ts";
import { checkInlinePolicy } from "./documents.ts";
import { notFound } from "./error.ts";
import type { InlinePolicy } from "./state.ts";
import { percentEncode } from "./xml.ts";

interface Holder {
  name: string;
  inline: InlinePolicy[];
}

export function inlineOperations<T extends Holder>({
  type,
  field,
  find,
  put,
}: {
  type: "role" | "user" | "group";
  field: "RoleName" | "UserName" | "GroupName";
  find(name: string, map?: "get" | "read"): T;
  put(value: T): unknown;
}): Record<string, IamOperation> {
  const Type = type.charAt(0).toUpperCase() + type.slice(1);
  const named = ({ inline }: Holder, name: string): InlinePolicy => {
    const found = inline.find((one) => one.name === name);
    if (!found) throw notFound(`The ${type} policy with name ${name} cannot be found.`);
    return found;
  };
  return {
    [`Put${Type}Policy`]: write((p) => {
      const holder = find(p.required(field));
      const name = p.required("PolicyName");
      const document = p.required("PolicyDocument");
      const others = holder.inline.filter((one) => one.name !== name);
      checkInlinePolicy(
        type,
        holder.name,
        document,
        others.map((one) => one.document),
      );
      put({ ...holder, inline: [...others, { name, document }] });
      return undefined;
    }),
    [`Get${Type}Policy`]: read((p) => {
      const holder = find(p.required(field), "read");
      const { name, document } = named(holder, p.required("PolicyName"));
      return { [field]: holder.name, PolicyName: name, PolicyDocument: percentEncode(document) };
    }),
    [`List${Type}Policies`]: read((p) => {
      const { inline } = find(p.required(field), "read");
      return page(
        p,
        inline.map(({ name }) => name),
        "PolicyNames",
      );
    }),
    [`Delete${Type}Policy`]: write((p) => {
      const holder = find(p.required(field));
      const { name } = named(holder, p.required("PolicyName"));
      put({ ...holder, inline: holder.inline.filter((one) => one.name !== name) });
      return undefined;
    }),
  };
}
