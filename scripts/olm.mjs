// deploy/olm: the bundle for the Operator Lifecycle Manager, derived from deploy/kustomize/base, crds/ and the chart's metadata. `make generate`
// writes it; a release writes it once more with the image's digest:
//   node scripts/olm.mjs --image IMAGE@sha256:… --created 2026-01-31T12:00:00Z --out FOLDER
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse, parseAllDocuments, stringify } from "yaml";

const root = fileURLToPath(new URL("..", import.meta.url));
const BASE = "deploy/kustomize/base";
const MANIFESTS = "deploy/olm/manifests";
const COPY = "# Made by `make generate`. Do not edit.\n";
const REPOSITORY = "https://github.com/connect-sso/connect-sso";

const read = (path) => readFileSync(join(root, path), "utf8");
const objects = (path) => parseAllDocuments(read(path)).map((document) => document.toJS());
const yaml = (value) => COPY + stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

const DESCRIPTION = `connect-sso sets up and maintains single sign-on from Microsoft Entra ID to Amazon Connect.

A persona becomes an Entra application, its signing certificate, an IAM SAML provider, an IAM role and its policies. A user gets the
persona's role in Entra and a user in Amazon Connect. Both are compared with the clouds again and again; differences are corrected or
reported.

**Before you install:** the operator needs an identity on both clouds. OLM creates its service account \`connect-sso\`; annotate that for IRSA
or Azure workload identity, and set environment variables in the Subscription (\`spec.config.env\`). See
[the installation guide](${REPOSITORY}/blob/main/deploy/olm/README.md).

The operator delegates to services outside the cluster. It does not run a workload, so it claims the capability level *Basic Install* only.`;

/** Path to text of every file of the bundle. `created`: ISO 8601, for the catalogue. */
export function olmFiles({ image, created } = {}) {
  const chart = parse(read("helm/connect-sso/Chart.yaml"));
  const rbac = objects(`${BASE}/rbac.yaml`);
  const [deployment] = objects(`${BASE}/deployment.yaml`);
  const [service] = objects(`${BASE}/service.yaml`);
  const files = {
    [`${MANIFESTS}/connect-sso.clusterserviceversion.yaml`]: yaml(csv({ chart, rbac, deployment, image, created })),
    [`${MANIFESTS}/connect-sso-metrics.service.yaml`]: yaml(withoutNamespace(service)),
    "deploy/olm/metadata/annotations.yaml": yaml({ annotations: ANNOTATIONS }),
    "deploy/olm/bundle.Dockerfile": dockerfile(),
  };
  for (const role of objects(`${BASE}/rbac-personas.yaml`))
    files[`${MANIFESTS}/${role.metadata.name}.clusterrole.yaml`] = yaml(role);
  for (const name of crdFiles()) files[`${MANIFESTS}/${name}`] = `${COPY}${read(`crds/${name}`)}`;
  return files;
}

const crdFiles = () => readdirSync(join(root, "crds")).filter((name) => name.endsWith(".yaml"));

const ANNOTATIONS = {
  "operators.operatorframework.io.bundle.mediatype.v1": "registry+v1",
  "operators.operatorframework.io.bundle.manifests.v1": "manifests/",
  "operators.operatorframework.io.bundle.metadata.v1": "metadata/",
  "operators.operatorframework.io.bundle.package.v1": "connect-sso",
  "operators.operatorframework.io.bundle.channels.v1": "alpha",
  "operators.operatorframework.io.bundle.channel.default.v1": "alpha",
};

/** OLM reads labels of the image, and annotations.yaml inside it; they must be the same. */
function dockerfile() {
  const labels = Object.entries(ANNOTATIONS).map(([name, value]) => `LABEL ${name}=${value}`);
  const copy = ["COPY manifests /manifests/", "COPY metadata /metadata/"];
  return `${COPY}FROM scratch\n\n${labels.join("\n")}\n\n${copy.join("\n")}\n`;
}

function csv({ chart, rbac, deployment, image, created }) {
  const spec = structuredClone(deployment.spec);
  const [container] = spec.template.spec.containers;
  if (image) container.image = image;
  const serviceAccountName = spec.template.spec.serviceAccountName;
  const rules = (kind) => [{ serviceAccountName, rules: rbac.find((one) => one.kind === kind).rules }];
  return {
    apiVersion: "operators.coreos.com/v1alpha1",
    kind: "ClusterServiceVersion",
    metadata: {
      name: `connect-sso.v${chart.version}`,
      annotations: {
        "alm-examples": JSON.stringify(parse(chart.annotations["artifacthub.io/crdsExamples"]), null, 2),
        capabilities: chart.annotations["artifacthub.io/operatorCapabilities"],
        categories: "Security, Integration & Delivery",
        containerImage: container.image,
        ...(created ? { createdAt: created } : {}),
        description: chart.description,
        repository: REPOSITORY,
        support: "connect-sso community",
      },
    },
    spec: {
      displayName: "connect-sso",
      version: chart.version,
      description: DESCRIPTION,
      icon: [{ base64data: Buffer.from(read("docs/icon.svg")).toString("base64"), mediatype: "image/svg+xml" }],
      keywords: chart.keywords,
      links: [
        { name: "Source code", url: REPOSITORY },
        { name: "Documentation", url: `${REPOSITORY}/tree/main/docs` },
      ],
      provider: { name: "connect-sso", url: REPOSITORY },
      maturity: "alpha",
      minKubeVersion: /\d+\.\d+\.\d+/.exec(chart.kubeVersion)[0],
      installModes: ["OwnNamespace", "SingleNamespace", "MultiNamespace", "AllNamespaces"].map((type) => ({
        type,
        supported: type === "AllNamespaces",
      })),
      install: {
        strategy: "deployment",
        spec: {
          clusterPermissions: rules("ClusterRole"),
          permissions: rules("Role"),
          deployments: [{ name: deployment.metadata.name, label: deployment.metadata.labels, spec }],
        },
      },
      customresourcedefinitions: { owned: owned(chart) },
      relatedImages: [{ name: "controller", image: container.image }],
    },
  };
}

/** What the catalogue says about each kind: the words of the chart's metadata. */
function owned(chart) {
  const described = new Map(parse(chart.annotations["artifacthub.io/crds"]).map((crd) => [crd.kind, crd]));
  return crdFiles().map((file) => {
    const { metadata, spec } = parse(read(`crds/${file}`));
    const words = described.get(spec.names.kind);
    if (!words) throw new Error(`helm/connect-sso/Chart.yaml: artifacthub.io/crds does not list ${spec.names.kind}`);
    const { displayName, description } = words;
    const conditions = {
      path: "conditions",
      displayName: "Conditions",
      description: "Steps that are done or not, and why",
    };
    return {
      kind: spec.names.kind,
      name: metadata.name,
      version: spec.versions[0].name,
      displayName,
      description,
      statusDescriptors: [{ ...conditions, "x-descriptors": ["urn:alm:descriptor:io.kubernetes.conditions"] }],
    };
  });
}

function withoutNamespace(object) {
  const { namespace: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { image: { type: "string" }, created: { type: "string" }, out: { type: "string" } };
  const { image, created, out } = parseArgs({ options }).values;
  if (!out) throw new Error("--out FOLDER is missing; `make generate` writes deploy/olm");
  for (const [path, text] of Object.entries(olmFiles({ image, created }))) {
    const target = join(out, path.replace("deploy/olm/", ""));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
