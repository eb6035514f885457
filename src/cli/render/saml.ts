/** A decoded response for people, and as data: everything that AWS reads of it, never the document or a signature value. */

import { isoSeconds } from "../../domain/duration.ts";
import type { SigningCertificate } from "../../domain/metadata.ts";
import { type Finding, spell } from "../../domain/saml/checks.ts";
import { ATTRIBUTES, awsAttribute, rolePairs } from "../../domain/saml/document.ts";
import { terminalText } from "../../domain/text.ts";
import type { DecodedResponse } from "../commands/saml-decode.ts";
import { type Paint, wrap } from "./terminal.ts";

interface DecodeContext {
  form: string;
  /** Responses in the capture. */
  of: number;
  now: Date;
  /** Whether there were manifests or a cluster to compare with. */
  compared: boolean;
}

const LABEL = 18;
export function decodedText(
  responses: DecodedResponse[],
  context: DecodeContext,
  colours: Paint,
  columns?: number,
): string {
  const head =
    context.of > responses.length
      ? [`The ${context.form} holds ${context.of} responses; this is the last one (--all shows all).`, ""]
      : [];
  const blocks = responses.map((one) => block(one, context, colours, columns).join("\n"));
  return [...head, blocks.join("\n\n")].join("\n");
}

function block(one: DecodedResponse, context: DecodeContext, colours: Paint, columns?: number): string[] {
  const row = (label: string, value: string | undefined) =>
    value === undefined ? [] : [wrap(`${colours.dim(label.padEnd(LABEL))}${value}`, columns, LABEL)];
  const { comparison, findings, decoded } = one;
  const { persona, user } = comparison;
  const compared = !context.compared
    ? colours.dim("nothing: name manifests (-f) or a namespace of the cluster (-n)")
    : persona
      ? `persona ${persona.metadata.namespace}/${persona.metadata.name}, ${user ? `user ${user.metadata.namespace}/${user.metadata.name}` : "no user found"}`
      : "no persona found";
  const read = [...signatureRows(decoded.signature, context.now), ...fields(one, context.now)];
  return [
    ...row("signature", signatureLine(decoded.signature, colours)),
    ...read.flatMap(([label, value]) => row(label, value && terminalText(value))),
    ...row("compared with", compared),
    "",
    ...findingLines(findings, colours, columns),
  ];
}

function signatureLine(signature: DecodedResponse["decoded"]["signature"], colours: Paint): string {
  if (signature.state === "verified")
    return `${colours.good("VERIFIED")}: it covers the ${signature.covers.toLowerCase()}, by ${terminalText(signature.source)}`;
  return `${colours.bad("NOT VERIFIED")}: ${terminalText(signature.why)}`;
}

function signatureRows(
  { embedded, algorithm }: DecodedResponse["decoded"]["signature"],
  now: Date,
): [string, string | undefined][] {
  return [
    ["certificate", embedded && `${embedded.thumbprintSha1} (SHA-1)`],
    ["", embedded && `${embedded.fingerprintSha256} (SHA-256)`],
    ["", embedded && `until ${isoSeconds(embedded.notAfter)}${expiry(embedded, now)}`],
    ["algorithm", algorithm],
  ];
}

function expiry({ notAfter }: SigningCertificate, now: Date): string {
  const left = notAfter.getTime() - now.getTime();
  if (left < 0) return `, EXPIRED ${spell(-left)} ago`;
  return left < 60 * 864e5 ? `, in ${spell(left)}` : "";
}

function fields({ decoded }: DecodedResponse, now: Date): [string, string | undefined][] {
  const { response, assertion, capture, signature } = decoded;
  const outside = signature.state === "verified" && signature.covers === "Assertion" ? " (outside the signature)" : "";
  const sent: [string, string | undefined][] = [
    ["sent to", capture.url && `${capture.url}${capture.at ? `, ${isoSeconds(capture.at)}` : ""}`],
    ["relay state", capture.relayState],
    ["status", response?.status && `${response.status}${outside}`],
    ["destination", response?.destination && `${response.destination}${outside}`],
  ];
  if (!assertion) return [...sent, ["issuer", response?.issuer]];
  const [confirmation] = assertion.confirmations;
  const pairs = rolePairs(assertion);
  const others = assertion.attributes.filter(({ name }) => !/\/(Role|RoleSessionName|SessionDuration)$/.test(name));
  return [
    ...sent,
    ["issuer", assertion.issuer],
    ["audience", assertion.audiences.join(", ") || "(none)"],
    ["recipient", confirmation?.recipient ?? "(none)"],
    ["issued", assertion.issueInstant && isoSeconds(assertion.issueInstant)],
    ["valid", validity(assertion.notBefore, assertion.notOnOrAfter, now)],
    ["session until", assertion.sessionNotOnOrAfter && isoSeconds(assertion.sessionNotOnOrAfter)],
    ["name id", assertion.nameId?.value],
    ...pairs.flatMap(({ text, roleArn, providerArn }, index): [string, string | undefined][] =>
      roleArn && providerArn
        ? [
            [pairs.length > 1 ? `role ${index + 1}` : "role", roleArn],
            ["  provider", providerArn],
          ]
        : [["role", text]],
    ),
    ["session name", awsAttribute(assertion, "RoleSessionName").join(", ") || "(none)"],
    [
      "session duration",
      awsAttribute(assertion, "SessionDuration")
        .map((text) => `${text} s`)
        .join(", ") || undefined,
    ],
    ...others.map(({ name, values }): [string, string] => ["attribute", `${shortName(name)} = ${values.join(", ")}`]),
  ];
}

const shortName = (name: string) => (name.startsWith(`${ATTRIBUTES}/`) ? name.slice(ATTRIBUTES.length + 1) : name);

function validity(from: Date | undefined, to: Date | undefined, now: Date): string | undefined {
  if (!from && !to) return undefined;
  const left = to ? to.getTime() - now.getTime() : 0;
  const state = !to ? "" : left > 0 ? `, ${spell(left)} left` : `, ended ${spell(-left)} ago`;
  return `${from ? isoSeconds(from) : "…"} to ${to ? isoSeconds(to) : "…"}${state}`;
}

export function findingLines(findings: Finding[], colours: Paint, columns?: number): string[] {
  if (findings.length === 0) return [`${colours.good("✔")} nothing wrong was found`];
  const mark = { error: colours.bad("✘"), warning: colours.busy("!"), note: colours.dim("·") };
  const order = { error: 0, warning: 1, note: 2 };
  return [...findings]
    .sort((a, b) => order[a.level] - order[b.level])
    .flatMap(({ level, what, seen, fix }) => [
      wrap(`${mark[level]} ${terminalText(what)}`, columns, 2),
      ...(seen ? [wrap(colours.dim(`  the person sees: ${terminalText(seen)}`), columns, 4)] : []),
      ...(fix ? [wrap(`  → ${terminalText(fix)}`, columns, 4)] : []),
    ]);
}

/** Dates as ISO 8601 strings. */
export function decodedData({ decoded, comparison, findings }: DecodedResponse) {
  const { signature, assertion, response, capture, encrypted } = decoded;
  const certificate = (one: SigningCertificate) => ({
    thumbprint: one.thumbprintSha1,
    fingerprint: one.fingerprintSha256,
    notAfter: one.notAfter,
  });
  const label = (one: { metadata: { namespace: string; name: string } } | undefined) =>
    one ? { namespace: one.metadata.namespace, name: one.metadata.name } : null;
  return {
    signature: {
      verified: signature.state === "verified",
      ...(signature.state === "verified"
        ? { covers: signature.covers, source: signature.source, certificate: certificate(signature.certificate) }
        : { why: signature.why }),
      ...(signature.embedded ? { embedded: certificate(signature.embedded) } : {}),
      ...(signature.algorithm ? { algorithm: signature.algorithm } : {}),
    },
    capture,
    encrypted,
    response: response ?? null,
    assertion: assertion
      ? {
          ...assertion,
          roles: rolePairs(assertion),
          roleSessionName: awsAttribute(assertion, "RoleSessionName")[0] ?? null,
          sessionDuration: awsAttribute(assertion, "SessionDuration")[0] ?? null,
        }
      : null,
    persona: label(comparison.persona),
    user: label(comparison.user),
    findings,
  };
}
