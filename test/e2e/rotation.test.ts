/** Access key and signing certificate are replaced without a gap, also when the process dies between any two steps. */
import { GetSAMLProviderCommand, IAMClient, ListAccessKeysCommand } from "@aws-sdk/client-iam";
import { afterEach, describe, expect, test } from "@jest/globals";
import { ANNOTATIONS, type ConnectSsoPersona } from "../../src/api/resources.ts";
import { readTrust } from "../../src/domain/metadata.ts";
import { type Harness, PATIENCE_MS, persona, start, status, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());

const SECRETS = "graph:PUT /servicePrincipals/{id}/synchronization/secrets";
const ADD_CERTIFICATE = "graph:POST /servicePrincipals/{id}/addTokenSigningCertificate";
const PATCH_PRINCIPAL = "graph:PATCH /servicePrincipals/{id}";
const HOUR = 3_600_000;

const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const ask = (annotation: string) =>
  h.controller.store.annotate({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" }, { [annotation]: "1" });
const keys = async () =>
  (await new IAMClient({}).send(new ListAccessKeysCommand({ UserName: "connect-sso-team-agents" }))).AccessKeyMetadata!;
const trusted = async () =>
  readTrust(
    (await new IAMClient({}).send(new GetSAMLProviderCommand({ SAMLProviderArn: agents().status!.samlProviderArn! })))
      .SAMLMetadataDocument!,
  ).signingCertificates.map(({ thumbprintSha1 }) => thumbprintSha1);
const principal = async () => {
  const response = await fetch(
    `${h.sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0/servicePrincipals/${agents().status!.servicePrincipalId}`,
    { headers: { authorization: "Bearer test" } },
  );
  return (await response.json()) as { keyCredentials: { usage: string }[]; preferredTokenSigningKeyThumbprint: string };
};
const certificates = async () => (await principal()).keyCredentials.filter(({ usage }) => usage === "Verify").length;
/** Operations of the sandbox from now on, in order. */
function record(...wanted: string[]): string[] {
  const seen: string[] = [];
  h.sandbox.onExchange(({ service, operation, response }) => {
    const name = `${service}:${operation}`;
    if (response.status < 400 && wanted.includes(name)) seen.push(name);
  });
  return seen;
}
const warnings = () =>
  h.controller.store.events.filter(({ event }) => event.type === "Warning").map((one) => one.event.note);
const until = (test: () => boolean, what: string) => h.controller.until(test, PATIENCE_MS, what);
const isReady = () => status(agents(), "Ready")?.status === "True";

/** A second is twenty minutes in the clouds: Entra's job runs every other second. */
const fast = { behaviour: { timeScale: 1200 } };
const provisioned = { roleDelivery: { mode: "Provisioning" } };

describe("access key", () => {
  test("by age: handed over, proven, the old one deactivated, later deleted; Ready all the while", async () => {
    h = await start(world(fast));
    h.apply(persona("agents", provisioned));
    await h.ready();
    const [old] = await keys();
    const seen = record("iam:CreateAccessKey", SECRETS, "iam:UpdateAccessKey", "iam:DeleteAccessKey");
    let everNotReady = "";
    h.sandbox.onExchange(() => {
      if (!isReady()) everNotReady ||= status(agents(), "Ready")!.message;
    });
    h.sandbox.clock.advance(2161 * HOUR);
    await until(() => agents().status!.accessKey!.rotation !== undefined, "a rotation that shows");
    expect(status(agents(), "ProvisioningReady")?.reason).toBe("KeyRotating");
    await until(
      () => seen.length === 4 && agents().status!.accessKey!.rotation === undefined,
      "the end of the rotation",
    );
    expect(seen).toEqual(["iam:CreateAccessKey", SECRETS, "iam:UpdateAccessKey", "iam:DeleteAccessKey"]);
    const left = await keys();
    expect(left.map(({ Status }) => Status)).toEqual(["Active"]);
    expect(left[0]!.AccessKeyId).not.toBe(old!.AccessKeyId);
    expect(everNotReady).toBe("");
    expect(warnings()).toEqual([]);
  });

  test("one that AWS does not accept yet is tried again, not replaced", async () => {
    h = await start(world({ behaviour: { timeScale: 1200, consistencyDelay: "2s" } }));
    h.apply(persona("agents", provisioned));
    await until(() => h.sandbox.counts()[SECRETS] === 1, "the hand-over");
    const counts = h.sandbox.counts();
    const validate = Object.entries(counts).find(([name]) => name.endsWith("/validateCredentials"))![1];
    expect(validate).toBeGreaterThan(1);
    expect(counts["iam:CreateAccessKey"]).toBe(1);
  });

  test("on request, in clouds that show a write late: Ready all the while, and a deleted key is no missing right", async () => {
    h = await start(world({ behaviour: { timeScale: 20, consistencyDelay: "1s", roleImportInterval: "1m" } }));
    h.apply(persona("agents", provisioned));
    await h.ready();
    await until(() => agents().status!.syncJob?.lastSuccessTime !== undefined, "a good run");
    const seen = record("iam:DeleteAccessKey");
    const messages = new Set<string>();
    h.sandbox.onExchange(() => {
      if (!isReady()) messages.add(status(agents(), "Ready")!.message);
    });
    ask(ANNOTATIONS.rotateKey);
    await until(
      () => seen.length === 1 && agents().status!.accessKey!.rotation === undefined,
      "the end of the rotation",
    );
    expect([...messages]).toEqual([]);
    expect(warnings()).toEqual([]);
  });

  test("the process dies after every step, its status kept or erased by turns", async () => {
    h = await start(world(fast));
    h.apply(persona("agents", provisioned));
    await h.ready();
    ask(ANNOTATIONS.rotateKey);
    const steps = [
      "iam:CreateAccessKey",
      SECRETS,
      "iam:TagUser",
      "iam:UpdateAccessKey",
      "iam:TagUser",
      "iam:DeleteAccessKey",
    ];
    for (const [index, step] of steps.entries()) {
      const crashed = h.crashAfter(step);
      if (index > 0) await h.restart(index % 2 ? "kept" : "erased");
      await crashed;
    }
    await h.restart("kept");
    await until(
      () =>
        isReady() && agents().status!.handledRequests?.["rotate-key"] === "1" && !agents().status!.accessKey?.rotation,
      "the end of the rotation",
    );
    const [key, ...others] = await keys();
    expect([key!.Status, others]).toEqual(["Active", []]);
    expect(agents().status!.accessKey!.lastFour).toBe(key!.AccessKeyId!.slice(-4));
    const good = agents().status!.syncJob!.lastSuccessTime!;
    await until(() => agents().status!.syncJob!.lastSuccessTime! > good, "a good run with the key that is left");
    expect(h.sandbox.counts()["iam:CreateAccessKey"]).toBeLessThanOrEqual(4);
  });
});

describe("signing certificate", () => {
  test("before its end: AWS trusts both before the switch, the old one goes after the overlap; no alarm", async () => {
    h = await start(world(fast));
    h.apply(persona("agents"));
    await h.ready();
    const old = agents().status!.certificate!.thumbprint!;
    const atSwitch: { trusted: number; thumbprint: string }[] = [];
    let trusts = 1;
    let trustedAt = 0;
    let spreadMs = 0;
    h.sandbox.onExchange(({ operation, request }) => {
      if (operation === "UpdateSAMLProvider") {
        trusts = new URLSearchParams(request.body).get("SAMLMetadataDocument")!.split("<X509Certificate>").length - 1;
        trustedAt = h.sandbox.clock.now().getTime();
      }
      const body = operation === "PATCH /servicePrincipals/{id}" ? JSON.parse(request.body) : {};
      if (body.preferredTokenSigningKeyThumbprint) spreadMs = h.sandbox.clock.now().getTime() - trustedAt;
      if (body.preferredTokenSigningKeyThumbprint)
        atSwitch.push({ trusted: trusts, thumbprint: body.preferredTokenSigningKeyThumbprint });
    });
    h.sandbox.clock.advance((26280 - 1440 + 1) * HOUR);
    await until(() => agents().status!.certificate!.thumbprint !== old, "another certificate");
    expect(await trusted()).toHaveLength(2);
    expect(status(agents(), "CertificateReady")?.reason).toBe("CertificateRotating");
    const next = agents().status!.certificate!.thumbprint!;
    expect(atSwitch).toEqual([{ trusted: 2, thumbprint: next }]);
    expect(spreadMs).toBeGreaterThan(119_000);
    await until(
      () => status(agents(), "CertificateReady")?.reason === "UpToDate" && trusts === 1,
      "the end of the overlap",
    );
    expect(await trusted()).toEqual([next]);
    expect(await certificates()).toBe(1);
    expect(warnings()).toEqual([]);
    expect(agents().status!.drift).toEqual([]);
  });

  test("the process dies after every step, its status kept or erased by turns", async () => {
    h = await start(world(fast));
    h.apply(persona("agents"));
    await h.ready();
    const old = agents().status!.certificate!.thumbprint!;
    ask(ANNOTATIONS.rotateCertificate);
    const steps = [
      ADD_CERTIFICATE,
      "iam:TagSAMLProvider",
      "iam:UpdateSAMLProvider",
      "iam:TagSAMLProvider",
      PATCH_PRINCIPAL,
      PATCH_PRINCIPAL,
      "iam:UpdateSAMLProvider",
    ];
    for (const [index, step] of steps.entries()) {
      const crashed = h.crashAfter(step);
      if (index > 0) await h.restart(index % 2 ? "kept" : "erased");
      await crashed;
    }
    await h.restart("erased");
    await until(
      () => isReady() && agents().status!.handledRequests?.["rotate-certificate"] === "1",
      "the end of the rotation",
    );
    const { preferredTokenSigningKeyThumbprint: active } = await principal();
    expect(active).not.toBe(old);
    expect(await trusted()).toEqual([active]);
    expect(await certificates()).toBe(1);
    expect(h.sandbox.counts()[ADD_CERTIFICATE]).toBe(2);
    expect(warnings()).toEqual([]);
  });
});
