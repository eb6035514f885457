/** The page in a real Chromium: accessibility, keyboard, narrow and dark screens, without JavaScript, and with hostile names. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { BrowserContextOptions, Browser as Chromium, Page } from "playwright-core";
import type { TokenGate } from "../../src/page/gate.ts";
import { reviewHtml } from "../../src/report/html.ts";
import { reviewOf } from "../../src/report/review.ts";
import { launch, violations } from "./chromium.ts";
import { ADDRESSES, type Browser, everything, HOSTILE, open, sourceOf, user } from "./scene.ts";

const explain = async () => ({
  user: null,
  persona: null,
  person: "jane",
  links: [
    { name: "assignment", state: "holds" as const, text: "assigned" },
    { name: "role", state: "broken" as const, text: HOSTILE, seen: HOSTILE, fix: HOSTILE },
    { name: "relay state", state: "warning" as const, text: "differs" },
    { name: "Connect user", state: "skipped" as const, text: "not looked at" },
  ],
});
const people = Array.from({ length: 250 }, (_, index) => user(`user${index}`));
let chromium: Chromium;
let hostile: Browser;
let plain: Browser;
/** Three pages of people. */
let crowd: Browser;

beforeAll(async () => {
  chromium = await launch();
  hostile = await open(
    sourceOf(everything(HOSTILE), {
      explain,
      planned: () => [{ kind: "ConnectUser", namespace: "team", name: "jane", sentence: HOSTILE }],
    }),
  );
  const all = everything();
  plain = await open(sourceOf(all, { explain }));
  crowd = await open(sourceOf({ ...all, users: [...all.users, ...people] }));
});
afterAll(async () => {
  await chromium?.close();
  await Promise.all([hostile?.page.close(), plain?.page.close(), crowd?.page.close()]);
});

const SCREENS: [string, BrowserContextOptions][] = [
  ["wide and light", { viewport: { width: 1280, height: 800 } }],
  ["wide and dark", { viewport: { width: 1280, height: 800 }, colorScheme: "dark" }],
  ["360 px and light", { viewport: { width: 360, height: 740 } }],
  ["360 px and dark", { viewport: { width: 360, height: 740 }, colorScheme: "dark" }],
];

async function visit(browser: Browser, options: BrowserContextOptions): Promise<Page> {
  const context = await chromium.newContext({ ...options, locale: "en-GB" });
  const page = await context.newPage();
  await page.goto(`${browser.page.url}/?token=${(browser.page.gate as TokenGate).token}`);
  return page;
}
const at = (browser: Browser, address: string) => new URL(address, browser.page.url).href;

describe.each(SCREENS)("%s", (screen, options) => {
  it.each(ADDRESSES)("%s has no violation of WCAG 2.2 AA, and nothing to scroll sideways", async (address) => {
    // Hostile names where room is scarcest.
    for (const browser of screen === "360 px and light" ? [plain, hostile] : [plain]) {
      const page = await visit(browser, options);
      const complaints: string[] = [];
      page.on("console", (message) => complaints.push(message.text()));
      page.on("dialog", (dialog) => {
        complaints.push("a script ran");
        void dialog.dismiss();
      });
      await page.goto(at(browser, address));
      const width = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth");
      expect([await violations(page), width, complaints.filter((one) => !/status of 404/.test(one))]).toEqual([
        [],
        0,
        [],
      ]);
      await page.context().close();
    }
  });
});

it("a page with a fault is one that has violations", async () => {
  const page = await visit(plain, {});
  // Where the page's own policy does not refuse the style.
  await page.goto("about:blank");
  await page.setContent('<img src="x"><p style="color:#ccc;background:#fff">pale</p><a href="/"></a>');
  expect((await violations(page)).map((line) => line.split(":")[0])).toEqual(
    expect.arrayContaining(["image-alt", "color-contrast", "link-name", "html-has-lang"]),
  );
  await page.context().close();
});

it("the report has no violation either, from a file and without a network", async () => {
  const folder = mkdtempSync(join(tmpdir(), "connect-sso-report-"));
  const context = await chromium.newContext({ offline: true, viewport: { width: 360, height: 740 } });
  try {
    const file = join(folder, "review.html");
    writeFileSync(file, reviewHtml(reviewOf(everything(HOSTILE), "Namespace team", new Date(), [], [])));
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => complaints.push(message.text()));
    await page.goto(`file://${file}`);
    const width = await page.evaluate("document.scrollingElement.scrollWidth - innerWidth");
    const font = await page.evaluate("getComputedStyle(document.body).fontFamily");
    expect([await violations(page), width, complaints, font]).toEqual([[], 0, [], expect.stringMatching(/system-ui/)]);
  } finally {
    await context.close();
    rmSync(folder, { recursive: true });
  }
});

it("with the keyboard alone: skip link, every link and field in turn, each with a visible focus", async () => {
  const page = await visit(crowd, { viewport: { width: 1280, height: 800 } });
  await page.goto(at(crowd, "/people?q=user1"));
  const focused = () =>
    page.evaluate(`(() => { const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
      const box = document.activeElement.getBoundingClientRect();
      return { tag: document.activeElement.tagName, text: document.activeElement.innerText?.trim() ?? "", outline: outlineStyle !== "none" && outlineWidth !== "0px", onScreen: box.left >= 0 }; })()`) as Promise<{
      tag: string;
      text: string;
      outline: boolean;
      onScreen: boolean;
    }>;
  await page.keyboard.press("Tab");
  expect(await focused()).toMatchObject({ text: "Skip to content", outline: true, onScreen: true });
  const seen: string[] = [];
  for (let press = 0; press < 9; press++) {
    await page.keyboard.press("Tab");
    const { tag, text, outline } = await focused();
    expect(outline).toBe(true);
    seen.push(tag === "A" || tag === "BUTTON" ? text : tag);
  }
  expect(seen).toEqual([
    "Overview",
    "People",
    "Sets",
    "Changes",
    "INPUT",
    "SELECT",
    "SELECT",
    "Search",
    "user100@example.com",
  ]);
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/person\/team\/user1/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  expect((await focused()).tag).toBe("A");
  await page.context().close();
});

it("without JavaScript: search, filter, the next page and a person", async () => {
  const page = await visit(crowd, { javaScriptEnabled: false });
  await page.goto(at(crowd, "/people"));
  await page.fill("input[name=q]", "user2");
  await page.selectOption("select[name=state]", "ready");
  await page.click("text=Search");
  expect(await page.textContent("[role=status]")).toBe("1 to 61 of 61 found among 252");
  await page.goto(at(crowd, "/people"));
  await page.click("text=Next");
  expect(await page.textContent("[role=status]")).toMatch(/^101 to 200 of 252/);
  await page.click("text=user199@example.com");
  expect(await page.textContent("h1")).toBe("user199@example.com");
  await page.context().close();
});

it("who wants less motion gets none, and paper has neither navigation nor buttons", async () => {
  const page = await visit(plain, { reducedMotion: "reduce" });
  await page.goto(at(plain, "/people"));
  expect(await page.evaluate("getComputedStyle(document.querySelector('a')).transitionDuration")).toBe("0s");
  await page.emulateMedia({ media: "print" });
  expect(await page.isVisible("nav")).toBe(false);
  expect(await page.isVisible("button")).toBe(false);
  await page.context().close();
});

it("the QR code leads where the link leads", async () => {
  const page = await visit(plain, { viewport: { width: 1280, height: 800 } });
  await page.goto(at(plain, "/persona/team/agents"));
  const code = page.locator(".qr");
  expect(await code.getAttribute("aria-label")).toMatch(/QR code/);
  const { default: decode } = await import("qr/decode.js");
  const size = 200;
  const dark = (await page.evaluate(`(() => {
    const svg = document.querySelector(".qr svg");
    const context = new OffscreenCanvas(${size}, ${size}).getContext("2d");
    context.fillStyle = "#fff"; context.fillRect(0, 0, ${size}, ${size});
    context.fillStyle = "#000"; context.scale(${size} / svg.viewBox.baseVal.width, ${size} / svg.viewBox.baseVal.height);
    for (const path of svg.querySelectorAll("path")) context.fill(new Path2D(path.getAttribute("d")));
    return Array.from(context.getImageData(0, 0, ${size}, ${size}).data.filter((_, at) => at % 4 === 0), (red) => red < 128 ? 1 : 0).join("");
  })()`)) as string;
  const data = Uint8ClampedArray.from(
    [...dark].flatMap((one) => (one === "1" ? [0, 0, 0, 255] : [255, 255, 255, 255])),
  );
  expect(decode({ width: size, height: size, data })).toBe(await page.getAttribute(".sign-in a", "href"));
  await page.context().close();
});
