/** Signing certificates: which one signs, which ones the metadata lists, and how one is removed. */
import { until } from "../time.ts";
import { must, type Step, type StepContext, seen } from "../types.ts";
import { type Application, application, samlMode } from "./application.ts";

/** Short, so that a tenant's policy about long ones does not matter. */
const DAYS = 30;
const CHANGE = { patience: 300, every: 5 };

interface Credential {
  keyId: string;
  key?: string | null;
  customKeyIdentifier: string;
  [field: string]: unknown;
}
interface Certificate {
  key: string;
  thumbprint: string;
  customKeyIdentifier: string;
}

export async function addCertificate({ graph, time, name }: StepContext, { principalId }: Application, days = DAYS) {
  return graph.settled<Certificate>("POST", `/servicePrincipals/${principalId}/addTokenSigningCertificate`, {
    displayName: `CN=${name}`,
    endDateTime: new Date(time.now() + days * 86_400_000).toISOString(),
  });
}

export const certificates: Step = {
  name: "certificates",
  needs: ["graph"],
  minutes: 12,
  permissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"],
  facts: {
    certificateNeverPreferred: {
      question: "Which key signs while preferredTokenSigningKeyThumbprint was never set",
      row: 6,
      values: ["tenantKey", "newest"],
    },
    inactiveCertificatesInMetadata: {
      question:
        "Federation metadata of an application with an inactive certificate: lists the active one alone, or both",
      row: 6,
      values: ["hidden", "listed"],
    },
    keptCredentialWithoutKey: {
      question: "A kept credential that a PATCH sends back without key or secretText: kept, or refused",
      row: 5,
      values: ["kept", "refused"],
    },
    keptCredentialAsRead: {
      question: "A kept credential that a PATCH sends back with its key as it was read: kept, or refused",
      row: 5,
      values: ["kept", "refused"],
    },
    thumbprintOfNoCertificate: {
      question: "preferredTokenSigningKeyThumbprint of no certificate: taken, or refused",
      row: 5,
      values: ["taken", "refused"],
    },
  },
  async run(context) {
    const { graph, time } = context;
    const made = await application(context, "certificates");
    await samlMode(context, made);
    const list = async () => (await graph.signingCertificates(made.appId)).body ?? [];
    const before = await until(time, { patience: 120, every: 3 }, async () => {
      const shown = await list();
      return shown.length > 0 ? shown : undefined;
    });
    const tenantKeys = before?.value ?? [];
    const first = must(await addCertificate(context, made));
    // A tenant's key that leaves the list does not sign any more; inactive certificates may join it.
    const gone = await until(time, CHANGE, async () => {
      const shown = await list();
      return shown.length > 0 && !shown.some((one) => tenantKeys.includes(one)) ? true : undefined;
    });
    if (tenantKeys.length === 0)
      context.settle("certificateNeverPreferred", { observed: "the metadata had no certificate to compare with" });
    else
      context.settle(
        "certificateNeverPreferred",
        gone
          ? { value: "newest", observed: "the tenant's own key left the metadata", seconds: gone.seconds }
          : { value: "tenantKey", observed: "the tenant's own key stayed in the metadata for five minutes" },
      );
    const second = must(await addCertificate(context, made));
    await metadataOfTwo(context, made, first, second, list);
    await removal(context, made, first);
    const nonsense = await graph.call("PATCH", `/servicePrincipals/${made.principalId}`, {
      preferredTokenSigningKeyThumbprint: "0".repeat(40),
    });
    context.settle("thumbprintOfNoCertificate", {
      ...(nonsense.ok ? { value: "taken" } : nonsense.status === 400 ? { value: "refused" } : {}),
      observed: seen(nonsense),
    });
  },
};

async function metadataOfTwo(
  context: StepContext,
  { principalId }: Application,
  first: Certificate,
  second: Certificate,
  list: () => Promise<string[]>,
): Promise<void> {
  const preferred = await context.graph.settled("PATCH", `/servicePrincipals/${principalId}`, {
    preferredTokenSigningKeyThumbprint: first.thumbprint,
  });
  if (!preferred.ok) return context.settle("inactiveCertificatesInMetadata", { observed: seen(preferred) });
  let shown: string[] = [];
  const active = await until(context.time, CHANGE, async () => {
    shown = await list();
    return shown.includes(first.key) ? true : undefined;
  });
  const listed = await until(context.time, { patience: active ? 60 : 0, every: 10 }, async () => {
    shown = await list();
    return shown.includes(second.key) ? true : undefined;
  });
  context.settle("inactiveCertificatesInMetadata", {
    ...(active && { value: listed ? "listed" : "hidden" }),
    observed: active
      ? `the active certificate is in the metadata, the other one is ${listed ? "too" : "not"}`
      : "the active certificate was not in the metadata within five minutes",
    ...(active && { seconds: active.seconds }),
  });
}

/** Sends back what stays in three forms: as read, without the secret member, and with null. The certificate that goes is the second one. */
async function removal(context: StepContext, { principalId }: Application, kept: Certificate): Promise<void> {
  const { graph } = context;
  const path = `/servicePrincipals/${principalId}`;
  const read = must(
    await graph.settled<{ keyCredentials: Credential[]; passwordCredentials: Credential[] }>(
      "GET",
      `${path}?$select=keyCredentials,passwordCredentials`,
    ),
  );
  const stays = (one: Credential) => one.customKeyIdentifier === kept.customKeyIdentifier;
  const asRead = await graph.call("PATCH", path, { keyCredentials: read.keyCredentials });
  context.settle("keptCredentialAsRead", {
    ...(asRead.ok ? { value: "kept" } : asRead.status === 400 ? { value: "refused" } : {}),
    observed: seen(asRead),
  });
  const omitted = await graph.call("PATCH", path, {
    keyCredentials: read.keyCredentials.filter(stays).map(({ key: _, ...one }) => one),
    passwordCredentials: read.passwordCredentials.filter(stays).map(({ secretText: _, ...one }) => one),
  });
  const withNull = omitted.ok
    ? undefined
    : await graph.call("PATCH", path, {
        keyCredentials: read.keyCredentials.filter(stays).map((one) => ({ ...one, key: null })),
        passwordCredentials: read.passwordCredentials.filter(stays).map((one) => ({ ...one, secretText: null })),
      });
  const after = await graph.call<{ keyCredentials: Credential[] }>("GET", `${path}?$select=keyCredentials`);
  const left = (after.body?.keyCredentials ?? []).filter(stays).length;
  context.settle("keptCredentialWithoutKey", {
    ...(omitted.ok ? { value: "kept" } : omitted.status === 400 ? { value: "refused" } : {}),
    observed: `without the member: ${seen(omitted)}${withNull ? `; with null: ${seen(withNull)}` : ""}; afterwards ${left} of the kept keys are there`,
  });
}
