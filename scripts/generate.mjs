// Generates what is derived from crds/: src/api/generated/{types.ts,crds.ts}, docs/api.md and what the chart and deploy/ carry; docs/cli.md
// from the table of commands; docs/sandbox.md from the schema of worlds; and the policies of deploy/aws and deploy/entra. `--check` only compares (`make test` does).
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";
import { parse } from "yaml";
import { COMMANDS, GROUPS } from "../src/cli/catalogue/index.ts";
import { reference as cliReference } from "../src/cli/render/reference.ts";
import { chartFiles } from "./chart.mjs";
import { conditionsReference } from "./conditions.mjs";
import { metricsReference } from "./metrics.mjs";
import { olmFiles } from "./olm.mjs";
import { policyFiles } from "./policies.mjs";
import { sandboxReference } from "./sandbox.mjs";
import { settingsReference } from "./settings.mjs";

const root = new URL("..", import.meta.url);
const banner = "// Generated from crds/ by `make generate`. Do not edit.\n";

/** An object with defaults is there after admission, so its type is required; `additionalProperties` closes the rest. */
function prepare(schema) {
  if (schema.properties) {
    const present = Object.entries(schema.properties).filter(([, property]) => property.default !== undefined);
    schema.required = [...new Set([...(schema.required ?? []), ...present.map(([name]) => name)])];
    schema.additionalProperties ??= false;
    Object.values(schema.properties).forEach(prepare);
  }
  if (schema.items) prepare(schema.items);
  delete schema.default;
  delete schema.maxItems;
  delete schema.minItems;
  return schema;
}

const crds = readdirSync(new URL("crds/", root))
  .filter((file) => file.endsWith(".yaml"))
  .sort()
  .map((file) => parse(readFileSync(new URL(`crds/${file}`, root), "utf8")));

let types = banner;
for (const crd of crds) {
  const { kind } = crd.spec.names;
  const schema = structuredClone(crd.spec.versions[0].schema.openAPIV3Schema);
  for (const part of ["spec", "status"]) {
    const partSchema = prepare(schema.properties[part]);
    const name = `${kind}${part === "spec" ? "Spec" : "Status"}`;
    const text = await compile({ ...partSchema, title: name }, name, { bannerComment: "", format: false });
    types += `\n${text.replaceAll(/\/\*\*\n \* (.*)\n \*\//g, "/** $1 */")}`;
  }
}

/** JSON in which an object or a list that fits a line takes one. */
function dense(value, indent = "") {
  const line = JSON.stringify(value);
  if (value === null || typeof value !== "object" || indent.length + line.length <= 140) return line;
  const inner = `${indent}  `;
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  const items = Object.entries(value).map(([key, one]) => {
    const name = Array.isArray(value) ? "" : `${JSON.stringify(key)}: `;
    return `${inner}${name}${dense(one, inner)}`;
  });
  return `${open}\n${items.join(",\n")}\n${indent}${close}`;
}

/** One row a field, nested fields by their dotted path. */
function rows(schema, path = "") {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const here = path ? `${path}.${name}` : name;
    const inner = property.type === "array" ? property.items : property;
    const nested = inner?.properties ? rows(inner, property.type === "array" ? `${here}[]` : here) : [];
    const type = property.enum
      ? property.enum.map((value) => `\`${value}\``).join(", ")
      : property.type === "array"
        ? `list of ${property.items.type}`
        : property.type;
    const notes = [
      required.has(name) ? "Required." : "",
      (property.description ?? "").replaceAll("\n", " ").replaceAll("|", "\\|"),
      property.default !== undefined && typeof property.default !== "object" ? `Default \`${property.default}\`.` : "",
      ...(property["x-kubernetes-validations"] ?? []).map(({ message }) => `Rule: ${message}.`),
    ];
    return [`| \`${here}\` | ${type} | ${notes.filter(Boolean).join(" ")} |`, ...nested];
  });
}

let reference =
  "<!-- Generated from crds/ by `make generate`. Do not edit. -->\n# API reference: `connectsso.dev/v1alpha1`\n";
for (const crd of crds) {
  const { kind, plural, shortNames } = crd.spec.names;
  const schema = crd.spec.versions[0].schema.openAPIV3Schema;
  reference += `\n## ${kind}\n\n${schema.description.replaceAll("\n", " ")}\n\n\`kubectl get ${plural}\` (short: ${shortNames.map((name) => `\`${name}\``).join(", ")})\n`;
  for (const part of ["spec", "status"]) {
    reference += `\n### ${kind} ${part}\n\n| field | type | meaning |\n|---|---|---|\n${rows(schema.properties[part]).join("\n")}\n`;
    const rules = schema.properties[part]["x-kubernetes-validations"] ?? [];
    if (rules.length > 0) reference += `\nRules: ${rules.map(({ message }) => message).join("; ")}.\n`;
  }
}

const outputs = {
  "docs/api.md": reference,
  "docs/cli.md": cliReference(COMMANDS, GROUPS),
  "src/api/generated/types.ts": types,
  "src/api/generated/crds.ts": `${banner}\n/** The custom resource definitions, for validation without a cluster and for installation. */\nexport const CRDS = ${dense(crds)};\n`,
  "docs/conditions.md": conditionsReference(),
  "docs/metrics.md": metricsReference(),
  "docs/sandbox.md": sandboxReference(),
  "docs/settings.md": settingsReference(),
  ...chartFiles(),
  ...policyFiles(),
  ...olmFiles(),
};
let stale = false;
for (const [path, text] of Object.entries(outputs)) {
  const url = new URL(path, root);
  let current = "";
  try {
    current = readFileSync(url, "utf8");
  } catch {}
  if (current === text) continue;
  if (process.argv.includes("--check")) {
    console.error(`${path} is not what it is generated from; run: make generate`);
    stale = true;
  } else {
    mkdirSync(new URL(".", url), { recursive: true });
    writeFileSync(url, text);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = stale ? 1 : 0;
