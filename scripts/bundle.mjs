// How the sources become a bundle: what dist/ (build.mjs) and the stand-alone binary (binary.mjs) have in common.
import { readFileSync } from "node:fs";

const root = new URL("..", import.meta.url);
const { version } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));

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

/**
 * client-node makes undici dispatchers for its API classes, which we do not use: its kubeconfig alone asks for none. Left out, because
 * undici is a fifth of the program's memory.
 */
const noUndici = {
  name: "no-undici",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^undici$/ }, ({ importer }) =>
      importer.includes("@kubernetes/client-node") ? { path: "undici", namespace: "left-out" } : undefined,
    );
    onLoad({ filter: /./, namespace: "left-out" }, () => ({
      contents:
        "const no = class { constructor() { throw new Error('undici is not part of this program'); } };\n" +
        "export const fetch = no; export { no as Agent, no as ProxyAgent };",
    }));
  },
};

/**
 * An `import` of node:http names everything that it exports, and one of these, WebSocket, is Node's own undici: 13 MB and 25 ms for
 * nothing. Asked for as `require` does, it is not touched.
 */
const httpWithoutUndici = {
  name: "http-without-undici",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?http$/ }, ({ kind }) =>
      kind === "require-call" ? undefined : { path: "http", namespace: "by-require" },
    );
    onLoad({ filter: /./, namespace: "by-require" }, () => ({
      contents: 'module.exports = process.getBuiltinModule("node:http");',
    }));
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
  plugins: [noUndici, httpWithoutUndici, noSideEffects],
  metafile: true,
  logLevel: "warning",
};
