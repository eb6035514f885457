/** The workflows of the repository: actionlint (with shellcheck) for what they say, zizmor for what they give away, offline. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";

const { goTool, pythonTools } = (await import("../../scripts/tools.mjs" as string)) as Record<
  "goTool" | "pythonTools",
  (name: string) => Promise<string>
>;
const root = fileURLToPath(new URL("../..", import.meta.url));
const workflows = join(root, ".github/workflows");
const files = readdirSync(workflows);
const text = (file: string) => readFileSync(join(workflows, file), "utf8");

let folder: string;
let actionlint: (path: string) => string;
let zizmor: (path: string) => { status: number | null; stdout: string };
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-workflows-"));
  const linter = join(await goTool("actionlint"), "actionlint");
  const shellcheck = join(await pythonTools("setup"), "shellcheck");
  const auditor = join(await pythonTools("zizmor"), "zizmor");
  actionlint = (path) => {
    const { stdout, error } = spawnSync(linter, ["-oneline", "-shellcheck", shellcheck, path], { encoding: "utf8" });
    if (error) throw error;
    return stdout;
  };
  zizmor = (path) => {
    const args = ["--offline", "--no-progress", "--persona", "pedantic", "--format", "plain", path];
    return spawnSync(auditor, args, { encoding: "utf8", env: { PATH: process.env.PATH, HOME: folder } });
  };
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of a workflow with something wrong in it. */
function spoiled(file: string, what: string, by: string): string {
  expect(text(file)).toContain(what);
  const path = join(folder, ".github/workflows", file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text(file).replace(what, by));
  return path;
}

test.each(files)("actionlint: %s", (file) => expect(actionlint(join(workflows, file))).toBe(""));

test("actionlint finds an expression without meaning, and a mistake of the shell", () => {
  const path = spoiled("ci.yaml", "- run: make test", "- run: cd $" + "{{ github.nothing.here }} && make $TARGET");
  const said = actionlint(path);
  expect(said).toContain('property "nothing" is not defined');
  expect(said).toContain("shellcheck reported issue");
});

test("zizmor finds nothing to say", () => {
  const { status, stdout } = zizmor(join(root, ".github"));
  expect(stdout).toContain("No findings to report");
  expect(status).toBe(0);
});

test.each([
  [
    "an action by tag",
    "actions/checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8 # v5.0.0",
    "actions/checkout@v5",
    "unpinned-uses",
  ],
  ["credentials that stay", "        with:\n          persist-credentials: false\n", "", "artipacked"],
  [
    "a title that becomes code",
    "run: make demo",
    "run: echo $" + "{{ github.event.pull_request.title }}",
    "template-injection",
  ],
])("zizmor finds %s", (_, what, by, audit) => {
  const { status, stdout } = zizmor(spoiled("ci.yaml", what, by));
  expect(stdout).toContain(`[${audit}]`);
  expect(status).not.toBe(0);
});

describe("the release", () => {
  const { jobs } = parse(text("release.yaml"));
  const scripts = (job: string) => jobs[job].steps.map(({ run }: { run?: string }) => run ?? "").join("\n");

  test("comes last, and only after the tests", () => {
    expect(jobs.release.needs.sort()).toEqual(
      Object.keys(jobs)
        .filter((job) => !["test", "release"].includes(job))
        .sort(),
    );
    for (const job of ["binary", "npm", "image"]) expect(jobs[job].needs).toBe("test");
  });

  test("builds a binary on each platform that docs/support.md names", () =>
    expect(jobs.binary.strategy.matrix.runner).toEqual([
      "ubuntu-24.04",
      "ubuntu-24.04-arm",
      "macos-15",
      "macos-15-intel",
      "windows-2025",
    ]));

  test("runs scripts that exist", () => {
    const named = Object.keys(jobs).flatMap((job) => [...scripts(job).matchAll(/node (scripts\/[\w-]+\.mjs)/g)]);
    expect(new Set(named.map(([, script]) => script)).size).toBeGreaterThan(4);
    for (const [, script] of named)
      expect(readdirSync(join(root, "scripts")).map((name) => `scripts/${name}`)).toContain(script);
  });

  test("no job but the last can write to the repository", () => {
    const writers = Object.entries<{ permissions?: Record<string, string> }>(jobs).filter(
      ([, { permissions }]) => permissions?.contents === "write",
    );
    expect(writers.map(([name]) => name)).toEqual(["release"]);
  });
});
