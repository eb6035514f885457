/** Health checks and actions over the recorded objects, in the form of Argo CD's own tests; the ready ConfigMap; the Applications. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { evaluate } from "@marcbachmann/cel-js";
import { parse, stringify } from "yaml";
import { ANNOTATIONS } from "../../src/api/resources.ts";
import { expectGolden, type Manifest, parseManifests, root } from "../helm/support.ts";
import { folderOf, KINDS, type Lua, scriptOf, startLua } from "./lua.ts";

let lua: Lua;
beforeAll(async () => {
  lua = await startLua();
}, 300_000);
afterAll(() => lua?.stop());

const read = (kind: string, path: string) => parse(readFileSync(join(folderOf(kind), path), "utf8"));
/** Argo CD's own tests freeze the clock there. */
const frozen = (object: unknown) =>
  JSON.parse(
    JSON.stringify(object).replace(/(connectsso\.dev\/[a-z-]+":")\d{4}-\d\d-\d\dT[\d:]+Z/g, "$10001-01-01T00:00:00Z"),
  );

/** Lua knows no empty map: Argo CD puts those of the input back where a list came out (cleanReturnedObj of util/lua). */
function restored(output: unknown, input: unknown): unknown {
  if (typeof output !== "object" || output === null || typeof input !== "object" || input === null) return output;
  if (Array.isArray(output) && !Array.isArray(input)) return output.length === 0 ? {} : output;
  if (Array.isArray(output)) return output.map((one, index) => restored(one, (input as unknown[])[index]));
  return Object.fromEntries(
    Object.entries(output).map(([name, one]) => [name, restored(one, (input as Record<string, unknown>)[name])]),
  );
}

interface HealthTest {
  inputPath: string;
  healthStatus: { status: string; message: string };
}
interface DiscoveryTest {
  inputPath: string;
  result: { name: string; disabled: boolean }[];
}
interface ActionTest {
  action: string;
  inputPath: string;
  expectedOutputPath: string;
}

describe.each(KINDS)("%s", (kind) => {
  const health: HealthTest[] = read(kind, "health_test.yaml").tests;
  const actions: { discoveryTests: DiscoveryTest[]; actionTests: ActionTest[] } = read(
    kind,
    "actions/action_test.yaml",
  );

  test.each(health)("health of $inputPath", async ({ inputPath, healthStatus }) => {
    expect(await lua.run(scriptOf(kind, "health.lua"), read(kind, inputPath))).toEqual(healthStatus);
  });

  test("every recorded object has its health test, and every status occurs", () => {
    const recorded = readdirSync(join(folderOf(kind), "testdata")).map((file) => `testdata/${file}`);
    expect(health.map(({ inputPath }) => inputPath).sort()).toEqual(recorded.sort());
    const statuses = new Set(health.map(({ healthStatus }) => healthStatus.status));
    expect(statuses).toEqual(new Set(["Healthy", "Progressing", "Degraded", "Suspended"]));
  });

  test.each(actions.discoveryTests)("actions of $inputPath", async ({ inputPath, result }) => {
    const object = read(kind, join("actions", inputPath));
    const found: Record<string, { disabled: boolean }> = await lua.run(scriptOf(kind, "actions/discovery.lua"), object);
    expect(found).toEqual(Object.fromEntries(result.map(({ name, disabled }) => [name, { disabled }])));
  });

  test.each(actions.actionTests)("action $action", async ({ action, inputPath, expectedOutputPath }) => {
    const input = read(kind, join("actions", inputPath));
    const output = restored(
      frozen(await lua.run(scriptOf(kind, `actions/${action}/action.lua`), input)),
      input,
    ) as Manifest;
    const path = relative(root, join(folderOf(kind), "actions", expectedOutputPath));
    if (process.env.UPDATE_GOLDEN) expectGolden(path, stringify(output, { lineWidth: 0 }));
    // No field of ours may be lost or changed besides.
    expect(output).toEqual(read(kind, join("actions", expectedOutputPath)));
    const changed = JSON.stringify([output.spec, output.metadata.annotations]);
    expect(changed).not.toBe(JSON.stringify([input.spec, input.metadata.annotations]));
    expect({ ...output, spec: 0, metadata: { ...output.metadata, annotations: 0 } }).toEqual({
      ...input,
      spec: 0,
      metadata: { ...input.metadata, annotations: 0 },
    });
  });

  test("every action is discovered and tested, and every annotation is one that the controller knows", async () => {
    const folders = readdirSync(join(folderOf(kind), "actions"), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== "testdata")
      .map(({ name }) => name);
    const found = await lua.run(scriptOf(kind, "actions/discovery.lua"), { spec: {} });
    expect(Object.keys(found).sort()).toEqual(folders.sort());
    expect(actions.actionTests.map(({ action }) => action).sort()).toEqual(folders);
    const scripts = folders.map((name) => scriptOf(kind, `actions/${name}/action.lua`)).join("");
    const annotations = [...scripts.matchAll(/annotations\["([^"]+)"\]/g)].map(([, name]) => name);
    expect(Object.values(ANNOTATIONS) as string[]).toEqual(expect.arrayContaining(annotations as string[]));
  });

  test("an object that nobody has looked at yet is neither green nor an error", async () => {
    const object = { metadata: { name: "new", generation: 1 }, spec: {} };
    expect(await lua.run(scriptOf(kind, "health.lua"), object)).toMatchObject({ status: "Progressing" });
  });
});

describe("Flux calls the recorded objects what Argo CD calls them", () => {
  const documents = parseManifests(readFileSync(join(root, "deploy/flux/personas.yaml"), "utf8"));
  const checks = documents.flatMap(({ spec }) => spec.healthCheckExprs ?? []);
  test.each(KINDS)("%s", (kind) => {
    const check = checks.find((one) => one.kind === kind);
    for (const { inputPath, healthStatus } of read(kind, "health_test.yaml").tests as HealthTest[]) {
      const { metadata, spec, status } = read(kind, inputPath);
      // kstatus itself sees to an object that is being deleted.
      if (metadata.deletionTimestamp) continue;
      const object = { metadata, spec, status: status ?? {} };
      const verdict = ["inProgress", "failed", "current"].find((name) => evaluate(check[name].trim(), object) === true);
      const expected = { Progressing: "inProgress", Degraded: "failed", Healthy: "current", Suspended: "current" };
      expect({ inputPath, verdict: verdict ?? "inProgress" }).toEqual({
        inputPath,
        verdict: expected[healthStatus.status as keyof typeof expected],
      });
    }
  });
});

test("a script that used the string library would fail here, as it does in argocd-cm", async () => {
  await expect(lua.run(`return {x = string.upper("x")}`, {})).rejects.toThrow(/nil/);
  await expect(lua.run(`return {x = ("x"):upper()}`, {})).rejects.toThrow(/non-table object|nil/);
});

test("the ConfigMap carries these scripts, word for word", () => {
  const { data } = parse(readFileSync(join(root, "deploy/argocd/argocd-cm.yaml"), "utf8"));
  for (const kind of KINDS) {
    expect(data[`resource.customizations.health.connectsso.dev_${kind}`]).toBe(scriptOf(kind, "health.lua"));
    const actions = parse(data[`resource.customizations.actions.connectsso.dev_${kind}`]);
    expect(actions["discovery.lua"]).toBe(scriptOf(kind, "actions/discovery.lua"));
    for (const { name, "action.lua": script } of actions.definitions)
      expect(script).toBe(scriptOf(kind, `actions/${name}/action.lua`));
  }
  expect(Object.keys(data)).toHaveLength(2 * KINDS.length);
});

test("operator and personas are never one Application", () => {
  const applications = ["operator", "personas"].map((name) =>
    parse(readFileSync(join(root, `deploy/argocd/${name}.yaml`), "utf8")),
  );
  const [operator, personas] = applications;
  expect(operator.spec.source.chart).toBe("connect-sso");
  expect(personas.spec.source.chart).toBeUndefined();
  expect(operator.metadata.name).not.toBe(personas.metadata.name);
  // Nothing goes with an Application that is deleted, and nothing is pruned without a person.
  for (const { metadata } of applications) expect(metadata.finalizers).toBeUndefined();
  expect(personas.spec.syncPolicy.syncOptions).toEqual(expect.arrayContaining(["Prune=confirm", "Delete=confirm"]));
});
