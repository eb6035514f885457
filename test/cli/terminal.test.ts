/** What stands on the screen: widths, colours, redrawing; on a made-up screen, and on a real terminal where `script` gives one. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, it } from "@jest/globals";
import { LiveProgress } from "../../src/cli/render/progress.ts";
import { hasColours, truncate, visibleLength, wrap } from "../../src/cli/render/terminal.ts";
import { CLEAN, expectGolden, MAIN, ROOT, run } from "./support.ts";

const RED = "\u001b[31m";
const END = "\u001b[0m";

describe("widths", () => {
  it.each([
    ["plain", 5],
    [`${RED}red${END}`, 3],
    ["Zürich", 6],
    ["é", 1],
    ["東京", 4],
    ["👩‍💻 ok", 5],
    ["✔ … ├─", 6],
  ])("%j takes %i columns", (text, columns) => expect(visibleLength(text)).toBe(columns));

  it.each([
    ["short", 10, "short"],
    ["0123456789", 10, "0123456789"],
    ["0123456789a", 10, "012345678…"],
    ["東京東京東京", 6, "東京…"],
    [`${RED}0123456789a${END}`, 10, `${RED}012345678…${END}`],
  ])("%j is cut to %i", (text, columns, cut) => {
    expect(truncate(text, columns)).toBe(cut);
    expect(visibleLength(cut)).toBeLessThanOrEqual(columns);
  });

  it("wraps between words, keeps what it is told in front, and leaves long words whole", () => {
    expect(wrap("├─ one two three", 10, "│  ")).toBe("├─ one two\n│  three");
    expect(wrap("an-unbreakable-word and more", 10, 2)).toBe("an-unbreakable-word\n  and more");
    expect(wrap("no terminal, no width, no wrapping", undefined)).toBe("no terminal, no width, no wrapping");
  });
});

describe("colours", () => {
  it.each([
    [{ isTTY: true }, {}, true],
    [{ isTTY: false }, {}, false],
    [{ isTTY: true }, { NO_COLOR: "1" }, false],
    [{ isTTY: true }, { NO_COLOR: "" }, true],
    [{ isTTY: false }, { FORCE_COLOR: "1" }, true],
    [{ isTTY: true }, { FORCE_COLOR: "0" }, false],
    [{ isTTY: true }, { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
    [{ isTTY: true }, { TERM: "dumb" }, false],
  ])("%j with %j: %j", (stream, env, on) => expect(hasColours(stream, env)).toBe(on));
});

// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
const CONTROLS = /(\u001b\[\d*[AJ]|\r|\n)/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escapes are what is looked for
const COLOURS = /\u001b\[\d+m/g;

/** Understands what a live block writes: text, line ends, cursor up, erase below. */
class Screen {
  readonly isTTY = true;
  readonly lines: string[] = [""];
  #row = 0;
  readonly columns: number;
  readonly rows: number;
  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
  }

  write(text: string): boolean {
    for (const part of text.split(CONTROLS)) {
      const up = part.startsWith("\u001b[") ? /^(\d+)A$/.exec(part.slice(2)) : null;
      if (up) this.#row -= Number(up[1]);
      else if (part === "\u001b[J") this.lines.splice(this.#row, Number.POSITIVE_INFINITY, "");
      else if (part === "\n") this.lines[++this.#row] ??= "";
      else if (part !== "\r") this.lines[this.#row] += part;
      if (this.#row < 0) throw new Error("the cursor left the screen");
    }
    return true;
  }
  get text(): string {
    return this.lines.join("\n");
  }
}
const live = (screen: Screen) => new LiveProgress(screen as unknown as NodeJS.WriteStream);

describe("a live block", () => {
  it("takes the place of the one before, whatever their heights", () => {
    const screen = new Screen(20, 10);
    const block = live(screen);
    screen.write("before\n");
    block.show("a\nb\nc", "");
    block.show("d", "");
    block.show("e\nf", "");
    expect(screen.text).toBe("before\ne\nf\n");
    block.end();
    screen.write("result\n");
    expect(screen.text).toBe("before\nresult\n");
  });

  it("keeps remarks above it", () => {
    const screen = new Screen(20, 10);
    const block = live(screen);
    block.show("tree", "");
    block.note("! drift");
    block.show("tree 2", "");
    block.end({ keep: true });
    expect(screen.text).toBe("! drift\ntree 2\n");
  });

  it("fits a small screen: long lines are cut, the middle of a long block is counted", () => {
    const screen = new Screen(20, 6);
    const block = live(screen);
    const text = Array.from({ length: 30 }, (_, index) => `line ${index} that is much too long`).join("\n");
    block.show(text, "");
    block.show(`${text}!`, "");
    expect(screen.lines.length).toBeLessThanOrEqual(6);
    for (const line of screen.lines) expect(visibleLength(line)).toBeLessThanOrEqual(20);
    expect(screen.text).toMatch(/^line 0 .*\n.*\n.*\n… 26 more lines\nline 29/);
  });

  it("writes a line only when it is another one, where nothing can be redrawn", () => {
    const written: string[] = [];
    const block = new LiveProgress({ write: (text: string) => written.push(text) } as unknown as NodeJS.WriteStream);
    for (const line of ["asked for", "asked for", "done"]) block.show("a block", line);
    block.end();
    expect(written).toEqual(["asked for\n", "done\n"]);
  });
});

const SCRIPT = "/usr/bin/script";

/** Slim images have no util-linux; what the blocks write is tested above all the same. */
const notHere = (name: string, _tests: () => void) =>
  it(`${name}: not tested, there is no ${SCRIPT}`, () => {
    process.stderr.write(`${name}: no ${SCRIPT} here\n`);
  });

/** On a pseudo terminal of `columns`; what the program wrote, as it wrote it. */
async function onTerminal(args: string[], columns: number, env: Record<string, string> = {}): Promise<string> {
  const command = `stty cols ${columns} rows 40; '${process.execPath}' -- '${MAIN}' ${args.join(" ")}`;
  const { stdout } = await promisify(execFile)(SCRIPT, ["-qec", command, "/dev/null"], {
    cwd: ROOT,
    env: { ...CLEAN, TERM: "xterm-256color", SHELL: "/bin/sh", ...env },
  }).catch((error: { stdout: string }) => error);
  return stdout.replaceAll("\r\n", "\n");
}

(existsSync(SCRIPT) ? describe : notHere)("on a real terminal", () => {
  const plan = ["plan", "-f", "examples/recommended", "--sandbox"];

  it("a narrow one wraps, in colour; NO_COLOR takes the colours away and nothing else", async () => {
    const [coloured, plain] = await Promise.all([onTerminal(plan, 60), onTerminal(plan, 60, { NO_COLOR: "1" })]);
    expectGolden("plan-60-columns.txt", plain);
    expect(coloured).toContain("\u001b[32m+\u001b[0m");
    expect(coloured.replace(COLOURS, "")).toBe(plain);
    // Nothing but a word that cannot be broken goes beyond the edge.
    for (const line of plain.split("\n"))
      if (visibleLength(line) > 60) expect(line.trim().split(" ").length).toBeLessThanOrEqual(2);
  });

  it("a wide one and a pipe say the same", async () => {
    const [wide, piped] = await Promise.all([onTerminal(plan, 1_000, { NO_COLOR: "1" }), run(plan)]);
    expect(wide).toBe(piped.stdout);
  });
});
