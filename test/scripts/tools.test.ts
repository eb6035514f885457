import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";

const { downloadEnvtest, foreignCrds, kubeTools } = (await import("../../scripts/tools.mjs" as string)) as {
  downloadEnvtest(folder: string, env: Record<string, string>): Promise<void>;
  foreignCrds(env: Record<string, string | undefined>): Promise<string>;
  kubeTools(env: Record<string, string>): Promise<string>;
};

let server: Server;
let folder: string;
let archive: Buffer;
let hash: string;
let url: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "envtest-"));
  mkdirSync(join(folder, "controller-tools/envtest"), { recursive: true });
  for (const name of ["kube-apiserver", "etcd", "kubectl"]) {
    writeFileSync(join(folder, "controller-tools/envtest", name), `#!/bin/sh\necho ${name}\n`);
    chmodSync(join(folder, "controller-tools/envtest", name), 0o755);
  }
  execFileSync("tar", ["-czf", "envtest.tar.gz", "controller-tools"], { cwd: folder });
  archive = readFileSync(join(folder, "envtest.tar.gz"));
  hash = createHash("sha512").update(archive).digest("hex");
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  server = createServer((request, response) => {
    if (request.url === "/archive") return void response.end(archive);
    const file = `envtest-v1.36.2-${process.platform}-${arch}.tar.gz`;
    response.end(
      `releases:\n  v1.36.2:\n    ${file}:\n      hash: ${hash}\n      selfLink: ${url}/archive\n  v1.37.0: {}\n`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

test("the official archive is downloaded, verified and unpacked", async () => {
  const target = mkdtempSync(join(tmpdir(), "tools-"));
  await downloadEnvtest(target, { ENVTEST_INDEX: `${url}/index.yaml` });
  expect(execFileSync(join(target, "kube-apiserver"), { encoding: "utf8" })).toBe("kube-apiserver\n");
  expect(await kubeTools({ KUBEBUILDER_ASSETS: target })).toBe(target);
});

test("an archive with another checksum is refused and leaves nothing behind", async () => {
  hash = "0".repeat(128);
  const target = mkdtempSync(join(tmpdir(), "tools-"));
  await expect(downloadEnvtest(target, { ENVTEST_INDEX: `${url}/index.yaml` })).rejects.toThrow("checksum");
  expect(existsSync(join(target, "etcd"))).toBe(false);
});

test("a KUBEBUILDER_ASSETS without the binaries is said so", async () => {
  await expect(kubeTools({ KUBEBUILDER_ASSETS: folder })).rejects.toThrow(/lacks one of kube-apiserver/);
});

test("kinds that cannot be fetched are said so, by module, and nothing stays that looks fetched", async () => {
  const env = { ...process.env, XDG_CACHE_HOME: folder, GOPROXY: "off" };
  await expect(foreignCrds(env)).rejects.toThrow(/prometheus-operator@\S+ cannot be had .*GOPROXY=off/);
  expect(readdirSync(join(folder, "connect-sso/tools"))).toEqual([]);
});
