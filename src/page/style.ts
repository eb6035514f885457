/** The one stylesheet, of the page and of the report. Contrasts are those of WCAG 2.2 AA or better, in light and dark. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f5f6f8; --card: #fff; --line: #d5d9e0; --text: #1a1e26; --dim: #545c69; --link: #0b56b3; --focus: #0b56b3;
  --good: #12692f; --good-ground: #e0f4e6; --bad: #a3161c; --bad-ground: #fde8e8; --busy: #754c00; --busy-ground: #fdf1d3;
  --quiet: #454d5a; --quiet-ground: #e8ebf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151b; --card: #1b2029; --line: #343c4a; --text: #e8ebf1; --dim: #a4adbc; --link: #8bbcff; --focus: #8bbcff;
    --good: #8ce0a6; --good-ground: #12351f; --bad: #ffb0b0; --bad-ground: #471a1d; --busy: #f5cf7a; --busy-ground: #3c2e0b;
    --quiet: #c4cbd7; --quiet-ground: #2b323e;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, main:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 3px; }
main:focus { outline: none; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
.bar { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1.5rem; padding: .5rem 1.5rem; background: var(--card); border-bottom: 1px solid var(--line); }
.brand { font-weight: 700; letter-spacing: -.01em; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem; list-style: none; margin: 0; padding: 0; }
nav ul a { display: block; padding: .4rem .75rem; border-radius: .4rem; color: var(--text); text-decoration: none; }
nav ul a:hover { background: var(--quiet-ground); }
nav ul a[aria-current] { background: var(--quiet-ground); font-weight: 600; }
.who { margin-left: auto; display: flex; gap: .5rem; align-items: center; }
main { max-width: 76rem; margin: 0 auto; padding: 1rem 1.5rem 2rem; }
footer { max-width: 76rem; margin: 0 auto; padding: 0 1.5rem 2rem; color: var(--dim); font-size: .875rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .75rem 0; letter-spacing: -.015em; }
h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; }
.lead { font-size: 1.05rem; }
.dim { color: var(--dim); }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-size: .85rem; font-weight: 600; white-space: nowrap; color: var(--quiet); background: var(--quiet-ground); }
.badge.ready { color: var(--good); background: var(--good-ground); }
.badge.attention { color: var(--bad); background: var(--bad-ground); }
.badge.waiting { color: var(--busy); background: var(--busy-ground); }
.tiles { display: flex; flex-wrap: wrap; gap: .75rem; list-style: none; margin: 0; padding: 0; }
.tile { display: flex; flex-direction: column; min-width: 9rem; padding: .7rem 1rem; background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--quiet); border-radius: .5rem; color: var(--text); text-decoration: none; }
.tile:hover span { text-decoration: underline; }
.tile strong { font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tile.ready { border-left-color: var(--good); }
.tile.attention { border-left-color: var(--bad); }
.tile.waiting { border-left-color: var(--busy); }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; font-size: .94rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem; border-top: 1px solid var(--line); }
thead th { border-top: 0; font-size: .82rem; color: var(--dim); font-weight: 600; }
tbody th { font-weight: 500; min-width: 9rem; }
td .head { display: none; }
time { white-space: nowrap; }
code { font: .9em ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code.found { color: var(--bad); }
code.command { display: inline-block; padding: .25rem .6rem; margin-top: .25rem; background: var(--quiet-ground); border-radius: .3rem; user-select: all; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); gap: .75rem 1.5rem; margin: 1rem 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
dt { font-size: .82rem; color: var(--dim); }
dd { margin: 0; }
.list { padding-left: 1.2rem; }
.list li + li { margin-top: .75rem; }
.empty { padding: 1rem; background: var(--card); border: 1px dashed var(--line); border-radius: .5rem; }
.empty p { margin: 0; }
.empty p + p { color: var(--dim); margin-top: .35rem; }
.search { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
.search label { display: flex; flex-direction: column; font-size: .85rem; color: var(--dim); flex: 1 1 12rem; }
input, select, button { font: inherit; color: var(--text); background: var(--card); border: 1px solid var(--dim); border-radius: .4rem; padding: .4rem .6rem; min-height: 2.5rem; max-width: 100%; }
button { background: var(--link); border-color: var(--link); color: var(--card); font-weight: 600; padding-inline: 1.1rem; cursor: pointer; }
.who button { background: none; color: var(--link); min-height: 2rem; padding: .1rem .6rem; }
.pager { display: flex; gap: 1.5rem; justify-content: center; margin: 1.25rem 0; }
.pager a, .pager span { padding: .35rem .5rem; }
.sign-in { display: flex; flex-wrap: wrap; gap: 1.25rem; align-items: center; margin: 1rem 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.sign-in > div:last-child { flex: 1 1 14rem; }
.sign-in p { margin: 0 0 .25rem; }
.qr { flex: none; width: 9rem; height: 9rem; background: #fff; border-radius: .25rem; }
.qr svg { display: block; width: 100%; height: 100%; fill: #000; }
.chain { list-style: none; padding: 0; margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
.chain li { padding: .6rem 1rem; }
.chain li + li { border-top: 1px solid var(--line); }
.chain strong { display: inline-block; }
.chain strong::first-letter { text-transform: uppercase; }
.chain p { margin: .15rem 0 0; }
@media (max-width: 44rem) {
  .bar, main, footer { padding-inline: 1rem; }
  nav ul a { padding: .4rem .5rem; }
  nav ul { margin-inline: -.5rem; gap: 0; }
  table, tbody, tr, th, td { display: block; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { padding: .6rem .9rem; border-top: 1px solid var(--line); }
  tbody tr:first-child { border-top: 0; }
  th, td { padding: .15rem 0; border: 0; }
  td { display: flex; gap: .75rem; }
  td .head { display: block; flex: 0 0 6.5rem; color: var(--dim); font-size: .85rem; }
  .who { margin-left: 0; }
}
@media (prefers-reduced-motion: no-preference) { a, button { transition: background-color .12s; } }
@media (forced-colors: active) { .badge, .tile { border: 1px solid; } }
@media print {
  :root { --ground: #fff; --card: #fff; --line: #bbb; --text: #000; --dim: #333; --link: #000; }
  .bar nav, .skip, .search, .pager, .who, button { display: none; }
  main, footer { max-width: none; padding: 0; }
  body { font-size: 10pt; }
  tr, dl, .sign-in, .chain li { break-inside: avoid; }
  thead { display: table-header-group; }
}
`;
