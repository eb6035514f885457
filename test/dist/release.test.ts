/** What a release publishes besides the program: archives, krew manifest, Homebrew formula, list of images, metadata of the chart. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { render } from "../helm/support.ts";

type Archive = (options: { binary: string; nodeLicense?: string; out: string }) => Promise<string>;
const { archive, archiveName } = (await import("../../scripts/archive.mjs" as string)) as {
  archive: Archive;
  archiveName(version: string, platform: string, arch: string): string;
};
const { images } = (await import("../../scripts/images.mjs" as string)) as { images(digest?: string): string[] };
const { goTool } = (await import("../../scripts/tools.mjs" as string)) as { goTool(name: string): Promise<string> };

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(root, path), "utf8");
const { version } = JSON.parse(read("package.json"));
const chart = parse(read("helm/connect-sso/Chart.yaml"));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-release-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the archive of a binary", () => {
  const binary = () => {
    writeFileSync(join(folder, "connect-sso"), "#!/bin/sh\n", { mode: 0o755 });
    return join(folder, "connect-sso");
  };

  test("holds the binary and the licences that it owes, Node's among them", async () => {
    const license = join(folder, "node-license");
    writeFileSync(license, "Node.js is licensed for use as follows");
    const path = await archive({ binary: binary(), nodeLicense: license, out: join(folder, "out") });
    expect(basename(path)).toMatch(new RegExp(`^connect-sso_${version}_[a-z]+_(amd64|arm64)\\.tar\\.gz$`));
    const listed = execFileSync("tar", ["-tvzf", path], { encoding: "utf8" }).trim().split("\n");
    expect(listed.map((line) => line.split(/\s+/).at(-1)).sort()).toEqual(
      ["LICENSE", "LICENSE-node", "NOTICE", "THIRD-PARTY-NOTICES.txt", "connect-sso"].sort(),
    );
    expect(listed.find((line) => line.endsWith(" connect-sso"))).toMatch(/^-rwx/);
  });

  test("without Node's licence there is none", () =>
    expect(
      archive({ binary: binary(), nodeLicense: join(folder, "absent"), out: join(folder, "none") }),
    ).rejects.toThrow(/absent does not exist; give Node's licence/));

  test("a platform that is not released is refused", () =>
    expect(() => archiveName(version, "aix", "ppc64")).toThrow("no archive for aix ppc64"));
});

describe("krew manifest and Homebrew formula", () => {
  const PLATFORMS = ["linux x64", "linux arm64", "darwin arm64", "darwin x64", "win32 x64"].map((one) =>
    one.split(" "),
  );
  const names = PLATFORMS.map(([platform, arch]) => archiveName(version, platform!, arch!));
  const sum = (name: string) => createHash("sha256").update(name).digest("hex");
  const make = (of: string[]) => {
    const sums = join(folder, "SHA256SUMS");
    writeFileSync(sums, of.map((name) => `${sum(name)}  ${name}\n`).join(""));
    const args = ["scripts/release-manifests.mjs", "--sums", sums, "--out", join(folder, "manifests")];
    return spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  };
  const made = (name: string) => readFileSync(join(folder, "manifests", name), "utf8");

  test("name every archive of the release with its checksum", () => {
    expect(make(names)).toMatchObject({ status: 0, stderr: "" });
    for (const { uri, sha256 } of parse(made("connect-sso.yaml")).spec.platforms)
      expect(sha256).toBe(sum(basename(uri)));
    expect(parse(made("connect-sso.yaml")).spec.platforms.map(({ uri }: { uri: string }) => basename(uri))).toEqual(
      names,
    );
    const pairs = [...made("connect-sso.rb").matchAll(/url "(.*)"\n\s+sha256 "(.*)"/g)];
    // Homebrew knows no Windows.
    expect(pairs.map(([, url]) => basename(url!)).sort()).toEqual(
      names.filter((name) => !name.includes("windows")).sort(),
    );
    for (const [, url, sha256] of pairs) expect(sha256).toBe(sum(basename(url!)));
    for (const name of ["connect-sso.yaml", "connect-sso.rb"]) expect(made(name)).not.toMatch(/@[A-Z0-9_]+@/);
  });

  test("krew's own validation takes the manifest, and refuses a spoiled one", async () => {
    make(names);
    const tool = join(await goTool("validate-krew-manifest"), "validate-krew-manifest");
    const validate = (name: string) =>
      spawnSync(tool, ["-skip-install", "-manifest", join(folder, "manifests", name)], { encoding: "utf8" });
    expect(validate("connect-sso.yaml")).toMatchObject({ status: 0 });
    mkdirSync(join(folder, "manifests/spoiled"), { recursive: true });
    const spoiled = made("connect-sso.yaml").replace(/version: v.*/, "version: newest");
    writeFileSync(join(folder, "manifests/spoiled/connect-sso.yaml"), spoiled);
    expect(validate("spoiled/connect-sso.yaml").status).not.toBe(0);
  });

  test("a release that lacks an archive has none: no checksum is invented", () => {
    const { status, stderr } = make(names.slice(1));
    expect(stderr).toContain(`SHA256SUMS has no ${names[0]}`);
    expect(status).not.toBe(0);
  });
});

describe("the list of images", () => {
  test("is what the chart, the kustomize bases and the OLM bundle pull", async () => {
    const rendered = [...(await render()), ...(await render("-f", "helm/examples/sandbox.yaml"))];
    const pulled = [...JSON.stringify(rendered).matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image);
    expect(pulled.length).toBeGreaterThan(1);
    expect(images()).toEqual([...new Set(pulled)].sort());
    expect(images()).toEqual([`ghcr.io/connect-sso/connect-sso:${version}`]);
  });

  test("with a digest names it instead of the tag", () =>
    expect(images("sha256:0123")).toEqual(["ghcr.io/connect-sso/connect-sso@sha256:0123"]));
});

describe("the chart's metadata for Artifact Hub", () => {
  const annotation = (name: string) => chart.annotations[`artifacthub.io/${name}`];

  test("has the version of the package", () => {
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
    expect(parse(annotation("images")).map(({ image }: { image: string }) => image)).toEqual(images());
  });

  test("lists every kind, with an example", () => {
    const crds = readdirSync(join(root, "crds")).map((file) => parse(read(`crds/${file}`)));
    const expected = crds.map(({ metadata, spec }) => [spec.names.kind, metadata.name, spec.versions[0].name]);
    const listed = parse(annotation("crds")).map((crd: Record<string, string>) => [crd.kind, crd.name, crd.version]);
    expect(listed.sort()).toEqual(expected.sort());
    const examples: { kind: string }[] = parse(annotation("crdsExamples"));
    expect(examples.map(({ kind }) => kind).sort()).toEqual(expected.map(([kind]) => kind).sort());
  });

  test("claims no more than it is", () => expect(annotation("operatorCapabilities")).toBe("Basic Install"));

  test("is complete, in the forms that Artifact Hub reads", () => {
    for (const { kind, description } of parse(annotation("changes"))) {
      expect(["added", "changed", "deprecated", "removed", "fixed", "security"]).toContain(kind);
      expect(description).toMatch(/\S/);
    }
    for (const { url } of parse(annotation("recommendations")))
      expect(url).toMatch(/^https:\/\/artifacthub\.io\/packages\/helm\/[\w-]+\/[\w-]+$/);
    for (const { url } of parse(annotation("links"))) {
      const [, path] = /^https:\/\/github\.com\/connect-sso\/connect-sso\/(?:blob|tree)\/main\/(.*)$/.exec(url) ?? [];
      expect([url, existsSync(join(root, path ?? "absent"))]).toEqual([url, true]);
    }
    expect(existsSync(join(root, chart.icon.replace(/^.*\/main\//, "")))).toBe(true);
  });
});
