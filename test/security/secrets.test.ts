/** What must never be told: access keys and their secrets, bearer tokens, SAML metadata. Looked for in everything the product tells. */
import { afterEach, expect, test } from "@jest/globals";
import { ANNOTATIONS, type ConnectSsoPersona } from "../../src/api/resources.ts";
import { createLogger, redactText } from "../../src/observability/log.ts";
import { type Harness, PATIENCE_MS, persona, start, status, user, world } from "../e2e/support.ts";

let h: Harness;
afterEach(() => h?.stop());

const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;

test("keys made, handed over and rotated amid failures: no secret in a log, status, event, metric or error", async () => {
  h = await start(world({ behaviour: { timeScale: 1200 } }));
  const secrets = new Set<string>([process.env.CONNECT_SSO_GRAPH_TOKEN!, process.env.AWS_SECRET_ACCESS_KEY!]);
  h.sandbox.onExchange(({ operation, response }) => {
    for (const tag of ["SecretAccessKey", "AccessKeyId", "X509Certificate", "access_token"])
      if (operation === "CreateAccessKey" || tag === "X509Certificate")
        for (const [, value] of (response.body ?? "").matchAll(new RegExp(`<${tag}>([^<]+)<`, "g")))
          secrets.add(value!);
  });
  // Every kind of failure at the calls that carry a secret, so that what errors say is looked at as well.
  for (const kind of ["internal", "malformed", "denied", "truncated"] as const)
    for (const match of [
      "iam:CreateAccessKey",
      "graph:PUT *secrets",
      "graph:POST *validateCredentials",
      "iam:*SAMLProvider",
    ])
      h.sandbox.faults.add({ match, kind, count: 1 });
  h.apply(persona("agents", { roleDelivery: { mode: "Provisioning" } }), user("jane", "agents"));
  await h.ready();
  h.controller.store.annotate(
    { kind: "ConnectSsoPersona", namespace: "team", name: "agents" },
    { [ANNOTATIONS.rotateKey]: "1" },
  );
  await h.controller.until(
    () => agents().status?.handledRequests?.["rotate-key"] === "1" && status(agents(), "Ready")?.status === "True",
    PATIENCE_MS,
    "the key is rotated",
  );
  // Both keys with their secrets, a certificate, and what the environment holds.
  expect(secrets.size).toBeGreaterThanOrEqual(7);
  const told = JSON.stringify([h.controller.resources(), h.controller.store.events, h.calls]) + h.lines.join("");
  expect([...secrets].filter((secret) => told.includes(secret))).toEqual([]);
});

test.each([
  ["an access key id", "key AKIAIOSFODNN7EXAMPLE used", "AKIAIOSFODNN7EXAMPLE"],
  ["a bearer token", "authorization: Bearer abc.def-ghi", "abc.def-ghi"],
  ["a token by itself", "got eyJhbGciOi.eyJzdWIi.c2ln back", "eyJzdWIi"],
  ["a private key", "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", "MIIE"],
  ["a SAML response", "SAMLResponse=PHNhbWw%2B&x=1", "PHNhbWw"],
  ["a secret in a body", '{"SecretAccessKey":"wJalrXUtnFEMI/K7"}', "wJalrXUtnFEMI"],
])("%s is cut out of a log line whatever wrote it there", (_, text, secret) => {
  expect(redactText(text)).not.toContain(secret);
  const lines: string[] = [];
  createLogger("info", { write: (line) => void lines.push(line) }).error({ err: new Error(text) }, text);
  expect(lines.join("")).not.toContain(secret);
});
