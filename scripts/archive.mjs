// build/release/connect-sso_VERSION_OS_ARCH.tar.gz: the stand-alone binary of this machine with the licences that it owes. krew, Homebrew and
// people download it.
//   node scripts/archive.mjs [--binary FILE] [--node-license FILE]
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildBinary } from "./binary.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const OS = { linux: "linux", darwin: "darwin", win32: "windows" };
const ARCH = { x64: "amd64", arm64: "arm64" };

/** Name of the archive, by the words that Go, Kubernetes and krew use. */
export function archiveName(version, platform = process.platform, arch = process.arch) {
  if (!OS[platform] || !ARCH[arch]) throw new Error(`no archive for ${platform} ${arch}`);
  return `connect-sso_${version}_${OS[platform]}_${ARCH[arch]}.tar.gz`;
}

/** Path of the archive. Needs dist/ for the notices. */
export async function archive({ binary, nodeLicense, out = join(root, "build", "release") } = {}) {
  const notices = join(root, "dist", "THIRD-PARTY-NOTICES.txt");
  if (!existsSync(notices)) throw new Error("build first: make build");
  // Node's distributions have it beside the program on Windows, and one folder above it elsewhere.
  const home = process.platform === "win32" ? dirname(process.execPath) : dirname(dirname(process.execPath));
  const license = nodeLicense ?? join(home, "LICENSE");
  if (!existsSync(license)) throw new Error(`${license} does not exist; give Node's licence with --node-license FILE`);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const program = binary ?? (await buildBinary());
  const target = join(out, archiveName(version));
  const staged = mkdtempSync(join(tmpdir(), "connect-sso-archive-"));
  try {
    const files = { [basename(program)]: program, LICENSE: join(root, "LICENSE"), NOTICE: join(root, "NOTICE") };
    Object.assign(files, { "THIRD-PARTY-NOTICES.txt": notices, "LICENSE-node": license });
    for (const [name, path] of Object.entries(files)) copyFileSync(path, join(staged, name));
    mkdirSync(out, { recursive: true });
    // Relative: tar on Windows takes the colon of a drive for a host.
    execFileSync("tar", ["-czf", "archive.tar.gz", ...Object.keys(files)], { cwd: staged });
    copyFileSync(join(staged, "archive.tar.gz"), target);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
  return target;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const options = { binary: { type: "string" }, "node-license": { type: "string" } };
  const { binary, "node-license": nodeLicense } = parseArgs({ options }).values;
  console.log(await archive({ binary, nodeLicense }));
}
