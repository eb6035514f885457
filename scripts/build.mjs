// One file, with a source map: what the container carries and `make demo` runs. Heavy parts stay lazy: a command loads what it needs.
import { readFileSync, rmSync } from "node:fs";
import { build } from "esbuild";

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
rmSync(new URL("../dist", import.meta.url), { recursive: true, force: true });

/** The client's generated models are pure classes: without this, every one of them is loaded at start-up. */
const noSideEffects = {
  name: "no-side-effects",
  setup({ onResolve, resolve }) {
    const pure = async ({ path, importer, namespace, resolveDir, kind }) => ({
      ...(await resolve(path, { importer, namespace, resolveDir, kind, pluginData: { resolved: true } })),
      sideEffects: false,
    });
    onResolve({ filter: /^@kubernetes\/client-node/ }, async (args) => {
      if (args.pluginData?.resolved) return undefined;
      return pure(args);
    });
    onResolve({ filter: /^\./ }, async (args) => {
      if (args.pluginData?.resolved || !args.importer.includes("@kubernetes/client-node")) return undefined;
      return pure(args);
    });
  },
};

await build({
  entryPoints: { "connect-sso": new URL("../src/main.ts", import.meta.url).pathname },
  outdir: new URL("../dist", import.meta.url).pathname,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  sourcemap: true,
  sourcesContent: false,
  minifySyntax: true,
  keepNames: true,
  treeShaking: true,
  chunkNames: "chunks/[name]-[hash]",
  define: { CONNECT_SSO_VERSION: JSON.stringify(version) },
  // CommonJS dependencies inside an ES module still ask for require.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  plugins: [noSideEffects],
  logLevel: "warning",
});
