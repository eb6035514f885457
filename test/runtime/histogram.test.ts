import { expect, test } from "@jest/globals";
import { Histogram, Registry } from "prom-client";
import { BusyHistogram } from "../../src/runtime/histogram.ts";

const buckets = [0.005, 0.1, 1, 10];

test.each<[string, number[]]>([
  ["nothing", []],
  ["one of each bucket", [0, 0.05, 0.5, 5, 50]],
  ["bounds themselves", buckets],
  ["many of one", [0.2, 0.3, 0.4]],
])("says the same as prom-client: %s", async (_, values) => {
  const [ours, theirs] = [new Registry(), new Registry()];
  const busy = new BusyHistogram({
    registry: ours,
    name: "took_seconds",
    help: "Took.",
    buckets,
    labelNames: ["name"],
  });
  const plain = new Histogram({
    registers: [theirs],
    name: "took_seconds",
    help: "Took.",
    buckets,
    labelNames: ["name"],
  });
  for (const name of ["a", "b"]) {
    const observe = busy.series({ name });
    plain.zero({ name });
    for (const value of values) {
      observe(value);
      plain.observe({ name }, value);
    }
  }
  expect(await ours.metrics()).toBe(await theirs.metrics());
  expect(values.length === 0 || (await ours.metrics()).includes(`took_seconds_count{name="b"} ${values.length}`)).toBe(
    true,
  );
});
