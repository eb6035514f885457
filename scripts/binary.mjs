// build/binary/connect-sso: Node and the program in one file, for the machine that this runs on (Node's single executable application).
// The copy of Node is the one that runs this script; the bundle is CommonJS, which is what Node 24 can embed, compiled ahead (code cache).
//   node scripts/binary.mjs [FOLDER]
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BUNDLE } from "./bundle.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const NAME = process.platform === "win32" ? "connect-sso.exe" : "connect-sso";
/** Named by Node's documentation of single executable applications: postject turns its last digit from 0 to 1. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
/** As in the first line of src/main.ts. Given while compiling as well: V8 takes no code that was compiled under other flags. */
const FLAGS = ["--max-semi-space-size=8"];

/** The one module that waits at its top level, for the order of two imports; `require` keeps an order by itself. */
const requireX509 = {
  name: "require-x509",
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]src[/\\]x509\.ts$/ }, ({ path }) => {
      const source = readFileSync(path, "utf8");
      const contents = source.replace(/await import\(("[^"]+")\)/, "require($1)");
      if (contents === source) throw new Error("src/x509.ts no longer awaits an import: remove this plugin");
      return { contents, loader: "ts" };
    });
  },
};

/** What `demo` and `--sandbox` read, by the path that they read it from. */
function assets() {
  const files = readdirSync(join(root, "examples"), { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    files
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .map((path) => [relative(root, path).replaceAll("\\", "/"), path]),
  );
}

/** Path of the binary. `folder` is emptied first. */
export async function buildBinary(folder = join(root, "build", "binary")) {
  const bundle = join(folder, "connect-sso.cjs");
  const binary = join(folder, NAME);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    ...BUNDLE,
    entryPoints: [join(root, "src", "main.ts")],
    outfile: bundle,
    format: "cjs",
    target: "node24",
    // All of it stays in memory. Lines stay, for traces of errors.
    minifyWhitespace: true,
    lineLimit: 160,
    define: { ...BUNDLE.define, "import.meta.url": "__url" },
    banner: { js: 'const __url = require("node:url").pathToFileURL(process.execPath).href;' },
    plugins: [requireX509, ...BUNDLE.plugins],
  });
  const config = join(folder, "sea-config.json");
  const blob = join(folder, "sea.blob");
  writeFileSync(
    config,
    JSON.stringify({
      main: bundle,
      output: blob,
      disableExperimentalSEAWarning: true,
      useCodeCache: true,
      execArgv: FLAGS,
      assets: assets(),
    }),
  );
  execFileSync(process.execPath, [...FLAGS, "--experimental-sea-config", config], {
    stdio: "pipe",
  });
  copyFileSync(process.execPath, binary);
  chmodSync(binary, 0o755);
  // A signature covers the file as it was: macOS refuses to start a changed file until it is signed again, if only ad hoc.
  const mac = process.platform === "darwin";
  if (mac) execFileSync("codesign", ["--remove-signature", binary]);
  const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
  const segment = mac ? ["--macho-segment-name", "NODE_SEA"] : [];
  // Its warnings about names of sections are not shown unless it fails: Node's own build causes them.
  execFileSync(process.execPath, [postject, binary, "NODE_SEA_BLOB", blob, "--sentinel-fuse", FUSE, ...segment], {
    stdio: "pipe",
  });
  if (mac) execFileSync("codesign", ["--sign", "-", binary]);
  return binary;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(await buildBinary(process.argv[2]));
