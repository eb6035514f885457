/** docs/lifecycle.md names a test for each row, and that test exists. */
import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";

const text = readFileSync("docs/lifecycle.md", "utf8");
const rows = text
  .split("\n")
  .filter((line) => line.startsWith("| ") && !line.startsWith("| What changes"))
  .map((line) => line.split("|").at(-2)!.trim());

test.each(rows)("%s", (cell) => {
  const file = /`(test\/[^`]+)`/.exec(cell)?.[1] ?? "test/e2e/life.test.ts";
  const name = /"([^"]+)"/.exec(cell)?.[1] ?? "";
  const source = readFileSync(file, "utf8");
  expect(source).toMatch(/^test(\.each)?\(/m);
  // The title of a test, or of a table of tests, at the beginning of its line.
  const titles = [...source.matchAll(/^(?:test\(| {2}|\]\)\()"([^"]+)/gm)].map(([, title]) => title!);
  if (name !== "") expect(titles.filter((title) => title.startsWith(name))).not.toEqual([]);
  else expect(cell).toContain("`test/");
});

test("every row has one", () => expect(rows.length).toBeGreaterThan(10));
