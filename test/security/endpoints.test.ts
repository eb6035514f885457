/** Credentials go to https only, unless a process flag says that this is a sandbox. A persona cannot name an endpoint at all. */
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { CRDS } from "../../src/api/generated/crds.ts";
import { checkEndpoints } from "../../src/providers/aws/clients.ts";
import { createGraphTenants } from "../../src/providers/graph/index.ts";
import { program } from "../cli/program.ts";

const before = { ...process.env };
beforeEach(() => {
  for (const name of Object.keys(process.env)) if (/^(AWS_ENDPOINT|CONNECT_SSO)/.test(name)) delete process.env[name];
});
afterEach(() => {
  process.env = { ...before };
});

test.each(["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IAM", "AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL_CONNECT"])(
  "%s with http is refused, with the flag or https it is taken",
  (name) => {
    expect(() => checkEndpoints({ [name]: "http://169.254.1.1/" }, false)).toThrow(`${name} is not https`);
    expect(() => checkEndpoints({ [name]: "http://127.0.0.1:4180/" }, true)).not.toThrow();
    expect(() => checkEndpoints({ [name]: "https://vpce.example.com/" }, false)).not.toThrow();
  },
);

test.each(["CONNECT_SSO_GRAPH_URL", "CONNECT_SSO_LOGIN_URL"])("%s with http is refused", (name) => {
  process.env[name] = "http://graph.example.com";
  expect(() => createGraphTenants({ onCall() {} } as never)).toThrow(/https/);
});

test("the program says so before it makes a call", async () => {
  const env = {
    AWS_ENDPOINT_URL_IAM: "http://10.0.0.1/",
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: "x",
  };
  const { code, stderr } = await program(["plan", "-f", "examples/recommended"], { env });
  expect([code, stderr]).toEqual([1, expect.stringContaining("AWS_ENDPOINT_URL_IAM is not https")]);
});

test("no field of a resource is an endpoint", () => {
  const text = JSON.stringify(CRDS.map(({ spec }) => spec.versions[0]!.schema.openAPIV3Schema.properties.spec));
  expect([...text.matchAll(/"(\w*(?:endpoint|url)\w*)":\{/gi)].map(([, name]) => name)).toEqual([]);
});
