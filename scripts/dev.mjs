// `make dev`: a real kube-apiserver and etcd, the sandbox clouds and the controller, until Ctrl-C.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startApiServer } from "../test/kube/apiserver.ts";
import { kubeTools } from "./tools.mjs";

const folder = mkdtempSync(join(tmpdir(), "connect-sso-dev-"));
const tools = await kubeTools();
const cluster = await startApiServer();
const program = new URL("../dist/connect-sso.js", import.meta.url).pathname;
const envFile = join(folder, "sandbox.env");
const children = [];
/** "--" first: Node would take our --env-file for its own. */
const start = (args, env = {}) => {
  const child = spawn(process.execPath, ["--", program, ...args], {
    stdio: "inherit",
    env: { ...process.env, ...env },
  });
  children.push(child);
  return child;
};
start(["sandbox", "--listen", "127.0.0.1:4180", "--env-file", envFile, "--config", "examples/sandbox-world.yaml"]);
const kubectl = join(tools, "kubectl");
const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
spawnSync(kubectl, ["apply", "--server-side", "-f", "crds/"], { stdio: "inherit", env });
spawnSync(kubectl, ["create", "namespace", "contact-centre"], { stdio: "inherit", env });
const { readFileSync, existsSync } = await import("node:fs");
while (!existsSync(envFile)) await new Promise((resolve) => setTimeout(resolve, 100));
const cloud = Object.fromEntries(
  readFileSync(envFile, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) =>
      line
        .replace(/^export /, "")
        .split(/=(.*)/s)
        .slice(0, 2),
    ),
);
const bind = ["--metrics-bind-address", "127.0.0.1:8080", "--health-probe-bind-address", "127.0.0.1:8081"];
start(["run", "--kubeconfig", cluster.kubeconfig, "--poll-interval", "10s", "--cluster-name", "dev", ...bind], cloud);
console.log(
  `\n  export KUBECONFIG=${cluster.kubeconfig}\n  ${kubectl} apply -f examples/blog/\n  ${kubectl} get connectssopersonas,connectusers -A\n\nCtrl-C ends it.\n`,
);
await new Promise((resolve) => {
  process.once("SIGINT", resolve);
  process.once("SIGTERM", resolve);
});
await Promise.all(
  children.map(
    (child) =>
      new Promise((resolve) => {
        child.once("exit", resolve);
        child.kill("SIGTERM");
      }),
  ),
);
await cluster.stop();
