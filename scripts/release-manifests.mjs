// The krew manifest and the Homebrew formula of a release, from the templates in deploy/krew and deploy/homebrew and the release's SHA256SUMS.
//   node scripts/release-manifests.mjs --sums SHA256SUMS --out FOLDER
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = fileURLToPath(new URL("..", import.meta.url));
const TEMPLATES = ["deploy/krew/connect-sso.yaml.in", "deploy/homebrew/connect-sso.rb.in"];
const RELEASES = "https://github.com/connect-sso/connect-sso/releases/download";

/** Checksums by file name, from the output of sha256sum. */
function checksums(text) {
  return new Map([...text.matchAll(/^([0-9a-f]{64}) [ *](.+)$/gm)].map(([, sum, name]) => [name, sum]));
}

/** A template with everything put in. Throws when the release lacks an archive that it names. */
export function fill(template, version, sums) {
  return template
    .replaceAll("@URL@", `${RELEASES}/v${version}`)
    .replaceAll("@VERSION@", version)
    .replaceAll(/@SHA256_([A-Z]+)_([A-Z0-9]+)@/g, (_, os, arch) => {
      const name = `connect-sso_${version}_${os.toLowerCase()}_${arch.toLowerCase()}.tar.gz`;
      const sum = sums.get(name);
      if (!sum) throw new Error(`SHA256SUMS has no ${name}`);
      return sum;
    });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { sums, out } = parseArgs({ options: { sums: { type: "string" }, out: { type: "string" } } }).values;
  if (!sums || !out) throw new Error("usage: node scripts/release-manifests.mjs --sums SHA256SUMS --out FOLDER");
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  mkdirSync(out, { recursive: true });
  for (const path of TEMPLATES) {
    // Its first line is about the template.
    const template = readFileSync(join(root, path), "utf8").replace(/^#.*\n/, "");
    writeFileSync(join(out, basename(path, ".in")), fill(template, version, checksums(readFileSync(sums, "utf8"))));
  }
}
