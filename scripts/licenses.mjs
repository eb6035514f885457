// Licences of dependencies: what is shipped must be on the list, what only builds and tests on a wider one; and the notices that the bundle owes.
import { readdirSync, readFileSync } from "node:fs";

const root = new URL("..", import.meta.url);

/** May be shipped inside the bundle. */
export const SHIPPED = [
  "MIT",
  "ISC",
  "0BSD",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "Unlicense",
  "CC0-1.0",
  "PSF-2.0",
];
/** Tools may carry these as well: nothing of them is passed on. */
export const TOOLS = [...SHIPPED, "Python-2.0", "CC-BY-4.0", "WTFPL", "MPL-2.0"];

/** What packages say whose manifest is too old to say it in one SPDX expression. */
const UNNAMED = {
  "@auth0/xmldom@0.1.21": "LGPL-3.0-only OR MIT",
  "utils-flatten@1.0.0": "MIT",
  "valid-url@1.0.9": "MIT",
  "xpath@0.0.5": "MIT",
  "xtend@1.0.3": "MIT",
};

/** Whether an SPDX expression can be met with licences of the list. "OR" leaves the choice to us, "AND" does not. */
export function allowed(expression, list) {
  const inner = /^\(([^()]*)\)$/.exec(expression.trim());
  if (inner) return allowed(inner[1], list);
  if (/ OR /i.test(expression)) return expression.split(/ OR /i).some((one) => allowed(one, list));
  if (/ AND /i.test(expression)) return expression.split(/ AND /i).every((one) => allowed(one, list));
  return list.some((one) => one.toLowerCase() === expression.trim().toLowerCase());
}

/** Packages of a lock file that may not be used, each with the reason. */
export function problemsOf(lock) {
  return Object.entries(lock.packages).flatMap(([path, { license: named, dev, link, version }]) => {
    if (path === "" || link) return [];
    const name = `${path.split("node_modules/").at(-1)}@${version}`;
    const license = named ?? UNNAMED[name];
    if (!license) return [`${name}: the lock file names no licence`];
    const list = dev ? TOOLS : SHIPPED;
    return allowed(license, list)
      ? []
      : [`${name}: ${license} is not on the list for what is ${dev ? "a tool" : "shipped"}`];
  });
}

/** Folders of the packages from which any byte went into the bundle, by esbuild's metafile. */
export function bundledPackages(metafile) {
  const used = Object.values(metafile.outputs).flatMap(({ inputs }) =>
    Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  const folders = used.flatMap((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []);
  return [...new Set(folders)].sort();
}

/** Licence and notice texts of the bundled packages; packages that share a text share its paragraph. */
export function notices(folders) {
  const texts = new Map();
  for (const folder of folders) {
    const { name, version, license } = JSON.parse(readFileSync(new URL(`${folder}/package.json`, root), "utf8"));
    const files = readdirSync(new URL(`${folder}/`, root)).filter((file) => /^(licen[cs]e|notice|copying)/i.test(file));
    const text = files.map((file) => readFileSync(new URL(`${folder}/${file}`, root), "utf8").trim()).join("\n\n");
    const key = text || `(the package carries no text of its licence) SPDX: ${license}`;
    texts.set(key, [...(texts.get(key) ?? []), `${name} ${version} (${license})`]);
  }
  const parts = [...texts].map(([text, names]) => `${names.join("\n")}\n\n${text}\n`);
  return `connect-sso contains the following third-party software.\n\n${parts.join(`\n${"-".repeat(80)}\n\n`)}`;
}

if (process.argv[1]?.endsWith("licenses.mjs")) {
  const lock = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8"));
  const problems = problemsOf(lock);
  for (const problem of problems) console.error(problem);
  const count = Object.keys(lock.packages).length - 1;
  console.log(
    problems.length === 0 ? `licences of ${count} packages are fine` : `${problems.length} of ${count} packages`,
  );
  process.exitCode = problems.length > 0 ? 1 : 0;
}
