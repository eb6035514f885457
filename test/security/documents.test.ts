/** What the documentation promises: tests that SECURITY.md names exist, links lead somewhere, commands are commands. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { COMMANDS } from "../../src/cli/catalogue/index.ts";

const SKIPPED = /^(node_modules|dist|build|coverage|\.git)$/;
function markdown(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.test(entry.name) ? [] : markdown(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}
const pages = markdown(".");
const prose = (text: string) => text.replaceAll(/```[\s\S]*?```/g, "");

/** As GitHub makes it of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[`*]/g, "")
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
const anchors = (path: string) =>
  prose(readFileSync(path, "utf8"))
    .split("\n")
    .flatMap((line) => /^#{1,6} (.*)$/.exec(line)?.[1] ?? [])
    .map(anchor);

test.each(pages)("%s: every relative link leads somewhere", (page) => {
  const text = prose(readFileSync(page, "utf8"));
  const broken = [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target!)
    .filter((target) => !/^[a-z]+:/i.test(target))
    .filter((target) => {
      const [path, fragment] = target.split("#") as [string, string?];
      const file = path === "" ? page : join(dirname(page), path);
      if (!existsSync(file)) return true;
      return fragment !== undefined && file.endsWith(".md") && !anchors(file).includes(fragment);
    });
  expect(broken).toEqual([]);
});

test.each(readdirSync(".github/workflows"))(
  "%s pins every action by its commit, with the version for people",
  (file) => {
    const used = readFileSync(join(".github/workflows", file), "utf8").match(/\buses: .*/g)!;
    for (const one of used) expect(one).toMatch(/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  },
);

describe("SECURITY.md", () => {
  const rows = readFileSync("SECURITY.md", "utf8")
    .split("\n")
    .filter((line) => /^\| T\d+ \|/.test(line));
  const named = rows.flatMap((row) => {
    const [, threat] = /^\| (T\d+) \|/.exec(row)!;
    const held = row.split(" | ").at(-1)!;
    return held.split(/\[(?=test\/)/).flatMap((part) => {
      const [, file] = /^(test\/[\w/.-]+)\]/.exec(part) ?? [];
      return file ? [...part.matchAll(/`([^`]+)`/g)].map(([, name]) => [threat!, file, name!] as const) : [];
    });
  });

  test("every threat has a test", () => {
    expect(rows.map((row) => /T\d+/.exec(row)![0])).toEqual(rows.map((_, index) => `T${index + 1}`));
    expect(rows.length).toBeGreaterThanOrEqual(27);
    expect(new Set(named.map(([threat]) => threat)).size).toBe(rows.length);
  });

  test.each(named)('%s: %s has the test "%s"', (_, file, name) => {
    const text = readFileSync(file, "utf8").replaceAll('\\"', '"');
    expect(text.includes(name)).toBe(true);
  });
});

test("commands in the documentation are commands, with options that they have", () => {
  const wrong: string[] = [];
  for (const page of pages) {
    for (const [, line] of readFileSync(page, "utf8").matchAll(
      /(?:^|[`\s($])connect-sso ((?:[a-z-]+ )?[a-z][^`\n|]*)/gm,
    )) {
      const words = line!.split(/\s+/);
      const command = COMMANDS.find(({ name }) => name === words.slice(0, name.split(" ").length).join(" "));
      if (!command) continue;
      for (const [option] of line!.split(/ && | \||;|"?\$\(/)[0]!.matchAll(/(?<=\s)--[a-z][\w-]*/g))
        if (!command.options.some(({ flags }) => flags.includes(option)) && option !== "--help")
          wrong.push(`${page}: connect-sso ${command.name} has no ${option}`);
    }
  }
  expect(wrong).toEqual([]);
});

test("links of a login that the troubleshooting page names are links that `why` knows", () => {
  const page = readFileSync("docs/troubleshooting.md", "utf8");
  const named = [...page.matchAll(/`why`: ([^|;]*)/g)].flatMap(([, text]) =>
    [...text!.matchAll(/\*([^*]+)\*/g)].map(([, link]) => link!),
  );
  const known = readdirSync("src/why").flatMap((file) =>
    [...readFileSync(`src/why/${file}`, "utf8").matchAll(/name: "([^"]+)"/g)].map(([, name]) => name!),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(named.filter((link) => !known.includes(link))).toEqual([]);
});
