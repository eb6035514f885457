// `make dev`: a real kube-apiserver and etcd, the sandbox clouds and the controller, until Ctrl-C or until one of them ends.
//   --world FILE   other clouds than examples/sandbox-world.yaml
//   --settings FILE  settings of the controller, as for several accounts
//   --any-port     free ports instead of 4180 (sandbox), 8080 (metrics), 8081 (probes) and 8765 (page)
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startApiServer } from "../test/kube/apiserver.ts";
import { established } from "../test/kube/established.ts";
import { kubeTools } from "./tools.mjs";

const { values } = parseArgs({
  options: { world: { type: "string" }, settings: { type: "string" }, "any-port": { type: "boolean" } },
});
const root = fileURLToPath(new URL("..", import.meta.url));
const port = (number) => `127.0.0.1:${values["any-port"] ? 0 : number}`;
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());

const folder = mkdtempSync(join(tmpdir(), "connect-sso-dev-"));
const envFile = join(folder, "sandbox.env");
const kubectl = join(await kubeTools(), "kubectl");
const cluster = await startApiServer();
const children = [];

function start(args, env = {}) {
  const program = [join(root, "src/main.ts"), ...args];
  const child = spawn(process.execPath, program, { stdio: "inherit", env: { ...process.env, ...env } });
  child.ended = new Promise((resolve) => child.once("exit", resolve));
  child.ended.then((code) => {
    if (stop.signal.aborted) return;
    console.error(
      `\nconnect-sso ${args[0]} ended with ${code}; so does the rest. Ports taken by another make dev? make dev ANY_PORT=1`,
    );
    process.exitCode = 1;
    stop.abort();
  });
  children.push(child);
}

function setUp(...args) {
  const env = { ...process.env, KUBECONFIG: cluster.kubeconfig };
  const { status } = spawnSync(kubectl, args, { stdio: "inherit", env });
  if (status !== 0) throw new Error(`kubectl ${args.join(" ")} failed`);
}

/** The variables of `export NAME=value` lines. */
function readEnv(file) {
  const lines = readFileSync(file, "utf8").trim().split("\n");
  return Object.fromEntries(lines.map((line) => line.replace("export ", "").split(/=(.*)/s).slice(0, 2)));
}

try {
  const world = values.world ?? join(root, "examples/sandbox-world.yaml");
  start(["sandbox", "--listen", port(4180), "--write-env", envFile, "--config", world]);
  setUp("apply", "--server-side", "-f", join(root, "crds"));
  await established(cluster);
  setUp("create", "namespace", "contact-centre");
  while (!existsSync(envFile) && !stop.signal.aborted) await sleep(100);
  if (!stop.signal.aborted) {
    const bind = ["--metrics-bind-address", port(8080), "--health-probe-bind-address", port(8081)];
    const args = ["--kubeconfig", cluster.kubeconfig, "--poll-interval", "10s", "--cluster-name", "dev", ...bind];
    if (values.settings) args.push("--config", values.settings);
    start(["run", ...args], readEnv(envFile));
    const page = ["page", "--kubeconfig", cluster.kubeconfig, "-A", "--cluster-name", "dev", "--listen", port(8765)];
    start([...page, ...(values.settings ? ["--config", values.settings] : [])], readEnv(envFile));
    console.log(`
  export KUBECONFIG=${cluster.kubeconfig}
  ${kubectl} apply -f examples/blog/
  ${kubectl} get connectssopersonas,connectusersets,connectusers -A

For commands that ask the clouds, such as why: source ${envFile}
Time in the sandbox runs faster than here (behaviour.timeScale of its world): times and ages that it reports may lie in the future.
Ctrl-C ends it.
`);
  }
  if (!stop.signal.aborted) await new Promise((resolve) => stop.signal.addEventListener("abort", resolve));
} finally {
  stop.abort();
  for (const child of children) child.kill("SIGTERM");
  await Promise.all(children.map(({ ended }) => ended));
  await cluster.stop();
  rmSync(folder, { recursive: true, force: true });
}
