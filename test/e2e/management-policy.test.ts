/** Tenants and providers that are hardened: the certificate's life follows the tenant's policy; an encrypted provider is reported and left. */
import { GetSAMLProviderCommand, IAMClient, UpdateSAMLProviderCommand } from "@aws-sdk/client-iam";
import { afterEach, expect, test } from "@jest/globals";
import type { ConnectSsoPersona } from "../../src/api/resources.ts";
import { type Harness, persona, start, status, world } from "./support.ts";

let h: Harness;
afterEach(() => h?.stop());
const agents = () => h.controller.store.get<ConnectSsoPersona>("ConnectSsoPersona", "team", "agents")!;
const DAY_MS = 86_400_000;
const hardened = (appManagement: object) =>
  world({
    tenant: { verifiedDomains: ["example.com"], appManagement },
    behaviour: { open: { managementPolicyOfSigningCertificates: "bound" } },
  });

test.each([
  ["asymmetricKeyLifetime", { asymmetricKeyLifetimeDays: 180 }, 180],
  ["passwordLifetime", { passwordLifetimeDays: 120 }, 120],
  ["the shorter of both", { asymmetricKeyLifetimeDays: 365, passwordLifetimeDays: 90 }, 90],
])("a certificate lives as long as the policy allows: %s", async (_, appManagement, days) => {
  h = await start(hardened(appManagement));
  h.apply(persona("agents"));
  await h.ready();
  const left = Date.parse(agents().status!.certificate!.expirationTime!) - h.sandbox.clock.now().getTime();
  expect(left).toBeLessThanOrEqual(days * DAY_MS);
  expect(left).toBeGreaterThan((days - 2) * DAY_MS);
});

test("a policy that allows less than the time of a rotation is refused before anything signs", async () => {
  h = await start(hardened({ asymmetricKeyLifetimeDays: 5 }));
  h.apply(persona("agents"));
  await h.reason("ConnectSsoPersona", "agents", "Stalled", "AppManagementPolicy");
  expect(status(agents(), "Stalled")!.message).toMatch(
    /lets a certificate live 120h, not longer than application\.signingCertificate\.rotateBefore .*lower rotateBefore/,
  );
});

test.each([{ passwordAddition: true }, { trustedCertificateAuthority: true }])(
  "%j: the refusal says what to do",
  async (appManagement) => {
    h = await start(hardened(appManagement));
    h.apply(persona("agents"));
    await h.reason("ConnectSsoPersona", "agents", "Stalled", "AppManagementPolicy");
    expect(status(agents(), "Stalled")!.message).toMatch(/exempt the application, or upload a certificate that fits/);
  },
);

test("a provider that takes encrypted assertions only is reported, and stays as it is through a rotation", async () => {
  h = await start();
  h.apply(persona("agents"));
  await h.ready();
  const iam = new IAMClient({});
  const SAMLProviderArn = agents().status!.samlProviderArn!;
  await iam.send(
    new UpdateSAMLProviderCommand({
      SAMLProviderArn,
      AssertionEncryptionMode: "Required",
      AddPrivateKey: "-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n",
    }),
  );
  await h.reason("ConnectSsoPersona", "agents", "Stalled", "AssertionEncryption");
  expect(status(agents(), "Stalled")!.message).toMatch(/every sign-in fails; set it to Allowed/);
  h.controller.store.annotate(
    { kind: "ConnectSsoPersona", namespace: "team", name: "agents" },
    { "connectsso.dev/rotate-certificate": "now" },
  );
  const provider = () => iam.send(new GetSAMLProviderCommand({ SAMLProviderArn }));
  const before = (await provider()).SAMLMetadataDocument;
  for (let left = 400; (await provider()).SAMLMetadataDocument === before; left--) {
    if (left === 0) throw new Error("the next certificate is not trusted");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect(await provider()).toMatchObject({ AssertionEncryptionMode: "Required", PrivateKeyList: [expect.anything()] });
  await iam.send(new UpdateSAMLProviderCommand({ SAMLProviderArn, AssertionEncryptionMode: "Allowed" }));
  await h.ready("encryption is optional again");
});
