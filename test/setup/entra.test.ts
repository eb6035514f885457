/** deploy/entra: the script against an `az` that fails and lies, and Terraform and Bicep files of the same content. */
import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { federatedCredential, graphPermissions } from "../../src/domain/permissions/entra.ts";
import { CLEAN, MAIN, ROOT } from "../cli/support.ts";

const { pythonTools } = (await import("../../scripts/tools.mjs" as string)) as {
  pythonTools(name: string): Promise<string>;
};
const run = promisify(execFile);
const GRAPH = { id: "99999999-0000-4000-8000-000000000000", appId: "00000003-0000-0000-c000-000000000000" };
const ISSUER = "https://oidc.example.com/cluster/";
const TENANT = "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071";
const least = graphPermissions({ groups: false, claims: false });
const all = [
  ...new Map([...least, ...graphPermissions({ groups: true, claims: true })].map((one) => [one.name, one])).values(),
];

interface Credential {
  id?: string;
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
  description: string;
}
interface Application {
  appId: string;
  id?: string;
  displayName: string;
  signInAudience: string;
  credentials?: Credential[];
  owners?: object[];
  passwordCredentials?: object[];
}
interface State {
  account: object;
  applications: Application[];
  principals: { id: string; appId: string; appRoles?: object[]; grants: { appRoleId: string }[] }[];
  faults: { match: string; times: number; answer?: string; silent?: boolean }[];
  log: string[];
}

let folder: string;
let stateFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-entra-"));
  stateFile = join(folder, "state.json");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const script = (name: string, text: string) => {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  };
  script("az", `#!/bin/sh\nexec "${process.execPath}" "${join(ROOT, "test/setup/az.mjs")}" "$@"\n`);
  script("connect-sso", `#!/bin/sh\nexec "${process.execPath}" -- "${MAIN}" "$@"\n`);
  const appRoles = all.map(({ name, appRoleId }) => ({
    id: appRoleId,
    value: name,
    allowedMemberTypes: ["Application"],
  }));
  save({
    account: { tenantId: TENANT, user: { name: "admin@example.com" } },
    applications: [],
    principals: [{ ...GRAPH, appRoles, grants: [] }],
    faults: [],
    log: [],
  });
});
afterEach(() => rmSync(folder, { recursive: true }));

const state = (): State => JSON.parse(readFileSync(stateFile, "utf8"));
const save = (to: State) => writeFileSync(stateFile, JSON.stringify(to));
function edit(change: (of: State) => void): void {
  const now = state();
  change(now);
  save(now);
}

function setup(args: string[], input = "", path = `${join(folder, "bin")}:${CLEAN.PATH}`) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const env = { ...CLEAN, PATH: path, AZ_STATE: stateFile, SETUP_RETRY_SECONDS: "0" };
    const child = execFile(join(ROOT, "deploy/entra/setup.sh"), args, { env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
    child.stdin!.on("error", () => {}).end(input);
  });
}
const create = (...more: string[]) => setup(["--issuer", ISSUER, "--yes", ...more]);
const writes = ({ log }: State) => log.filter((line) => /create|update|delete|POST|DELETE/.test(line));
const granted = ({ principals }: State) =>
  principals.flatMap(({ grants }) => grants.map(({ appRoleId }) => appRoleId)).sort();
const idsOf = (permissions: { appRoleId: string }[]) => permissions.map(({ appRoleId }) => appRoleId).sort();
const foreign = (more: object = {}): Application => ({
  appId: "5a0db0c5-0000-4000-8000-00000000c11e",
  id: "5a0db0c5-0000-4000-8000-00000000c11f",
  displayName: "connect-sso",
  signInAudience: "AzureADMyOrg",
  ...more,
});

describe("setup.sh", () => {
  test("shows everything, asks, and creates its own application with exactly the permissions that policy entra names", async () => {
    const { code, stdout, stderr } = await setup(["--issuer", ISSUER], "yes\n");
    expect(stderr).toContain("AppRoleAssignment.ReadWrite.All: ");
    expect(stderr).toContain("! tier 0");
    expect(stderr.indexOf("Type yes to continue")).toBeGreaterThan(stderr.indexOf("tier 0"));
    expect(code).toBe(0);
    const { applications, ...rest } = state();
    expect(stdout).toBe(`AZURE_CLIENT_ID=${applications[0]!.appId}\nAZURE_TENANT_ID=${TENANT}\n`);
    expect(applications).toHaveLength(1);
    expect(applications[0]).toMatchObject({
      displayName: "connect-sso",
      signInAudience: "AzureADMyOrg",
      passwordCredentials: [],
    });
    expect(applications[0]!.credentials).toMatchObject([
      {
        issuer: ISSUER,
        subject: "system:serviceaccount:connect-sso:connect-sso",
        audiences: ["api://AzureADTokenExchange"],
      },
    ]);
    expect(granted({ applications, ...rest })).toEqual(idsOf(least));
  });

  test.each(["no\n", "", "y\n"])("%j is no consent: nothing is written", async (input) => {
    const { code, stdout, stderr } = await setup(["--issuer", ISSUER], input);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toContain("nothing was changed");
    expect(writes(state())).toEqual([]);
  });

  test("an application of that name, which anybody may have registered, is refused", async () => {
    edit(({ applications }) => applications.push(foreign()));
    const { code, stderr } = await create();
    expect(code).toBe(1);
    expect(stderr).toContain(`${foreign().appId}  created`);
    expect(stderr).toContain("pass its id: --app-id ID");
    expect(writes(state())).toEqual([]);
    const other = await create("--name", "connect-sso 'eu'");
    expect(other.code).toBe(0);
    expect(state().applications.map(({ displayName }) => displayName)).toEqual(["connect-sso", "connect-sso 'eu'"]);
  });

  test.each<[string, Partial<Application>, string]>([
    ["a secret", { passwordCredentials: [{ keyId: "x" }] }, "has secrets or certificates"],
    ["other tenants", { signInAudience: "AzureADMultipleOrgs" }, "not limited to this tenant"],
  ])("an application with %s is refused also by its id", async (_, more, message) => {
    edit(({ applications }) => applications.push(foreign(more)));
    const { code, stderr } = await create("--app-id", foreign().appId);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
    expect(writes(state())).toEqual([]);
  });

  test("owners and other credentials of a named application are shown before anything is granted", async () => {
    const credentials = [
      { name: "ci", issuer: "https://ci.example.com", subject: "deploy", audiences: [], description: "" },
    ];
    edit(({ applications }) =>
      applications.push(foreign({ owners: [{ userPrincipalName: "mallory@example.com" }], credentials })),
    );
    const { code, stderr } = await setup(["--issuer", ISSUER, "--app-id", foreign().appId]);
    expect(code).toBe(1);
    expect(stderr).toContain("mallory@example.com: can add a secret");
    expect(stderr).toContain("deploy of issuer https://ci.example.com can sign in as this application");
    expect(writes(state())).toEqual([]);
  });

  test("again: nothing to do; a new issuer, service account and feature are written, and nothing is doubled", async () => {
    await create();
    const [{ appId }] = state().applications as [Application];
    const before = writes(state()).length;
    const again = await create("--app-id", appId);
    expect(again.stderr).toContain("Nothing to do.");
    expect(again.stdout).toContain(`AZURE_CLIENT_ID=${appId}\n`);
    expect(writes(state())).toHaveLength(before);
    const moved = [
      "--issuer",
      "https://new.example.com",
      "--service-account",
      "sso/controller",
      "--features",
      "groups",
    ];
    const { code, stderr } = await setup([...moved, "--app-id", appId, "--yes"]);
    expect(code).toBe(0);
    expect(stderr).toContain(`replaces   system:serviceaccount:connect-sso:connect-sso of issuer ${ISSUER}`);
    expect(state().applications[0]!.credentials).toMatchObject([
      { issuer: "https://new.example.com", subject: "system:serviceaccount:sso:controller" },
    ]);
    expect(granted(state())).toEqual(idsOf(graphPermissions({ groups: true, claims: false })));
  });

  test("a second cluster gets a credential of its own", async () => {
    await create();
    const [{ appId }] = state().applications as [Application];
    const { code } = await setup([
      "--issuer",
      "https://second.example.com",
      "--app-id",
      appId,
      "--credential-name",
      "second",
      "--yes",
    ]);
    expect(code).toBe(0);
    expect(state().applications[0]!.credentials!.map(({ issuer }) => issuer)).toEqual([
      ISSUER,
      "https://second.example.com",
    ]);
  });

  test.each<[string, State["faults"][number], RegExp]>([
    [
      "another's application instead of the named one",
      { match: "ad app show", times: 9, answer: JSON.stringify(foreign({ appId: TENANT })) },
      /another application than/,
    ],
    [
      "nothing for the applications of that name",
      { match: "ad app list", times: 9, answer: "" },
      /did not answer with a JSON array/,
    ],
    ["a page of HTML", { match: "ad app list", times: 9, answer: "<html>" }, /did not answer with a JSON array/],
    ["nothing for the tenant", { match: "account show", times: 9, answer: "{}" }, /not signed in to a tenant/],
    [
      "another resource instead of Graph",
      { match: "ad sp show", times: 9, answer: '{"appId":"x"}' },
      /another service principal/,
    ],
    [
      "a Graph without the permissions",
      { match: "ad sp show", times: 9, answer: JSON.stringify({ ...GRAPH, appRoles: [] }) },
      /does not know Application.ReadWrite.OwnedBy/,
    ],
  ])("az answers with %s: nothing is written", async (_, fault, message) => {
    edit((of) => {
      if (fault.match === "ad app show") of.applications.push(foreign());
      of.faults.push(fault);
    });
    const { code, stdout, stderr } = await create(
      ...(fault.match === "ad app show" ? ["--app-id", foreign().appId] : []),
    );
    expect(stderr).toMatch(message);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(writes(state())).toEqual([]);
  });

  test.each(["ad sp create", "federated-credential create", "appRoleAssignments --headers"])(
    "%s fails for good: what exists is named, and the same command with its id goes on from there",
    async (match) => {
      edit(({ faults }) => faults.push({ match, times: 6 }));
      const broken = await create();
      expect(broken.code).toBe(1);
      expect(broken.stdout).toBe("");
      const [{ appId }] = state().applications as [Application];
      expect(broken.stderr).toContain(`Continue with --app-id ${appId}, or undo with --remove --app-id ${appId}`);
      expect((await create("--app-id", appId)).code).toBe(0);
      expect(granted(state())).toEqual(idsOf(least));
      expect(state().applications).toHaveLength(1);
    },
  );

  test("a refusal that passes is waited out; a grant that is only claimed is noticed", async () => {
    edit(({ faults }) =>
      faults.push({ match: "ad sp create", times: 2 }, { match: "appRoleAssignments --headers", times: 1 }),
    );
    expect((await create()).code).toBe(0);
    const [{ appId }] = state().applications as [Application];
    edit(({ faults }) => faults.push({ match: "appRoleAssignments --headers", times: 9, silent: true }));
    const { code, stderr } = await create("--app-id", appId, "--features", "groups");
    expect(code).toBe(1);
    expect(stderr).toContain("when it is read back");
  });

  test("--remove asks, revokes and deletes only the application that was named", async () => {
    await create();
    const [{ appId }] = state().applications as [Application];
    edit(({ applications }) => applications.push(foreign()));
    expect((await setup(["--remove", "--app-id", appId], "no\n")).code).toBe(1);
    expect(state().applications).toHaveLength(2);
    const { code, stderr } = await setup(["--remove", "--app-id", appId], "yes\n");
    expect(code).toBe(0);
    expect(stderr).toContain("Will revoke  5 application permissions");
    expect(stderr).toMatch(/deletedItems\/[\w-]+\/restore/);
    expect(state().applications.map((one) => one.appId)).toEqual([foreign().appId]);
    expect(granted(state())).toEqual([]);
  });

  test.each<[string, string[], RegExp]>([
    ["no issuer", [], /--issuer is missing/],
    ["a name instead of an id", ["--issuer", ISSUER, "--app-id", "connect-sso"], /needs an application \(client\) id/],
    ["--remove without an id", ["--remove"], /--remove needs --app-id/],
    ["an unknown option", ["--force"], /unknown option --force/],
    ["an issuer that is no https URL", ["--issuer", "oidc.example.com"], /--issuer wants an https URL/],
    ["an unknown feature", ["--issuer", ISSUER, "--features", "all"], /--features knows/],
  ])("%s is refused before Entra is asked to change anything", async (_, args, message) => {
    const { code, stderr } = await setup([...args, "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
    expect(writes(state())).toEqual([]);
  });

  test.each(["owner list", "ad sp list", "federated-credential list", "cloud show", "appRoleAssignments?"])(
    "%s fails for an application that was named: nothing is written",
    async (match) => {
      edit(({ applications, principals, faults }) => {
        applications.push(foreign());
        principals.push({ id: TENANT, appId: foreign().appId, grants: [] });
        faults.push({ match, times: 99 });
      });
      const { code, stdout } = await create("--app-id", foreign().appId);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(writes(state())).toEqual([]);
    },
  );

  test.each(["az", "jq", "connect-sso"])("without %s it says so", async (tool) => {
    const bin = join(folder, "few");
    mkdirSync(bin);
    const others = ["az", "jq", "connect-sso"].filter((name) => name !== tool);
    for (const name of ["bash", "cat", "env", ...others])
      writeFileSync(join(bin, name), "#!/bin/sh\nexit 0\n", { mode: 0o755 });
    rmSync(join(bin, "bash"));
    symlinkSync("/bin/bash", join(bin, "bash"));
    rmSync(join(bin, "env"));
    symlinkSync("/usr/bin/env", join(bin, "env"));
    const { code, stderr } = await setup(["--issuer", ISSUER, "--yes"], "", bin);
    expect(code).toBe(1);
    expect(stderr).toBe(`setup.sh: ${tool} was not found on the PATH\n`);
  });
});

describe("the same content elsewhere", () => {
  const file = (name: string) => readFileSync(join(ROOT, "deploy", name), "utf8");
  const combinations = [[], ["groups"], ["claims"], ["groups", "claims"]].map((features) => ({
    features,
    names: graphPermissions({ groups: features.includes("groups"), claims: features.includes("claims") })
      .map(({ name }) => name)
      .sort(),
  }));

  test("shellcheck finds nothing in the script", async () => {
    const { stdout } = await run(join(await pythonTools("setup"), "shellcheck"), [join(ROOT, "deploy/entra/setup.sh")]);
    expect(stdout).toBe("");
  }, 300_000);

  test.each(combinations)(
    "Terraform grants the same permissions for features $features",
    async ({ features, names }) => {
      // The part that needs no provider: Terraform itself evaluates it.
      const [locals] = /^locals \{[\s\S]*?^\}/m.exec(file("terraform/entra/main.tf"))!;
      const variables = file("terraform/entra/variables.tf");
      const output = 'output "permissions" {\n  value = local.permissions\n}\n';
      writeFileSync(join(folder, "main.tf"), `${locals}\n${variables}\n${output}`);
      const clusters = { prod: { issuer: ISSUER } };
      writeFileSync(join(folder, "terraform.tfvars.json"), JSON.stringify({ features, clusters }));
      const terraform = (...args: string[]) => run("terraform", args, { cwd: folder });
      await terraform("init", "-input=false");
      await terraform("apply", "-auto-approve", "-input=false");
      const { stdout } = await terraform("output", "-json", "permissions");
      expect(JSON.parse(stdout).sort()).toEqual(names);
    },
  );

  test("Bicep: the same application, credential and permissions", async () => {
    const script =
      "import json,sys; from pycep import BicepParser; print(json.dumps(BicepParser().parse(text=sys.stdin.read()), default=str))";
    const child = run(join(await pythonTools("setup"), "python"), ["-c", script]);
    child.child.stdin!.end(file("entra/bicep/main.bicep"));
    const { variables, resources } = JSON.parse((await child).stdout);
    const { arg_2, arg_3 } = variables.permissions.value.function.parameters;
    const choose = ({ operator }: { operator: { operands: Record<string, string | string[]> } }, features: string[]) =>
      operator.operands[
        features.includes(operator.operands.condition as string) ? "true_value" : "false_value"
      ] as string[];
    for (const { features, names } of combinations)
      expect([...variables.always.value, ...choose(arg_2, features), ...choose(arg_3, features)].sort()).toEqual(names);
    expect(resources.application.config).toMatchObject({ signInAudience: "AzureADMyOrg", uniqueName: "uniqueName" });
    expect(resources.graph.config.appId).toBe(GRAPH.appId);
  }, 300_000);

  test.each(["terraform/entra/main.tf", "entra/bicep/main.bicep"])(
    "%s: audience and description of the credential are the program's",
    (name) => {
      const { audiences, description } = federatedCredential(ISSUER, "connect-sso", "connect-sso");
      expect(file(name)).toContain(audiences[0]);
      expect(file(name)).toContain(description);
    },
  );
});
