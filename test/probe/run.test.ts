/** A run that is refused, interrupted, killed or resumed; and what its file does not say. */
import { readFileSync } from "node:fs";
import { CreateRoleCommand, CreateUserCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterEach, describe, expect, test } from "@jest/globals";
import { Redactor } from "../../src/probe/redact.ts";
import { type Report, readReport } from "../../src/probe/report.ts";
import { rightsOf } from "../../src/probe/rights.ts";
import { STEPS } from "../../src/probe/steps/index.ts";
import { type Harness, harness, INSTANCE } from "./support.ts";

let open: Harness | undefined;
afterEach(async () => {
  await open?.close();
  open = undefined;
});

const stepsOf = (...names: string[]) => STEPS.filter(({ name }) => names.includes(name));
const valuesOf = (report: Report) => Object.fromEntries(report.facts.map(({ fact, value }) => [fact, value]));

test("a refusal is recorded with its answer, and the other steps go on", async () => {
  open = await harness({ graphPermissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"] });
  await open.restrict({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "iam:List*", Resource: "*" }] });
  const before = await open.inventory();
  const report = await open.run({
    steps: stepsOf("claimsPolicies", "assignments", "identifiers", "trust", "userLife"),
  });
  const of = (name: string) => report.facts.find(({ fact }) => fact === name)!;
  expect(of("secondClaimsPolicy")).not.toHaveProperty("value");
  expect(of("secondClaimsPolicy").observed).toContain("403 Authorization_RequestDenied");
  expect(of("duplicateAssignment").observed).toContain("403");
  expect(of("missingProviderInTrust").observed).toContain("CreateRole was answered 403 AccessDenied");
  expect(of("usernameReuse").observed).toContain("403");
  expect(of("identifierConflict").value).toBe("details");
  expect(of("secondClaimsPolicy").requestIds.length).toBeGreaterThan(0);
  const refused = report.steps.find(({ name }) => name === "claimsPolicies")!.exchanges.at(-1)!;
  expect(refused.answer).toMatchObject({ status: 403, body: { error: { code: "Authorization_RequestDenied" } } });
  // The users could not be listed, which is said; nothing is there.
  expect(report.cleanUp.remains.join()).toContain("Connect users: could not be listed");
  expect(await open.inventory()).toEqual(before);
});

test("an error in the middle of a step does not keep the clean-up from its work", async () => {
  open = await harness({ faults: [{ match: "graph:POST*addTokenSigningCertificate", kind: "cut" }] });
  const before = await open.inventory();
  const report = await open.run({ steps: stepsOf("certificates") });
  expect(report.facts.every(({ observed }) => observed.startsWith("not settled"))).toBe(true);
  expect(report.cleanUp).toEqual({ complete: true, remains: [] });
  expect(await open.inventory()).toEqual(before);
});

test("an application whose create was not answered is found by its name", async () => {
  open = await harness({ faults: [{ match: "graph:POST*instantiate", kind: "lostAnswer" }] });
  const before = await open.inventory();
  const report = await open.run({ steps: stepsOf("newApplication") });
  expect(report.facts.every(({ value }) => value === undefined)).toBe(true);
  expect(await open.inventory()).toEqual(before);
});

test("an interrupted run cleans up, and says that it was interrupted", async () => {
  open = await harness();
  const before = await open.inventory();
  const stop = new AbortController();
  const stopping = { ...open.time, sleep: async () => stop.signal.throwIfAborted() };
  // In the middle of the second step: its user is made, and its answer is not used any more.
  open.sandbox.onExchange(({ service, operation }) => {
    if (service === "connect" && operation === "CreateUser") stop.abort(new Error("stop"));
  });
  const report = await open.run({
    steps: stepsOf("trust", "userLife", "searching"),
    time: stopping,
    cleanUpTime: open.time,
    signal: stop.signal,
  });
  expect(report.state).toBe("interrupted");
  expect(valuesOf(report)).toMatchObject({ missingProviderInTrust: "accepted" });
  expect(report.cleanUp).toEqual({ complete: true, remains: [] });
  expect(await open.inventory()).toEqual(before);
});

test("what a killed run left is deleted by the next one, which settles what is open", async () => {
  open = await harness();
  const before = await open.inventory();
  // Killed: neither its step nor its clean-up goes on.
  const dead = new Promise<never>(() => {});
  let reached = () => {};
  const stuck = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const time = {
    ...open.time,
    sleep: () => {
      reached();
      return dead;
    },
  };
  void open.run({ steps: stepsOf("trust", "userLife"), time });
  await stuck;
  const left = await open.inventory();
  expect(left).not.toEqual(before);
  const killed = readReport(open.out);
  expect(killed.state).toBe("running");
  const report = await open.run({
    steps: stepsOf("trust", "userLife"),
    resumed: killed,
    redactor: new Redactor("resumed1-"),
  });
  expect(report).toMatchObject({ run: killed.run, resumed: 1, state: "finished", cleanUp: { complete: true } });
  expect(valuesOf(report)).toMatchObject({ missingProviderInTrust: "accepted", usernameReuse: "atOnce" });
  expect(await open.inventory()).toEqual(before);
});

test("only what carries the run's own name is deleted", async () => {
  open = await harness({}, { applications: [{ displayName: "connect-sso-probe-0123456789-of-another" }] });
  const before = await open.inventory();
  await open.run({ steps: stepsOf("newApplication") });
  expect(await open.inventory()).toEqual(before);
});

test("what others named like the run before it stays: a name that contains the run's, another run's, another IAM path", async () => {
  const own = "connect-sso-probe-0123456789";
  const others = [`of ${own}`, "connect-sso-probe-0123456788-x"];
  open = await harness(
    {},
    {
      applications: others.map((displayName) => ({ displayName })),
      instances: [
        {
          id: INSTANCE.split("/")[1]!,
          region: "eu-central-1",
          securityProfiles: ["Admin", "Agent"],
          routingProfiles: ["Basic"],
          users: [{ username: `a.${own}` }, { username: "connect-sso-probe-0123456788.b" }],
        },
      ],
    },
  );
  const iam = new IAMClient({ region: "us-east-1" });
  await iam.send(new CreateUserCommand({ UserName: `${own}-user` }));
  await iam.send(new CreateUserCommand({ UserName: "connect-sso-probe-0123456788-user", Path: "/connect-sso-probe/" }));
  await iam.send(
    new CreateRoleCommand({
      RoleName: `${own}-role`,
      Tags: [{ Key: "connectsso.dev/owner", Value: own }],
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: "connect.amazonaws.com" }, Action: "sts:AssumeRole" }],
      }),
    }),
  );
  const before = await open.inventory();
  const resumed = { run: "0123456789", resumed: 0, began: "2026-01-01T00:00:00Z", facts: [], steps: [] };
  const report = await open.run({
    steps: stepsOf("newApplication", "trust", "userLife"),
    resumed: resumed as unknown as Report,
  });
  expect(report.run).toBe("0123456789");
  expect(await open.inventory()).toEqual(before);
});

test.each([
  ["another kind", { kind: "x", run: "0123456789", facts: [] }],
  ["a part of a name", { kind: "connect-sso probe", run: "01", facts: [] }],
  ["no name", { kind: "connect-sso probe", run: "", facts: [] }],
])("a file with %s is not resumed", async (_, content) => {
  const { writeFileSync, mkdtempSync } = await import("node:fs");
  const file = `${mkdtempSync("/tmp/probe-")}/file.json`;
  writeFileSync(file, JSON.stringify(content));
  expect(() => readReport(file)).toThrow("is not the file of a probe");
});

test("rights name what the chosen steps call, and no right over what others made in IAM", () => {
  const rights = rightsOf(stepsOf("trust"));
  expect(rights.graph).toEqual([]);
  const { Statement } = rights.aws as { Statement: { Sid: string; Action: string[]; Resource: string | string[] }[] };
  expect(Statement.map(({ Sid }) => Sid)).toEqual(["Find", "OwnObjects"]);
  for (const { Action, Resource } of Statement)
    if (Resource === "*") expect(Action.every((one) => /:(List|Search|Describe)/.test(one))).toBe(true);
  expect(rightsOf(stepsOf("claimsPolicies")).aws).toBeUndefined();
});

describe("redaction", () => {
  const exchange = (body: unknown, request: { path: string; body?: string } = { path: "/x" }) => ({
    service: "graph" as const,
    operation: "GET /x",
    at: 0,
    seconds: 0,
    request: { method: "GET", ...request },
    answer: { status: 200, requestId: "r", body: typeof body === "string" ? body : JSON.stringify(body) },
  });
  const NAME = "Marla Zebrafinch";
  const ID = "9d8e7f6a-1111-4222-8333-444455556666";
  const KEY = "AKIAZEBRAFINCH000000";
  const ARN = `arn:aws:iam::123456789012:role/${NAME.replace(" ", "-")}`;
  const CASES: [what: string, body: unknown, path: string, sent?: string][] = [
    [
      "a name in a field and in a message",
      { displayName: NAME, error: { code: "x", message: `'${NAME}' exists` } },
      "/x",
    ],
    ["an id in a path and in a link", { "@odata.context": `https://h/v1.0/$metadata#users('${ID}')` }, `/users/${ID}`],
    ["a key in a list of pairs", { value: [{ key: "ClientSecret", value: KEY }] }, "/x"],
    ["a name of a tag", { tags: { [KEY]: NAME } }, "/x"],
    [
      "a document inside a string",
      { definition: [JSON.stringify({ Name: NAME, Principal: { Federated: ARN } })] },
      "/x",
    ],
    ["XML", `<R><Role><Arn>${ARN}</Arn><RoleName>${NAME}</RoleName></Role></R>`, "/"],
    ["a form", "<R/>", "/", `Action=CreateRole&RoleName=${encodeURIComponent(NAME)}&Tags.member.1.Value=${KEY}`],
    ["an encoded ARN in a path", {}, `/tags/${encodeURIComponent(ARN)}`],
    ["an unknown body", `plain ${NAME} ${KEY}`, "/x"],
    ["a query", {}, `/users?$filter=startswith(userPrincipalName,'marla@zebrafinch.example')`],
    ["a token", { access: `eyJhbGciOiJub25lIn0.${Buffer.from(NAME).toString("base64url")}.` }, "/x"],
  ];
  test.each(CASES)("%s", (...[, body, path, sent]) => {
    const redactor = new Redactor();
    redactor.hide("key", KEY);
    const text = JSON.stringify(redactor.exchange(exchange(body, { path, ...(sent && { body: sent }) })));
    for (const secret of [NAME, ID, KEY, ARN, "zebrafinch", "Zebrafinch", "123456789012", encodeURIComponent(NAME)])
      expect(text).not.toContain(secret);
  });
  test("the same value has the same placeholder, and words of the API stay", () => {
    const redactor = new Redactor();
    const { answer } = redactor.exchange(
      exchange({ id: ID, appId: ID, type: "AsymmetricX509Cert", isEnabled: true, count: 3 }),
    );
    expect(answer?.body).toEqual({
      id: "{id-1}",
      appId: "{id-1}",
      type: "AsymmetricX509Cert",
      isEnabled: true,
      count: 3,
    });
  });
  test("the file is for its owner alone", async () => {
    open = await harness();
    await open.run({ steps: stepsOf("trust") });
    const { statSync } = await import("node:fs");
    expect(statSync(open.out).mode & 0o077).toBe(0);
    expect(JSON.parse(readFileSync(open.out, "utf8"))).toMatchObject({ kind: "connect-sso probe", state: "finished" });
  });
});
