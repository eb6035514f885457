/** `connect-sso plan` as text, markdown, json and yaml, and its exit codes. */
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { count, fold } from "../../src/cli/render/fold-changes.ts";
import { planMarkdown } from "../../src/cli/render/plan.ts";
import type { Change } from "../../src/engine/change.ts";
import { expectGolden, run } from "./support.ts";

const folder = () => mkdtempSync(join(tmpdir(), "connect-sso-plan-"));

describe("plan of a folder against sandbox clouds", () => {
  it("tells every step of the blog's set-up before anything exists, shared policies once", async () => {
    const { code, stdout, stderr } = await run(["plan", "-f", "examples/blog", "--sandbox"]);
    expectGolden("plan-blog.txt", stdout);
    expect(stderr).toBe("");
    expect(code).toBe(2);
  });

  it("is fit for a pull-request comment", async () => {
    const { code, stdout } = await run(["plan", "-f", "examples/recommended", "--sandbox", "-o", "markdown"]);
    expectGolden("plan-recommended.md", stdout);
    expect(code).toBe(2);
  });

  it("gives programs the same in json and yaml, and no fingerprint", async () => {
    const args = ["plan", "-f", "examples/recommended", "--sandbox", "-o"];
    const [json, yaml] = await Promise.all([run([...args, "json"]), run([...args, "yaml"])]);
    const plan = JSON.parse(json.stdout);
    expect(parse(yaml.stdout)).toEqual(plan);
    expect(plan.summary).toEqual({ create: 16, update: 0, delete: 0, adopt: 0, problems: 0 });
    expect(Object.keys(plan).sort()).toEqual([
      "cluster",
      "losingAccess",
      "otherClusters",
      "resources",
      "summary",
      "undeclared",
    ]);
  });

  it("ends with 1 when a person must mend something, and says what", async () => {
    const users = readFileSync("examples/blog/users.yaml", "utf8");
    const { code, stdout } = await run(["plan", "-f", "-", "--sandbox"], { input: users });
    expectGolden("plan-without-personas.txt", stdout);
    expect(code).toBe(1);
  });

  it("names a broken document by file, line and path, plans the others, and ends with 1", async () => {
    const path = join(folder(), "personas.yaml");
    writeFileSync(path, readFileSync("examples/blog/personas.yaml", "utf8").replace("ContactControlPanel", "Nowhere"));
    const { code, stderr } = await run(["plan", "-f", path, "--sandbox"]);
    expect(stderr.replaceAll(path, "personas.yaml")).toMatch(/^personas.yaml:\d+: spec.landingPage: .*\n$/);
    expect(code).toBe(1);
  });

  it.each([
    [
      ["plan"],
      /^connect-sso: .*\n {2}name a cluster with --kubeconfig or KUBECONFIG, or a folder of manifests with -f\n$/,
    ],
    [
      ["plan", "-f", "/nonexistent"],
      /^connect-sso: .*\/nonexistent.*\n {2}-f wants a folder or a file of manifests\n$/,
    ],
    [["plan", "-f", "docs"], /^connect-sso: no valid ConnectSsoPersona, ConnectUserSet or ConnectUser in docs\n/],
    [["plan", "-o", "xml"], /^error: option '-o, --output <format>' argument 'xml' is invalid/],
  ])("%j is told what to do in two lines, without a stack", async (args, message) => {
    const { code, stdout, stderr } = await run(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(stdout).toBe("");
    expect(code).toBe(1);
  });
});

const change = (verb: Change["verb"], object: string, more: Partial<Change> = {}): Change => ({
  component: "role",
  cloud: "iam",
  verb,
  object,
  why: "why",
  differences: [],
  cause: "setup",
  fate: "pending",
  concern: "settings",
  ...more,
});

describe("folding", () => {
  it("counts what is done to a new object with its making", () => {
    const folded = fold([
      change("create", "role A", { settings: [{ path: "arn", value: "arn:A" }] }),
      change("update", "role A", { differences: [{ path: "policies", desired: "P", observed: "(none)" }] }),
      change("update", "role A", { differences: [{ path: "policies", desired: "Q", observed: "(none)" }] }),
      change("update", "role B", { differences: [{ path: "policies", desired: "P", observed: "(none)" }] }),
    ]);
    expect(folded.map(({ verb, object }) => `${verb} ${object}`)).toEqual(["create role A", "update role B"]);
    expect(folded[0]!.settings).toEqual([
      { path: "arn", value: "arn:A" },
      { path: "policies", value: "P, Q" },
    ]);
    expect(count(folded)).toEqual({ create: 1, update: 1, delete: 0, adopt: 0 });
  });

  it("shows a deletion and a creation of the same object as a replacement, and counts both", () => {
    const folded = fold([change("delete", "user U"), change("create", "user U")]);
    expect(folded.map(({ verb }) => verb)).toEqual(["replace"]);
    expect(count(folded)).toEqual({ create: 1, update: 0, delete: 1, adopt: 0 });
  });

  it("leaves a deletion of something else beside a creation", () => {
    expect(fold([change("delete", "user U"), change("create", "user V")])).toHaveLength(2);
  });
});

describe("markdown", () => {
  const plan = (resources: number, value: string) => ({
    version: 1 as const,
    cluster: "c",
    resources: Array.from({ length: resources }, (_, index) => ({
      kind: "ConnectUser",
      namespace: "n",
      name: `u${index}`,
      changes: [change("update", `user ${index}`, { differences: [{ path: "x", desired: value, observed: "old" }] })],
    })),
    undeclared: [],
    losingAccess: [],
    otherClusters: [],
    summary: { create: 0, update: resources, delete: 0, adopt: 0, problems: 0 },
    fingerprint: "f",
  });

  it("stays below what GitHub takes as a comment, and says how much is left out", () => {
    const text = planMarkdown(plan(3_000, "value".repeat(20)));
    expect(text.length).toBeLessThan(65_536);
    expect(text).toMatch(/…and \d+ more resources/);
  });

  it("is not broken out of by a value with backticks or line ends", () => {
    const text = planMarkdown(plan(1, "a ```\n</details> `````"));
    expect(text).toMatch(/^``````diff$/m);
    expect(text).not.toMatch(/^<\/details> `````/m);
  });
});
