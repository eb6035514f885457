// docs/demo.svg, the picture of README: what `connect-sso demo` prints from the Ready tree to the repair, drawn as a terminal.
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";

const COLUMNS = 116;
const CHARACTER = { width: 7.23, height: 17 }; // of a 12 px monospaced font
const COLOURS = { 1: "bold", 2: "dim", 31: "bad", 32: "good", 33: "busy" };
const STYLE = `text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; white-space: pre }
.bold { font-weight: bold; fill: #ffffff } .dim { fill: #8393a7 } .good { fill: #7ee787 } .bad { fill: #ff7b72 } .busy { fill: #f2cc60 }`;

const escapeXml = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** One line of a terminal as tspans, cut at the width of the picture. */
function spans(line) {
  let left = COLUMNS;
  let style;
  let drawn = "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escapes of colours
  for (const [, code, text] of line.matchAll(/\u001b\[(\d+)m|([^\u001b]+)/g)) {
    if (code !== undefined) {
      style = COLOURS[code];
      continue;
    }
    if (left === 0) break;
    const shown = text.length > left ? `${text.slice(0, left - 1)}…` : text;
    left -= shown.length;
    drawn += style ? `<tspan class="${style}">${escapeXml(shown)}</tspan>` : escapeXml(shown);
  }
  return drawn;
}

const out = execFileSync(process.execPath, ["dist/connect-sso.js", "demo"], {
  encoding: "utf8",
  env: { ...process.env, FORCE_COLOR: "1" },
});
const lines = out.trimEnd().split("\n");
const ready = lines.findIndex((line) => /^\S*✔\S* \S*ConnectSsoPersona \S+/.test(line));
const repaired = lines.findIndex((line) => line.startsWith("And corrects it"));
const end = lines.findIndex((line, at) => at > repaired && line === "");
if (ready < 0 || repaired < 0 || end < 0) throw new Error("the demo printed no tree, or no repair");
// The address of the login is a line of its own, too long for a picture.
const shown = [
  "$ make demo",
  ...lines.slice(ready, end).filter((line) => !line.includes("Everything is as declared")),
].filter((line, at, all) => line !== "" || all[at - 1] !== "");
const width = Math.ceil(COLUMNS * CHARACTER.width) + 32;
const height = shown.length * CHARACTER.height + 32;
const text = shown.map(
  (line, row) => `<text x="16" y="${30 + row * CHARACTER.height}" xml:space="preserve">${spans(line)}</text>`,
);
writeFileSync(
  "docs/demo.svg",
  `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">
<title>connect-sso demo: two personas are Ready, are changed outside the controller, and are repaired</title>
<style>${STYLE}</style>
<rect width="100%" height="100%" rx="8" fill="#0d1b2a"/>
${text.join("\n")}
</svg>
`,
);
