// Generates what is derived from crds/: src/api/generated/{types.ts,crds.ts}. `--check` only compares (the tests do).
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { compile } from "json-schema-to-typescript";
import { parse } from "yaml";

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
    types += `\n${await compile({ ...partSchema, title: name }, name, { bannerComment: "", format: false })}`;
  }
}

const outputs = {
  "src/api/generated/types.ts": types,
  "src/api/generated/crds.ts": `${banner}\n/** The custom resource definitions, for validation without a cluster and for installation. */\nexport const CRDS = ${JSON.stringify(crds, null, 2)};\n`,
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
    console.error(`${path} is not what crds/ says; run: make generate`);
    stale = true;
  } else {
    writeFileSync(url, text);
    console.log(`wrote ${path}`);
  }
}
process.exitCode = stale ? 1 : 0;
