/** What completion offers, by table; the bash script in a real bash; and the table of commands held against itself. */
import { execFile } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { COMMANDS, GROUPS } from "../../src/cli/catalogue/index.ts";
import { candidates, type Names } from "../../src/cli/commands/complete.ts";
import { CLEAN, MAIN, ROOT, run } from "./support.ts";

const table = { commands: COMMANDS, groups: GROUPS };
const names: Names = async (kind, typed) => [{ value: `${kind}-of-${typed["--filename"] ?? "cluster"}` }];
const offered = async (...words: string[]) => {
  const { candidates: all, directive } = await candidates(table, words, names);
  return [all.map(({ value }) => value).join(" "), directive];
};

describe("candidates", () => {
  it.each([
    [["pl"], "plan", 4],
    [["rot"], "rotate", 4],
    [["help", "pl"], "plan", 4],
    [["rotate", ""], "key certificate", 4],
    [["saml", "d"], "decode", 4],
    [["plan", "--out"], "--output --out", 4],
    [["plan", "-o", "y"], "yaml", 4],
    [["plan", "--output=m"], "--output=markdown", 4],
    [["plan", "-f", ""], "", 0],
    [["plan", "--cluster-name", ""], "", 4],
    [["plan", ""], "", 4],
    [["recreate", "-f", "dir", ""], "user-of-dir", 4],
    [["recreate", "-f=dir", "user-of-c"], "", 4],
    [["rotate", "key", ""], "persona-of-cluster", 4],
    [["rotate", "key", "agents", ""], "", 4],
    [["status", "--watch", ""], "any-of-cluster", 4],
    [["status", "--context", ""], "context-of-cluster", 4],
    [["completion", "z"], "zsh", 4],
    [["nonsense", ""], "", 4],
    [["apply", ""], "", 0],
  ] as [string[], string, number][])("%j: %s", async (words, values, directive) => {
    expect(await offered(...words)).toEqual([values, directive]);
  });

  it("names that cannot be had are nothing to complain about", async () => {
    const failing: Names = () => Promise.reject(new Error("no cluster"));
    expect(await candidates(table, ["recreate", ""], failing)).toEqual({ candidates: [], directive: 4 });
  });
});

describe("scripts", () => {
  it("bash completes commands, values and names of manifests", async () => {
    const bin = mkdtempSync(join(tmpdir(), "connect-sso-bin-"));
    const start = `#!/bin/sh\nexec '${process.execPath}' -- '${MAIN}' "$@"\n`;
    writeFileSync(join(bin, "connect-sso"), start, { mode: 0o755 });
    const script = `
source <(connect-sso completion bash)
try() { COMP_LINE="$1"; COMP_POINT=\${#1}; COMP_WORDS=($1); COMP_CWORD=\${#COMP_WORDS[@]}; _connect_sso; echo "\${COMPREPLY[*]}"; }
try "connect-sso pl"
try "connect-sso plan -o "
try "connect-sso plan --output=ya"
try "connect-sso recreate -f examples/blog ja"
`;
    const { stdout } = await promisify(execFile)("bash", ["--norc", "-c", script], {
      cwd: ROOT,
      env: { ...CLEAN, PATH: `${bin}:${CLEAN.PATH}` },
    });
    expect(stdout).toBe("plan\ntext json yaml markdown\nyaml\njane\n");
  });

  it.each(["zsh", "fish", "powershell", "kubectl"])("%s asks the program itself", async (shell) => {
    const { code, stdout } = await run(["completion", shell]);
    expect(stdout).toMatch(/__complete/);
    expect(code).toBe(0);
  });

  it("another shell is answered with those there are", async () => {
    const { code, stderr } = await run(["completion", "tcsh"]);
    expect(stderr).toBe("connect-sso: no completion for tcsh\n  there is bash, zsh, fish, powershell, kubectl\n");
    expect(code).toBe(1);
  });
});

describe("the table of commands", () => {
  it.each(COMMANDS.map((one) => [one.name, one] as const))("%s is whole", async (name, spec) => {
    expect(spec.summary).toMatch(/^\S.*[^.]$/);
    expect(spec.examples.length).toBeGreaterThan(0);
    for (const { line } of spec.examples) expect(line).toContain(`connect-sso ${name}`);
    expect(Object.keys(spec.exitCodes)).toContain("0");
    const [first, second] = name.split(" ");
    if (second) expect(GROUPS.map((group) => group.name)).toContain(first);
    expect(await spec.run()).toBeInstanceOf(Function);
  });

  it.each([["--version"], ["--help"], ["plan", "--help"]])("%j loads no SDK", async (...args) => {
    // A hook in front of the program names every package that is loaded.
    const hook = `import { registerHooks } from "node:module"; registerHooks({ load(url, c, next) { const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)/.exec(url)?.[1]; if (name) process.stderr.write(name + "\\n"); return next(url, c); } });`;
    const { stderr } = await promisify(execFile)(
      process.execPath,
      ["--import", `data:text/javascript,${encodeURIComponent(hook)}`, "--", MAIN, ...args],
      { env: CLEAN, cwd: ROOT },
    );
    expect([...new Set(stderr.trim().split("\n"))].filter((name) => name !== "commander" && name !== "yaml")).toEqual(
      [],
    );
  });
});
