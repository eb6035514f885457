import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { decodedText } from "../../src/cli/render/saml.ts";
import { paint } from "../../src/cli/render/terminal.ts";
import { checkDocument } from "../../src/domain/saml/checks.ts";
import { decode } from "../../src/domain/saml/decode.ts";
import { persona, user } from "../e2e/support.ts";
import { base64, createIdentity, ENDPOINT, type Identity, respond } from "../saml/idp.ts";
import { run } from "./support.ts";

let folder: string;
let entra: Identity;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-"));
  entra = await createIdentity();
  writeFileSync(join(folder, "idp.pem"), entra.certificate);
  writeFileSync(join(folder, "idp.cer"), Buffer.from(entra.derBase64, "base64"));
  writeFileSync(
    join(folder, "agents.yaml"),
    [persona("agents"), user("jane", "agents")].map((one) => JSON.stringify(one)).join("\n---\n"),
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What differs from run to run. */
const steady = (text: string) =>
  text
    .replaceAll(folder, "DIR")
    .replace(/\b[0-9A-F]{64}\b/g, "SHA256")
    .replace(/\b[0-9A-F]{40}\b/g, "SHA1")
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME")
    .replace(/\d+ min left/, "N min left");

test("a good login, from standard input, verified and compared", async () => {
  const input = base64(await respond(entra));
  const { code, stdout, stderr } = await run(
    ["saml", "decode", "--certificate", join(folder, "idp.pem"), "-f", join(folder, "agents.yaml")],
    { input },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(steady(stdout)).toMatchInlineSnapshot(`
   "signature         VERIFIED: it covers the assertion, by --certificate DIR/idp.pem
   certificate       SHA1 (SHA-1)
                     SHA256 (SHA-256)
                     until TIME
   algorithm         rsa-sha256
   status            Success (outside the signature)
   destination       https://signin.aws.amazon.com/saml (outside the signature)
   issuer            https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/
   audience          https://signin.aws.amazon.com/saml
   recipient         https://signin.aws.amazon.com/saml
   issued            TIME
   valid             TIME to TIME, N min left
   name id           jane@example.com
   role              arn:aws:iam::111122223333:role/connect-sso/connect-sso-team-agents
     provider        arn:aws:iam::111122223333:saml-provider/connect-sso-team-agents
   session name      jane@example.com
   session duration  28800 s
   compared with     persona team/agents, user team/jane

   ✔ nothing wrong was found
   "
  `);
});

test("a HAR file of a login that fails", async () => {
  const xml = await respond(entra, { roleSessionName: "Jane@example.com" });
  const file = join(folder, "login.har");
  writeFileSync(
    file,
    JSON.stringify({
      log: {
        entries: [
          {
            startedDateTime: new Date().toISOString(),
            request: {
              method: "POST",
              url: ENDPOINT,
              postData: {
                params: [
                  { name: "SAMLResponse", value: base64(xml) },
                  {
                    name: "RelayState",
                    value: "https://console.aws.amazon.com/",
                  },
                ],
              },
            },
          },
        ],
      },
    }),
  );
  const { code, stdout } = await run(["saml", "decode", file, "-f", join(folder, "agents.yaml")]);
  expect(code).toBe(2);
  expect(steady(stdout)).toMatchInlineSnapshot(`
   "signature         NOT VERIFIED: no certificate to verify it with; give one with --certificate
   certificate       SHA1 (SHA-1)
                     SHA256 (SHA-256)
                     until TIME
   algorithm         rsa-sha256
   sent to           https://signin.aws.amazon.com/saml, TIME
   relay state       https://console.aws.amazon.com/
   status            Success
   destination       https://signin.aws.amazon.com/saml
   issuer            https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/
   audience          https://signin.aws.amazon.com/saml
   recipient         https://signin.aws.amazon.com/saml
   issued            TIME
   valid             TIME to TIME, N min left
   name id           Jane@example.com
   role              arn:aws:iam::111122223333:role/connect-sso/connect-sso-team-agents
     provider        arn:aws:iam::111122223333:saml-provider/connect-sso-team-agents
   session name      Jane@example.com
   session duration  28800 s
   compared with     persona team/agents, user team/jane

   ✘ RoleSessionName Jane@example.com differs in case from ConnectUser team/jane (jane@example.com)
     the person sees: Access Denied. Your account has been authenticated, but has not been onboarded to this application.
   ! the relay state is https://console.aws.amazon.com/, persona team/agents has https://us-east-1.console.aws.amazon.com/connect/federate/0a1b2c3d-1111-4222-8333-444455556666?destination=%2Fconnect%2Fccp
     the person sees: another page than the persona's
   "
  `);
});

test.each([
  ["PEM", "idp.pem"],
  ["DER", "idp.cer"],
])("json, verified with %s; the document itself is nowhere in it", async (_, certificate) => {
  const xml = await respond(entra);
  const input = base64(xml);
  const { code, stdout } = await run(
    ["saml", "decode", "-", "--certificate", join(folder, certificate), "-o", "json"],
    { input },
  );
  expect(code).toBe(0);
  const { responses } = JSON.parse(stdout);
  expect(responses[0]).toMatchObject({
    signature: { verified: true, covers: "Assertion" },
    assertion: {
      roleSessionName: "jane@example.com",
      sessionDuration: "28800",
    },
    persona: null,
    findings: [],
  });
  const [, signature] = /<SignatureValue>([^<]+)/.exec(xml)!;
  expect(stdout).not.toContain(signature!.slice(0, 60));
  expect(stdout).not.toContain(input.slice(0, 60));
});

test("verified by what the status of the persona pins, and by nothing else of the response's own", async () => {
  const file = join(folder, "pinned.json");
  const pin = (identity: Identity) => {
    const fingerprint = createHash("sha256")
      .update(Buffer.from(identity.derBase64, "base64"))
      .digest("hex")
      .toUpperCase();
    writeFileSync(
      file,
      // As kubectl get -o json writes several.
      JSON.stringify({
        apiVersion: "v1",
        kind: "List",
        items: [
          persona("others"),
          { ...persona("agents"), status: { certificate: { fingerprint, thumbprint: "AB".repeat(20) } } },
        ],
      }),
    );
  };
  const input = base64(await respond(entra));
  const signature = async () => {
    const { stdout } = await run(["saml", "decode", "-f", file, "-o", "json"], { input });
    return JSON.parse(stdout).responses[0].signature;
  };
  pin(entra);
  expect(await signature()).toMatchObject({ verified: true, source: "the status of persona team/agents" });
  pin(await createIdentity());
  expect(await signature()).toMatchObject({ verified: false });
});

test("yaml is the same answer", async () => {
  const { code, stdout } = await run(["saml", "decode", "-o", "yaml"], {
    input: base64(await respond(entra)),
  });
  expect(code).toBe(0);
  expect(stdout).toMatch(/^form: base64\nresponses:\n {2}- signature:\n {6}verified: false\n/);
});

test.each([
  ["nothing that is SAML", "hello", /^connect-sso: the input is no XML, and read as base64 it holds none\n$/],
  [
    "an entity",
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    /^connect-sso: the response is refused: it holds a document type or entity declaration\n$/,
  ],
])("%s ends with 1 and one line", async (_, input, message) => {
  const { code, stdout, stderr } = await run(["saml", "decode"], { input });
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toMatch(message);
});

test("a file that is no certificate", async () => {
  const { code, stderr } = await run(["saml", "decode", "--certificate", join(folder, "agents.yaml")], {
    input: "x",
  });
  expect(code).toBe(1);
  expect(steady(stderr)).toMatch(/^connect-sso: DIR\/agents.yaml holds no certificate: /);
});

test("on a narrow terminal lines break under their values, and control characters are shown, not obeyed", async () => {
  const decoded = decode({ xml: await respond(entra, { nameId: "a\u009b31mb\u202ec" }) }, []);
  const findings = checkDocument(decoded, { now: new Date(), skewSeconds: 60 });
  const context = { form: "XML", of: 1, now: new Date(), compared: false };
  const text = decodedText([{ decoded, findings, comparison: { findings: [] } }], context, paint(false), 60);
  expect(text).toContain("name id           a\\u009b31mb\\u202ec");
  expect(text).toContain(
    `signature         NOT VERIFIED: no certificate to verify it\n${" ".repeat(18)}with; give one with --certificate`,
  );
});
