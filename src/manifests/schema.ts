/**
 * Validates an object as the API server would: structural schema with defaults, then the CEL rules. The schemas are the CRDs
 * themselves, so a folder of manifests and a cluster accept the same things.
 */
import { evaluate } from "@marcbachmann/cel-js";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { CRDS } from "../api/generated/crds.ts";

export interface Problem {
  /** Path of keys and indexes from the document's root. */
  path: (string | number)[];
  message: string;
}

type Schema = {
  properties?: Record<string, Schema>;
  items?: Schema;
  additionalProperties?: unknown;
  "x-kubernetes-validations"?: { rule: string; message: string }[];
  "x-kubernetes-list-type"?: string;
  uniqueItems?: boolean;
  [key: string]: unknown;
};

/** Unknown fields are errors, as they are for kubectl; the server itself would drop them silently. */
function close(schema: Schema, root = true): Schema {
  if (schema.properties) {
    if (!root) schema.additionalProperties ??= false;
    for (const [name, property] of Object.entries(schema.properties)) if (name !== "metadata") close(property, false);
  }
  if (schema.items) close(schema.items, false);
  if (schema["x-kubernetes-list-type"] === "set") schema.uniqueItems = true;
  return schema;
}

const kinds = new Map<string, { schema: Schema; validate?: ValidateFunction }>();
for (const crd of CRDS) {
  const schema = close(structuredClone(crd.spec.versions[0]!.schema.openAPIV3Schema) as unknown as Schema);
  kinds.set(crd.spec.names.kind, { schema });
}
let ajv: Ajv | undefined;

/** Fills defaults into `object` (spec must be there) and returns what is wrong with it; empty when it is fine. */
export function validate(kind: string, object: unknown): Problem[] {
  const entry = kinds.get(kind);
  if (!entry) return [{ path: ["kind"], message: `unknown kind ${kind}` }];
  ajv ??= new Ajv({
    allErrors: true,
    useDefaults: true,
    strict: false,
    formats: { "date-time": true, int64: true },
    unicodeRegExp: false,
  });
  entry.validate ??= ajv.compile(entry.schema);
  if (!entry.validate(object)) return (entry.validate.errors ?? []).map(problemOf);
  return celProblems(entry.schema, object, []);
}

/** What is wrong with a manifest, one line each. On a copy: the defaults that are filled in need not be spelt out for people. */
export const problemsOf = ({ object }: { object: { kind: string } }): string[] =>
  validate(object.kind, JSON.parse(JSON.stringify(object))).map(({ path, message }) => `${path.join(".")}: ${message}`);

function problemOf(error: ErrorObject): Problem {
  const path = error.instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const parameters = error.params as Record<string, unknown>;
  if (error.keyword === "additionalProperties") {
    const name = String(parameters.additionalProperty);
    return { path: [...path, name], message: `unknown field ${name}` };
  }
  if (error.keyword === "enum") {
    return { path, message: `must be one of ${(parameters.allowedValues as unknown[]).join(", ")}` };
  }
  return { path, message: error.message ?? "is not valid" };
}

/** Rules with `oldSelf` are about changes; a file has no old self. */
function celProblems(schema: Schema, value: unknown, path: (string | number)[]): Problem[] {
  if (value === null || typeof value !== "object") return scalarProblems(schema, value, path);
  const problems = scalarProblems(schema, value, path);
  if (Array.isArray(value)) {
    if (schema.items)
      for (const [index, item] of value.entries()) problems.push(...celProblems(schema.items, item, [...path, index]));
  } else if (schema.properties) {
    for (const [name, item] of Object.entries(value)) {
      const property = schema.properties[name];
      if (property) problems.push(...celProblems(property, item, [...path, name]));
    }
  }
  return problems;
}

function scalarProblems(schema: Schema, value: unknown, path: (string | number)[]): Problem[] {
  const problems: Problem[] = [];
  for (const { rule, message } of schema["x-kubernetes-validations"] ?? []) {
    if (rule.includes("oldSelf")) continue;
    if (evaluate(rule, { self: value }) !== true) problems.push({ path, message });
  }
  return problems;
}
