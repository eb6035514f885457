/** Who gets in, and what every answer carries. */
import { request } from "node:http";
import { afterEach, beforeEach, expect, it, jest } from "@jest/globals";
import type { TokenGate } from "../../src/page/gate.ts";
import { Rate, READER } from "../../src/page/rate.ts";
import { type Browser, everything, open, openSignedIn, sourceOf } from "./scene.ts";

let browser: Browser;
beforeEach(async () => {
  browser = await open(sourceOf(everything()));
});
afterEach(() => browser.page.close());

/** With headers that fetch does not let through. */
function raw(headers: Record<string, string>, path = "/", method = "GET", body = ""): Promise<number> {
  const { hostname, port } = new URL(browser.page.url);
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, setHost: false }, (response) => {
      response.resume();
      resolve(response.statusCode!);
    });
    sent.once("error", reject).end(body);
  });
}

it("without the token nothing is shown, and the page says where the address is", async () => {
  for (const address of ["/", "/people", "/?token=wrong", "/?token="]) {
    const response = await browser.get(address);
    expect(response.status).toBe(401);
    const text = await response.text();
    expect(text).toMatch(/address that connect-sso page has printed/);
    expect(text).not.toMatch(/jane|agents/);
  }
});

it("the token becomes a cookie that no script and no other site can use, and leaves the address", async () => {
  const { token } = browser.page.gate as TokenGate;
  const response = await browser.get(`/people?token=${token}`);
  expect(response.status).toBe(303);
  expect(response.headers.get("location")).toBe("/people");
  expect(response.headers.get("set-cookie")).toMatch(/; Path=\/; HttpOnly; SameSite=Strict$/);
  expect((await browser.get("/people")).status).toBe(200);
});

it("an address that a redirect would take to another host is none", async () => {
  const { host } = new URL(browser.page.url);
  const { token } = browser.page.gate as TokenGate;
  for (const path of [
    "//attacker.example/",
    "/.//attacker.example/",
    "/x/..//attacker.example/",
    "/\\\\attacker.example/",
  ])
    expect([path, await raw({ host }, `${path}?token=${token}`)]).toEqual([path, 400]);
});

it("every answer forbids scripts, frames and caches", async () => {
  for (const address of ["/", "/style.css", "/nowhere"]) {
    const { headers } = await browser.get(address);
    expect(headers.get("content-security-policy")).toBe(
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
  }
});

it("a name that somebody's DNS points here is refused", async () => {
  const { port } = new URL(browser.page.url);
  expect(await raw({ host: `attacker.example:${port}` })).toBe(421);
  expect(await raw({ host: "127.0.0.1:1" })).toBe(421);
  expect(await raw({})).toBe(400);
  expect(await raw({ host: `localhost:${port}` })).toBe(401);
});

it("takes no other method, no body, and no address of another host", async () => {
  const host = new URL(browser.page.url).host;
  expect(await raw({ host }, "/", "DELETE")).toBe(405);
  expect(await raw({ host }, "/", "POST")).toBe(405);
  expect(await raw({ host, "content-length": "2000" }, "/", "POST", "x".repeat(2000))).toBe(413);
  expect(await raw({ host, "transfer-encoding": "chunked" }, "/", "POST", "x")).toBe(413);
  expect(await raw({ host }, "//attacker.example/")).toBe(400);
  expect(await raw({ host }, "http://attacker.example/")).toBe(400);
});

it("who asks too often waits, and others do not", () => {
  const rate = new Rate(READER);
  const answers = Array.from({ length: 100 }, () => rate.admit("a", 0));
  expect(answers.filter(Boolean)).toHaveLength(60);
  expect(rate.admit("b", 0)).toBe(true);
  expect(rate.admit("a", 100)).toBe(false);
  expect(rate.admit("a", 1_000)).toBe(true);
});

it("over HTTP the limit answers 429", async () => {
  await browser.get(`/?token=${(browser.page.gate as TokenGate).token}`);
  const statuses = await Promise.all(Array.from({ length: 90 }, async () => (await browser.get("/sets")).status));
  expect(statuses).toContain(429);
});

it("a view that fails says so, and shows nothing of the error", async () => {
  const broken = await openSignedIn(
    sourceOf(everything(), { objects: async () => Promise.reject(new Error("secret detail")) }),
  );
  try {
    const response = await broken.get("/");
    expect(response.status).toBe(500);
    expect(await response.text()).not.toMatch(/secret detail/);
  } finally {
    await broken.page.close();
  }
});

it("strangers who ask too often wait, and who is signed in from the same address does not", async () => {
  const { host } = new URL(browser.page.url);
  await browser.get(`/?token=${(browser.page.gate as TokenGate).token}`);
  // Nothing fills again meanwhile.
  const { admit } = Rate.prototype;
  const frozen = jest.spyOn(Rate.prototype, "admit").mockImplementation(function (this: Rate, reader) {
    return admit.call(this, reader, 0);
  });
  try {
    let last = 0;
    for (let left = 310; left > 0; left--) last = await raw({ host });
    expect(last).toBe(429);
    expect((await browser.get("/sets")).status).toBe(200);
  } finally {
    frozen.mockRestore();
  }
});
