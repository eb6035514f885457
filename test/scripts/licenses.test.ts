import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
// @ts-expect-error the scripts are plain modules
import { allowed, notices, problemsOf, SHIPPED } from "../../scripts/licenses.mjs";
// @ts-expect-error the scripts are plain modules
import { sbom } from "../../scripts/sbom.mjs";

const list = ["MIT", "Apache-2.0"];

test.each([
  ["MIT", true],
  ["mit", true],
  ["GPL-3.0-only", false],
  ["MIT OR GPL-3.0-only", true],
  ["(GPL-3.0-only OR MIT)", true],
  ["MIT AND GPL-3.0-only", false],
  ["Apache-2.0 AND MIT", true],
  ["SEE LICENSE IN FILE", false],
])("%s: %s", (expression, expected) => expect(allowed(expression, list)).toBe(expected));

test("the lock file holds no package that may not be used", () => {
  expect(problemsOf(JSON.parse(readFileSync("package-lock.json", "utf8")))).toEqual([]);
});

test("a shipped package with a foreign licence, or without one, is named", () => {
  const packages = {
    "": {},
    "node_modules/copyleft": { version: "1.0.0", license: "GPL-3.0-only" },
    "node_modules/silent": { version: "2.0.0" },
    "node_modules/tool": { version: "3.0.0", license: "CC-BY-4.0", dev: true },
    "node_modules/data": { version: "4.0.0", license: "CC-BY-4.0" },
  };
  expect(problemsOf({ packages }).map((one: string) => one.split(":")[0])).toEqual([
    "copyleft@1.0.0",
    "silent@2.0.0",
    "data@4.0.0",
  ]);
  expect(SHIPPED).not.toContain("GPL-3.0-only");
});

test("notices carry each licence text once, under the packages that share it", () => {
  const text: string = notices(["node_modules/yaml", "node_modules/commander"]);
  expect(text).toMatch(/^yaml 2\.[\d.]+ \(ISC\)$/m);
  expect(text).toContain("Permission to use, copy, modify");
});

describe("SBOM", () => {
  const bundleOf = (...files: string[]) => ({
    outputs: { "dist/x.js": { inputs: Object.fromEntries(files.map((file) => [file, { bytesInOutput: 1 }])) } },
  });
  const bundled = ({ properties }: { properties: { name: string; value: string }[] }) =>
    properties.some(({ name, value }) => name === "connect-sso:bundled" && value === "true");

  test("what is shipped, with licence and hash, marked when it is in the bundle; no tool", () => {
    const bom = sbom(bundleOf("node_modules/yaml/dist/index.js"));
    expect(bom).toMatchObject({
      bomFormat: "CycloneDX",
      metadata: { component: { name: "connect-sso", type: "application" } },
    });
    const names = bom.components.map(({ name }: { name: string }) => name);
    expect(names).toContain("@aws-sdk/client-iam");
    expect(names).not.toContain("jest");
    expect(bom.components.filter(bundled).map(({ name }: { name: string }) => name)).toEqual(["yaml"]);
    for (const { purl, hashes, licenses } of bom.components)
      expect({ purl, hash: hashes?.[0]?.alg, licensed: licenses !== undefined }).toEqual({
        purl,
        hash: "SHA-512",
        licensed: true,
      });
  });

  test("a tool that got into the bundle breaks it", () => {
    expect(() => sbom(bundleOf("node_modules/jest/build/index.js"))).toThrow(
      /jest@.* not|not a dependency that is shipped: jest/,
    );
  });
});
