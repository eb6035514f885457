// build/npm/connect-sso-VERSION.tgz: the npm package. It is the bundle, so it has no dependencies, although the repository has: npm installs one
// archive and nothing else. The repository's own package.json stays private.
//   node scripts/pack.mjs
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const REPOSITORY = "https://github.com/connect-sso/connect-sso";

/** The package's manifest: the repository's, without what belongs to building and testing. */
export function manifest(own) {
  const { name, version, description, license, type, engines, bin, files } = own;
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    bin,
    keywords: ["amazon-connect", "entra-id", "azure-ad", "saml", "sso", "kubernetes", "operator"],
    homepage: REPOSITORY,
    repository: { type: "git", url: `git+${REPOSITORY}.git` },
    bugs: `${REPOSITORY}/issues`,
    files,
    publishConfig: { access: "public", provenance: true },
  };
}

/** Path of the archive. `folder` is emptied first. */
export function pack(folder = join(root, "build", "npm")) {
  if (!existsSync(join(root, "dist", "connect-sso.js"))) throw new Error("build first: make build");
  rmSync(folder, { recursive: true, force: true });
  const staged = join(folder, "package");
  mkdirSync(staged, { recursive: true });
  const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  for (const name of own.files) cpSync(join(root, name), join(staged, name), { recursive: true });
  writeFileSync(join(staged, "package.json"), `${JSON.stringify(manifest(own), null, 2)}\n`);
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const said = execFileSync(npm, ["pack", "--json", "--pack-destination", folder], { cwd: staged, encoding: "utf8" });
  // npm 11 answers with a list, npm 12 with an object by name.
  const [{ filename }] = Object.values(JSON.parse(said));
  return join(folder, filename);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(pack());
