// How the sources become a bundle: what dist/ (build.mjs) and the stand-alone binary (binary.mjs) have in common.
import { readFileSync } from "node:fs";

const root = new URL("..", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

/** The client's generated models are pure classes: without this, every one of them is loaded at start-up, 101 MB become 109. */
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

/** Options of esbuild. */
export const BUNDLE = {
  bundle: true,
  platform: "node",
  // Modules before CommonJS: only they can be shaken, and of the AWS clients little is used.
  mainFields: ["module", "main"],
  minifySyntax: true,
  keepNames: false,
  treeShaking: true,
  define: { CONNECT_SSO_VERSION: JSON.stringify(version) },
  // Only installed here because tools want it; `debug` takes it when it is there.
  external: ["supports-color"],
  plugins: [noSideEffects],
  metafile: true,
  logLevel: "warning",
};
