/** `connect-sso saml decode`: offline; the assertion is a bearer credential, so it is neither kept, sent nor printed as it is. */
import { readFileSync } from "node:fs";
import type { ConnectSsoPersona, ConnectUser } from "../../api/resources.ts";
import { describeCertificate, readTrust } from "../../domain/metadata.ts";
import { type Capture, MAX_INPUT_BYTES, readCapture } from "../../domain/saml/capture.ts";
import { checkDocument, type Finding } from "../../domain/saml/checks.ts";
import { type Comparison, compare, findPersona } from "../../domain/saml/compare.ts";
import { type Decoded, decode } from "../../domain/saml/decode.ts";
import type { TrustedCertificate } from "../../domain/saml/signature.ts";
import { keyOf, readManifests } from "../../manifests/read.ts";
import { CliError, duration } from "../command.ts";
import { openDeclared } from "../declared-objects.ts";
import type { ObjectOptions, OutputOptions } from "../options.ts";
import { readInput } from "../read-input.ts";
import { print } from "../render/output.ts";
import { decodedData, decodedText } from "../render/saml.ts";
import { paint, width } from "../render/terminal.ts";

interface Options extends ObjectOptions, OutputOptions {
  certificate?: string;
  at?: string;
  skew: string;
  all?: boolean;
}

export interface DecodedResponse {
  decoded: Decoded;
  comparison: Comparison;
  findings: Finding[];
}

/** 0: nothing wrong was found; 2: something that makes a login fail, or a signature that does not hold. */
export async function samlDecode(file: string | undefined, options: Options): Promise<number> {
  const now = options.at ? timeOf(options.at) : new Date();
  const given = options.certificate ? certificatesOf(options.certificate) : [];
  let capture: Capture;
  try {
    capture = readCapture(await readInput(file, MAX_INPUT_BYTES));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError((error as Error).message);
  }
  const declared = await declaredOf(options);
  const { personas = [], users = [] } = declared ?? {};
  const chosen = options.all ? capture.responses : capture.responses.slice(-1);
  const skewSeconds = duration(options.skew) / 1000;
  const responses = chosen.map((captured): DecodedResponse => {
    const decoded = refusing(() => decode(captured, given));
    const pinned = given.length > 0 ? [] : pinnedBy(decoded, personas);
    const verified = pinned.length > 0 ? refusing(() => decode(captured, pinned)) : decoded;
    const comparison = compare(verified, personas, users);
    const findings = [...checkDocument(verified, { now, skewSeconds }), ...comparison.findings];
    return { decoded: verified, comparison, findings };
  });
  const context = { form: capture.form, of: capture.responses.length, now, compared: declared !== undefined };
  print(
    {
      data: { form: capture.form, responses: responses.map((one) => decodedData(one)) },
      text: () => decodedText(responses, context, paint(), width()),
    },
    options.output,
  );
  return responses.some(({ findings }) => findings.some(({ level }) => level === "error")) ? 2 : 0;
}

function refusing<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new CliError(`the response is refused: ${(error as Error).message.split("\n")[0]}`);
  }
}

/**
 * A cluster is asked only where it is named: without options this command needs no network at all. Manifests that were written with
 * their status (kubectl get -o json) keep it here: it is what pins the certificate.
 */
async function declaredOf(
  options: Options,
): Promise<{ personas: ConnectSsoPersona[]; users: ConnectUser[] } | undefined> {
  const { filename } = options;
  const named = filename ?? options.kubeconfig ?? options.context ?? options.namespace ?? options.allNamespaces;
  if (named === undefined) return undefined;
  const declared = await openDeclared(options);
  await declared.close();
  const written = filename ? readManifests(filename, options.namespace).objects : [];
  const statusOf = <T extends ConnectSsoPersona | ConnectUser>(object: T): T => {
    const status = written.find((one) => keyOf(one) === keyOf(object))?.status;
    return status ? { ...object, status } : object;
  };
  return { personas: declared.personas().map(statusOf), users: declared.users().map(statusOf) };
}

/**
 * Status holds the fingerprint of the persona's active certificate, not the certificate: the one that the response carries is that
 * very certificate when its SHA-256 is the same.
 */
function pinnedBy(decoded: Decoded, personas: ConnectSsoPersona[]): TrustedCertificate[] {
  const persona = findPersona(decoded, personas);
  const { embedded } = decoded.signature;
  if (!persona || !embedded || persona.status?.certificate?.fingerprint !== embedded.fingerprintSha256) return [];
  const { namespace, name } = persona.metadata;
  return [{ derBase64: embedded.derBase64, source: `the status of persona ${namespace}/${name}` }];
}

/** PEM (one or several), DER, or SAML metadata with its signing certificates. */
function certificatesOf(path: string): TrustedCertificate[] {
  const source = `--certificate ${path}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
  const text = bytes.toString("utf8");
  try {
    if (/^\uFEFF?\s*</.test(text))
      return readTrust(text).signingCertificates.map(({ derBase64 }) => ({ derBase64, source }));
    const blocks = [...text.matchAll(/-----BEGIN CERTIFICATE-----([\s\S]+?)-----END CERTIFICATE-----/g)];
    const encoded =
      blocks.length > 0 ? blocks.map(([, block]) => block!) : [bareBase64(text) ?? bytes.toString("base64")];
    return encoded.map((one) => ({ derBase64: describeCertificate(one).derBase64, source }));
  } catch (error) {
    throw new CliError(`${path} holds no certificate: ${(error as Error).message.split("\n")[0]}`, {
      hint: "give PEM or DER (Entra: Certificate (Base64) or (Raw)), or the Federation Metadata XML",
    });
  }
}

const bareBase64 = (text: string) => (/^[A-Za-z0-9+/=\s]+$/.test(text) ? text : undefined);

function timeOf(text: string): Date {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) throw new CliError(`--at wants a time like 2026-11-24T15:00:00Z, not ${text}`);
  return at;
}
