/**
 * What a metrics endpoint served, as input of promtool. One scrape is one minute of the alerts' time, so that hours pass in seconds; what
 * the last scrape showed can be held for longer. Timestamps are shifted so that they are as old on the alerts' clock as they were when
 * they were served.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { metricsOf, promtool, RULES, root, rules } from "./promtool.ts";

export type Samples = Map<string, number>;

/** Told by the clouds' clock, which the sandbox can move. */
const BY_CLOUD_CLOCK = /^connectsso_(signing_certificate|access_key|sync|role_import)_\w+_timestamp_seconds\{/;
/** Something that happened: its place on the alerts' clock is the scrape that showed it first. All other timestamps keep their age. */
const EVENT = /^connectsso_drift_last_detected_timestamp_seconds\{/;
const NEEDED = new Set(rules.flatMap(({ expr }) => metricsOf(expr)));

export function parseScrape(text: string, labels: string): Samples {
  const samples: Samples = new Map();
  for (const line of text.split("\n")) {
    const [, name, own, value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name && NEEDED.has(name)) samples.set(`${name}{${own ? `${own},` : ""}${labels}}`, Number(value));
  }
  return samples;
}

export interface Look {
  /** On the alerts' clock. */
  minute: number;
  /** Exactly these fire: "Alert", "Alert persona" or "Alert persona component". */
  firing: string[];
  what: string;
}

export class Timeline {
  readonly #minutes: Samples[] = [];
  readonly #events = new Map<string, number>();

  get minute(): number {
    return this.#minutes.length - 1;
  }

  add(samples: Samples, now: number, cloudNow: number): void {
    const at = this.#minutes.length * 60;
    const shifted: Samples = new Map();
    for (const [series, value] of samples) shifted.set(series, this.#shift(series, value, at, now, cloudNow));
    this.#minutes.push(shifted);
  }

  /** The last scrape goes on for so many minutes: everything stays as it is, ages included. */
  hold(minutes: number): void {
    const last = this.#minutes.at(-1)!;
    for (let minute = 1; minute <= minutes; minute++) {
      const aged = (series: string) => /_timestamp_seconds\{/.test(series) && !EVENT.test(series);
      this.#minutes.push(new Map([...last].map(([key, value]) => [key, aged(key) ? value + minute * 60 : value])));
    }
  }

  #shift(series: string, value: number, at: number, now: number, cloudNow: number): number {
    if (!/_timestamp_seconds\{/.test(series)) return value;
    if (!EVENT.test(series)) return at - ((BY_CLOUD_CLOCK.test(series) ? cloudNow : now) / 1000 - value);
    const seen = this.#events.get(`${series} ${value}`) ?? at;
    this.#events.set(`${series} ${value}`, seen);
    return seen;
  }

  /** Resolves when at every look exactly the alerts fire that are expected; rejects with promtool's comparison. */
  async evaluate(looks: Look[], folder: string): Promise<void> {
    const series = new Set(this.#minutes.flatMap((samples) => [...samples.keys()]));
    const file = join(folder, "live.json");
    const test = {
      interval: "1m",
      input_series: [...series].map((one) => ({ series: one, values: this.#values(one) })),
      promql_expr_test: looks.map(({ minute, firing }) => ({
        expr: 'group by (alertname, persona, component) (ALERTS{alertstate="firing"})',
        eval_time: `${minute}m`,
        exp_samples: firing.map((one) => {
          const [alertname, persona, component] = one.split(" ");
          const labels = Object.entries({ alertname, component, persona }).filter(([, value]) => value);
          return { labels: `{${labels.map(([name, value]) => `${name}="${value}"`).join(", ")}}`, value: 1 };
        }),
      })),
    };
    writeFileSync(file, JSON.stringify({ rule_files: [join(root, RULES)], evaluation_interval: "1m", tests: [test] }));
    await promtool("test", "rules", file);
  }

  #values(series: string): string {
    const values: string[] = [];
    let before: number | undefined;
    for (const samples of this.#minutes) {
      const value = samples.get(series);
      // As Prometheus does: a series that a scrape no longer has is over at once.
      values.push(value !== undefined ? String(value) : before !== undefined ? "stale" : "_");
      before = value;
    }
    return values.join(" ");
  }
}
