// sbom.cdx.json: CycloneDX of what is shipped, from the lock file by npm's own `npm sbom`, offline; the same commit gives the same file.
// Packages from which code went into the bundle carry the property connect-sso:bundled.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { bundledPackages } from "./licenses.mjs";

const root = new URL("..", import.meta.url);
const run = (command, ...args) =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });

function commitTime() {
  const seconds = process.env.SOURCE_DATE_EPOCH ?? run("git", "log", "-1", "--format=%ct").trim();
  return new Date(Number(seconds) * 1000).toISOString();
}

export function sbom(metafile) {
  const bom = JSON.parse(run("npm", "sbom", "--sbom-format=cyclonedx", "--package-lock-only"));
  // Not `--omit=dev`, nor what npm marks as development: of a package that tools and program share, npm 11 then looks at one place only.
  const { packages } = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8"));
  const shipped = new Set(
    Object.entries(packages).flatMap(([path, { dev, version }]) =>
      dev || path === "" ? [] : [`${path.split("node_modules/").at(-1)}@${version}`],
    ),
  );
  bom.components = bom.components.filter(({ name, version }) => shipped.has(`${name}@${version}`));
  const kept = new Set([bom.metadata.component, ...bom.components].map((component) => component["bom-ref"]));
  bom.dependencies = bom.dependencies
    .filter(({ ref }) => kept.has(ref))
    .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => kept.has(one)) }));
  const bundled = new Set(
    bundledPackages(metafile).map((folder) => {
      const { name, version } = JSON.parse(readFileSync(new URL(`${folder}/package.json`, root), "utf8"));
      return `${name}@${version}`;
    }),
  );
  bom.metadata.timestamp = commitTime();
  bom.metadata.component = { ...bom.metadata.component, type: "application", name: "connect-sso" };
  for (const component of bom.components) {
    component.scope = "required";
    const value = String(bundled.has(`${component.name}@${component.version}`));
    component.properties = [{ name: "connect-sso:bundled", value }];
  }
  const listed = new Set(bom.components.map(({ name, version }) => `${name}@${version}`));
  const missing = [...bundled].filter((one) => !listed.has(one));
  if (missing.length > 0) throw new Error(`bundled, but not a dependency that is shipped: ${missing.join(", ")}`);
  delete bom.serialNumber;
  const hash = createHash("sha256").update(JSON.stringify(bom)).digest("hex");
  // A UUID of version 8, whose bits are the maker's own (RFC 9562).
  bom.serialNumber = `urn:uuid:${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-8${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
  return bom;
}

if (process.argv[1]?.endsWith("sbom.mjs")) {
  const metafile = new URL("build/meta.json", root);
  if (!existsSync(metafile)) throw new Error("build first: make build");
  const bom = sbom(JSON.parse(readFileSync(metafile, "utf8")));
  writeFileSync(new URL("sbom.cdx.json", root), `${JSON.stringify(bom, null, 2)}\n`);
  const inside = bom.components.filter(({ properties }) => properties.some(({ value }) => value === "true")).length;
  console.log(`sbom.cdx.json: ${bom.components.length} components, ${inside} of them in the bundle`);
}
