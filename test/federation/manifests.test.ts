/** Manifests that used to end in a login that cannot work, or to leave something behind. The manifests are not part of the repository. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { run } from "../cli/support.ts";
import { graphByHand } from "../support/by-hand.ts";

const CASES = fileURLToPath(new URL("../../../shared/cases/federation", import.meta.url));
const cases = existsSync(CASES) ? describe : describe.skip;
let sandbox: Sandbox | undefined;
let folder: string | undefined;
afterEach(async () => {
  await sandbox?.close();
  sandbox = undefined;
  if (folder) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

async function begin(world: string): Promise<void> {
  sandbox = await startSandbox({ world: parse(readFileSync(join(CASES, world), "utf8")) as WorldInput });
  Object.assign(process.env, sandbox.env);
}
const cli = (...args: string[]) => run(args, { env: sandbox!.env });
const apply = (from: string) => cli("apply", "-f", from, "--timeout", "120s", "-o", "json");
const conditions = (stdout: string) =>
  new Map(
    (
      JSON.parse(stdout).resources as {
        kind: string;
        name: string;
        conditions: { type: string; status: string; reason: string; message: string }[];
      }[]
    ).map(({ kind, name, conditions }) => [`${kind}/${name}`, conditions]),
  );

cases("m", () => {
  test("m2: a session is never longer than the role allows, and the former spelling is refused by name", async () => {
    await begin("world_fast.yaml");
    const former = await cli("plan", "-f", join(CASES, "m2"));
    expect(former.code).not.toBe(0);
    expect(former.stderr).toMatch(/roleSessionNameSource/);
    folder = mkdtempSync(join(tmpdir(), "federation-"));
    const manifest = readFileSync(join(CASES, "m2/all.yaml"), "utf8");
    const written = (more: string) =>
      writeFileSync(
        join(folder!, "all.yaml"),
        manifest.replace("roleSessionNameSource: mail", `roleSessionName: {from: mail}${more}`),
      );
    written(", sessionDuration: 8h");
    const contradicts = await cli("plan", "-f", folder);
    expect(contradicts.stdout + contradicts.stderr).toMatch(/sessionDuration .*maxSessionDuration/);
    written("");
    expect((await apply(folder)).code).toBe(0);
    const graph = graphByHand(sandbox!);
    const [policy] = (await graph("GET", "/policies/claimsMappingPolicies")).value;
    const { ClaimsSchema: rows } = JSON.parse(policy.definition[0]).ClaimsMappingPolicy;
    expect(rows.find(({ Value }: { Value?: string }) => Value)).toMatchObject({ Value: "3600" });
    expect((await cli("why", "jane", "-f", folder, "-n", "contact-centre")).code).toBe(0);
  });

  test("m4: GovCloud has no Provisioning", async () => {
    await begin("world_fast.yaml");
    const { stdout, stderr } = await cli("plan", "-f", join(CASES, "m4"));
    expect(stdout + stderr).toMatch(/Provisioning does not work here: .*GovCloud; use Direct|GovCloud.*Direct/);
    expect(sandbox!.counts()).not.toHaveProperty("iam:CreateRole");
  });

  test("m7: people whose names AWS or Connect refuse, each with the reason; why names that link, not the assignment", async () => {
    await begin("world_odd.yaml");
    const { code, stdout } = await apply(join(CASES, "m7"));
    expect(code).toBe(1);
    const all = conditions(stdout);
    const ready = (name: string) => all.get(`ConnectUser/${name}`)!.find(({ type }) => type === "Ready")!;
    expect(ready("plus").status).toBe("True");
    for (const [name, reason, says] of [
      ["guest", "GuestUserPrincipalName", /roleSessionName.from: mail/],
      ["guest2", "GuestUserPrincipalName", /roleSessionName.from: mail/],
      ["obrien", "InvalidUsername", /'/],
      ["long", "InvalidUsername", /64|characters/],
    ] as const) {
      expect([name, ready(name).reason, ready(name).message]).toEqual([name, reason, expect.stringMatching(says)]);
      const why = await cli("why", name, "-f", join(CASES, "m7"), "-n", "contact-centre", "-o", "json");
      const [{ cause, links }] = JSON.parse(why.stdout).explanations;
      expect([name, why.code, cause]).toEqual([name, 2, "RoleSessionName"]);
      expect(links.find(({ name: link }: { name: string }) => link === cause).fix).not.toMatch(/connect-sso apply/);
    }
    // Entra has names for it, whatever it is called.
    expect(ready("noname").status).toBe("True");
  });
});
