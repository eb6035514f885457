/** `apply` and `delete` over folders, with plan files, --watch and interruptions, against one running sandbox. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectClient, ListUsersCommand } from "@aws-sdk/client-connect";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { INSTANCE, persona, user, world } from "../e2e/support.ts";
import { type RunOptions, run } from "./support.ts";

let sandbox: Sandbox;
const folder = mkdtempSync(join(tmpdir(), "connect-sso-apply-"));
const declare = (name: string, object: object) => writeFileSync(join(folder, `${name}.yaml`), JSON.stringify(object));
const cli = (args: string[], options: RunOptions = {}) =>
  run(args, { ...options, env: { ...sandbox.env, ...options.env } });
const writes = () => sandbox.log.filter(({ writes, status }) => writes && status < 300).length;

beforeAll(async () => {
  sandbox = await startSandbox({ world: world() });
  declare("agents", persona("agents"));
  declare("jane", user("jane", "agents"));
});
afterAll(async () => {
  await sandbox?.close();
  rmSync(folder, { recursive: true, force: true });
});

const usernames = async () => {
  const connect = new ConnectClient({
    region: "us-east-1",
    endpoint: sandbox.env.AWS_ENDPOINT_URL_CONNECT!,
    credentials: { accessKeyId: sandbox.env.AWS_ACCESS_KEY_ID!, secretAccessKey: sandbox.env.AWS_SECRET_ACCESS_KEY! },
  });
  const { UserSummaryList = [] } = await connect.send(new ListUsersCommand({ InstanceId: INSTANCE }));
  return UserSummaryList.map(({ Username }) => Username).sort();
};

describe("apply", () => {
  it("does what was reviewed: a plan file, lines as it goes, the tree as its result", async () => {
    const file = join(folder, "plan.json.tmp");
    const planned = await cli(["plan", "-f", folder, "--out", file]);
    expect(planned.code).toBe(2);
    expect(readFileSync(file, "utf8")).not.toMatch(/AKIA|SecretToken|BEGIN/);
    const { code, stdout, stderr } = await cli(["apply", file]);
    expect(stdout).toMatch(
      /^✔ ConnectSsoPersona team\/agents .*\n├─ Entra ✔ .*\n├─ IAM ✔ .*\n└─ ✔ 1 user Ready jane\n$/,
    );
    expect(stderr).toMatch(/^ +\d+s ✔ ConnectSsoPersona\/agents RoleReady {2}arn:aws:iam::111122223333:role/m);
    expect(stderr).toMatch(/^ +\d+s ✔ ConnectUser\/jane Ready$/m);
    expect(code).toBe(0);

    const before = writes();
    const again = await cli(["apply", file]);
    expect(again.stderr).toMatch(
      /^connect-sso: the plan no longer fits: .*ConnectSsoPersona team\/agents.*; nothing was applied\n/,
    );
    expect(again.code).toBe(1);
    expect(writes()).toBe(before);
  });

  it("a second time writes nothing, and json holds every condition", async () => {
    const before = writes();
    const { code, stdout } = await cli(["apply", "-f", folder, "-o", "json"]);
    const { resources } = JSON.parse(stdout);
    expect(resources.map(({ name, ready }: { name: string; ready: boolean }) => [name, ready])).toEqual([
      ["agents", true],
      ["jane", true],
    ]);
    expect([code, writes()]).toEqual([0, before]);
    const plan = await cli(["plan", "-f", folder]);
    expect(plan.stdout).toBe("As declared: team/agents team/jane\n\nNothing to do: the clouds are as declared.\n");
    expect(plan.code).toBe(0);
  });

  it("--dry-run says what it would do and writes nothing", async () => {
    const before = writes();
    const input = JSON.stringify(persona("later"));
    const { code, stdout } = await cli(["apply", "-f", "-", "--dry-run"], { input });
    expect(stdout).toMatch(/\+ Entra: application Connect later/);
    expect([code, writes()]).toEqual([2, before]);
  });

  it("ends, without waiting for its time, when a refused persona holds its users up", async () => {
    const broken = persona("broken", {
      connectUsers: { securityProfiles: ["Nobody"], routingProfile: "Basic Routing Profile" },
    });
    const input = [broken, user("omar", "broken")].map((one) => JSON.stringify(one)).join("\n---\n");
    const { code, stdout, stderr } = await cli(["apply", "-f", "-"], { input });
    expect(stdout).toMatch(/UnknownSecurityProfile: The instance has no security profile Nobody/);
    expect(stderr).not.toMatch(/not within/);
    expect(code).toBe(1);
  });

  it("what is suspended is left alone, and that is well", async () => {
    const input = JSON.stringify(persona("later", { suspend: true }));
    const { code, stdout } = await cli(["apply", "-f", "-"], { input });
    expect(stdout).toMatch(/ConnectSsoPersona team\/later .* suspended/);
    expect(code).toBe(0);
  });

  it("ends with 130 when interrupted, and says how far it came", async () => {
    const input = JSON.stringify(user("omar", "nowhere"));
    const { code, stdout } = await cli(["apply", "-f", "-", "--timeout", "5m"], {
      input,
      onErrors: (text, stop) => {
        if (/PersonaNotFound/.test(text)) stop();
      },
    });
    expect(stdout).toMatch(/ConnectUser team\/omar/);
    expect(code).toBe(130);
  });

  it("--watch follows the files: a new user is made, a removed one loses its role; Ctrl-C ends it", async () => {
    const stages: string[] = [];
    const { code, stderr } = await cli(["apply", "-f", folder, "--watch", "--poll-interval", "2s"], {
      onErrors(text, stop) {
        if (stages.length === 0 && /ConnectUser\/jane Ready/.test(text)) {
          stages.push("converged");
          declare("omar", user("omar", "agents", { deletionPolicy: "Delete" }));
        }
        if (stages.length === 1 && /ConnectUser\/omar Ready/.test(text)) {
          stages.push("made");
          rmSync(join(folder, "omar.yaml"));
          const timer = setInterval(async () => {
            if ((await usernames()).includes("omar@example.com")) return;
            clearInterval(timer);
            stages.push("gone");
            stop();
          }, 200);
        }
      },
    });
    expect(stages).toEqual(["converged", "made", "gone"]);
    expect(stderr).not.toMatch(/Error|Stalled/);
    expect(code).toBe(0);
  });
});

describe("what is not declared any more", () => {
  it("is told by plan and left alone by apply; delete takes it away as its deletionPolicy says", async () => {
    const omar = JSON.stringify(user("omar", "agents", { deletionPolicy: "Delete" }));
    const both = `${readFileSync(join(folder, "agents.yaml"), "utf8")}\n---\n${omar}`;
    expect((await cli(["apply", "-f", "-"], { input: both })).code).toBe(0);
    const plan = await cli(["plan", "-f", folder]);
    expect(plan.stdout).toMatch(/^ {2}\? ConnectUser team\/omar # Connect user omar@example.com$/m);
    expect(plan.code).toBe(0);
    expect(await usernames()).toContain("omar@example.com");

    const dry = await cli(["delete", "-f", "-", "--among", folder, "--dry-run"], { input: omar });
    expect(dry.stdout).toBe(
      "- ConnectUser team/omar: would delete the Connect user (role assignment, Connect user omar@example.com)\nDry run: nothing was deleted.\n",
    );
    expect(dry.code).toBe(0);
    const alone = await cli(["delete", "-f", "-"], { input: omar });
    expect(alone.stderr).toMatch(/persona agents is not declared here, so nothing is deleted\n {2}.*--among/);
    const foreign = await cli(["delete", "-f", "-", "--among", folder, "--cluster-name", "prod"], { input: omar });
    expect(foreign.stderr).toMatch(
      /nothing was deleted: ConnectUser team\/omar \(Connect user omar@example.com\) belongs to cluster folder\n.*--cluster-name folder$/m,
    );
    expect([alone.code, foreign.code]).toEqual([1, 1]);
    expect(await usernames()).toContain("omar@example.com");

    const { code, stdout } = await cli(["delete", "-f", "-", "--among", folder], { input: omar });
    expect(stdout).toBe("✔ ConnectUser team/omar: the Connect user is deleted\n");
    expect(code).toBe(0);
    expect(await usernames()).toEqual(["jane@example.com"]);
    expect((await cli(["plan", "-f", folder])).stdout).not.toMatch(/not declared/i);
    const never = JSON.stringify(user("nobody", "agents"));
    for (const input of [omar, never]) {
      const again = await cli(["delete", "-f", "-", "--among", folder], { input });
      expect(again.stdout).toMatch(/^· ConnectUser team\/\w+: nothing of it was found, so nothing was deleted\n$/);
      expect(again.code).toBe(2);
    }
  });

  it("delete of a persona with Retain leaves everything; with Delete nothing of it stays", async () => {
    const before = writes();
    const retained = await cli(["delete", "-f", join(folder, "agents.yaml")]);
    expect(retained.stdout).toBe(
      "✔ ConnectSsoPersona team/agents: released: its cloud objects are kept, but no longer managed\n",
    );
    expect([retained.code, writes()]).toEqual([0, before]);
    const input = [persona("agents", { deletionPolicy: "Delete" }), user("jane", "agents")]
      .map((one) => JSON.stringify(one))
      .join("\n---\n");
    const deleted = await cli(["delete", "-f", "-"], { input });
    expect(deleted.stdout).toBe(
      "✔ ConnectUser team/jane: may no longer sign in; the Connect user and its history stay\n✔ ConnectSsoPersona team/agents: application, provider, role and what belongs to them are deleted\n",
    );
    expect(deleted.code).toBe(0);
    const plan = await cli(["plan", "-f", folder, "-o", "json"]);
    const made = JSON.parse(plan.stdout).resources[0].changes.map(
      ({ verb, object }: { verb: string; object: string }) => `${verb} ${object}`,
    );
    expect(made).toEqual(
      expect.arrayContaining([
        "create IAM role connect-sso-team-agents",
        "create IAM policy connect-sso-federation-0a1b2c3d",
      ]),
    );
  });
});
