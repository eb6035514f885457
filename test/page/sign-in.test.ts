/** Sign-in by OpenID Connect: an independent provider that is honest, one that lies, and everything that is used twice or too late. */
import { afterEach, describe, expect, it, jest } from "@jest/globals";
import { Seal } from "../../src/page/cookies.ts";
import { openSignIn, personOf, SESSION_SECONDS, type SignInOptions } from "../../src/page/sign-in.ts";
import { EVERYTHING } from "../../src/page/source.ts";
import { CLIENT, type IdentityProvider, startLiar, startProvider } from "./identity-provider.ts";
import { Browser, everything, open, sourceOf } from "./scene.ts";

const CLAIMS = { usernameClaim: "oid", usernamePrefix: "", groupsClaim: "groups", groupsPrefix: "" };
const opened: { close(): Promise<void> }[] = [];
const lines: string[] = [];
afterEach(async () => {
  jest.useRealTimers();
  lines.length = 0;
  await Promise.all(opened.splice(0).map((one) => one.close()));
});

async function openPage(
  start: (page: string) => Promise<IdentityProvider>,
  more: Partial<SignInOptions> = {},
): Promise<Browser> {
  const log = {
    debug() {},
    info() {},
    error() {},
    warn: (fields: object, text: string) => void lines.push(JSON.stringify({ ...fields, text })),
  };
  const browser = await open(sourceOf(everything()), {
    log,
    gate: async (port) => {
      const publicUrl = `http://127.0.0.1:${port}`;
      const provider = await start(publicUrl);
      opened.push(provider);
      const reader = ({ username, groups }: { username: string; groups: string[] }) => ({
        ...EVERYTHING,
        name: [username, ...groups].join(" "),
      });
      return openSignIn({
        ...CLAIMS,
        issuer: provider.issuer,
        clientId: CLIENT,
        publicUrl,
        allowInsecure: true,
        log,
        reader,
        ...more,
      });
    },
  });
  opened.push(browser.page);
  return browser;
}

/** At the provider, as a person does: signs in, and is sent back. Returns the address of the way back. */
async function atProvider(authorize: string, name: string): Promise<string> {
  const cookies = new Map<string, string>();
  let next: string = authorize;
  let form: URLSearchParams | undefined;
  for (let hop = 0; hop < 12; hop++) {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const response = await fetch(next, {
      redirect: "manual",
      headers: { cookie },
      ...(form ? { method: "POST", body: form } : {}),
    });
    form = undefined;
    for (const line of response.headers.getSetCookie()) {
      const [key, value] = line.split(";")[0]!.split(/=(.*)/s) as [string, string];
      cookies.set(key, value);
    }
    const location = response.headers.get("location");
    if (location) {
      next = new URL(location, next).href;
      if (next.includes("/signed-in?")) return next;
      continue;
    }
    const text = await response.text();
    const action = /<form[^>]* action="([^"]+)"/.exec(text)?.[1];
    if (!action) throw new Error(`${response.status} ${text.slice(0, 500)}`);
    next = new URL(action.replaceAll("&amp;", "&"), next).href;
    form = new URLSearchParams({ prompt: /name="prompt" value="(\w+)"/.exec(text)![1]!, login: name, password: "x" });
  }
  throw new Error("the provider goes round in circles");
}

const honest =
  (groups: Record<string, string[]> = {}) =>
  (page: string) =>
    startProvider(`${page}/signed-in`, groups);

async function signIn(browser: Browser, name: string, address = "/"): Promise<{ back: string; response: Response }> {
  const begin = await browser.get(address);
  expect(begin.status).toBe(303);
  const back = await atProvider(begin.headers.get("location")!, name);
  return { back, response: await browser.get(back) };
}

describe("with an honest provider", () => {
  it("a person signs in, lands where they wanted to, and is known by the claims that the API server uses", async () => {
    const browser = await openPage(honest({ jane: ["g1", "g2"] }), {
      usernamePrefix: "entra:",
      groupsPrefix: "entra:",
    });
    const { response } = await signIn(browser, "jane", "/people?q=jane");
    expect([response.status, response.headers.get("location")]).toEqual([303, "/people?q=jane"]);
    const page = await browser.get("/people");
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(/entra:oid-jane entra:g1 entra:g2/);
  });

  it("asks for a code with PKCE, state and nonce, and nothing of the page is shown before", async () => {
    const browser = await openPage(honest());
    const begin = await browser.get("/");
    const { searchParams } = new URL(begin.headers.get("location")!);
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: "code",
      code_challenge_method: "S256",
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[\w-]{40,}$/),
      nonce: expect.stringMatching(/^[\w-]{40,}$/),
      scope: "openid profile",
    });
    expect(await begin.text()).toBe("");
  });

  it("its cookies are sealed, for this host, over TLS only, and out of reach of scripts", async () => {
    const browser = await openPage(honest());
    const { response } = await signIn(browser, "jane");
    const [session] = response.headers.getSetCookie();
    expect(session).toMatch(/^__Host-connect-sso=[\w.-]+; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=900$/);
    const [header, ...rest] = session!.split(";")[0]!.split("=")[1]!.split(".");
    expect(JSON.parse(Buffer.from(header!, "base64url").toString())).toEqual({ alg: "dir", enc: "A256GCM" });
    expect(Buffer.from(rest.join(""), "base64url").toString()).not.toMatch(/jane/);
  });

  it("a way back is used once", async () => {
    const browser = await openPage(honest());
    const begin = await browser.get("/");
    const back = await atProvider(begin.headers.get("location")!, "jane");
    const cookie = begin.headers.getSetCookie()[0]!.split(";")[0]!;
    const again = () => fetch(back, { redirect: "manual", headers: { cookie } });
    expect((await again()).status).toBe(303);
    const second = await again();
    expect([second.status, await second.text()]).toEqual([403, expect.stringMatching(/was used already/)]);
  });

  it("a code that the provider has seen before is refused by it, and so is the person", async () => {
    const browser = await openPage(honest());
    const { back } = await signIn(browser, "jane");
    const stranger = new Browser(browser.page);
    const begin = await stranger.get("/");
    const { searchParams } = new URL(begin.headers.get("location")!);
    const replayed = new URL(back);
    replayed.searchParams.set("state", searchParams.get("state")!);
    expect((await stranger.get(replayed.href)).status).toBe(403);
    expect(lines.join()).toMatch(/a sign-in was refused/);
    expect((await stranger.get("/")).status).toBe(303);
  });

  it("somebody else's way back signs nobody in (login CSRF)", async () => {
    const browser = await openPage(honest());
    const begin = await browser.get("/");
    const back = await atProvider(begin.headers.get("location")!, "mallory");
    const victim = new Browser(browser.page);
    expect((await victim.get(back)).status).toBe(403);
    await victim.get("/");
    expect((await victim.get(back)).status).toBe(403);
    expect((await victim.get("/people")).status).toBe(303);
  });

  it("a session ends by itself", async () => {
    const browser = await openPage(honest());
    await signIn(browser, "jane");
    expect((await browser.get("/people")).status).toBe(200);
    jest.useFakeTimers({
      doNotFake: [
        "nextTick",
        "setImmediate",
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "performance",
        "queueMicrotask",
      ],
      now: Date.now() + (SESSION_SECONDS + 1) * 1000,
    });
    expect((await browser.get("/people")).status).toBe(303);
  });

  it("who signs out is out, also with a copy of the cookie", async () => {
    const browser = await openPage(honest());
    const { response } = await signIn(browser, "jane");
    const cookie = response.headers.getSetCookie()[0]!.split(";")[0]!;
    const copy = () => fetch(`${browser.page.url}/people`, { redirect: "manual", headers: { cookie } });
    expect((await copy()).status).toBe(200);
    expect(await (await browser.get("/sign-out", { method: "POST" })).text()).toMatch(/You are signed out/);
    expect((await copy()).status).toBe(303);
  });

  it("a link of another site signs nobody out", async () => {
    const browser = await openPage(honest());
    await signIn(browser, "jane");
    await browser.get("/sign-out");
    expect((await browser.get("/people")).status).toBe(200);
  });

  it("more groups than a cookie holds are refused with what to do", async () => {
    const groups = Array.from({ length: 200 }, () => crypto.randomUUID());
    const browser = await openPage(honest({ jane: groups }));
    const { response } = await signIn(browser, "jane");
    expect([response.status, await response.text()]).toEqual([403, expect.stringMatching(/You are in 200 groups/)]);
  });
});

describe("with a provider that lies", () => {
  const minute = 60;
  it.each<[string, Parameters<typeof tell>[0]]>([
    ["another issuer", { claims: (good) => ({ ...good, iss: "https://attacker.example" }) }],
    ["another client's token", { claims: (good) => ({ ...good, aud: "another" }) }],
    [
      "a token for several clients, issued to another",
      { claims: (good) => ({ ...good, aud: [CLIENT, "another"], azp: "another" }) },
    ],
    [
      "an expired token",
      { claims: (good) => ({ ...good, iat: good.iat! - 60 * minute, exp: good.iat! - 30 * minute }) },
    ],
    ["a token without an end", { claims: ({ exp: _, ...good }) => good }],
    ["another nonce", { claims: (good) => ({ ...good, nonce: "replayed" }) }],
    ["no nonce", { claims: ({ nonce: _, ...good }) => good }],
    ["a key that it does not publish", { strangeKey: true }],
    ["no signature", { algorithm: "none" }],
    ["a signature with the public key as secret", { algorithm: "HS256" }],
    ["no name", { claims: ({ oid: _, ...good }) => good }],
    ["a name that is no text", { claims: (good) => ({ ...good, oid: { $ne: null } }) }],
    ["a name of Kubernetes itself", { claims: (good) => ({ ...good, oid: "system:admin" }) }],
    ["an error", { answer: { status: 400, body: '{"error":"invalid_grant"}' } }],
    ["something that is not JSON", { answer: { status: 200, body: "<html>" } }],
    ["no id token", { answer: { status: 200, body: '{"access_token":"a","token_type":"Bearer"}' } }],
  ])("%s signs nobody in", async (_, lie) => {
    const { browser, status, text } = await tell(lie);
    expect([status, text]).toEqual([403, expect.stringMatching(/answer was not accepted/)]);
    expect((await browser.get("/people")).status).toBe(303);
    expect(lines.join()).toMatch(/a sign-in was refused/);
    expect(lines.join()).not.toMatch(/eyJ|oid-jane|attacker/);
  });

  it("the same without a lie does", async () => {
    expect(await tell({})).toMatchObject({ status: 303 });
  });

  it("an error instead of a code, and a code without an attempt", async () => {
    const browser = await openPage(startLiar);
    const begin = await browser.get("/");
    const state = new URL(begin.headers.get("location")!).searchParams.get("state")!;
    expect(
      (await browser.get(`/signed-in?error=access_denied&error_description=%3Cscript%3E&state=${state}`)).status,
    ).toBe(403);
    expect((await browser.get("/signed-in?code=x&state=y")).status).toBe(403);
    expect((await browser.get("/signed-in")).status).toBe(403);
  });

  async function tell(lie: Awaited<ReturnType<typeof startLiar>>["lie"]) {
    let liar: Awaited<ReturnType<typeof startLiar>> | undefined;
    const browser = await openPage(async () => {
      liar = await startLiar();
      return liar;
    });
    const { searchParams } = new URL((await browser.get("/")).headers.get("location")!);
    Object.assign(liar!, { lie, nonce: searchParams.get("nonce") });
    const response = await browser.get(`/signed-in?code=c&state=${searchParams.get("state")}`);
    return { browser, status: response.status, text: await response.text() };
  }
});

describe("names from a token", () => {
  it.each([
    [
      { oid: "a", groups: ["g", "system:masters", 7, ""] },
      { username: "a", groups: ["g"] },
    ],
    [
      { oid: "a", groups: "g" },
      { username: "a", groups: ["g"] },
    ],
    [{ oid: "a" }, { username: "a", groups: [] }],
  ])("%j", (claims, person) => {
    expect(personOf(claims, CLAIMS)).toEqual(person);
  });

  it("with a prefix, what Kubernetes gives meaning to is a name like others", () => {
    expect(
      personOf(
        { oid: "system:admin", groups: ["system:masters"] },
        { ...CLAIMS, usernamePrefix: "e:", groupsPrefix: "e:" },
      ),
    ).toEqual({
      username: "e:system:admin",
      groups: ["e:system:masters"],
    });
  });
});

it("a cookie of another purpose, another page or another process opens nothing", async () => {
  const [seal, other] = [new Seal("https://a"), new Seal("https://a")];
  const sealed = await seal.seal("session", { username: "jane" }, 60);
  expect(await seal.open("session", sealed)).toEqual({ username: "jane" });
  expect(await seal.open("attempt", sealed)).toBeUndefined();
  expect(await other.open("session", sealed)).toBeUndefined();
  const [head, tail] = [sealed.slice(0, -9), sealed.slice(-9)];
  expect(await seal.open("session", head + [...tail].reverse().join(""))).toBeUndefined();
  expect(await seal.open("session", "")).toBeUndefined();
});
