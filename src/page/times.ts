/** Times as a reader says them: how long ago or ahead, with the exact time beside it. */
import { Html, html } from "./html.ts";

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 365 * 86_400],
  ["month", 30 * 86_400],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" });
const EXACT = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" });

/** "3 minutes ago", "in 12 days", "just now". */
export function relative(time: string, now: number): string {
  const seconds = (Date.parse(time) - now) / 1000;
  const step = STEPS.find(([, size]) => Math.abs(seconds) >= size);
  return step
    ? WORDS.format(Math.trunc(seconds / step[1]), step[0])
    : seconds > 0
      ? "in less than a minute"
      : "just now";
}

/** "27 Nov 2026, 14:05 UTC". */
export const exact = (time: string): string => `${EXACT.format(new Date(time))} UTC`;

export function when(time: string | undefined, now: number): Html {
  if (time === undefined || Number.isNaN(Date.parse(time))) return new Html("–");
  return html`<time datetime="${time}" title="${exact(time)}">${relative(time, now)}</time>`;
}

/** Both, for what is printed or read long after. */
export function dated(time: string | undefined, now: number): Html {
  if (time === undefined || Number.isNaN(Date.parse(time))) return new Html("–");
  return html`<time datetime="${time}">${exact(time)}</time> <span class="dim">(${relative(time, now)})</span>`;
}
