/** docs/performance.md between its markers, and docs/performance.svg: from what was measured last, each part with its date. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type GrowthPoint, holds, number, type Stored } from "./results.ts";

const PAGE = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));
const PLOT = fileURLToPath(new URL("../../docs/performance.svg", import.meta.url));
const BEGIN = "<!-- make bench: begin -->";
const END = "<!-- make bench: end -->";

export function writeReport(stored: Stored): void {
  const page = readFileSync(PAGE, "utf8");
  const [before, rest] = page.split(BEGIN) as [string, string | undefined];
  const after = rest?.split(END)[1];
  if (after === undefined) throw new Error(`docs/performance.md has lost its markers ${BEGIN} and ${END}`);
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${section(stored)}\n${END}${after}`);
  if (stored.growth.length > 0) writeFileSync(PLOT, plot(stored.growth));
}

function section({ cases, growth }: Stored): string {
  const rows = Object.values(cases).flatMap(({ results }) =>
    results.map((one) => {
      const bound =
        one.bound === undefined ? "" : `${one.strict ? "below" : "at most"} ${number(one.bound)} ${one.unit}`;
      const verdict = one.bound === undefined ? "" : holds(one) ? "yes" : "**no**";
      return `| ${one.what} | ${number(one.value)} ${one.unit} | ${bound} | ${verdict} | ${one.note ?? ""} |`;
    }),
  );
  const byRun = new Map<string, string[]>();
  for (const [name, { at, machine, versions }] of Object.entries(cases)) {
    const run = `${at.slice(0, 10)}, ${machine}, ${versions}`;
    byRun.set(run, [...(byRun.get(run) ?? []), name]);
  }
  const runs = [...byRun].map(([run, names]) => `- ${names.join(", ")}: ${run}`);
  const table = [
    "| what | measured | bound | held | |",
    "|---|---|---|---|---|",
    ...rows,
    "",
    "Measured on:",
    "",
    ...runs,
    "",
  ];
  if (growth.length === 0) return table.join("\n");
  const points = growth.map(
    ({ users, seconds, cpu, rss }) =>
      `| ${number(users)} | ${seconds.toFixed(2)} | ${cpu.toFixed(2)} | ${Math.round(rss)} |`,
  );
  return [
    ...table,
    "| ConnectUsers | seconds until all were reconciled | CPU-seconds | resident MB |",
    "|---|---|---|---|",
    ...points,
    "",
    "![Time and memory by number of ConnectUsers](performance.svg)",
    "",
  ].join("\n");
}

const WIDTH = 640;
const HEIGHT = 320;
const MARGIN = { left: 56, right: 56, top: 32, bottom: 40 };

/** CPU-seconds on the left, resident memory on the right, both from zero: a straight line is linear growth. */
function plot(growth: GrowthPoint[]): string {
  const most = (of: (point: GrowthPoint) => number) => Math.max(...growth.map(of)) * 1.05;
  const [users, seconds, rss] = [most(({ users }) => users), most(({ cpu }) => cpu), most(({ rss }) => rss)];
  const x = (value: number) => MARGIN.left + (value / users) * (WIDTH - MARGIN.left - MARGIN.right);
  const y = (share: number) => HEIGHT - MARGIN.bottom - share * (HEIGHT - MARGIN.top - MARGIN.bottom);
  const curve = (of: (point: GrowthPoint) => number, colour: string) => {
    const points = growth.map((point) => [x(point.users).toFixed(1), y(of(point)).toFixed(1)]);
    const dots = points.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="4" fill="${colour}"/>`).join("");
    return `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map((one) => one.join(",")).join(" ")}"/>${dots}`;
  };
  const text = (at: number, down: number, anchor: string, colour: string, said: string) =>
    `<text x="${at.toFixed(1)}" y="${down.toFixed(1)}" text-anchor="${anchor}" fill="${colour}">${said}</text>`;
  const grid = [0, 0.25, 0.5, 0.75, 1].map((share) =>
    [
      `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${y(share)}" y2="${y(share)}" stroke="#8884"/>`,
      text(MARGIN.left - 6, y(share) + 4, "end", "#1f77b4", (seconds * share).toFixed(1)),
      text(WIDTH - MARGIN.right + 6, y(share) + 4, "start", "#d62728", Math.round(rss * share).toString()),
    ].join(""),
  );
  const marks = growth.map((point) =>
    text(x(point.users), HEIGHT - MARGIN.bottom + 18, "middle", "#777", number(point.users)),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img">`,
    "<title>CPU-seconds and resident memory by number of ConnectUsers</title>",
    ...grid,
    curve(({ cpu }) => cpu / seconds, "#1f77b4"),
    curve((point) => point.rss / rss, "#d62728"),
    ...marks,
    text(MARGIN.left, 16, "start", "#1f77b4", "CPU-seconds until all are reconciled"),
    text(WIDTH - MARGIN.right, 16, "end", "#d62728", "resident MB"),
    text(WIDTH / 2, HEIGHT - 6, "middle", "#777", "ConnectUsers"),
    "</svg>",
    "",
  ].join("\n");
}
