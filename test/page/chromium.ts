/** A real Chromium, and axe-core in it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser as Chromium, chromium, type Page } from "playwright-core";

export const { chromiumArguments, findChromium } = (await import("../../scripts/chromium.mjs" as string)) as {
  chromiumArguments(): string[];
  findChromium(): string | undefined;
};

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

export const launch = (): Promise<Chromium> =>
  chromium.launch({ executablePath: findChromium()!, args: chromiumArguments() });

/** What WCAG 2.2 AA forbids and axe-core finds, one line each. */
export async function violations(page: Page): Promise<string[]> {
  // By the debugger, which the page's policy does not bind.
  await page.evaluate(AXE);
  return page.evaluate(async (tags) => {
    // biome-ignore lint/suspicious/noExplicitAny: axe-core of the page
    const { violations } = await (globalThis as any).axe.run({
      runOnly: { type: "tag", values: tags },
      rules: { "target-size": { enabled: true } },
    });
    // biome-ignore lint/suspicious/noExplicitAny: axe-core's result
    return violations.flatMap(({ id, nodes }: any) => nodes.map(({ html }: any) => `${id}: ${html.slice(0, 200)}`));
  }, TAGS);
}
