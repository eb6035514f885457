/** The page in the cluster, with the rights that its manifests give it: the real API server says who may see what. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { Browser as Chromium, Page } from "playwright-core";
import { parse, parseAllDocuments } from "yaml";
import { openPlainCluster } from "../../src/cli/page-source.ts";
import { Access } from "../../src/page/access.ts";
import type { Source } from "../../src/page/source.ts";
import { CLEAN, MAIN, ROOT } from "../cli/support.ts";
import { persona, user } from "../e2e/support.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { established } from "../kube/established.ts";
import { findChromium, launch, violations } from "./chromium.ts";
import { CLIENT, type IdentityProvider, startProvider } from "./identity-provider.ts";
import { ADDRESSES, type Browser, HOSTILE, open } from "./scene.ts";

const log = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), "connect-sso-page-"));
const kubeconfig = join(folder, "kubeconfig");
let server: ApiServer;
let source: Source;
let access: Access;
const pages: Browser[] = [];

/** Manifests of deploy/kustomize that give the page its rights. */
const rights = () =>
  parseAllDocuments(readFileSync(join(ROOT, "deploy/kustomize/components/page/page.yaml"), "utf8"))
    .map((document) => document.toJS())
    .filter(({ kind }) => /^(ServiceAccount|ClusterRole|ClusterRoleBinding)$/.test(kind));

const role = (name: string, resources: string[]) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRole",
  metadata: { name },
  rules: [{ apiGroups: ["connectsso.dev"], resources, verbs: ["get", "list", "watch"] }],
});
const binding = (namespace: string, roleName: string, kind: "User" | "Group", name: string) => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { namespace, name: `${roleName}-${name}` },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: roleName },
  subjects: [{ apiGroup: "rbac.authorization.k8s.io", kind, name }],
});
const inside = <T extends { metadata: object }>(namespace: string, one: T) => ({
  ...one,
  metadata: { ...one.metadata, namespace },
});

const apply = (objects: object[]) =>
  server.kubectl(["apply", "-f", "-"], objects.map((one) => JSON.stringify(one)).join("\n---\n"));

beforeAll(async () => {
  server = await startApiServer();
  await server.kubectl(["apply", "--server-side", "-f", join(ROOT, "crds")]);
  await established(server);
  for (const name of ["connect-sso", "near", "far"]) await server.kubectl(["create", "namespace", name]);
  await apply([
    ...rights(),
    role("viewer", ["connectssopersonas", "connectusers", "connectusersets"]),
    role("persona-viewer", ["connectssopersonas"]),
    binding("near", "viewer", "User", "oid-one"),
    binding("near", "persona-viewer", "User", "oid-personas"),
    binding("far", "viewer", "Group", "group-of-far"),
    inside("near", persona("agents")),
    inside("near", user("jane", "agents", { firstName: `<b>${HOSTILE.slice(0, 20).replace(/[^\x20-\x7e]/g, "")}` })),
    inside("far", persona("agents")),
    inside("far", user("pete", "agents")),
  ]);
  const token = (await server.kubectl(["create", "token", "connect-sso-page", "-n", "connect-sso"])).trim();
  const admin = parse(readFileSync(server.kubeconfig, "utf8"));
  writeFileSync(
    kubeconfig,
    JSON.stringify({ ...admin, users: admin.users.map((one: object) => ({ ...one, user: { token } })) }),
  );
  const opened = await openPlainCluster({ kubeconfig }, log);
  source = opened.source;
  access = new Access(opened.client);
});
afterAll(async () => {
  await Promise.all(pages.map(({ page }) => page.close()));
  await source?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function as(username: string, groups: string[] = []): Promise<Browser> {
  // What a test before this one was told is not what this one asks.
  const reader = access.reader({ username, groups });
  const browser = await open(source, { gate: () => ({ admit: async () => ({ reader }) }) });
  pages.push(browser);
  return browser;
}
const allText = async (browser: Browser, addresses: string[]) =>
  (await Promise.all(addresses.map(async (one) => (await browser.get(one)).text()))).join("\n");
const EVERYWHERE = [
  ...ADDRESSES,
  "/persona/near/agents",
  "/persona/far/agents",
  "/person/near/jane",
  "/person/far/pete",
];

describe("a person", () => {
  it("who may read one namespace sees that one alone", async () => {
    const browser = await as("oid-one");
    const text = await allText(browser, EVERYWHERE);
    expect(text).toMatch(/near\/agents/);
    expect(text).toMatch(/jane@example\.com/);
    expect(text).not.toMatch(/far\/agents<|pete@/);
    expect((await browser.get("/person/far/pete")).status).toBe(404);
    expect((await browser.get("/person/near/jane")).status).toBe(200);
  });

  it("who may read none sees nothing, and is told whom to ask", async () => {
    const browser = await as("oid-none");
    const text = await allText(browser, EVERYWHERE);
    expect(text).toMatch(/There is nothing that you may see/);
    expect(text).not.toMatch(/jane@|pete@|Amazon Connect|Connect agents/);
    expect((await browser.get("/persona/near/agents")).status).toBe(404);
  });

  it("is known by groups as well", async () => {
    const text = await allText(await as("oid-none", ["group-of-far"]), EVERYWHERE);
    expect(text).toMatch(/pete@example\.com/);
    expect(text).not.toMatch(/jane@/);
  });

  it("who may read personas alone finds no person", async () => {
    const browser = await as("oid-personas");
    const text = await allText(browser, EVERYWHERE);
    expect(text).toMatch(/near\/agents/);
    expect(text).toMatch(/You may not see people/);
    expect(text).not.toMatch(/jane@|pete@/);
    expect((await browser.get("/person/near/jane")).status).toBe(404);
  });

  it("who is made an administrator by name sees all, also what came later", async () => {
    await apply([inside("far", user("paula", "agents"))]);
    const browser = await as("kubernetes-admin", ["system:masters"]);
    for (let tries = 0; tries < 100; tries++) {
      if (/paula@/.test(await (await browser.get("/people?q=paula")).text())) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await allText(browser, ["/people"])).toMatch(/jane@[\s\S]*paula@[\s\S]*pete@/);
  });
});

it("when the API server does not say, nothing is shown", async () => {
  const reader = { name: "x", may: async () => Promise.reject(new Error("no answer")) };
  const browser = await open(source, { gate: () => ({ admit: async () => ({ reader }) }), log });
  pages.push(browser);
  const response = await browser.get("/people");
  expect([response.status, await response.text()]).toEqual([500, expect.not.stringMatching(/jane|pete/)]);
});

it("its service account may read our kinds and ask for reviews, and nothing else", async () => {
  const can = (...args: string[]) =>
    server.kubectl(["auth", "can-i", ...args, "--as=system:serviceaccount:connect-sso:connect-sso-page"]).then(
      (answer) => answer.trim(),
      () => "no",
    );
  expect(await can("list", "connectusers.connectsso.dev", "-n", "far")).toBe("yes");
  expect(await can("create", "subjectaccessreviews.authorization.k8s.io")).toBe("yes");
  for (const refused of [
    ["patch", "connectusers.connectsso.dev"],
    ["list", "secrets"],
    ["list", "pods"],
    ["list", "events"],
    ["create", "connectusers.connectsso.dev"],
  ])
    expect([refused, await can(...refused, "-n", "near")]).toEqual([refused, "no"]);
});

// scripts/chromium.mjs, which `make test` runs first, has said so where there is none.
if (findChromium()) describe("the command with --oidc-…, as the chart runs it, in a real browser", inBrowser);

function inBrowser(): void {
  // An address of its own on loopback: the provider has to know it before the page listens.
  const url = `http://127.1.${(process.pid >> 8) & 255}.${process.pid & 255 || 1}:8765`;
  let child: ChildProcess;
  let provider: IdentityProvider;
  let chromium: Chromium;

  beforeAll(async () => {
    provider = await startProvider(`${url}/signed-in`, { none: ["group-of-far"] });
    const sso = ["--oidc-issuer-url", provider.issuer, "--oidc-client-id", CLIENT, "--public-url", url];
    const args = [MAIN, "page", "--kubeconfig", kubeconfig, "--listen", url.slice("http://".length), ...sso];
    const env = { ...CLEAN, CONNECT_SSO_ALLOW_INSECURE_ENDPOINTS: "1" };
    child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout!, "data");
    chromium = await launch();
  });
  afterAll(async () => {
    await chromium?.close();
    if (child?.kill("SIGTERM")) await once(child, "exit");
    await provider?.close();
  });

  async function signedIn(name: string, address: string): Promise<Page> {
    const page = await (await chromium.newContext({ viewport: { width: 360, height: 740 } })).newPage();
    await page.goto(url + address);
    expect(page.url().startsWith(provider.issuer)).toBe(true);
    await page.fill("[name=login]", name);
    await page.fill("[name=password]", "x");
    await page.click("[type=submit]");
    await page.waitForURL(url + address);
    return page;
  }

  it("a person signs in at the provider, and sees the namespace that they may read", async () => {
    const page = await signedIn("one", "/people");
    expect(await page.textContent("main")).toMatch(/jane@example\.com/);
    expect(await page.textContent("body")).not.toMatch(/pete@/);
    expect(await violations(page)).toEqual([]);
    expect((await page.goto(`${url}/person/far/pete`))?.status()).toBe(404);
    expect((await page.goto(`${url}/person/near/jane`))?.status()).toBe(200);
  });

  it("a group of the token counts", async () => {
    const page = await signedIn("none", "/people");
    expect(await page.textContent("main")).toMatch(/pete@example\.com/);
    expect(await page.textContent("main")).not.toMatch(/jane@/);
  });

  it("who may read nothing is told whom to ask, and without a session the provider asks again", async () => {
    const page = await signedIn("somebody", "/");
    expect(await page.textContent("main")).toMatch(/There is nothing that you may see/);
    await page.context().clearCookies();
    await page.goto(`${url}/people`);
    expect(page.url().startsWith(provider.issuer)).toBe(true);
  });
}

it("the command over a cluster prints an address that shows what the kubeconfig may read", async () => {
  const args = [MAIN, "page", "--kubeconfig", server.kubeconfig, "-n", "near", "--listen", "127.0.0.1:0", "--sandbox"];
  const child = spawn(process.execPath, args, { cwd: ROOT, env: CLEAN });
  try {
    const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const address = line.replace("page at ", "").trim();
    const cookie = (await fetch(address, { redirect: "manual" })).headers.get("set-cookie")!.split(";")[0]!;
    const text = await (await fetch(new URL("/people", address), { headers: { cookie } })).text();
    expect(text).toMatch(/Namespace near, as of/);
    expect(text).toMatch(/jane@example\.com/);
    expect(text).not.toMatch(/pete@/);
  } finally {
    child.kill("SIGTERM");
    await once(child, "exit");
  }
});
