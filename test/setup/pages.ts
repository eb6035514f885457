/** Pages of docs/ as somebody follows them: every command, in order, in one shell. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../cli/support.ts";

export interface Block {
  language: string;
  /** Of the page, from 1. */
  line: number;
  text: string;
}

/** Fenced blocks, those inside of lists as well. `page` is relative to the checkout. */
export function blocks(page: string): Block[] {
  const source = readFileSync(join(ROOT, page), "utf8");
  return [...source.matchAll(/^( *)```(\w+)\n([\s\S]*?)^\1```$/gm)].map(
    ({ 1: indent, 2: language, 3: body, index }) => ({
      language: language!,
      line: source.slice(0, index).split("\n").length,
      text: body!.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }),
  );
}

/** What a reader would type. */
export const commandsOf = (page: string): string =>
  blocks(page)
    .filter(({ language }) => language === "console" || language === "bash")
    .map(({ text, line }) => `echo "# ${page}:${line}" >&2\n${text}`)
    .join("\n");
