// What the chart and deploy/ carry of other sources: copies of CRDs, alerts and dashboard, and the schema of values.yaml. `make generate` writes it.
import { readdirSync, readFileSync } from "node:fs";
import { parse, stringify } from "yaml";
import { SETTINGS_SCHEMA } from "../src/config/settings.ts";

const root = new URL("..", import.meta.url);
const read = (path) => readFileSync(new URL(path, root), "utf8");
const COPY = "# A copy, made by `make generate`. Do not edit.";

/** Path to text of every file that is derived for the chart and for deploy/. */
export function chartFiles() {
  const files = {
    "helm/connect-sso/values.schema.json": valuesSchema(),
    "helm/connect-sso/files/connect-sso.rules.yaml": `${COPY}\n${read("deploy/prometheus/connect-sso.rules.yaml")}`,
    "helm/connect-sso/files/connect-sso.json": read("deploy/grafana/connect-sso.json"),
    "deploy/argocd/argocd-cm.yaml": argocdConfig(),
    "deploy/kustomize/components/monitoring/prometheusrule.yaml": prometheusRule(),
    "deploy/kustomize/components/monitoring/connect-sso.json": read("deploy/grafana/connect-sso.json"),
  };
  for (const name of readdirSync(new URL("crds/", root)).filter((file) => file.endsWith(".yaml"))) {
    const text = `${COPY}\n${read(`crds/${name}`)}`;
    files[`helm/connect-sso/files/crds/${name}`] = text;
    files[`deploy/kustomize/crds/${name}`] = text;
  }
  return files;
}

/** Health checks and actions of deploy/argocd/resource_customizations in the form of Argo CD's own ConfigMap. */
function argocdConfig() {
  const group = "connectsso.dev";
  const folder = `deploy/argocd/resource_customizations/${group}`;
  const data = {};
  for (const kind of readdirSync(new URL(folder, root)).sort()) {
    const actions = `${folder}/${kind}/actions`;
    const definitions = readdirSync(new URL(actions, root), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "testdata")
      .map(({ name }) => ({ name, "action.lua": read(`${actions}/${name}/action.lua`) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    data[`resource.customizations.health.${group}_${kind}`] = read(`${folder}/${kind}/health.lua`);
    data[`resource.customizations.actions.${group}_${kind}`] = stringify(
      { "discovery.lua": read(`${actions}/discovery.lua`), definitions },
      { lineWidth: 0 },
    );
  }
  const metadata = { name: "argocd-cm", namespace: "argocd", labels: { "app.kubernetes.io/part-of": "argocd" } };
  const patch = "kubectl patch configmap argocd-cm -n argocd --patch-file deploy/argocd/argocd-cm.yaml";
  const head = `# Made of resource_customizations/ by \`make generate\`. ${patch}\n`;
  return head + stringify({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, { lineWidth: 0 });
}

function prometheusRule() {
  const spec = read("deploy/prometheus/connect-sso.rules.yaml").replace(/^(?=.)/gm, "  ");
  return `${COPY}\napiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata:\n  name: connect-sso\nspec:\n${spec}`;
}

/** helm/schema.yaml, with the configuration file's own schema and the Kubernetes types put in. */
function valuesSchema() {
  const schema = parse(read("helm/schema.yaml"));
  schema.properties.config = SETTINGS_SCHEMA;
  schema.$defs = { ...schema.$defs, ...JSON.parse(read("helm/kubernetes-types.json")) };
  return `${JSON.stringify(schema, null, 1)}\n`;
}

/** Names of the Kubernetes types that helm/schema.yaml refers to. */
export const kubernetesTypeNames = () =>
  [...new Set([...read("helm/schema.yaml").matchAll(/#\/\$defs\/(io\.k8s\.[\w.]+)/g)].map(([, name]) => name))].sort();

/**
 * These types and all that they are made of, from the API server's `/openapi/v2`, closed and without descriptions: a misspelt
 * toleration is refused by Helm, before Kubernetes drops it in silence.
 */
export function kubernetesTypes(openapi, names) {
  const types = {};
  const add = (name) => {
    if (types[name]) return;
    types[name] = {};
    types[name] = reduce(openapi.definitions[name], add);
  };
  names.forEach(add);
  return Object.fromEntries(Object.entries(types).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function reduce(schema, add) {
  if (schema.$ref) {
    const name = schema.$ref.replace("#/definitions/", "");
    add(name);
    return { $ref: `#/$defs/${name}` };
  }
  // Quantities, and numbers or percentages: in YAML they come as either.
  if (schema.format === "int-or-string" || (schema.type === "string" && /Quantity is a fixed/.test(schema.description)))
    return { type: ["string", "number"] };
  const reduced = { type: schema.type };
  if (schema.enum) reduced.enum = schema.enum;
  if (schema.required) reduced.required = schema.required;
  if (schema.items) reduced.items = reduce(schema.items, add);
  if (schema.properties) {
    reduced.additionalProperties = false;
    reduced.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, property]) => [name, reduce(property, add)]),
    );
  } else if (schema.additionalProperties) {
    reduced.additionalProperties = reduce(schema.additionalProperties, add);
  }
  return reduced;
}
