/**
 * X12: what stands in the clouds under hostile names, through the commands that show it: no control character, no turned direction, no line,
 * document, mention or markup of its own, and data that reads back as it was.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { parse, parseAllDocuments } from "yaml";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { run } from "../cli/support.ts";
import { INSTANCE, INSTANCE_ARN, persona, world } from "../e2e/support.ts";
import { AGENTS, personaByHand, sharedPoliciesByHand, whereOf } from "../support/by-hand.ts";

/** Escape, C1 control, line ends of three kinds, direction, markup, a mention, a document. */
const EVIL =
  'x\u001b]0;owned\u0007\u001b[2J\u009b31m\u202egnp\u2028y\r\n---\nkind: ConnectUser\n# <img src=x onerror="alert(1)"> ![p](https://evil.example/p.png) @org/team #1 ```';
const UNSAFE = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

let sandbox: Sandbox;
const folder = mkdtempSync(join(tmpdir(), "hostile-"));
const cli = (...args: string[]) => run(args, { env: sandbox.env });

beforeAll(async () => {
  const base = world();
  const [instance] = base.instances!;
  sandbox = await startSandbox({
    world: {
      ...base,
      users: ["jane", "omar"].map((name) => ({
        userPrincipalName: `${name}@example.com`,
        mail: `${name}@example.com`,
        displayName: `${name} ${EVIL}`,
        givenName: name,
        surname: `D ${EVIL}`,
      })),
      groups: [{ displayName: `Agents ${EVIL}`, members: ["omar@example.com"] }],
      instances: [
        {
          ...instance!,
          securityProfiles: ["Admin", "Agent", `Agent ${EVIL}`],
          routingProfiles: [`Basic ${EVIL}`],
        },
      ],
      applications: [{ displayName: `Payroll ${EVIL}`, identifierUris: ["https://signin.aws.amazon.com/saml#9"] }],
      behaviour: { ...base.behaviour, timeScale: 3600, seed: 1 },
    },
  });
  delete process.env.AWS_SESSION_TOKEN;
  Object.assign(process.env, sandbox.env);
  const where = whereOf(sandbox, INSTANCE);
  await sharedPoliciesByHand(where);
  await personaByHand(sandbox, where, {
    ...AGENTS,
    displayName: `Connect ${EVIL}`,
    securityProfile: `Agent ${EVIL}`,
    assigned: ["jane@example.com"],
    groups: [`Agents ${EVIL}`],
  });
  writeFileSync(
    join(folder, "wrong.yaml"),
    JSON.stringify(
      persona("wrong", {
        application: { displayName: `Connect two ${EVIL}`, groups: [{ displayName: `Nobody ${EVIL}` }] },
        connectUsers: { securityProfiles: [`Agnt ${EVIL}`], routingProfile: `Basik ${EVIL}` },
      }),
    ),
  );
});
afterAll(() => sandbox?.close());

test("X12: import writes the manifests that it found and no others, in each form", async () => {
  const find = (...more: string[]) => cli("import", "--instance", INSTANCE_ARN, "-n", "team", ...more);
  const [text, json, yaml] = await Promise.all([find(), find("-o", "json"), find("-o", "yaml")]);
  for (const { code, stdout, stderr } of [text!, json!, yaml!]) {
    expect([code, UNSAFE.exec(stdout)?.index, UNSAFE.exec(stderr)?.index]).toEqual([0, undefined, undefined]);
  }
  const documents = parseAllDocuments(text!.stdout).map((one) => {
    expect(one.errors).toEqual([]);
    return one.toJS() as { kind: string; spec: { application?: { displayName: string } } };
  });
  expect(documents.map(({ kind }) => kind).sort()).toEqual(["ConnectSsoPersona", "ConnectUser", "ConnectUser"]);
  const [found] = documents.filter(({ kind }) => kind === "ConnectSsoPersona");
  expect(found!.spec.application!.displayName).toBe(`Connect ${EVIL}`);
  expect(parse(yaml!.stdout)).toEqual(JSON.parse(json!.stdout));
  expect(JSON.stringify(JSON.parse(json!.stdout))).toContain(JSON.stringify(`Connect ${EVIL}`).slice(1, -1));
});

test("X12: import --out writes files inside the folder, one document each", async () => {
  const out = join(folder, "out");
  const { code } = await cli("import", "--instance", INSTANCE_ARN, "-n", "team", "--out", out);
  expect(code).toBe(0);
  const files = readdirSync(out, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  expect(files).toHaveLength(3);
  for (const { name, parentPath } of files) {
    expect(name).toMatch(/^[a-z0-9.-]+\.yaml$/);
    const text = readFileSync(join(parentPath, name), "utf8");
    expect(text).not.toMatch(UNSAFE);
    expect(parseAllDocuments(text)).toHaveLength(1);
  }
});

test.each<[string[]]>([
  [["plan", "-f", "out"]],
  [["plan", "-f", "out", "-o", "markdown"]],
  [["plan", "-f", "out", "-o", "json"]],
  [["plan", "-f", "out", "-o", "yaml"]],
  [["plan", "-f", "wrong.yaml"]],
  [["plan", "-f", "wrong.yaml", "-o", "markdown"]],
  [["plan", "-f", "wrong.yaml", "-o", "json"]],
  [["status", "-f", "out"]],
  [["status", "-f", "wrong.yaml", "-o", "yaml"]],
  [["doctor", "-f", "out"]],
  [["doctor", "-f", "wrong.yaml", "-o", "json"]],
  [["why", "jane@example.com", "-f", "out"]],
  [["why", "jane@example.com", "-f", "out", "-o", "json"]],
  [["policy", "aws", "-f", "out"]],
  [["policy", "trust", "-f", "out"]],
  [["apply", "-f", "wrong.yaml", "--timeout", "5s"]],
])("X12: %j", async (args) => {
  const { stdout, stderr } = await run(args, { env: sandbox.env, cwd: folder });
  const shown = `${stdout}${stderr}`;
  expect(shown.length).toBeGreaterThan(0);
  expect(shown).not.toMatch(UNSAFE);
  // A line of its own is what a hostile name must never get.
  expect(shown.split("\n").filter((line) => line === "kind: ConnectUser" || line.startsWith("# <img"))).toEqual([]);
  if (args.includes("markdown")) {
    const prose = stdout
      .replace(/^(`{3,})diff\n[\s\S]*?\n\1$/gm, "")
      .replace(/(`+)[^`][\s\S]*?[^`]\1(?!`)/g, "")
      .replace(/<\/?(details|summary|b)( open)?>/g, "");
    expect(prose).not.toMatch(/(^|[^\\])<img|(^|[^\\])!\[|@[a-z]/);
  }
});
