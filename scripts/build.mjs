// One program, with source maps: what the container and the npm package carry and `make demo` runs. Heavy parts stay lazy: a command loads
// what it needs.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { BUNDLE } from "./bundle.mjs";
import { bundledPackages, notices } from "./licenses.mjs";

rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });

const { metafile } = await build({
  ...BUNDLE,
  entryPoints: { "connect-sso": fileURLToPath(new URL("../src/main.ts", import.meta.url)) },
  outdir: fileURLToPath(new URL("../dist", import.meta.url)),
  splitting: true,
  format: "esm",
  target: "node22",
  sourcemap: true,
  sourcesContent: false,
  chunkNames: "chunks/[name]-[hash]",
  // CommonJS dependencies inside an ES module still ask for require.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
});
mkdirSync(new URL("../build", import.meta.url), { recursive: true });
writeFileSync(new URL("../build/meta.json", import.meta.url), JSON.stringify(metafile));
writeFileSync(new URL("../dist/THIRD-PARTY-NOTICES.txt", import.meta.url), notices(bundledPackages(metafile)));
