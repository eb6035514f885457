// `make screenshots`: the pictures of docs/page.md and README, of a page over sandbox clouds: examples/recommended, more people, and one who is missing.
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { chromiumArguments, findChromium } from "./chromium.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const executablePath = findChromium();
if (!executablePath) {
  console.error("There is no Chromium; install it, or name one with CHROMIUM=path.");
  process.exit(1);
}
const folder = mkdtempSync(join(tmpdir(), "connect-sso-screenshots-"));
cpSync(join(root, "examples/recommended"), folder, { recursive: true });
const PEOPLE = {
  alice: "managers",
  jane: "agents",
  omar: "agents",
  gina: "agents",
  hugo: "agents",
  ivan: "agents",
  paul: "agents",
};
const users = Object.entries(PEOPLE).map(([name, persona]) =>
  JSON.stringify({
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUser",
    metadata: { name, namespace: "customer-service" },
    spec: { personaRef: { name: persona }, entraUser: { userPrincipalName: `${name}@example.com` } },
  }),
);
writeFileSync(join(folder, "more.yaml"), users.join("\n---\n"));

const args = [
  join(root, "src/main.ts"),
  "page",
  "-f",
  ".",
  "--sandbox",
  "--sandbox-config",
  join(root, "examples/sandbox-world.yaml"),
];
const page = spawn(process.execPath, [...args, "--listen", "127.0.0.1:0"], {
  cwd: folder,
  stdio: ["ignore", "pipe", "inherit"],
});
const browser = await chromium.launch({ executablePath, args: chromiumArguments() });
try {
  const line = await new Promise((resolve) => page.stdout.setEncoding("utf8").once("data", resolve));
  const address = line.replace("page at ", "").trim();
  const open = async (options) => {
    const tab = await (await browser.newContext({ reducedMotion: "reduce", ...options })).newPage();
    await tab.goto(address);
    return tab;
  };
  const shoot = async (tab, path, name, options = {}) => {
    await tab.goto(new URL(path, address).href);
    await tab.screenshot({ path: join(root, "docs", `${name}.png`), ...options });
  };
  const wide = await open({ viewport: { width: 1100, height: 760 } });
  // Everybody but the one who is missing.
  for (let tries = 0; tries < 120; tries++) {
    await wide.goto(new URL("/people?state=ready", address).href);
    if (/\b8 found/.test(await wide.textContent("[role=status]"))) break;
    await sleep(1000);
  }
  await shoot(wide, "/", "page");
  await shoot(wide, "/person/customer-service/paul", "page-person");
  const dark = await open({ viewport: { width: 1100, height: 760 }, colorScheme: "dark" });
  await shoot(dark, "/persona/customer-service/agents", "page-persona");
  const phone = await open({ viewport: { width: 360, height: 740 } });
  await shoot(phone, "/people", "page-phone");
} finally {
  await browser.close();
  page.kill("SIGTERM");
  await new Promise((resolve) => page.once("exit", resolve));
  rmSync(folder, { recursive: true });
}
