/**
 * A histogram for what happens ten thousand times a sweep: prom-client's own searches for its series at every observation. Same text.
 */
import type { Histogram, Registry } from "prom-client";

export interface BusyHistogramOptions {
  registry: Registry;
  name: string;
  help: string;
  /** Upper bounds, ascending. */
  buckets: number[];
  labelNames: string[];
}

interface Series {
  labels: Record<string, string>;
  /** Observations in each bucket by itself, and beyond the last one. */
  counts: number[];
  sum: number;
}

export class BusyHistogram {
  readonly name: string;
  readonly help: string;
  readonly type = "histogram";
  readonly aggregator = "sum";
  readonly labelNames: string[];
  readonly #buckets: number[];
  readonly #series: Series[] = [];

  constructor({ registry, name, help, buckets, labelNames }: BusyHistogramOptions) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
    this.#buckets = buckets;
    // Of a metric a registry reads these and what it gets.
    registry.registerMetric(this as unknown as Histogram);
  }

  /** What takes the observations of one series; the series is there from now on. */
  series(labels: Record<string, string>): (value: number) => void {
    const buckets = this.#buckets;
    const series: Series = { labels, counts: new Array<number>(buckets.length + 1).fill(0), sum: 0 };
    this.#series.push(series);
    return (value) => {
      let bucket = 0;
      while (bucket < buckets.length && value > buckets[bucket]!) bucket++;
      series.counts[bucket]!++;
      series.sum += value;
    };
  }

  async get() {
    const { name, help, type, aggregator } = this;
    const values = this.#series.flatMap(({ labels, counts, sum }) => {
      let count = 0;
      const upTo = [...this.#buckets, "+Inf"].map((le, index) => {
        count += counts[index]!;
        return { metricName: `${name}_bucket`, labels: { le, ...labels }, value: count };
      });
      return [
        ...upTo,
        { metricName: `${name}_sum`, labels, value: sum },
        { metricName: `${name}_count`, labels, value: count },
      ];
    });
    return { name, help, type, aggregator, values };
  }
}
