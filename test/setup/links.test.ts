/** Every link of the Markdown files leads somewhere, and every connect-sso command in them exists with its options. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { Command } from "commander";
import { COMMANDS, GROUPS } from "../../src/cli/catalogue/index.ts";
import { buildProgram } from "../../src/cli/command.ts";
import { ROOT } from "../cli/support.ts";
import { blocks } from "./pages.ts";

const pages = execFileSync("git", ["ls-files", "-co", "--exclude-standard", "*.md"], { cwd: ROOT, encoding: "utf8" })
  .trim()
  .split("\n")
  .filter((page) => existsSync(join(ROOT, page)));
const prose = (page: string) => readFileSync(join(ROOT, page), "utf8").replaceAll(/^( *)```[\s\S]*?^\1```$/gm, "");

/** As GitHub makes them: lower case, without punctuation, blanks as hyphens, numbered when they repeat. */
function anchors(page: string): Set<string> {
  const seen = new Map<string, number>();
  const found = new Set<string>();
  for (const [, heading] of prose(page).matchAll(/^#+ +(.*)$/gm)) {
    const text = heading!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const slug = text
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replaceAll(/\s/g, "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    found.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return found;
}

test.each(pages)("%s: files and headings that it links to exist", (page) => {
  const broken = [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .filter((target) => {
      const [path, anchor] = target.split("#");
      const file = path === "" ? page : normalize(join(dirname(page), path!));
      if (!existsSync(join(ROOT, file))) return true;
      return anchor !== undefined && file.endsWith(".md") && !anchors(file).has(anchor);
    });
  expect(broken).toEqual([]);
});

/** A program that runs nothing: commander itself says what is wrong with a line. */
function parseLine(words: string[]): Promise<unknown> {
  const inert = COMMANDS.map((spec) => ({ ...spec, run: async () => async () => 0 }));
  const program = buildProgram(new Command("connect-sso"), GROUPS, inert, () => {});
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ writeErr: () => {}, writeOut: () => {} });
    command.commands.forEach(quiet);
  };
  quiet(program);
  return program.parseAsync(words, { from: "user" }).then(
    () => undefined,
    (error: { code?: string; message: string }) =>
      error.code === "commander.helpDisplayed" || error.code === "commander.version" ? undefined : error.message,
  );
}

/** The words of every connect-sso call in shell text, where a command can stand, up to its end. Substitutions stay one word. */
function callsIn(text: string): string[][] {
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n");
  return lines.flatMap((line) => {
    const code = line
      .replace(/(^|\s)#.*$/, "")
      .replaceAll(/\$\((?:[^()]|\([^()]*\))*\)/g, (inner) => (inner.includes("connect-sso ") ? inner : "X"));
    return [
      ...code.matchAll(
        /(?:^|[(`|;&]|\bdo|\bthen)\s*(?:[A-Z_]+=\S* )*(?:kubectl )?connect-sso ((?:[^|;&><`)"']|"[^"]*"|'[^']*')*)/g,
      ),
    ]
      .map(([, rest]) =>
        (rest!.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []).map((word) => word.replaceAll(/["']/g, "")),
      )
      .filter((words) => words.length > 0);
  });
}

describe("the reader of commands", () => {
  test.each([
    ["connect-sso plan -f a/ > plan.md || code=$?", [["plan", "-f", "a/"]]],
    ["x=$(connect-sso policy aws -o json) # no connect-sso here", [["policy", "aws", "-o", "json"]]],
    ["git show A:b | connect-sso delete -f - \\\n  --among c/", [["delete", "-f", "-", "--among", "c/"]]],
    ['connect-sso plan -f "a b" && connect-sso status', [["plan", "-f", "a b"], ["status"]]],
  ])("%s", (text, words) => {
    expect(callsIn(text)).toEqual(words);
  });

  test("a misspelt command and option are found", async () => {
    expect(await parseLine(["plam"])).toMatch(/unknown command/);
    expect(await parseLine(["plan", "--no-such"])).toMatch(/unknown option/);
  });
});

const calls = pages
  .filter((page) => existsSync(join(ROOT, page)))
  .flatMap((page) =>
    blocks(page)
      .filter(({ language }) => ["console", "bash", "sh"].includes(language))
      .flatMap(({ text }) => callsIn(text).map((words) => ({ page, line: `connect-sso ${words.join(" ")}`, words }))),
  );

test("there are commands to check", () => {
  expect(calls.length).toBeGreaterThan(50);
});

test.each(calls)("$page: $line", async ({ words }) => {
  expect(await parseLine(words)).toBeUndefined();
});
