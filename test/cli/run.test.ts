/** `connect-sso run` that cannot start, or cannot be heard: it says why, and it ends when it is told to. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { run } from "./support.ts";

/** Accepts requests and never answers: an API server behind a broken load balancer, and a port that is taken. */
const silent = createServer(() => {});
const folder = mkdtempSync(join(tmpdir(), "connect-sso-run-"));
const kubeconfig = join(folder, "kubeconfig");
let taken: string;

beforeAll(async () => {
  await new Promise<void>((done) => silent.listen(0, "127.0.0.1", done));
  taken = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const config = {
    "current-context": "test",
    clusters: [{ name: "test", cluster: { server: `http://${taken}` } }],
    users: [{ name: "somebody", user: { token: "token" } }],
    contexts: [{ name: "test", context: { cluster: "test", user: "somebody" } }],
  };
  writeFileSync(kubeconfig, JSON.stringify(config));
});
afterAll(() => {
  silent.closeAllConnections();
  silent.close();
  rmSync(folder, { recursive: true });
});

const start = (metrics: string, health: string, onErrors?: (text: string, stop: () => void) => void) =>
  run(
    ["run", "--kubeconfig", kubeconfig, "--metrics-bind-address", metrics, "--health-probe-bind-address", health],
    onErrors ? { onErrors } : {},
  );

test("a port that is taken, found when another one listens already, ends it", async () => {
  const { code, stderr } = await start("127.0.0.1:0", taken);
  expect(stderr).toMatch(/connect-sso: listen EADDRINUSE: .*127\.0\.0\.1/);
  expect(code).toBe(1);
});

test.each(["", "a/b", "a\nb"])("a cluster name that owner tags cannot carry ends it: %j", async (name) => {
  const { code, stderr } = await run(["run", "--kubeconfig", kubeconfig, "--cluster-name", name]);
  expect(stderr).toMatch(/^connect-sso: the cluster name .* must be 1 to 63 letters/);
  expect(code).toBe(1);
});

test("so does an address that is none", async () => {
  const { code, stderr } = await start("everywhere", "0");
  expect(stderr).toContain("connect-sso: everywhere is not host:port, :port or 0");
  expect(code).toBe(1);
});

test("a signal ends it while the API server does not answer, and that is no failure", async () => {
  let told = false;
  const { code, stderr } = await start("0", "0", (text, stop) => {
    // A second one would not be waited for.
    if (told || !text.includes('"starting"')) return;
    told = true;
    stop();
  });
  expect(stderr).toContain('"msg":"stopping"');
  expect(code).toBe(0);
});
