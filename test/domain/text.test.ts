import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  cut,
  everyString,
  htmlText,
  listed,
  markdownBlock,
  markdownCode,
  markdownText,
  terminalText,
  yamlComment,
} from "../../src/domain/text.ts";

const SEED = Number(process.env.SEED ?? 20261128);
/** Every UTF-16 unit, halves of surrogate pairs included, with what is dangerous more often. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\u001b[2J",
        "\u001b]0;x\u0007",
        "\n",
        "\r",
        "\u0085",
        "\u2028",
        "\u202e",
        "\u200b",
        "\ufeff",
        "\ud83d",
        "\ude00",
        "😀",
        "👩‍👧",
        "`",
        "```",
        "|",
        "<img src=x>",
        "![x](y)",
        "@all",
        "#1",
        "---\nkind: X",
        "*/",
        "\u0000",
        "\u009b",
        "\u{e0041}",
        "é",
      ),
      fc.string({ unit: "binary", maxLength: 5 }),
      fc.nat(0xffff).map((unit) => String.fromCharCode(unit)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));
const each = (check: (text: string) => void) => fc.assert(fc.property(hostile, check), { seed: SEED, numRuns: 400 });
const UNSAFE = /[\p{Cc}\p{Surrogate}\u2028\u2029\u202a-\u202e\u2066-\u2069\u200e\u200f\ufeff\u200b]/u;

test.each([
  ["Jane Doe", "Jane Doe"],
  ["Zoë 😀 👩‍👧 日本", "Zoë 😀 👩‍👧 日本"],
  ["a\u001b[31mb", "a\\u001b[31mb"],
  ["a\nb\tc", "a\\nb\\tc"],
  ["\u202egnp.exe", "\\u202egnp.exe"],
  ["\u009b2J", "\\u009b2J"],
  ["a\u{e0041}", "a\\u{e0041}"],
  ["half \ud83d", "half \\ud83d"],
])("terminal: %j", (text, expected) => {
  expect(terminalText(text)).toBe(expected);
  expect(yamlComment(text)).toBe(expected);
});

test.each([
  ["Agents", "Agents"],
  ["<img src=x onerror=alert(1)>", "\\<img src=x onerror=alert\\(1\\)\\>"],
  ["![x](https://evil.example/a.png)", "\\!\\[x\\]\\(https:&#8203;//evil\\.example/a\\.png\\)"],
  ["a|b", "a\\|b"],
  ["`code`", "\\`code\\`"],
  ["@everyone", "&#8203;@&#8203;everyone"],
  ["fixes #12", "fixes &#8203;#&#8203;12"],
  ["&lt;b&gt;", "&amp;lt;b&amp;gt;"],
  ["a\n\n# b", "a\\\\n\\\\n&#8203;#&#8203; b"],
])("Markdown: %j", (text, expected) => {
  expect(markdownText(text)).toBe(expected);
});

test.each([
  ["a", "`a`"],
  ["a`b", "``a`b``"],
  ["`", "`` ` ``"],
  ["", "`  `"],
  ["a\nb", "`a\\nb`"],
])("Markdown code: %j", (text, expected) => {
  expect(markdownCode(text)).toBe(expected);
});

test("a block of code cannot be left", () => {
  expect(markdownBlock(["a", "```", "b"], "diff")).toBe("````diff\na\n```\nb\n````");
  each((text) => {
    const lines = markdownBlock([text, "x"]).split("\n");
    expect(lines).toHaveLength(4);
    expect(lines[1]).not.toContain(lines[0]!);
  });
});

test.each([
  ['<a href="x">\'&', "&lt;a href=&quot;x&quot;&gt;&#39;&amp;"],
  ["a\u001bb", "a\\u001bb"],
])("HTML: %j", (text, expected) => {
  expect(htmlText(text)).toBe(expected);
});

test("whatever a string holds, no medium is left, and what is safe already stays", () => {
  each((text) => {
    for (const medium of [terminalText, yamlComment, htmlText, markdownText, markdownCode]) {
      expect(medium(text)).not.toMatch(UNSAFE);
      expect(medium(text).isWellFormed()).toBe(true);
    }
    expect(terminalText(terminalText(text))).toBe(terminalText(text));
    expect(htmlText(text)).not.toMatch(/[<>"']/);
    expect(markdownText(text)).not.toMatch(/(^|[^\\])(\\\\)*[`<>|![\]*]/);
    expect(markdownText(text)).not.toMatch(/[@#][A-Za-z]/);
  });
});

test("nothing is cut inside a surrogate pair, and nothing is longer than asked", () => {
  expect(cut("ab😀cd", 4)).toBe("ab…");
  expect(cut("ab😀cd", 5)).toBe("ab😀…");
  expect(cut("ab😀", 4)).toBe("ab😀");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 20 }), (text, max) => {
      expect(cut(text, max).length).toBeLessThanOrEqual(max);
      expect(cut(text, max).isWellFormed()).toBe(true);
    }),
    { seed: SEED, numRuns: 1000 },
  );
});

test("every string of plain data is changed, and nothing else", () => {
  const at = new Date(0);
  const change = (text: string) => text.toUpperCase();
  expect(
    everyString({ a: ["b", 1, null, { c: "d" }], at, m: new Map([["k", "v"]]), s: new Set(["x"]) }, change),
  ).toEqual({
    A: ["B", 1, null, { C: "D" }],
    AT: at,
    M: new Map([["K", "V"]]),
    S: new Set(["X"]),
  });
});

test.each([
  ["", [], 2, ""],
  ["a, b", ["a", "b"], 2, ""],
  ["a, b and 2 more", ["a", "b", "c", "d"], 2, ""],
  ["a, b, and 1 more", ["a", "b", "c"], 2, ","],
  ["a; b; and 1 more", ["a", "b", "c"], 2, ";"],
] as const)("the first of a list: %s", (text, names, most, mark) => expect(listed(names, most, mark)).toBe(text));
