/**
 * X3, X17: what a tenant writes into its objects costs the tenant, not the controller: on a real API server, with the chart's rights, and with
 * a heap that could not hold it.
 */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { Agent, request } from "undici";
import { type Cluster, type Controller, startCluster, until } from "../helm/controller.ts";
import { type Manifest, render, root } from "../helm/support.ts";
import { established } from "../kube/established.ts";

/** Objects of the hostile namespace, and bytes of annotations of each: the API server takes 256 KiB, and a fifth of them has that much. */
const OBJECTS = 1_500;
const bytesOf = (index: number) => (index % 5 ? 40_000 : 250_000);
/** MB; less than the annotations together. The chart gives 358. */
const HEAP_MB = 96;

let cluster: Cluster;
let controller: Controller | undefined;
let manifests: Manifest[];
beforeAll(async () => {
  cluster = await startCluster();
  for (const namespace of ["connect-sso", "contact-centre", "evil"])
    await cluster.kubectl(`create namespace ${namespace}`);
  await cluster.kubectl(`apply --server-side -f ${root}/crds`);
  await established(cluster.server);
  manifests = await render("--set", "crds.enabled=false");
  const rights = manifests.filter(({ kind }) => /^(ServiceAccount|(Cluster)?Role(Binding)?)$/.test(kind));
  await cluster.kubectl("apply --server-side -f -", { apiVersion: "v1", kind: "List", items: rights });
});
afterAll(async () => {
  await controller?.stop("SIGKILL");
  await cluster?.stop();
});

const agent = new Agent({ connect: { rejectUnauthorized: false } });
afterAll(() => agent.destroy());

/** One after the other would take long, and kubectl would keep all of them. */
async function flood(): Promise<void> {
  const url = `${cluster.server.url}/apis/connectsso.dev/v1alpha1/namespaces/evil/connectusers`;
  const token = /admin-token/.exec(readFileSync(cluster.server.kubeconfig, "utf8"))![0];
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < OBJECTS; index = next++) {
      // Half of them under the controller's own key, which is read.
      const key = index % 2 ? "example.com/x" : "connectsso.dev/reconcile";
      const body = JSON.stringify({
        apiVersion: "connectsso.dev/v1alpha1",
        kind: "ConnectUser",
        metadata: { name: `u${index}`, annotations: { [key]: `${index}`.padEnd(bytesOf(index), "x") } },
        spec: { personaRef: { name: "none" }, entraUser: { userPrincipalName: `u${index}@example.com` } },
      });
      const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
      const answer = await request(url, { method: "POST", headers, body, dispatcher: agent });
      await answer.body.dump();
      if (answer.statusCode !== 201) throw new Error(`u${index}: HTTP ${answer.statusCode}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
const ready = async (kind: string, name: string) => {
  const { status, metadata } = JSON.parse(await cluster.kubectl(`get ${kind} ${name} -n contact-centre -o json`));
  const found = status?.conditions?.find(({ type }: { type: string }) => type === "Ready");
  return found?.status === "True" && status.observedGeneration === metadata.generation;
};

test("X3, X17: 1,500 users with up to 250 kB of annotations neither end the controller nor hold up another namespace", async () => {
  await flood();
  await cluster.kubectl(`apply -f ${root}/examples/blog`);
  process.env.NODE_OPTIONS = `--max-old-space-size=${HEAP_MB}`;
  controller = cluster.start(manifests, await cluster.kubeconfig(manifests));
  delete process.env.NODE_OPTIONS;
  // On a busy machine this takes more than one minute: what is shown is that it comes, not when.
  for (let minute = 1; minute <= 4 && !(await ready("connectuser", "jane")) && !controller.ended(); minute++)
    await until("jane is Ready", () => ready("connectuser", "jane"), controller).catch(() => {});
  for (const user of ["jane", "omar"]) await until(`${user} is Ready`, () => ready("connectuser", user), controller);
  // X17: a request that is longer than what a status may repeat is handled, and the status goes on.
  const long = `${"now ".repeat(200)}`.trim();
  await cluster.server.kubectl([
    "annotate",
    "connectuser",
    "jane",
    "-n",
    "contact-centre",
    `connectsso.dev/reconcile=${long}`,
  ]);
  await cluster.server.kubectl([
    "patch",
    "connectuser",
    "jane",
    "-n",
    "contact-centre",
    "--type=merge",
    "-p",
    JSON.stringify({ spec: { lastName: "Smith" } }),
  ]);
  await until("jane's new name is applied", () => ready("connectuser", "jane"), controller);
  expect(controller.ended()).toBe(false);
  expect(controller.output()).not.toMatch(/heap out of memory|"code":"?422|status code 422/);
}, 600_000);
