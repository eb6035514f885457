/** `doctor` against a real API server: before the installation, after it, as somebody with few rights, and with older definitions. */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import type { Check } from "../../src/doctor/check.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { run } from "../cli/support.ts";
import { INSTANCE_ARN, persona, user, world } from "../e2e/support.ts";
import { type ApiServer, startApiServer } from "./apiserver.ts";

const crds = fileURLToPath(new URL("../../crds", import.meta.url));
let api: ApiServer;
let sandbox: Sandbox;
beforeAll(async () => {
  [api, sandbox] = await Promise.all([startApiServer(), startSandbox({ world: world() })]);
});
afterAll(async () => {
  await sandbox?.close();
  await api?.stop();
});

async function doctor(...args: string[]) {
  const { code, stdout } = await run(["doctor", "--kubeconfig", api.kubeconfig, "-o", "json", ...args], {
    env: sandbox.env,
  });
  const checks: Check[] = JSON.parse(stdout).checks;
  return {
    code,
    checks,
    cluster: checks
      .filter(({ area }) => area === "cluster")
      .map(({ name, state, text }) => `${state} ${name}: ${text}`),
  };
}

test("before the installation, without the definitions, installed, and with an older schema", async () => {
  const before = await doctor("--pre", "--instance", INSTANCE_ARN);
  expect(before.code).toBe(0);
  expect(before.cluster.slice(1)).toEqual([
    "good ConnectSsoPersona: not installed yet",
    "good ConnectUser: not installed yet",
    "good ConnectUserSet: not installed yet",
    "good rights: create, patch customresourcedefinitions in default",
    "good rights: create clusterroles in default",
    "good rights: create deployments in default",
  ]);
  const missing = await doctor();
  expect(missing.code).toBe(2);
  expect(missing.checks).toContainEqual(
    expect.objectContaining({
      name: "ConnectUser",
      state: "bad",
      fix: "kubectl apply --server-side -f crds/, or install the chart",
    }),
  );

  await api.kubectl(["apply", "--server-side", "-f", crds]);
  await api.kubectl(["wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"]);
  await api.kubectl(["create", "namespace", "team"]);
  await api.kubectl(
    ["apply", "-f", "-"],
    [persona("agents"), user("jane", "agents")].map((one) => JSON.stringify(one)).join("\n---\n"),
  );
  const installed = await doctor("-n", "team");
  expect(installed.code).toBe(0);
  expect(installed.cluster.slice(1, 4)).toEqual([
    "good ConnectSsoPersona: v1alpha1 is served, with this program's schema",
    "good ConnectUser: v1alpha1 is served, with this program's schema",
    "good ConnectUserSet: v1alpha1 is served, with this program's schema",
  ]);
  expect(installed.checks).toContainEqual(
    expect.objectContaining({ name: "users", text: "0 in the instance, 1 declared" }),
  );

  const older = readFileSync(`${crds}/connectsso.dev_connectusers.yaml`, "utf8").replace(/^ {16}mobile:.*\n/m, "");
  await api.kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], older);
  const old = await doctor("-n", "team");
  expect(old.cluster).toContain("bad ConnectUser: the cluster has an older schema, without spec.mobile");
});

test("somebody who may do little", async () => {
  await api.kubectl(["create", "serviceaccount", "reader", "-n", "default"]);
  const token = (await api.kubectl(["create", "token", "reader", "-n", "default"])).trim();
  const config = `${api.kubeconfig}.reader`;
  const text = await api.kubectl(["config", "view", "--raw", "-o", "json"]);
  const parsed = JSON.parse(text);
  writeFileSync(
    config,
    JSON.stringify({ ...parsed, users: parsed.users.map(({ name }: { name: string }) => ({ name, user: { token } })) }),
  );
  const { code, stdout } = await run(["doctor", "--kubeconfig", config, "--instance", INSTANCE_ARN, "-o", "json"], {
    env: sandbox.env,
  });
  const checks: Check[] = JSON.parse(stdout).checks;
  expect(code).toBe(2);
  expect(checks).toContainEqual(
    expect.objectContaining({
      name: "rights",
      state: "warning",
      text: "this identity may not get, list, watch, create, patch, delete connectusers in default",
    }),
  );
});
