/** How commands are declared, asked for and answered, without any cloud. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { command } from "../../src/cli/command.ts";
import { failingFirst, totals } from "../../src/cli/commands/status.ts";
import { clusterNameOf } from "../../src/cli/controller-name.ts";
import { labelSelector } from "../../src/cli/label-selector.ts";
import { run } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "connect-sso-command-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("an option that the function reads and the command does not declare does not compile", () => {
  const rest = { summary: "s", examples: [], exitCodes: {} };
  const good = command({
    ...rest,
    name: "good",
    options: [
      { flags: "-n, --dry-run", description: "d" },
      { flags: "--no-wait", description: "w" },
    ],
    run: async () => async (_name: string, options: { dryRun?: boolean; wait: boolean }) => Number(options.wait),
  });
  expect(good.options).toHaveLength(2);
  command({
    ...rest,
    name: "misspelt",
    options: [{ flags: "--dry-run", description: "d" }],
    // @ts-expect-error: the option is called dryRun
    run: async () => async (options: { dryrun?: boolean }) => Number(options.dryrun),
  });
});

describe("label selectors", () => {
  const labels = { team: "a", tier: "prod" };
  test.each([
    ["team=a", true],
    ["team==a,tier=prod", true],
    ["team=b", false],
    ["team!=b", true],
    ["zone!=x", true],
    ["team", true],
    ["zone", false],
    ["!zone", true],
    ["!team", false],
    ["team in (a, b),tier", true],
    ["team in (b)", false],
    ["team notin (b)", true],
    ["zone notin (b)", true],
    ["team notin (a)", false],
  ])("%s: %s", (text, expected) => {
    expect(labelSelector(text)(labels)).toBe(expected);
  });
  test("what is none is refused", () => {
    for (const text of ["", "team=a,", "a b", "team in a"])
      expect(() => labelSelector(text)).toThrow(/is not a label selector/);
  });
});

describe("status", () => {
  const object = (kind: string, name: string, ready: string | undefined, persona?: string) =>
    ({
      kind,
      metadata: { name, namespace: "team" },
      spec: { personaRef: { name: persona } },
      status: {
        conditions: [
          { type: "Ready", status: ready === "True" ? "True" : "False", reason: ready === "Suspended" ? ready : "X" },
        ],
      },
    }) as unknown as ConnectSsoPersona | ConnectUser;
  const all = [
    object("ConnectSsoPersona", "good", "True"),
    object("ConnectSsoPersona", "bad", "True"),
    object("ConnectUser", "jane", "True", "good"),
    object("ConnectUser", "omar", "Suspended", "good"),
    object("ConnectUser", "eve", "False", "bad"),
  ];

  test("counts", () => {
    expect(totals(all)).toBe("2 personas, 2 Ready; 3 users, 1 Ready, 1 not Ready, 1 suspended.");
    expect(totals(all.slice(0, 1))).toBe("1 persona, 1 Ready.");
  });
  test("personas with trouble come first", () => {
    expect(failingFirst(all).map(({ metadata }) => metadata.name)).toEqual(["bad", "eve", "good", "jane", "omar"]);
  });
});

test.each([
  [["run", "--cluster-name=prod"], "prod"],
  [["node", "main.js", "run", "--cluster-name", "dev", "--leader-elect"], "dev"],
  [["run", "--leader-elect"], "default"],
  [["sandbox", "--cluster-name=no"], undefined],
])("the cluster name of a controller's command line %j", (args, expected) => {
  expect(clusterNameOf(args)).toBe(expected);
});

describe("messages", () => {
  const config = (contexts: string[]) => ({
    clusters: [{ name: "c", cluster: { server: "http://127.0.0.1:1" } }],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: contexts.map((name) => ({ name, context: { cluster: "c", user: "u" } })),
    "current-context": contexts[0],
  });
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  test("a context that does not exist is named with those that do", async () => {
    const file = write("kubeconfig", JSON.stringify(config(["one", "two"])));
    const { code, stderr } = await run(["status", "--kubeconfig", file, "--context", "nope"]);
    expect(stderr).toMatch(/^connect-sso: the kubeconfig has no context nope; it has one, two\n/);
    expect(code).toBe(1);
  });
  test("a broken kubeconfig is named", async () => {
    const file = write("broken", "clusters: [");
    const { code, stderr } = await run(["status"], { env: { KUBECONFIG: file } });
    expect(stderr).toContain(`connect-sso: the kubeconfig ${file} cannot be read: `);
    expect(code).toBe(1);
  });
  test("a missing argument points to the help of the command", async () => {
    const { code, stderr } = await run(["why"]);
    expect(stderr).toContain("(connect-sso why --help shows its arguments and options)");
    expect(code).toBe(1);
  });
  test("a port that is taken says how to go on", async () => {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await run(["sandbox", "--listen", `127.0.0.1:${port}`]);
    server.close();
    expect(stderr).toMatch(/EADDRINUSE.*\n {2}another process listens there: .*--listen/);
    expect(code).toBe(1);
  });
  test("what cannot be undone is not done unasked where there is no terminal", async () => {
    const { code, stderr } = await run(["recreate", "nora", "-f", "examples/recommended", "--sandbox"]);
    expect(stderr).toMatch(/this cannot be undone, and there is no terminal to ask on\n {2}add --yes/);
    expect(code).toBe(1);
  });
  test("an overlay of kustomize is not read raw", async () => {
    write("kustomization.yaml", "resources: [../base]\nnamePrefix: prod-\n");
    write("persona.yaml", "apiVersion: connectsso.dev/v1alpha1\n");
    const { code, stderr } = await run(["plan", "-f", folder, "--sandbox"]);
    expect(stderr).toContain(`kubectl kustomize ${folder} | connect-sso plan -f -`);
    expect(code).toBe(1);
  });
});
