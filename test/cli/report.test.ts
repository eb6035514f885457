/** Page and report as their user starts them, over a folder and sandbox clouds inside the process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "@jest/globals";
import { parse, stringify } from "yaml";
import { CLEAN, MAIN, ROOT, run } from "./support.ts";

const folder = mkdtempSync(join(tmpdir(), "connect-sso-report-"));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string) => join(folder, name);
const FOLDER = ["-f", "examples/recommended", "--sandbox"];

it("report writes a review of a set-up that is in order, for its owner alone, and compares it with an older one", async () => {
  const first = await run(["report", ...FOLDER, "--json", file("old.json")]);
  expect(first).toMatchObject({ code: 0, stdout: `${file("old.json")}\n` });
  const old = JSON.parse(readFileSync(file("old.json"), "utf8"));
  expect(
    old.people.map(({ state, roleAssigned }: { state: string; roleAssigned: string }) => [state, roleAssigned]),
  ).toEqual([
    ["ready", "yes"],
    ["ready", "yes"],
  ]);
  expect(old.people[0].foundSecurityProfiles).toEqual(old.people[0].securityProfiles);
  expect([old.undeclared, old.undeclaredAssignments]).toEqual([[], []]);
  old.people.shift();
  writeFileSync(file("old.json"), JSON.stringify(old));
  const second = await run([
    "report",
    ...FOLDER,
    "--html",
    file("new.html"),
    "--csv",
    file("new.csv"),
    "--compare",
    file("old.json"),
  ]);
  expect(second.code).toBe(0);
  expect(readFileSync(file("new.html"), "utf8")).toMatch(
    /What changed since[\s\S]*mary\.major@example\.com[\s\S]*added/,
  );
  expect(statSync(file("new.html")).mode & 0o777).toBe(0o600);
});

it("people of a folder's set are in the report, with the rules that decided", async () => {
  const world = parse(readFileSync(join(ROOT, "examples/people/world.yaml"), "utf8"));
  writeFileSync(file("world.yaml"), stringify({ ...world, behaviour: { ...world.behaviour, quotas: "unlimited" } }));
  const set = ["-f", "examples/people", "--sandbox-config", file("world.yaml")];
  const { code, stderr } = await run(["report", ...set, "--json", file("set.json")]);
  expect([code, stderr]).toEqual([0, ""]);
  const { people, undeclaredAssignments } = JSON.parse(readFileSync(file("set.json"), "utf8"));
  expect(people.map(({ username, state }: Record<string, string>) => [username, state])).toContainEqual([
    "ada@example.com",
    "ready",
  ]);
  expect(people).toHaveLength(7);
  expect(people.find(({ username }: { username: string }) => username === "ada@example.com").declaredBy).toMatch(
    /^set staff \(.*persona=managers/,
  );
  expect(undeclaredAssignments).toEqual([]);
});

it("report says what is wrong before it asks a cloud", async () => {
  expect((await run(["report", ...FOLDER])).stderr).toMatch(/no file is named/);
  const { code, stderr } = await run(["report", ...FOLDER, "--html", file("x.html"), "--sign", "package.json"]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/--sign package\.json: it is not a private key in PEM/)]);
});

it("page prints an address that opens it, and ends with a signal", async () => {
  const child = spawn(process.execPath, [MAIN, "page", ...FOLDER, "--listen", "127.0.0.1:0"], {
    cwd: ROOT,
    env: CLEAN,
  });
  try {
    const [line] = (await once(child.stdout.setEncoding("utf8"), "data")) as [string];
    const [, address] = /^page at (http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{32})\n$/.exec(line)!;
    const first = await fetch(address!, { redirect: "manual" });
    const cookie = first.headers.get("set-cookie")!.split(";")[0]!;
    const page = await fetch(new URL("/person/customer-service/mary", address), { headers: { cookie } });
    expect(page.status).toBe(200);
    expect(await page.text()).toMatch(
      /Sign-in, step by step[\s\S]*Entra user[\s\S]*mary@example\.com exists and is enabled/,
    );
  } finally {
    child.kill("SIGTERM");
  }
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("page beyond loopback wants to know its address", async () => {
  const { code, stderr } = await run(["page", ...FOLDER, "--listen", "0.0.0.0:0"]);
  expect([code, stderr]).toEqual([1, expect.stringMatching(/0\.0\.0\.0:0 is not on loopback\n {2}name the address/)]);
});
