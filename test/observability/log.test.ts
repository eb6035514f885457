/** JSON lines, one for each external write, and never a secret: by table, and over a whole run with key and certificate rotation. */
import { afterEach, describe, expect, test } from "@jest/globals";
import { Registry } from "prom-client";
import { ANNOTATIONS } from "../../src/api/resources.ts";
import { composeClouds } from "../../src/controller/clouds.ts";
import { FolderController } from "../../src/controller/on-folder.ts";
import { parseManifests } from "../../src/manifests/read.ts";
import { createLogger, logCall, redactText } from "../../src/observability/log.ts";
import { createDomainMetrics } from "../../src/observability/metrics.ts";
import { CloudError } from "../../src/providers/errors.ts";
import { isTrue } from "../../src/runtime/conditions.ts";
import { ADMIN, type Exchange, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { letTimeFlow, PATIENCE_MS, persona, user, world } from "../e2e/support.ts";

const KEY = "AKIAIOSFODNN7EXAMPLE";
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl";
const DER = `MIIDPjCCAiqgAwIBAgIQsRiM0jheFZhKk49YD0SK1TAJBgUrDgMCHQUAMC0xKzApBgNVBAMTImFjY291bnRz${"A".repeat(40)}==`;

describe("secrets are cut out", () => {
  test.each([
    ["an access key id", `user has key ${KEY}.`, KEY],
    ["a key of a session", "ASIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"],
    ["a secret key in JSON", `{"SecretAccessKey":"${SECRET}"}`, SECRET],
    ["a secret key in JSON in a JSON string", JSON.stringify({ body: `{"SecretAccessKey": "${SECRET}"}` }), SECRET],
    ["a secret key in XML", `<AccessKey><SecretAccessKey>${SECRET}</SecretAccessKey></AccessKey>`, SECRET],
    ["a secret of Graph's provisioning", `{"key":"SecretToken","value":"${SECRET}"}`, SECRET],
    ["the same inside a JSON string", JSON.stringify({ body: `{"key":"SecretToken","value":"${SECRET}"}` }), SECRET],
    ["a bearer token", `authorization: Bearer ${SECRET}`, SECRET],
    ["a bare token", `got ${JWT} from login`, JWT],
    ["a client secret in a form", `grant_type=client_credentials&client_secret=${SECRET}&scope=x`, SECRET],
    ["a client assertion", `client_assertion=${JWT}`, JWT],
    ["an assertion", `SAMLResponse=${SECRET}&RelayState=x`, SECRET],
    ["a session token", `X-Amz-Security-Token: ${SECRET}`, SECRET],
    ["a signature", `Signature=${SECRET}`, SECRET],
    ["a certificate", `<X509Certificate>${DER}</X509Certificate>`, DER],
    ["a private key", `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----`, SECRET],
  ])("%s", (_, text, secret) => {
    expect(redactText(text)).not.toContain(secret);
    expect(redactText(text)).toContain("…");
  });

  test("what a person needs stays", () => {
    const text =
      "routing profile Basic Routing Profile; update IAM role connect-sso-team-agents (arn:aws:iam::111122223333:role/connect-sso/x): trusts 4B1286A50F11FFADED67AC434B74ADF0AE4535998825B57F4F22B8A0078FFCC1, access key …MPLE, id 5918bf28-0828-48d8-bf97-ecb1a784e02e";
    expect(redactText(text)).toBe(text);
  });
});

describe("lines", () => {
  const lines: string[] = [];
  const log = createLogger("debug", { write: (line) => void lines.push(line) });
  const last = () => JSON.parse(lines.at(-1)!);

  test("are JSON with a level and a time", () => {
    log.info({ a: 1 }, "text");
    expect(last()).toEqual({ level: "info", time: expect.stringMatching(/^\d{4}-.*Z$/), a: 1, msg: "text" });
  });

  test("a message in place of an error is told as it is", () => {
    log.warn({ error: "connect ECONNREFUSED 10.0.0.1:443" }, "watch failed");
    expect(last().error).toBe("connect ECONNREFUSED 10.0.0.1:443");
  });

  test("an error is name, message, kind and stack, never the request or response that hang on it", () => {
    const cause = Object.assign(new Error("x"), { $response: { headers: { authorization: SECRET } } });
    const error = new CloudError("refused", {
      kind: "terminal",
      reason: "AccessDenied",
      code: "AccessDenied",
      status: 403,
      cause,
    });
    log.error({ error: Object.assign(error, { request: { body: SECRET } }) }, "reconcile failed");
    expect(last().error).toMatchObject({
      message: expect.stringContaining("refused"),
      kind: "terminal",
      reason: "AccessDenied",
      status: 403,
    });
    expect(lines.at(-1)).not.toContain(SECRET);
  });

  test("a write is told at level info, a read at debug", () => {
    const call = {
      api: "iam",
      operation: "CreateRole",
      code: "200",
      write: true,
      durationMs: 12.7,
      throttled: false,
      target: "x",
    } as const;
    logCall(log, call);
    expect(last()).toMatchObject({
      level: "info",
      msg: "external write",
      api: "iam",
      operation: "CreateRole",
      code: "200",
      durationMs: 13,
      target: "x",
    });
    logCall(log, { ...call, operation: "GetRole", write: false });
    expect(last()).toMatchObject({ level: "debug", msg: "external read", operation: "GetRole" });
  });
});

describe("a whole run in mode Provisioning, with both rotations", () => {
  let sandbox: Sandbox | undefined;
  let controller: FolderController | undefined;
  let close = () => {};
  let endTime = () => {};
  afterEach(async () => {
    await controller?.stop();
    close();
    await sandbox?.close();
    endTime();
  });

  test("has a line for each write that the clouds saw, and no secret in log, status, events and metrics", async () => {
    endTime = letTimeFlow();
    sandbox = await startSandbox({ world: world({ behaviour: { timeScale: 1200 } }) });
    Object.assign(process.env, sandbox.env);
    const secrets = new Set<string>([ADMIN.secretAccessKey, sandbox.env.CONNECT_SSO_GRAPH_TOKEN!]);
    sandbox.onExchange((exchange) => collect(exchange, secrets));
    const lines: string[] = [];
    const log = createLogger("trace", { write: (line) => void lines.push(line) });
    const registry = new Registry();
    const metrics = createDomainMetrics({ registry, version: "1", pollIntervalMs: 500, insecure: true, perUser: true });
    const base = { cluster: "test", pollIntervalMs: 500, allowInsecure: true, log };
    const composed = composeClouds({
      ...base,
      onCall(call) {
        metrics.call(call);
        logCall(log, call);
      },
    });
    close = composed.close;
    controller = new FolderController({ ...base, clouds: composed.clouds, observer: metrics.observer });
    controller.start();
    apply(controller, persona("agents", { roleDelivery: { mode: "Provisioning" } }), user("jane", "agents"));
    await controller.until(
      (all) => all.length === 2 && all.every(({ status }) => isTrue(status?.conditions, "Ready")),
      PATIENCE_MS,
      "Ready",
    );
    const created = () => sandbox!.counts()["iam:CreateAccessKey"]!;
    const before = created();
    const ref = { kind: "ConnectSsoPersona", namespace: "team", name: "agents" };
    controller.store.annotate(ref, { [ANNOTATIONS.rotateKey]: "1", [ANNOTATIONS.rotateCertificate]: "1" });
    const removed = () => lines.some((line) => /"msg":"Deleted signing certificate/.test(line));
    await controller.until(() => created() > before && removed(), PATIENCE_MS, "both are rotated");
    await controller.stop();
    metrics.refresh(controller.store, composed.clouds.health());
    const told = [
      lines.join(""),
      JSON.stringify(controller.resources()),
      JSON.stringify(controller.store.events),
      await registry.metrics(),
    ];
    // Two keys with their secrets, two certificates, and the credentials of both clouds.
    expect(secrets.size).toBeGreaterThanOrEqual(8);
    for (const secret of secrets) for (const text of told) expect(text.includes(secret) ? secret : "").toBe("");
    expect(writesOf(lines)).toEqual(seenBy(sandbox));
  });
});

/** Key ids and secrets, certificates, private keys, and every authorization header. */
function collect({ request, response }: Exchange, secrets: Set<string>): void {
  const found = `${request.body ?? ""} ${response.body ?? ""}`.matchAll(
    /<(?:SecretAccessKey|AccessKeyId)>([^<]+)<|"(?:key|value|secretText)":"([A-Za-z0-9+/=]{40,})"|X509Certificate>([^<]{100,})</g,
  );
  for (const groups of found) for (const secret of groups.slice(1)) if (secret) secrets.add(secret);
  const header = request.headers.authorization;
  if (header) secrets.add(header.replace(/^Bearer /, ""));
}

function apply(controller: FolderController, ...objects: object[]): void {
  const read = { objects: [], problems: [], sources: new Map() } as Parameters<typeof parseManifests>[3];
  parseManifests(objects.map((one) => JSON.stringify(one)).join("\n---\n"), "test", "team", read);
  for (const one of read.objects) controller.store.apply(one as never);
}

/** How often each is there, whatever the ids in a path are called. */
const count = (written: string[]) => {
  const names = written.map((name) => name.replace(/\{\w+\}/g, "{id}"));
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, names.filter((one) => one === name).length]),
  );
};
function writesOf(lines: string[]): Record<string, number> {
  const calls = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === "external write");
  return count(calls.map(({ api, operation }) => `${api}:${operation}`));
}
function seenBy(sandbox: Sandbox): Record<string, number> {
  return count(sandbox.log.filter(({ writes }) => writes).map(({ service, operation }) => `${service}:${operation}`));
}
