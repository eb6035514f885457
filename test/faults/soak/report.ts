/** What a soak tells its reader. */

/** "4:07", of milliseconds. */
export function clock(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`.padStart(6);
}

/** Names with how often each was done; what was not done at all is named below. */
export function table(title: string, counts: ReadonlyMap<string, number>): string {
  const done = [...counts].filter(([, count]) => count > 0).sort(([a], [b]) => a.localeCompare(b));
  const left = [...counts].filter(([, count]) => count === 0).map(([name]) => name);
  const width = Math.max(0, ...done.map(([name]) => name.length));
  const lines = done.map(([name, count]) => `    ${name.padEnd(width)}  ${String(count).padStart(4)}`);
  return [
    `  ${title}`,
    ...lines,
    ...(left.length > 0 ? ["    not reached in this time:", ...left.sort().map((name) => `      ${name}`)] : []),
  ].join("\n");
}

export class Report {
  failed = false;

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  /** `why` is shown when it is not good. */
  check(what: string, good: boolean, why = ""): void {
    if (!good) this.failed = true;
    this.say(`  ${good ? "ok  " : "FAIL"}  ${what}`);
    if (!good && why) this.say(why.replaceAll(/^/gm, "          "));
  }
}
