/** A component is whole: one that lacks a part, or a kind that lacks a component, does not compile. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";

const PARTS = {
  condition: '"LidReady"',
  cloud: '"made-up"',
  needs: "[]",
  concerns: "{}",
  shared: "false",
  servesLogin: "false",
  applies: "() => true",
  observe: "async () => ({})",
  plan: "() => []",
  describe: '() => ""',
  remove: "async () => true",
};
const withParts = (names: string[]) =>
  `{ ${names.map((name) => `${name}: ${PARTS[name as keyof typeof PARTS]}`).join(", ")} }`;

test("leaving out any part of a component, or a component of a kind, is an error of the compiler", () => {
  const all = Object.keys(PARTS);
  const lines = [
    'import type { Component, Components, Scope } from "../../../src/engine/component.ts";',
    "interface Seen { base: { size?: number }; lid: { colour?: string } }",
    "type S = Scope<Seen>;",
    `export const whole: Component<S, Seen, "lid"> = ${withParts(all)};`,
    `export const base: Component<S, Seen, "base"> = ${withParts(all)};`,
    "export const kind: Components<S, Seen> = { base, lid: whole };",
    "export const missing: Components<S, Seen> = { base };",
    "export const unknown: Components<S, Seen> = { base, lid: whole, handle: whole };",
    ...all.map(
      (name) =>
        `export const without_${name}: Component<S, Seen, "lid"> = ${withParts(all.filter((one) => one !== name))};`,
    ),
    `export const needsNothingKnown: Component<S, Seen, "lid"> = { ...whole, needs: ["handle"] };`,
  ];
  const folder = mkdtempSync(join(import.meta.dirname, "compiled-"));
  try {
    writeFileSync(join(folder, "whole.ts"), lines.join("\n"));
    const options = [
      "--noEmit",
      "--ignoreConfig",
      "--strict",
      "--module",
      "nodenext",
      "--moduleResolution",
      "nodenext",
      "--target",
      "es2024",
    ];
    const more = ["--allowImportingTsExtensions", "--skipLibCheck", "--types", "node", "--pretty", "false"];
    let output = "";
    try {
      execFileSync("tsc", [...options, ...more, join(folder, "whole.ts")], { encoding: "utf8", stdio: "pipe" });
    } catch (error) {
      output = (error as { stdout: string }).stdout;
    }
    const errors = [...output.matchAll(/whole\.ts\((\d+),\d+\): error (TS\d+): (.*)/g)];
    const found = errors.map(([, line, , message]) => {
      const name = /export const (\w+)/.exec(lines[Number(line) - 1]!)![1]!;
      return `${name}: ${/'(\w+)'/.exec(message!)?.[1]}`;
    });
    const expected = ["missing: lid", "unknown: handle", ...all.map((name) => `without_${name}: ${name}`)];
    expect(found.slice(0, expected.length)).toEqual(expected);
    expect(found.at(-1)).toMatch(/^needsNothingKnown/);
    expect(found).toHaveLength(expected.length + 1);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
