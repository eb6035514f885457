import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { makeOwnCertificate } from "../../../src/providers/graph/own-certificate.ts";
import { CALLER } from "../../../src/sandbox/graph/token.ts";
import { AWS_TEMPLATE, type Json, type Scene, withSandbox } from "./sandbox.ts";

const made = ({ graph }: Scene) => graph.instantiate(AWS_TEMPLATE, "Agents");

describe("restoring", () => {
  test("an application comes back with its own service principal", async () => {
    await withSandbox({}, async (scene) => {
      const { application, servicePrincipal } = await made(scene);
      await scene.graph.deleteApplication(application.id);
      expect(await scene.graph.getServicePrincipal(servicePrincipal.id)).toBeUndefined();
      await scene.graph.restoreApplication(application.id);
      expect(await scene.graph.findServicePrincipal(application.appId)).toMatchObject({ id: servicePrincipal.id });
      expect(await scene.graph.owners("servicePrincipal", servicePrincipal.id)).toEqual([CALLER]);
    });
  });

  test("a service principal that alone was deleted is restored; one that was purged is made anew, ours", async () => {
    await withSandbox({}, async (scene) => {
      const { application, servicePrincipal } = await made(scene);
      const { appId } = application;
      expect((await scene.graph.ensureServicePrincipal(appId)).id).toBe(servicePrincipal.id);
      await scene.plain.ok("DELETE", `/servicePrincipals/${servicePrincipal.id}`);
      expect((await scene.graph.ensureServicePrincipal(appId)).id).toBe(servicePrincipal.id);
      await scene.plain.ok("DELETE", `/servicePrincipals/${servicePrincipal.id}`);
      await scene.plain.ok("DELETE", `/directory/deletedItems/${servicePrincipal.id}`);
      const fresh = await scene.graph.ensureServicePrincipal(appId);
      expect(fresh.id).not.toBe(servicePrincipal.id);
      expect(await scene.graph.owners("servicePrincipal", fresh.id)).toEqual([CALLER]);
      expect(await scene.graph.selfId()).toBe(CALLER);
    });
  });

  test("what Entra does not show yet is waited for", async () => {
    await withSandbox({ behaviour: { consistencyDelay: "1m" } }, async (scene) => {
      const { application } = await made(scene);
      const error = await scene.graph.ensureServicePrincipal(application.appId).catch((one) => one);
      expect(error).toMatchObject({ kind: "waiting", reason: "WaitingForReplication" });
    });
  });
});

describe("certificates", () => {
  const twoCertificates = async (scene: Scene) => {
    const { servicePrincipal } = await made(scene);
    const { id } = servicePrincipal;
    for (const name of ["CN=one", "CN=two"]) {
      const endDateTime = new Date(scene.graph.now().getTime() + 86_400_000).toISOString();
      await scene.graph.addTokenSigningCertificate(id, { displayName: name, endDateTime });
    }
    const { keyCredentials } = (await scene.graph.getServicePrincipal(id))!;
    const of = (name: string) => keyCredentials.find((one) => one.displayName === name && one.usage === "Verify")!;
    return { id, one: of("CN=one"), two: of("CN=two") };
  };

  test.each(["kept", "refused"] as const)(
    "the old one is removed, others stay, where an absent key is %s",
    async (knob) => {
      await withSandbox({ behaviour: { open: { keptCredentialWithoutKey: knob } } }, async (scene) => {
        const { id, one, two } = await twoCertificates(scene);
        await scene.graph.patchServicePrincipal(id, { preferredTokenSigningKeyThumbprint: two.thumbprint });
        await scene.graph.removeSigningCertificates(id, [one.thumbprint]);
        const left = (await scene.graph.getServicePrincipal(id))!;
        expect(left.keyCredentials.map(({ usage, thumbprint }) => [usage, thumbprint])).toEqual([
          ["Sign", two.thumbprint],
          ["Verify", two.thumbprint],
        ]);
        expect(left.keyCredentials[1]!.key).toBe(two.key);
        expect(left.passwordCredentials.map(({ thumbprint }) => thumbprint)).toEqual([two.thumbprint]);
      });
    },
  );

  test("the one that signs is not removed: it is waited for until another one does", async () => {
    await withSandbox({}, async (scene) => {
      const { id, one } = await twoCertificates(scene);
      await scene.graph.patchServicePrincipal(id, { preferredTokenSigningKeyThumbprint: one.thumbprint });
      await expect(scene.graph.removeSigningCertificates(id, [one.thumbprint])).rejects.toMatchObject({
        kind: "waiting",
        code: "CertificateInUse",
      });
      expect((await scene.graph.getServicePrincipal(id))!.keyCredentials).toHaveLength(4);
    });
  });

  const sha1 = (key: string) => new X509Certificate(Buffer.from(key, "base64")).fingerprint.replaceAll(":", "");
  test.each([
    ["base64 of the thumbprint's bytes", (hex: string) => Buffer.from(hex, "hex").toString("base64")],
    ["base64 of the thumbprint's text", (hex: string) => Buffer.from(hex).toString("base64")],
    ["base64 of the SHA-256 of its text", (hex: string) => createHash("sha256").update(hex).digest("base64")],
    ["the thumbprint's text", (hex: string) => hex],
  ])("an uploaded one with %s as identifier is known by its own SHA-1, and goes whole", async (_, identifierOf) => {
    await withSandbox({}, async (scene) => {
      const { id, one } = await twoCertificates(scene);
      const now = scene.graph.now();
      const own = await makeOwnCertificate({
        displayName: "CN=own",
        from: now,
        to: new Date(now.getTime() + 86_400_000),
      });
      const thumbprint = sha1(String(own.keyCredentials[1]!.key));
      const identified = (all: Json[]) =>
        all.map((credential) => ({ ...credential, customKeyIdentifier: identifierOf(thumbprint) }));
      const { keyCredentials, passwordCredentials } = await scene.plain.ok("GET", `/servicePrincipals/${id}`);
      await scene.plain.ok("PATCH", `/servicePrincipals/${id}`, {
        keyCredentials: [...keyCredentials, ...identified(own.keyCredentials)],
        passwordCredentials: [...passwordCredentials, ...identified(own.passwordCredentials)],
      });
      const seen = (await scene.graph.getServicePrincipal(id))!;
      const mine = [...seen.keyCredentials, ...seen.passwordCredentials].filter((one) => one.thumbprint === thumbprint);
      expect(mine).toHaveLength(3);
      await scene.graph.removeSigningCertificates(id, [thumbprint]);
      const left = (await scene.graph.getServicePrincipal(id))!;
      expect(left.keyCredentials).toHaveLength(4);
      expect(left.keyCredentials.some((credential) => credential.thumbprint === one.thumbprint)).toBe(true);
      expect(left.passwordCredentials).toHaveLength(2);
    });
  });

  test("a policy of the tenant that forbids the certificate says so", async () => {
    const tenant = { appManagement: { asymmetricKeyLifetimeDays: 365, passwordAddition: true } };
    const open = { managementPolicyOfSigningCertificates: "bound" } as const;
    await withSandbox({ tenant, behaviour: { open } }, async (scene) => {
      const { servicePrincipal } = await made(scene);
      const endDateTime = new Date(scene.graph.now().getTime() + 3 * 365 * 86_400_000).toISOString();
      await expect(
        scene.graph.addTokenSigningCertificate(servicePrincipal.id, { displayName: "CN=x", endDateTime }),
      ).rejects.toMatchObject({ kind: "terminal", reason: "AppManagementPolicy" });
      expect((await scene.graph.identifierPolicy())?.credentials).toEqual([
        { name: "asymmetricKeyLifetime", maxLifetime: "P365D" },
        { name: "passwordAddition" },
      ]);
    });
  });
});

describe("provisioning", () => {
  const open = { provisioningKnowsPrincipal: "afterOneMinute" } as const;

  test("a new service principal is refused at first: every call waits, then works", async () => {
    await withSandbox({ behaviour: { open } }, async ({ graph, plain }) => {
      const { servicePrincipal } = await graph.instantiate(AWS_TEMPLATE, "Agents");
      const { id } = servicePrincipal;
      const calls = [
        () => graph.syncJobs(id),
        () => graph.syncTemplates(id),
        () => graph.createSyncJob(id, "aws"),
        () => graph.putSyncSecrets(id, { accessKeyId: "a", secretAccessKey: "b" }),
      ];
      // 403 and 409 in turn.
      for (const call of [...calls, ...calls])
        await expect(call()).rejects.toMatchObject({ kind: "waiting", reason: "WaitingForReplication" });
      plain.sandbox.clock.advance(61_000);
      const job = await graph.createSyncJob(id, "aws");
      expect((await graph.syncJobs(id)).map((one) => one.id)).toEqual([job.id]);
    });
  });

  test("a permission that is missing shows after five minutes, or at once where it worked before", async () => {
    await withSandbox({}, async ({ graph, plain }) => {
      const { servicePrincipal } = await graph.instantiate(AWS_TEMPLATE, "Agents");
      const { id } = servicePrincipal;
      plain.sandbox.faults.add({ match: "graph:GET */synchronization/*", kind: "denied" });
      await expect(graph.syncJobs(id)).rejects.toMatchObject({ kind: "waiting" });
      plain.sandbox.clock.advance(301_000);
      // The provider goes by the cloud's time, which it learns with an answer.
      await graph.syncJobs(id).catch(() => undefined);
      await expect(graph.syncJobs(id)).rejects.toMatchObject({ kind: "terminal", reason: "GraphForbidden" });
      plain.sandbox.faults.clear();
      await graph.syncJobs(id);
      plain.sandbox.faults.add({ match: "graph:GET */synchronization/*", kind: "denied" });
      await expect(graph.syncJobs(id)).rejects.toMatchObject({ kind: "terminal", reason: "GraphForbidden" });
    });
  });

  test("secrets that may not be read are unknown, not absent", async () => {
    await withSandbox({ behaviour: { open: { readSynchronizationSecrets: "forbidden" } } }, async ({ graph }) => {
      const { servicePrincipal } = await graph.instantiate(AWS_TEMPLATE, "Agents");
      expect(await graph.syncSecretKeys(servicePrincipal.id)).toBeUndefined();
    });
  });
});

describe("references", () => {
  test.each(["notFound", "badRequest"] as const)(
    "made and taken away twice, where an absent one is %s",
    async (knob) => {
      await withSandbox({ behaviour: { open: { absentReference: knob } } }, async ({ graph }) => {
        const { servicePrincipal } = await graph.instantiate(AWS_TEMPLATE, "Agents");
        const claim = { Source: "user", Id: "mail", SamlClaimType: "x" };
        const definition = [JSON.stringify({ ClaimsMappingPolicy: { Version: 1, ClaimsSchema: [claim] } })];
        const policy = await graph.createClaimsPolicy({ displayName: "claims", definition });
        for (let i = 0; i < 2; i++) await graph.attachClaimsPolicy(servicePrincipal.id, policy.id);
        expect((await graph.claimsPoliciesOf(servicePrincipal.id)).map(({ id }) => id)).toEqual([policy.id]);
        for (let i = 0; i < 2; i++) await graph.detachClaimsPolicy(servicePrincipal.id, policy.id);
        expect(await graph.claimsPoliciesOf(servicePrincipal.id)).toEqual([]);
      });
    },
  );
});

describe("ids from elsewhere", () => {
  test.each(["../applications/x", "a/b", "..", ".", "a?b", "a b", "", "a%2fb", "a#b", "a'b"])(
    "%j leads nowhere",
    async (id) => {
      await withSandbox({}, async ({ graph, plain }) => {
        const calls = [
          () => graph.getApplication(id),
          () => graph.deleteApplication(id),
          () => graph.restoreApplication(id),
          () => graph.owners("application", id),
          () => graph.patchServicePrincipal(id, {}),
          () => graph.unassign("sp", id),
          () => graph.assignments(id),
          () => graph.deleteClaimsPolicy(id),
          () => graph.detachClaimsPolicy("sp", id),
          () => graph.startSyncJob("sp", id),
          () => graph.findGroups({ id }),
          () => graph.groupMemberIds(id),
          () => graph.members(id),
          () => graph.user({ objectId: id }),
        ];
        for (const call of calls) await expect(call()).rejects.toMatchObject({ kind: "terminal", code: "InvalidId" });
        expect(plain.sandbox.log).toEqual([]);
      });
    },
  );
});

test.each(["details", "message"] as const)("an identifier that is taken is told by %s", async (knob) => {
  await withSandbox({ behaviour: { open: { identifierConflict: knob } } }, async (scene) => {
    const identifierUris = ["https://signin.aws.amazon.com/saml#1"];
    const [one, two] = [await made(scene), await made(scene)];
    for (const { servicePrincipal } of [one, two])
      await scene.graph.patchServicePrincipal(servicePrincipal.id, { preferredSingleSignOnMode: "saml" });
    await scene.graph.patchApplication(one.application.id, { identifierUris });
    await expect(scene.graph.patchApplication(two.application.id, { identifierUris })).rejects.toMatchObject({
      kind: "conflict",
      reason: "IdentifierTaken",
    });
    await expect(scene.graph.deleteApplication(one.application.id)).rejects.toMatchObject({ kind: "waiting" });
  });
});

test("a full quota is no missing permission", async () => {
  await withSandbox({ tenant: { directoryQuota: 3 } }, async (scene) => {
    const { application } = await made(scene);
    await scene.graph.deleteApplication(application.id);
    await expect(made(scene)).rejects.toMatchObject({
      kind: "terminal",
      reason: "QuotaExceeded",
      message: expect.stringContaining("purge"),
    });
  });
});
