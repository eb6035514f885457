// docs/settings.md: every field of the settings file, by the descriptions of its schema.
import { readFileSync } from "node:fs";
import { SETTINGS_SCHEMA } from "../src/config/settings.ts";

const INTRO = `<!-- Generated from the schema of the settings file by \`make generate\`. Do not edit. -->
# Settings file

The settings file belongs to the platform team. It says which AWS accounts and Entra tenants each namespace may use: a persona that
names another one is refused. Pass it as \`--config\` to \`connect-sso run\`, or as \`config\` in the values of the chart.
\`plan\`, \`apply\`, \`delete\`, \`why\`, \`import\`, \`doctor\` and \`policy\` take it too.

The controller reads the file again when it changes. If the new version is not valid, the controller logs the mistakes with their
lines and keeps the old settings.
`;

/** One row a field, nested fields by their dotted path. */
function rows(schema, path = "") {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const here = path ? `${path}.${name}` : name;
    const list = property.type === "array";
    const inner = list ? property.items : property;
    const type = list ? `list of ${property.items.type}s` : property.type;
    const notes = `${required.has(name) ? "Required: " : ""}${property.description}.`;
    const nested = inner.properties ? rows(inner, list ? `${here}[]` : here) : [];
    const named = property.additionalProperties?.properties ? rows(property.additionalProperties, `${here}.NAME`) : [];
    return [`| \`${here}\` | ${type} | ${notes[0].toUpperCase()}${notes.slice(1)} |`, ...nested, ...named];
  });
}

export function settingsReference() {
  const example = readFileSync(new URL("../examples/several-accounts/settings.yaml", import.meta.url), "utf8");
  const table = `| field | type | meaning |\n|---|---|---|\n${rows(SETTINGS_SCHEMA).join("\n")}\n`;
  return `${INTRO}\n## Fields\n\n${table}\n## Example\n\nTry it: \`make dev WORLD=examples/several-accounts/sandbox-world.yaml SETTINGS=examples/several-accounts/settings.yaml\`, then\n\`kubectl apply -f examples/several-accounts/manifests\`.\n\n\`\`\`yaml\n${example}\`\`\`\n`;
}
