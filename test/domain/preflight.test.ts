import { expect, test } from "@jest/globals";
import { type PreflightSpec, preflight } from "../../src/domain/preflight.ts";

type Part = { [K in keyof PreflightSpec]?: Partial<PreflightSpec[K]> };
const ARN = "connect:us-east-1:111122223333:instance/0a1b2c3d-1111-4222-8333-444455556666";
const BOUNDARY = "arn:aws:iam::111122223333:policy/B";
const spec = (part: Part): PreflightSpec =>
  ({
    instanceArn: part.instanceArn ?? `arn:aws:${ARN}`,
    ...(part.destination === undefined ? { landingPage: "AdminConsole" } : { destination: part.destination }),
    ...(part.relayStateParameters ? { relayStateParameters: part.relayStateParameters } : {}),
    application: {
      roleSessionName: { from: "userPrincipalName", transform: "None" },
      sessionDuration: "8h",
      signingCertificate: { lifetime: "26280h", rotateBefore: "1440h" },
      ...part.application,
    },
    aws: { path: "/connect-sso/", maxSessionDuration: "12h", ...part.aws },
    roleDelivery: {
      mode: part.roleDelivery?.mode ?? "Direct",
      provisioning: { accessKeyMaxAge: "2160h", ...part.roleDelivery?.provisioning },
    },
  }) as PreflightSpec;

test.each<[string, Part, string | RegExp | undefined]>([
  ["as the defaults have it", {}, undefined],
  ["in mode Provisioning", { roleDelivery: { mode: "Provisioning" } }, undefined],
  ["a session as long as the role allows", { application: { sessionDuration: "12h" } }, undefined],
  [
    "a session longer than the role allows",
    { aws: { maxSessionDuration: "1h" } },
    "application.sessionDuration is 8h, longer than aws.maxSessionDuration (1h), so AWS would refuse every login; lower it or raise aws.maxSessionDuration",
  ],
  [
    "no session duration at all",
    { application: { sessionDuration: undefined as never }, aws: { maxSessionDuration: "1h" } },
    undefined,
  ],
  [
    "a session of ten minutes",
    { application: { sessionDuration: "10m" } },
    "application.sessionDuration is 10m; it must be 15m to 12h",
  ],
  ["a role of 13 hours", { aws: { maxSessionDuration: "13h" } }, "aws.maxSessionDuration is 13h; it must be 1h to 12h"],
  [
    "a duration that is none",
    { aws: { maxSessionDuration: "1d" } },
    'aws.maxSessionDuration "1d" is not a duration such as 8h or 1h30m',
  ],
  [
    "rotation as long before as the certificate lives",
    { application: { signingCertificate: { lifetime: "1440h", rotateBefore: "1440h" } } },
    "application.signingCertificate.rotateBefore is 1440h, not shorter than lifetime (1440h), so every new certificate would be replaced at once; lower it or raise lifetime",
  ],
  [
    "a short certificate with the default",
    { application: { signingCertificate: { lifetime: "720h", rotateBefore: "1440h" } } },
    "application.signingCertificate.rotateBefore is 1440h, not shorter than lifetime (720h), so every new certificate would be replaced at once; lower it or raise lifetime",
  ],
  [
    "a certificate of no time",
    { application: { signingCertificate: { lifetime: "0h", rotateBefore: "1h" } } },
    /lifetime is 0h; it must be 24h to 26280h.*rotateBefore is 1h, not shorter/s as never,
  ],
  [
    "a certificate of four years",
    { application: { signingCertificate: { lifetime: "35040h", rotateBefore: "1440h" } } },
    "application.signingCertificate.lifetime is 35040h; it must be 24h to 26280h",
  ],
  [
    "keys of no age",
    { roleDelivery: { mode: "Provisioning", provisioning: { accessKeyMaxAge: "0h" } } },
    "roleDelivery.provisioning.accessKeyMaxAge is 0h; it must be 24h to 26280h",
  ],
  [
    "GovCloud with Provisioning",
    { instanceArn: `arn:aws-us-gov:${ARN}`, roleDelivery: { mode: "Provisioning" } } as Part,
    "roleDelivery.mode Provisioning does not work here: Entra's connector does not reach AWS GovCloud; use Direct",
  ],
  [
    "China with Provisioning",
    { instanceArn: `arn:aws-cn:${ARN}`, roleDelivery: { mode: "Provisioning" } } as Part,
    "roleDelivery.mode Provisioning does not work here: Entra's connector does not reach AWS China; use Direct",
  ],
  ["GovCloud with Direct", { instanceArn: `arn:aws-us-gov:${ARN}` } as Part, undefined],
  [
    "a mail prefix of an employee id",
    { application: { roleSessionName: { from: "employeeId", transform: "MailPrefix" } } },
    "application.roleSessionName.transform MailPrefix needs an address, and employeeId is none; use None",
  ],
  [
    "a mail prefix of an extension attribute",
    { application: { roleSessionName: { from: "extensionAttribute2", transform: "MailPrefix" } } },
    undefined,
  ],
  [
    "an attribute that does not exist",
    { application: { roleSessionName: { from: "extensionAttribute16", transform: "None" } } },
    /from "extensionAttribute16" is not one of/ as never,
  ],
  [
    "one name for both policies",
    { aws: { federationPolicyName: "Shared" }, roleDelivery: { provisioning: { policyName: "shared" } } } as Part,
    /federationPolicyName "Shared" is the name of the other.*policyName "shared" is the name of the other/s as never,
  ],
  [
    "the federation policy under the listing policy's name",
    { roleDelivery: { provisioning: { policyName: "connect-sso-federation-0a1b2c3d" } } } as Part,
    /policyName "connect-sso-federation-0a1b2c3d" is the name/ as never,
  ],
  [
    "the other way round, although the listing policy has a name of its own",
    {
      aws: { federationPolicyName: "connect-sso-list-roles-0a1b2c3d" },
      roleDelivery: { provisioning: { policyName: "L" } },
    } as Part,
    'aws.federationPolicyName "connect-sso-list-roles-0a1b2c3d" is the name of the other shared policy (federation and listing must differ); choose another name',
  ],
  [
    "another host",
    { destination: "//evil.example" } as Part,
    "destination must not begin with //, which names another host",
  ],
  [
    "a parameter called destination",
    { relayStateParameters: { destination: "/x" } } as Part,
    /must not hold destination/ as never,
  ],
  [
    "a path without an end",
    { aws: { path: "/connect-sso" } },
    "aws.path must begin and end with /, with letters, digits and _.,+@=- between",
  ],
  ["a boundary of the account", { aws: { permissionsBoundaryArn: BOUNDARY } }, undefined],
  [
    "a boundary of another account",
    { aws: { permissionsBoundaryArn: BOUNDARY.replace("1111", "9999") } },
    "aws.permissionsBoundaryArn must be a policy of account 111122223333, where the instance is",
  ],
  [
    "ARNs that Entra does not import",
    { aws: { path: `/${"a".repeat(150)}/` }, roleDelivery: { mode: "Provisioning" } } as Part,
    /Entra imports fewer than 240/ as never,
  ],
])("%s", (_, part, expected) => {
  const found = preflight({ namespace: "team", name: "agents" }, spec(part))
    .map(({ message }) => message)
    .join("\n");
  if (expected === undefined) expect(found).toBe("");
  else if (typeof expected === "string") expect(found).toBe(expected);
  else expect(found).toMatch(expected);
});
