import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, test } from "@jest/globals";
import { transformSync } from "esbuild";
import { readableStack } from "../../src/observability/stack.ts";

const folder = mkdtempSync(join(tmpdir(), "connect-sso-stack-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A bundle of one source, and a frame of it as V8 writes one. */
function frameOf(name: string, source: string, withMap: boolean): string {
  const { code, map } = transformSync(source, {
    minify: true,
    sourcemap: true,
    sourcefile: `../../src/${name}.ts`,
    loader: "ts",
  });
  const file = join(folder, `${name}.js`);
  writeFileSync(file, code);
  if (withMap) writeFileSync(`${file}.map`, map);
  return `${pathToFileURL(file)}:1:${code.indexOf("new Error") + 1}`;
}

const SOURCE = 'interface A {}\n\nexport function fail(): A {\n  throw new Error("x");\n}\n';

describe("stack traces", () => {
  test("name the source of a bundled file", () => {
    const frame = frameOf("mapped", SOURCE, true);
    expect(readableStack(`Error: x\n    at fail (${frame})\n    at ${frame}`)).toBe(
      "Error: x\n    at fail (src/mapped.ts:4:9)\n    at src/mapped.ts:4:9",
    );
  });

  test("stay as they are without a map, with one that is none, and in files of Node", () => {
    const frame = frameOf("unmapped", SOURCE, false);
    const broken = frameOf("broken", SOURCE, false);
    writeFileSync(join(folder, "broken.js.map"), "{");
    const stack = `Error\n    at ${frame}\n    at ${broken}\n    at node:internal/main:1:2\n    at /app/dist/a.js:1:2`;
    expect(readableStack(stack)).toBe(stack);
  });
});
