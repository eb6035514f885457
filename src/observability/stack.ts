/**
 * Stack traces in terms of the sources. The bundle's maps are read when an error is written and forgotten soon after: Node's own
 * `--enable-source-maps` keeps all of them, some 15 MB.
 */
import { readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

const FRAME = /(file:\/\/[^\s()]+\.js):(\d+):(\d+)/g;
/** How long maps are kept for further errors, milliseconds. */
const KEPT_MS = 10_000;

const maps = new Map<string, SourceMap | undefined>();

/** Each frame of a file that has a map beside it, as `src/user/plan.ts:12:5`; all else as it was. Lines and columns count from 1. */
export function readableStack(stack: string): string {
  return stack.replace(FRAME, (frame, url: string, line: string, column: string) => {
    const entry = mapOf(url)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (!entry || !("originalSource" in entry)) return frame;
    const source = entry.originalSource.replace(/^(\.\.\/)+/, "");
    return `${source}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function mapOf(url: string): SourceMap | undefined {
  if (maps.size === 0) setTimeout(() => maps.clear(), KEPT_MS).unref();
  if (!maps.has(url)) maps.set(url, readMap(url));
  return maps.get(url);
}

function readMap(url: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${fileURLToPath(url)}.map`, "utf8")));
  } catch {
    // A file of Node, one that was not bundled, or an image without maps.
    return undefined;
  }
}
