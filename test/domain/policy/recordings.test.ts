/** Documents that IAM took or refused (recorded): the evaluator reads all that it took, and says so where it cannot tell. */
import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { readDocument } from "../../../src/domain/policy/document.ts";
import { evaluate } from "../../../src/domain/policy/evaluate.ts";

const FILE = new URL("../../../../shared/recordings/iam/policy-document-validation.json", import.meta.url);
interface Entry {
  request: { body: { PolicyDocument: string } };
  response: { status: number; body: { Error?: { Message: string } } };
}
const entries: Entry[] = existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : [];

test("every document that IAM took can be read and evaluated", () => {
  if (entries.length === 0) console.log("../shared/recordings is absent: nothing was read");
  for (const { request, response } of entries) {
    if (response.status !== 200) continue;
    const { PolicyDocument } = request.body;
    expect(readDocument(PolicyDocument).length).toBeGreaterThan(0);
    const ask = { action: "s3:ListBucket", resource: "arn:aws:s3:::example_bucket" };
    expect(["allowed", "denied", "not known"]).toContain(
      evaluate({ policies: [{ name: "p", document: PolicyDocument }] }, ask).verdict,
    );
  }
});

test("what IAM calls a syntax error of the grammar cannot be read, and nothing is concluded from it", () => {
  for (const { request, response } of entries) {
    if (response.body.Error?.Message !== "Syntax errors in policy.") continue;
    let readable = true;
    try {
      readDocument(request.body.PolicyDocument);
    } catch {
      readable = false;
    }
    // An Id or Sid that is no string, and a field beside Statement, change no decision: they are read past.
    if (readable) expect(request.body.PolicyDocument).toMatch(/"Id": \{|"Sid": \{|"Extra field"/);
  }
});
