// One file, with a source map: what the container carries and `make demo` runs. Heavy parts stay lazy: a command loads what it needs.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";
import { bundledPackages, notices } from "./licenses.mjs";

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

const { metafile } = await build({
  entryPoints: { "connect-sso": new URL("../src/main.ts", import.meta.url).pathname },
  outdir: new URL("../dist", import.meta.url).pathname,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node22",
  // Modules before CommonJS: only they can be shaken, and of the AWS clients little is used.
  mainFields: ["module", "main"],
  sourcemap: true,
  sourcesContent: false,
  minifySyntax: true,
  keepNames: false,
  treeShaking: true,
  chunkNames: "chunks/[name]-[hash]",
  define: { CONNECT_SSO_VERSION: JSON.stringify(version) },
  // CommonJS dependencies inside an ES module still ask for require.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  // Only installed here because tools want it; `debug` takes it when it is there.
  external: ["supports-color"],
  plugins: [noUndici, httpWithoutUndici, noSideEffects],
  metafile: true,
  logLevel: "warning",
});
mkdirSync(new URL("../build", import.meta.url), { recursive: true });
writeFileSync(new URL("../build/meta.json", import.meta.url), JSON.stringify(metafile));
writeFileSync(new URL("../dist/THIRD-PARTY-NOTICES.txt", import.meta.url), notices(bundledPackages(metafile)));
