/** deploy/kustomize against the chart: what it takes from there is rendered from there, and every overlay makes the same objects as its values file. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "@jest/globals";
import { expectGolden, find, type Manifest, parseManifests, render, root, template } from "./support.ts";

const { kubeTools } = (await import("../../scripts/tools.mjs" as string)) as { kubeTools(): Promise<string> };
const folder = "deploy/kustomize";
const overlays = readdirSync(join(root, folder, "overlays"));

async function kustomize(path: string): Promise<Manifest[]> {
  const kubectl = join(await kubeTools(), "kubectl");
  const options = { maxBuffer: 64 * 1024 * 1024, cwd: root };
  return parseManifests((await promisify(execFile)(kubectl, ["kustomize", join(folder, path)], options)).stdout);
}

/** A file rendered from the chart, without what only Helm's own objects carry, and without `except`, which the base has already. */
const rendered = async (name: string, args: string[], except?: RegExp) =>
  (await template("-s", `templates/${name}.yaml`, ...args))
    .split(/^(?=---\n)/m)
    .filter((object) => !except?.test(object))
    .join("")
    .split("\n")
    .filter(
      (line) => !/^ *(helm\.sh\/chart|app\.kubernetes\.io\/managed-by):/.test(line) && !line.startsWith("# Source:"),
    )
    .join("\n")
    .replace(/^---\n/, "# Rendered from the chart: UPDATE_GOLDEN=1 npm test -- test/helm/kustomize\n");

test.each([
  ...["serviceaccount", "rbac", "rbac-personas", "deployment", "service", "poddisruptionbudget", "networkpolicy"].map(
    (name) => ["base", name, ""],
  ),
  [
    "components/page",
    "page",
    "page.enabled=true,page.publicUrl=https://people.example.com,page.oidc.clientId=CLIENT-ID,entra.tenantId=7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071",
  ],
  ["components/monitoring", "servicemonitor", "metrics.serviceMonitor.enabled=true"],
  ["overlays/namespaced", "rbac", "watchNamespace=contact-centre"],
  ["overlays/namespaced", "rbac-personas", "watchNamespace=contact-centre"],
  ["overlays/sandbox", "sandbox", "sandbox.enabled=true"],
])("%s/%s.yaml is rendered from the chart", async (path, name, values) => {
  const except = path === "overlays/namespaced" ? /leader-election/ : undefined;
  expectGolden(`${folder}/${path}/${name}.yaml`, await rendered(name!, values ? ["--set", values] : [], except));
});

test("the sandbox overlay gives the controller the environment that the chart gives it", async () => {
  const { containers } = find(await render("-f", "helm/examples/sandbox.yaml"), "Deployment", "connect-sso").spec
    .template.spec;
  const patch = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "connect-sso" },
    spec: { template: { spec: { containers: [{ name: "controller", env: containers[0].env }] } } },
  };
  const header = "# Rendered from the chart: UPDATE_GOLDEN=1 npm test -- test/helm/kustomize\n";
  const { stringify } = await import("yaml");
  expectGolden(`${folder}/overlays/sandbox/sandbox-env.yaml`, header + stringify(patch));
});

/** Order of lists that have none, Helm's own marks, and annotations against pruning are no differences. */
function normal(manifests: Manifest[]): Manifest[] {
  return manifests
    .filter(({ kind }) => kind !== "Namespace")
    .map((one) => {
      const copy = structuredClone(one);
      const pod = copy.spec?.template;
      for (const metadata of [copy.metadata, pod?.metadata]) {
        if (!metadata) continue;
        for (const label of ["helm.sh/chart", "app.kubernetes.io/managed-by"]) delete metadata.labels?.[label];
        if (one.kind === "CustomResourceDefinition") {
          delete metadata.annotations;
          delete metadata.labels;
        }
      }
      // Those that kustomize generates carry no labels; of PrometheusRules ours has none.
      if (one.kind === "ConfigMap" || one.kind === "PrometheusRule") delete copy.metadata.labels;
      if (copy.data?.["config.yaml"]) copy.data["config.yaml"] = parseManifests(copy.data["config.yaml"]);
      for (const container of pod?.spec.containers ?? []) {
        container.args.sort();
        for (const list of [container.env, container.volumeMounts]) list?.sort(byName);
      }
      pod?.spec.volumes?.sort(byName);
      return copy;
    })
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
const key = ({ kind, metadata }: Manifest) => `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;

test("the base is the chart with its defaults", async () => {
  expect(normal(await kustomize("base"))).toEqual(normal(await render()));
});

test.each(overlays)("overlay %s is the chart with its file of helm/examples", async (name) => {
  expect(normal(await kustomize(`overlays/${name}`))).toEqual(normal(await render("-f", `helm/examples/${name}.yaml`)));
});

test("there is an overlay for every example", () => {
  const examples = readdirSync(join(root, "helm/examples")).map((file) => file.replace(".yaml", ""));
  expect(overlays.sort()).toEqual(examples.sort());
});

test("the CRDs are kept by whatever prunes", async () => {
  for (const { metadata } of await kustomize("crds")) {
    expect(metadata.annotations["argocd.argoproj.io/sync-options"]).toContain("Prune=false");
    expect(metadata.annotations["kustomize.toolkit.fluxcd.io/prune"]).toBe("disabled");
  }
});
