/**
 * HTTPS_PROXY and NO_PROXY for Kubernetes, AWS, Microsoft Graph and its login, through a real proxy: the clouds have names that only the proxy
 * can reach, so a request that goes around it fails.
 */
import { webcrypto } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { X509CertificateGenerator } from "../../src/x509.ts";
import { ROOT, run } from "../cli/support.ts";
import { type ApiServer, startApiServer } from "../kube/apiserver.ts";
import { type ForwardProxy, startForwardProxy } from "./forward-proxy.ts";

// After the polyfill that src/x509.ts brings.
const { SubjectAlternativeNameExtension } = await import("@peculiar/x509");
const CLOUDS = "clouds.sandbox.invalid";
const KUBERNETES = "kubernetes.default.svc";
const folder = mkdtempSync(join(tmpdir(), "connect-sso-proxy-"));
let sandbox: Sandbox;
let tls: Server;
let cluster: ApiServer;
let proxy: ForwardProxy;
let env: Record<string, string>;

beforeAll(async () => {
  [sandbox, cluster] = await Promise.all([
    startSandbox({ world: join(ROOT, "examples/sandbox-world.yaml") }),
    startApiServer(),
  ]);
  const { cert, key } = await certificate(CLOUDS);
  const { port } = new URL(sandbox.url);
  tls = createServer({ cert, key }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  });
  await new Promise<void>((done) => tls.listen(0, "127.0.0.1", done));
  proxy = await startForwardProxy({
    [CLOUDS]: (tls.address() as AddressInfo).port,
    [KUBERNETES]: Number(new URL(cluster.url).port),
  });
  const kubeconfig = JSON.parse(readFileSync(cluster.kubeconfig, "utf8"));
  kubeconfig.clusters[0].cluster.server = `https://${KUBERNETES}:6443`;
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
  writeFileSync(join(folder, "ca.pem"), cert);
  writeFileSync(join(folder, "token"), "a.b.c");
  const clouds = Object.entries(sandbox.env).map(([name, value]) => [
    name,
    value.replace(sandbox.url, `https://${CLOUDS}`),
  ]);
  env = { ...Object.fromEntries(clouds), NODE_EXTRA_CA_CERTS: join(folder, "ca.pem"), HTTPS_PROXY: proxy.url };
});
afterAll(async () => {
  await proxy?.close();
  tls?.closeAllConnections();
  tls?.close();
  await Promise.all([sandbox?.close(), cluster?.stop()]);
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  proxy.asked.length = 0;
});

async function certificate(name: string): Promise<{ cert: string; key: string }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
  const extensions = [new SubjectAlternativeNameExtension([{ type: "dns", value: name }])];
  const options = { name: `CN=${name}`, keys, signingAlgorithm: algorithm, extensions };
  const made = await X509CertificateGenerator.createSelfSigned(options as never);
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return { cert: made.toString("pem"), key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n` };
}

const hosts = () => [...new Set(proxy.asked.map((one) => one.split(":")[0]!))].sort();
const plan = (more: Record<string, string> = {}) =>
  run(["plan", "-f", "examples/recommended"], { env: { ...env, ...more } });

test("AWS and Graph are reached through the proxy, and only through it", async () => {
  const { code, stdout, stderr } = await plan();
  expect(stderr).toBe("");
  expect(stdout).toContain("Customer Service Agents");
  expect(code).toBe(2);
  expect(hosts()).toEqual([CLOUDS]);
  const { HTTPS_PROXY: _, ...without } = env;
  expect((await run(["plan", "-f", "examples/recommended"], { env: without })).code).toBe(1);
});

test("NO_PROXY leaves it out", async () => {
  expect((await plan({ NO_PROXY: ".sandbox.invalid" })).code).toBe(1);
  expect(proxy.asked).toEqual([]);
});

test("the API server is reached through it as well, and directly when NO_PROXY names it", async () => {
  await cluster.kubectl(["apply", "--server-side", "-f", "crds"]);
  const through = await run(["status", "--kubeconfig", join(folder, "kubeconfig"), "-A"], { env });
  expect(through.stderr).toBe("");
  expect(hosts()).toEqual([KUBERNETES]);
  proxy.asked.length = 0;
  const direct = await run(["status", "--kubeconfig", cluster.kubeconfig, "-A"], {
    env: { ...env, NO_PROXY: "127.0.0.1" },
  });
  expect(direct.stdout).toBe(through.stdout);
  expect(direct.code).toBe(through.code);
  expect(proxy.asked).toEqual([]);
});

test("so are the login service of Entra, and STS for the token of a service account", async () => {
  const { CONNECT_SSO_GRAPH_TOKEN: _, AWS_ACCESS_KEY_ID: __, AWS_SECRET_ACCESS_KEY: ___, ...rest } = env;
  const identity = {
    AZURE_CLIENT_ID: "5a0db0c5-0000-4000-8000-00000000c11e",
    AZURE_TENANT_ID: sandbox.world.tenant.id,
    AZURE_FEDERATED_TOKEN_FILE: join(folder, "token"),
    AWS_ROLE_ARN: "arn:aws:iam::111122223333:role/connect-sso-controller",
    AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, "token"),
    CONNECT_SSO_LOGIN_URL: "https://login.microsoftonline.com",
    AWS_ENDPOINT_URL_STS: "https://sts.us-east-1.amazonaws.com",
  };
  const { code } = await run(["plan", "-f", "examples/recommended"], { env: { ...rest, ...identity } });
  expect(code).toBe(1);
  expect(hosts()).toEqual(expect.arrayContaining(["login.microsoftonline.com", "sts.us-east-1.amazonaws.com"]));
});
