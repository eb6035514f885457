/** The chart on a real API server: installed, upgraded and uninstalled by Helm, every manifest accepted as it is, pods under the restricted standard. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { established } from "../kube/established.ts";
import { chart, expectGolden, helm, type Manifest, parseManifests, render, root, valueSets } from "./support.ts";

const { kubernetesTypes, kubernetesTypeNames } = (await import("../../scripts/chart.mjs" as string)) as {
  kubernetesTypes(openapi: unknown, names: string[]): unknown;
  kubernetesTypeNames(): string[];
};
const { foreignCrds } = (await import("../../scripts/tools.mjs" as string)) as { foreignCrds(): Promise<string> };
/** Warnings are errors too: the API server warns of a deprecated version. */
const STRICT = "apply --server-side --dry-run=server --validate=strict --warnings-as-errors -f";

let server: ApiServer;
const kubectl = (args: string, input?: unknown) =>
  server.kubectl(args.split(" "), input === undefined ? undefined : JSON.stringify(input));
const list = (items: Manifest[]) => ({ apiVersion: "v1", kind: "List", items });

beforeAll(async () => {
  server = await startApiServer();
  for (const namespace of ["connect-sso", "contact-centre", "customer-service", "monitoring", "argocd", "flux-system"])
    await kubectl(`create namespace ${namespace}`);
  await kubectl("label namespace connect-sso pod-security.kubernetes.io/enforce=restricted");
  await kubectl(`apply --server-side -f ${await foreignCrds()}`);
  await established(server);
});
afterAll(() => server?.stop());

test("the Kubernetes types in the schema are those of this API server", async () => {
  const openapi = JSON.parse(await kubectl("get --raw /openapi/v2"));
  const types = `${JSON.stringify(kubernetesTypes(openapi, kubernetesTypeNames()), null, 1)}\n`;
  expectGolden("helm/kubernetes-types.json", types);
});

describe.each(valueSets)("%s", (_name, args) => {
  let manifests: Manifest[];
  beforeAll(async () => {
    manifests = await render(...args);
  });

  test("the API server takes every manifest as it is: no unknown field, no warning", async () => {
    const applied = await kubectl(`${STRICT} -`, list(manifests));
    expect(applied.trim().split("\n")).toHaveLength(manifests.length);
  });

  test("its pods pass the restricted Pod Security Standard, enforced", async () => {
    const pods = manifests
      .filter(({ kind }) => kind === "Deployment")
      .map(({ metadata, spec }) => ({
        apiVersion: "v1",
        kind: "Pod",
        metadata: { ...spec.template.metadata, name: metadata.name, namespace: metadata.namespace },
        spec: spec.template.spec,
      }));
    const applied = await kubectl("create --dry-run=server --validate=strict -f -", list(pods));
    expect(applied.trim().split("\n")).toHaveLength(pods.length);
  });
});

test.each([
  "argocd/operator",
  "argocd/personas",
  "flux/operator",
  "flux/personas",
  "olm/manifests/connect-sso.clusterserviceversion",
])("deploy/%s.yaml is taken as it is by the kinds that Argo CD, Flux and OLM publish", async (name) => {
  const file = join(root, "deploy", `${name}.yaml`);
  const applied = await kubectl(`${STRICT} ${file}`);
  expect(applied.trim().split("\n")).toHaveLength(parseManifests(readFileSync(file, "utf8")).length);
});

describe("Helm's own way", () => {
  const run = (command: string, ...args: string[]) =>
    helm(...command.split(" "), ...args, "--namespace", "connect-sso", "--kubeconfig", server.kubeconfig);
  let folder: string;
  let packaged: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "connect-sso-chart-"));
    const copy = join(folder, "connect-sso");
    cpSync(chart, copy, { recursive: true });
    // An API server that was built from its Go module does not know which version it is.
    const meta = readFileSync(join(copy, "Chart.yaml"), "utf8");
    writeFileSync(join(copy, "Chart.yaml"), meta.replace(/^kubeVersion:.*$/m, ""));
    packaged = (await helm("package", copy, "--destination", folder)).trim().split(": ")[1]!;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const crds = async () => (await kubectl("get crd -o name")).match(/\S+connectsso.dev/g) ?? [];

  test.each(valueSets)("%s: what it says after the installation is in the golden file", async (name, args) => {
    const said = await run("install connect-sso", packaged, "--dry-run=client", ...args);
    expectGolden(`test/helm/golden/${name}.notes.txt`, said.split("\nNOTES:\n")[1] ?? "");
  });

  test("a release is installed and upgraded; uninstalled, it leaves the CRDs and with them every persona and user", async () => {
    await run("install connect-sso", packaged);
    await run("upgrade connect-sso", packaged, "-f", "helm/examples/aks.yaml");
    const deployment = JSON.parse(await kubectl("get deployment connect-sso -n connect-sso -o json"));
    expect(deployment.spec.template.spec.containers[0].args).toContain("--cluster-name=prod-aks");
    const persona = join(root, "examples/recommended/personas.yaml");
    await kubectl(`apply -f ${persona}`);
    await run("uninstall connect-sso");
    expect(await crds()).toHaveLength(3);
    expect(await kubectl("get connectssopersonas -A -o name")).toBe(
      "connectssopersona.connectsso.dev/agents\nconnectssopersona.connectsso.dev/managers\n",
    );
    expect(await kubectl("get clusterrole,clusterrolebinding -o name")).not.toMatch(/connect-sso/);
    // The kept CRDs are taken up again, not fought over.
    await run("install connect-sso", packaged, "--set", "crds.keep=false");
    await run("uninstall connect-sso", "--wait=false");
  });

  test("the chart's version is the program's", async () => {
    const version = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).version;
    const shown = await helm("show", "chart", chart);
    expect(shown).toContain(`\nversion: ${version}\n`);
    expect(shown).toContain(`appVersion: ${version}\n`);
  });
});
