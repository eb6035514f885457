/** Where a scene of the demo plays: sandbox clouds, and the controller over manifests that are applied to it. */
import { join } from "node:path";
import { composeClouds } from "../controller/clouds.ts";
import { FolderController, type Resource } from "../controller/on-folder.ts";
import { formatProblem, readManifests } from "../manifests/read.ts";
import { createLogger } from "../observability/log.ts";
import { isReady } from "../runtime/conditions.ts";
import { type Sandbox, startSandbox } from "../sandbox/server.ts";
import { packageRoot } from "./package-root.ts";
import { Steps } from "./render/condition-lines.ts";
import { paint, width } from "./render/terminal.ts";
import { tree } from "./render/tree.ts";

const POLL_MS = 2_000;

export interface Stage {
  controller: FolderController;
  /** To Microsoft Graph, as an administrator with the console open would. The body of the answer. */
  graph(method: string, path: string, body?: object): Promise<unknown>;
}
export type Say = (text: string) => void;
export type Manifest = Parameters<FolderController["store"]["apply"]>[0];

/** `world`, `folder`: paths in the package. Everything is stopped when `play` ends. `change`: of a manifest, before it is applied. */
export async function onStage(
  { world, folder, change = (one) => one }: { world: string; folder: string; change?(one: Manifest): Manifest },
  say: Say,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const sandbox = await startSandbox({ world: join(packageRoot(), world) });
  Object.assign(process.env, sandbox.env);
  const log = createLogger(process.env.CONNECT_SSO_LOG_LEVEL ?? "silent");
  const options = { cluster: "demo", pollIntervalMs: POLL_MS, directoryIntervalMs: POLL_MS, log };
  const { clouds, close } = composeClouds({ ...options, allowInsecure: true, onCall: () => {} });
  const controller = new FolderController({ ...options, clouds });
  try {
    const { objects, problems } = readManifests(join(packageRoot(), folder));
    if (problems.length > 0) throw new Error(problems.map(formatProblem).join("\n"));
    say(`Applying ${folder}: ${objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).join(", ")}\n`);
    controller.start();
    for (const object of objects) controller.store.apply(change(object as Manifest));
    await play({ controller, graph: (...request) => graph(sandbox, ...request) });
  } finally {
    await controller.stop();
    close();
    await sandbox.close();
  }
}

export const allReady = (resources: Resource[]) => resources.every(isReady);

/** One line for each condition that becomes True, as it does; then the whole tree. */
export async function showUntilReady(controller: FolderController, what: string, say: Say): Promise<void> {
  const colours = paint();
  const steps = new Steps(colours);
  const note = (resources: Resource[]) => {
    for (const line of steps.since(resources)) say(line);
    return allReady(resources);
  };
  await controller.until(note, 50_000, `${what} is Ready`).catch((error: unknown) => {
    say(tree(controller.resources(), colours, { columns: width() }));
    throw error;
  });
  say(`\n${tree(controller.resources(), colours, { columns: width() })}`);
}

async function graph(sandbox: Sandbox, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`${sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0${path}`, {
    method,
    headers: { authorization: "Bearer administrator", "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  if (!response.ok) throw new Error(`${method} ${path} failed: HTTP ${response.status}`);
  return response.status === 204 ? undefined : response.json();
}
