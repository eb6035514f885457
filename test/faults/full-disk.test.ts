/** A disk without room under the log, the answer and the files of real processes: work goes on, and what was not written is said. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { saveFiles } from "../../src/manifests/save.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { CLEAN, MAIN } from "../cli/support.ts";
import { persona, user, world } from "../e2e/support.ts";

let folder: string;
let sandbox: Sandbox;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "connect-sso-full-"));
  mkdirSync(join(folder, "manifests"));
  sandbox = await startSandbox({ world: world() });
});
afterEach(async () => {
  await sandbox.close();
  rmSync(folder, { recursive: true });
});

const declare = (...objects: object[]) =>
  writeFileSync(join(folder, "manifests/all.yaml"), objects.map((one) => JSON.stringify(one)).join("\n---\n"));
const EVERYTHING = [persona("agents"), user("jane", "agents")];

/** Every write to /dev/full fails with ENOSPC; no file may grow with `ulimit -f 0`, which fails with EFBIG. */
interface Disk {
  stdout?: "full";
  stderr?: "full";
  files?: "full";
}

function start(args: string[], disk: Disk) {
  const full = openSync("/dev/full", "w");
  const program = [process.execPath, "--", MAIN, ...args];
  const limited = ["sh", "-c", 'ulimit -f 0; exec "$@"', "sh", ...program];
  const [command = "", ...rest] = disk.files ? limited : program;
  const child = spawn(command, rest, {
    env: { ...CLEAN, ...sandbox.env },
    stdio: ["ignore", disk.stdout ? full : "pipe", disk.stderr ? full : "pipe"],
  });
  const said = { stdout: "", stderr: "" };
  child.stdout?.on("data", (text) => {
    said.stdout += text;
  });
  child.stderr?.on("data", (text) => {
    said.stderr += text;
  });
  const ended = new Promise<number | string | null>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal)),
  );
  return { child, said, ended };
}

async function until(what: string, test: () => boolean): Promise<void> {
  for (const end = Date.now() + 90_000; !test(); await sleep(50))
    if (Date.now() > end) throw new Error(`${what}: not within 90 s`);
}

test("a folder is followed while neither log nor answer can be written", async () => {
  declare(...EVERYTHING);
  const made: string[] = [];
  sandbox.onExchange(({ operation, response }) => void (response.status < 300 && made.push(operation)));
  const args = ["apply", "-f", join(folder, "manifests"), "--watch", "--poll-interval", "1s", "--log-level", "debug"];
  const { child, ended } = start(args, { stdout: "full", stderr: "full", files: "full" });
  const count = (what: string) => made.filter((one) => one.includes(what)).length;
  const end = ended.then((code) => made.push(`ended with ${code}`));
  /** Until so many calls of this name had an effect. */
  const reaches = async (what: string, times: number) => {
    await until(`${times} ${what}`, () => count(what) >= times || count("ended") > 0);
    expect(made.at(-1)).not.toMatch("ended");
  };
  await reaches("CreateUser", 1);
  declare(...EVERYTHING, user("omar", "agents"));
  await reaches("CreateUser", 2);
  await reaches("appRoleAssignedTo", 2);
  child.kill("SIGTERM");
  await end;
  // The tree at the end is an answer that nobody got.
  expect(made.at(-1)).toBe("ended with 1");
  expect(count("instantiate")).toBe(1);
  expect(count("CreateRole")).toBe(1);
  expect(count("CreateUser")).toBe(2);
}, 180_000);

test.each<[string, string[], Disk, RegExp]>([
  ["a plan to a full disk", ["plan", "--out", "/dev/full"], {}, /\/dev\/full was not written: the disk is full/],
  ["a plan beyond the limit", ["plan", "--out", "FOLDER/plan.json"], { files: "full" }, /plan\.json was not written/],
  ["an answer", ["plan"], { stdout: "full" }, /standard output was not written: ENOSPC/],
  ["policies", ["policy", "aws", "--out", "FOLDER/out"], { files: "full" }, /\.json was not written/],
])(
  "%s: one line says what was not written, and no half of it stays",
  async (_, args, disk, line) => {
    declare(...EVERYTHING);
    writeFileSync(join(folder, "plan.json"), "what was reviewed before\n");
    const before = readdirSync(folder);
    const [command, ...more] = args.map((one) => one.replace("FOLDER", folder));
    const words = command === "policy" ? [command, more.shift()!] : [command!];
    const { said, ended } = start([...words, "-f", join(folder, "manifests"), ...more], disk);
    expect(await ended).toBe(1);
    expect(said.stderr).toMatch(line);
    expect(
      said.stderr
        .trim()
        .split("\n")
        .filter((one) => /^connect-sso:/.test(one)),
    ).toHaveLength(1);
    expect(readFileSync(join(folder, "plan.json"), "utf8")).toBe("what was reviewed before\n");
    expect(readdirSync(folder).filter((name) => !before.includes(name) && name !== "out")).toEqual([]);
    if (readdirSync(folder).includes("out")) expect(readdirSync(join(folder, "out"))).toEqual([]);
  },
  90_000,
);

test("of many files that belong together none is written when one cannot be", () => {
  const [first, second] = [join(folder, "a.yaml"), join(folder, "manifests/b.yaml")];
  writeFileSync(first, "old\n");
  const files = [
    { path: first, text: "new\n" },
    { path: second, text: "new\n" },
  ];
  expect(() => saveFiles([...files, { path: join(first, "c.yaml"), text: "" }])).toThrow(
    /a\.yaml\/c\.yaml was not written/,
  );
  expect([readFileSync(first, "utf8"), readdirSync(join(folder, "manifests"))]).toEqual(["old\n", []]);
  saveFiles(files);
  expect([first, second].map((path) => readFileSync(path, "utf8"))).toEqual(["new\n", "new\n"]);
  expect(readdirSync(folder).sort()).toEqual(["a.yaml", "manifests"]);
});
