/**
 * The whole life with a proxy that enforces rules of the real services, all of them at once; `LIVES=each`: one after the other, which takes
 * some minutes.
 */
import { expect, test } from "@jest/globals";
import { RULES } from "./real-rules.ts";
import { type Front, startFront } from "./rules-proxy.ts";
import { LIFE_MS, lifeWorld, live } from "./whole-life.ts";

const each = Object.entries(RULES).map(([title, rule]): [string, typeof RULES] => [title, { [title]: rule }]);

test.each(process.env.LIVES === "each" ? each : [["all rules at once", RULES]])(
  "%s",
  async (_, rules) => {
    let front: Front | undefined;
    try {
      await live(lifeWorld(), {
        async prepare(sandbox) {
          front = await startFront(sandbox, rules as typeof RULES);
          return front.env;
        },
      });
      expect(front!.unmet()).toEqual([]);
    } finally {
      await front?.close();
    }
  },
  LIFE_MS,
);
