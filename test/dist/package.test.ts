/** The npm package, as a user installs it: from its archive into an empty folder, without a registry. Needs `make build`. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";

const { pack } = (await import("../../scripts/pack.mjs" as string)) as { pack(folder: string): string };
const root = fileURLToPath(new URL("../..", import.meta.url));
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

let folder: string;
let home: string;
let archive: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-package-"));
  archive = pack(join(folder, "packed"));
  home = join(folder, "home");
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), "{}");
  // Nothing but the archive: an empty cache, and no registry to ask.
  npm("install", archive, "--offline", "--cache", join(folder, "cache"), "--no-audit", "--no-fund");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const npm = (...args: string[]) => execFileSync("npm", args, { cwd: home, encoding: "utf8", stdio: "pipe" });

/** `npx connect-sso …` in the empty folder, with no credentials and no cluster. */
function npx(name: string, ...args: string[]) {
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    npm_config_offline: "true",
    npm_config_cache: join(folder, "cache"),
  };
  return spawnSync("npx", ["--no-install", name, ...args], { cwd: home, encoding: "utf8", env });
}

describe("installed in an empty folder", () => {
  test("it is the only package", () =>
    expect(readdirSync(join(home, "node_modules")).filter(visible)).toEqual(["connect-sso"]));

  test("npx connect-sso --version", () => {
    const { stdout, stderr, status } = npx("connect-sso", "--version");
    expect({ stdout, stderr, status }).toEqual({ stdout: `${own.version}\n`, stderr: "", status: 0 });
  });

  test("npx connect-sso plan -f FILE --sandbox", () => {
    const { stdout, status } = npx("connect-sso", "plan", "-f", join(root, "examples/blog"), "--sandbox");
    expect(stdout).toMatch(/^ConnectUser contact-centre\/jane$/m);
    expect(stdout).toMatch(/^Plan: \d+ to create, 0 to change, 0 to delete\.$/m);
    expect(status).toBe(2);
  });

  test("kubectl finds what completes the plugin", () =>
    expect(npx("kubectl_complete-connect_sso", "pla").stdout).toMatch(/^plan\b/));

  test("as a kubectl plugin it calls itself one", () =>
    expect(npx("kubectl-connect_sso", "--help").stdout).toMatch(/^Usage: kubectl connect-sso /));
});

describe("its content", () => {
  const files = () =>
    execFileSync("tar", ["-tzf", archive], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map((path) => path.replace("package/", ""));

  test("is the bundle, the examples and what a package says about itself", () => {
    const others = files().filter((path) => !/^dist\/chunks\/[\w.-]+\.js(\.map)?$/.test(path));
    const expected = [
      ...["CHANGELOG.md", "LICENSE", "NOTICE", "README.md", "package.json"],
      ...["dist/THIRD-PARTY-NOTICES.txt", "dist/connect-sso.js", "dist/connect-sso.js.map"],
    ];
    expect(others.filter((path) => !path.startsWith("examples/")).sort()).toEqual(expected.sort());
    expect(others).toContain("examples/sandbox-world.yaml");
  });

  test("holds no map's source text and no path of the machine that built it", () => {
    for (const path of files().filter((one) => one.endsWith(".map"))) {
      const map = JSON.parse(readFileSync(join(home, "node_modules/connect-sso", path), "utf8"));
      expect(map.sourcesContent).toBeUndefined();
      expect(map.sources.filter((source: string) => source.startsWith("/"))).toEqual([]);
    }
  });

  test("depends on nothing, and runs no script", () => {
    const manifest = JSON.parse(readFileSync(join(home, "node_modules/connect-sso/package.json"), "utf8"));
    for (const key of ["dependencies", "devDependencies", "scripts", "private"])
      expect(manifest).not.toHaveProperty(key);
    for (const file of Object.values<string>(manifest.bin))
      expect(existsSync(join(home, "node_modules/connect-sso", file))).toBe(true);
  });

  test("npm pack in the repository takes the same files", () => {
    const said = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      cwd: root,
      encoding: "utf8",
    });
    const [{ files: listed }] = Object.values<{ files: { path: string }[] }>(JSON.parse(said)) as [
      { files: { path: string }[] },
    ];
    expect(listed.map(({ path }) => path).sort()).toEqual(files().sort());
  });
});

describe("an older Node", () => {
  /** Node as it is, but saying that it is another version. */
  const as = (version: string) => {
    const lie = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } });`;
    const main = join(home, "node_modules/connect-sso/dist/connect-sso.js");
    return spawnSync(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(lie)}`, main, "--version"],
      {
        encoding: "utf8",
      },
    );
  };

  test.each(["18.20.8", "20.20.2", "22.18.0"])("%s is refused, with the version that is needed", (version) => {
    const { stdout, stderr, status } = as(version);
    expect(stderr).toContain(`connect-sso needs Node 22.19 or later, and this is Node ${version}`);
    expect({ stdout, status }).toEqual({ stdout: "", status: 1 });
  });

  test.each(["22.19.0", "24.0.0"])("%s is taken", (version) => expect(as(version).stdout).toBe(`${own.version}\n`));

  test("the refusal names what package.json asks for", () => expect(own.engines.node).toBe(">=22.19"));
});

const visible = (name: string) => !name.startsWith(".");
