// Every container image that an installation pulls, one a line, for a mirror without access to the internet: what the manifests of
// deploy/kustomize, the chart's metadata and the OLM bundle name. A release gives its digest.
//   node scripts/images.mjs [--digest sha256:…]
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse, parseAllDocuments } from "yaml";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Values of every key `image`, at any depth. */
function imagesIn(value) {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === "image" && typeof inner === "string" ? [inner] : imagesIn(inner),
  );
}

/** Sorted, each once. Images are of one name only when the digest replaces their tag. */
export function images(digest) {
  const folders = ["deploy/kustomize", "deploy/olm/manifests"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => name.endsWith(".yaml"))
      .map((name) => join(root, folder, name)),
  );
  const documents = files.flatMap((path) =>
    parseAllDocuments(readFileSync(path, "utf8")).map((document) => document.toJS()),
  );
  const chart = parse(readFileSync(join(root, "helm/connect-sso/Chart.yaml"), "utf8"));
  const found = imagesIn([...documents, parse(chart.annotations["artifacthub.io/images"])]);
  const names = found.map((image) => (digest ? `${image.replace(/(:[\w.-]+)?(@sha256:\w+)?$/, "")}@${digest}` : image));
  return [...new Set(names)].sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { digest } = parseArgs({ options: { digest: { type: "string" } } }).values;
  console.log(images(digest).join("\n"));
}
