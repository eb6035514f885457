import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { OPEN_FACTS } from "../../src/sandbox/open.ts";

test("docs/cloud-behaviour.md lists every open fact as the sandbox has it", () => {
  const text = readFileSync(new URL("../../docs/cloud-behaviour.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `") && line.split(" | ").length === 4);
  const expected = Object.entries(OPEN_FACTS).map(
    ([name, { values, fact, source }]) =>
      `| \`${name}\` | ${values.map((value) => `\`${value}\``).join(", ")} | ${fact} | ${source} |`,
  );
  expect(rows.sort()).toEqual(expected.sort());
});
