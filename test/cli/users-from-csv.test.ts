import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { persona, user } from "../e2e/support.ts";
import { run } from "./support.ts";

let folder: string;
const HEAD =
  "first name,last name,email address,password,user login,routing profile name,security_profile_name_1|security_profile_name_2";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-"));
  writeFileSync(
    join(folder, "agents.yaml"),
    [persona("agents"), user("omar", "agents")].map((one) => JSON.stringify(one)).join("\n---\n"),
  );
  writeFileSync(
    join(folder, "good.csv"),
    `${HEAD}\nJane,Doe,jane@mail.example,F@keP@ssw0rd,jane@example.com,Basic Routing Profile,Agent\nAlice,Adams,,,alice@example.com,Other,Agent\n`,
  );
  writeFileSync(
    join(folder, "bad.csv"),
    `${HEAD},department\nJane,,,,jane@example.com,,Admin\nOmar,Said,,,omar@example.com,,\nAlice,Adams,,,alice@example.com,,\n`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

test("to standard output, with what has no counterpart as comments", async () => {
  const { code, stdout, stderr } = await run([
    "users",
    "from-csv",
    join(folder, "good.csv"),
    "--persona",
    "agents",
    "-n",
    "team",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.replaceAll(folder, "DIR")).toMatchInlineSnapshot(`
   "# 2 users from DIR/good.csv
   # Column "email address" is left out: users of a SAML instance have no e-mail address of their own.
   # Column "password" is left out: people sign in through Entra; a password is never taken over.
   ---
   apiVersion: connectsso.dev/v1alpha1
   kind: ConnectUser
   metadata:
     name: jane
     namespace: team
   spec:
     personaRef: {name: agents}
     entraUser: {userPrincipalName: jane@example.com}
     firstName: Jane
     lastName: Doe
     routingProfile: Basic Routing Profile
     securityProfiles: [Agent]
   ---
   apiVersion: connectsso.dev/v1alpha1
   kind: ConnectUser
   metadata:
     name: alice
     namespace: team
   spec:
     personaRef: {name: agents}
     entraUser: {userPrincipalName: alice@example.com}
     firstName: Alice
     lastName: Adams
     routingProfile: Other
     securityProfiles: [Agent]
   "
  `);
});

test("into a folder, without what the persona gives anyway", async () => {
  const out = join(folder, "out");
  const file = join(folder, "agents.yaml");
  const { code, stdout, stderr } = await run([
    "users",
    "from-csv",
    join(folder, "good.csv"),
    "--persona",
    "agents",
    "-f",
    file,
    "--out",
    out,
  ]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  expect(stderr.replaceAll(folder, "DIR")).toBe(
    [
      "2 users from DIR/good.csv",
      'Column "email address" is left out: users of a SAML instance have no e-mail address of their own.',
      'Column "password" is left out: people sign in through Entra; a password is never taken over.',
      "2 files written below DIR/out",
      "",
    ].join("\n"),
  );
  expect(readdirSync(join(out, "team"))).toEqual(["connectuser-alice.yaml", "connectuser-jane.yaml"]);
  const jane = readFileSync(join(out, "team/connectuser-jane.yaml"), "utf8");
  expect(jane).not.toMatch(/Profile|F@ke/);
  expect(readFileSync(join(out, "team/connectuser-alice.yaml"), "utf8")).toContain("routingProfile: Other");
});

test("problems by line, and then nothing", async () => {
  const args = ["users", "from-csv", join(folder, "bad.csv"), "--persona", "agents", "-f", join(folder, "agents.yaml")];
  const { code, stdout, stderr } = await run(args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr.replaceAll(folder, "DIR").split("\n")).toEqual([
    expect.stringMatching(/^DIR\/bad.csv:1: unknown column "department"; understood are first name, /),
    "DIR/bad.csv:2: no last name; users of a SAML instance need both",
    "DIR/bad.csv:2: persona agents does not allow the security profile Admin; it allows Agent",
    "DIR/bad.csv:3: user login omar@example.com is ConnectUser team/omar of persona agents already",
    "connect-sso: 4 problems, nothing is written; --partial writes the 1 user without problems",
    "",
  ]);
  const partial = await run([...args, "--partial"]);
  expect(partial.code).toBe(1);
  expect(partial.stdout).toContain("userPrincipalName: alice@example.com");
  expect(partial.stdout).not.toContain("jane@example.com");
});

test("from standard input; a persona that is not there is told with those that are", async () => {
  const input = "first name;last name;user login\r\nJane;Doe;jdoe\r\n";
  const { code, stdout } = await run(["users", "from-csv", "--persona", "agents", "--domain", "example.com"], {
    input,
  });
  expect(code).toBe(0);
  expect(stdout).toContain("userPrincipalName: jdoe@example.com");
  const wrong = await run(["users", "from-csv", "-", "--persona", "agnets", "-f", join(folder, "agents.yaml")], {
    input,
  });
  expect(wrong.code).toBe(1);
  expect(wrong.stderr).toContain("there is team/agents");
});

test("--set: one ConnectUserSet over a group, which then keeps its mode in --out; --group goes with it", async () => {
  const args = ["users", "from-csv", join(folder, "good.csv"), "--persona", "agents", "-n", "team", "--set", "cc"];
  const alone = await run(args);
  expect([alone.code, alone.stderr]).toEqual([1, expect.stringContaining("--set and --group go together")]);
  const { code, stdout, stderr } = await run([...args, "--group", "CC Agents"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.replaceAll(folder, "DIR")).toMatchInlineSnapshot(`
   "# 2 users from DIR/good.csv
   # Column "email address" is left out: users of a SAML instance have no e-mail address of their own.
   # Column "password" is left out: people sign in through Entra; a password is never taken over.
   ---
   # 2 of 2 people of the file, once they are members of group "CC Agents". First and last names come from Entra.
   # mode: Plan writes nothing; \`connect-sso people cc -n team\` shows what mode: Apply would do.
   apiVersion: connectsso.dev/v1alpha1
   kind: ConnectUserSet
   metadata:
     name: cc
     namespace: team
   spec:
     source:
       groups:
         - {displayName: CC Agents}
     rules:
       - name: difference-1
         when: user.userPrincipalName.lowerAscii() in ["alice@example.com"]
         set: {routingProfile: Other}
       - name: everybody
         set: {persona: agents}
     template:
       routingProfile: Basic Routing Profile
       securityProfiles: [Agent]
     mode: Plan
   "
  `);
  const out = join(folder, "sets");
  expect((await run([...args, "--group", "CC Agents", "--out", out])).code).toBe(0);
  const file = join(out, "team", "connectuserset-cc.yaml");
  writeFileSync(file, readFileSync(file, "utf8").replace("mode: Plan", "mode: Apply"));
  const again = await run([...args, "--group", "CC Night", "--out", out]);
  expect(again.stderr).toMatch(/ConnectUserSet team\/cc: spec.source.groups: .*CC Agents.* → .*CC Night/);
  expect(readFileSync(file, "utf8")).toMatch(/mode: Apply/);
});
