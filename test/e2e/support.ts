/** A sandbox, the clouds behind the guard, and the folder controller over them: the whole product without Kubernetes, in time that flows by itself. */
import { pino } from "pino";
import { composeClouds } from "../../src/controller/clouds.ts";
import { FolderController, type Resource } from "../../src/controller/on-folder.ts";
import type { Reactions } from "../../src/domain/reactions.ts";
import type { Manifests } from "../../src/manifests/read.ts";
import { parseManifests } from "../../src/manifests/read.ts";
import type { CallRecord } from "../../src/providers/errors.ts";
import type { Condition } from "../../src/runtime/conditions.ts";
import { type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import type { WorldInput } from "../../src/sandbox/world.ts";
import { watchRequests } from "./contracts.ts";
import { letTimeFlow } from "./time.ts";

/** How long anything may take, of the tests' own time. */
export const PATIENCE_MS = 30 * 60_000;
export { letTimeFlow };
export const INSTANCE = "0a1b2c3d-1111-4222-8333-444455556666";
export const INSTANCE_ARN = `arn:aws:connect:us-east-1:111122223333:instance/${INSTANCE}`;

const person = (name: string, more: object = {}) => ({
  userPrincipalName: `${name}@example.com`,
  mail: `${name}@example.com`,
  displayName: `${name} Doe`,
  givenName: name,
  surname: "Doe",
  ...more,
});

export function world(more: WorldInput = {}): WorldInput {
  return {
    account: "111122223333",
    users: [
      person("alice"),
      person("jane"),
      person("omar"),
      person("disabled", { accountEnabled: false }),
      person("nomail", { mail: null }),
    ],
    groups: [{ displayName: "Agents", members: ["jane@example.com"] }],
    instances: [
      {
        id: INSTANCE,
        region: "us-east-1",
        alias: "example",
        securityProfiles: ["Admin", "Agent"],
        routingProfiles: ["Basic Routing Profile"],
        hierarchy: { levels: ["Site"], groups: [{ name: "Dublin" }] },
      },
    ],
    ...more,
    behaviour: { quotas: "unlimited", ...more.behaviour },
  };
}

export const persona = (name: string, spec: object = {}) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectSsoPersona",
  metadata: { name, namespace: "team" },
  spec: {
    instanceArn: INSTANCE_ARN,
    landingPage: "ContactControlPanel",
    application: { displayName: `Connect ${name}` },
    connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic Routing Profile" },
    ...spec,
  },
});
export const user = (name: string, personaName: string, spec: object = {}) => ({
  apiVersion: "connectsso.dev/v1alpha1",
  kind: "ConnectUser",
  metadata: { name, namespace: "team" },
  spec: { personaRef: { name: personaName }, entraUser: { userPrincipalName: `${name}@example.com` }, ...spec },
});

/** The same object in another namespace. */
export const inNamespace = <T extends { metadata: object }>(namespace: string, object: T): T => ({
  ...object,
  metadata: { ...object.metadata, namespace },
});

/** Poll interval where a test asks for no other. */
const POLL_MS = 500;
/** Waits for so many of them, of the tests' own time. */
export const polls = (count: number) => new Promise((resolve) => setTimeout(resolve, count * POLL_MS));

export interface Harness {
  sandbox: Sandbox;
  controller: FolderController;
  calls: CallRecord[];
  /** Log lines of the whole run. */
  lines: string[];
  apply(...objects: object[]): void;
  ready(what?: string): Promise<void>;
  /** Waits for a condition's reason. */
  reason(kind: string, name: string, type: string, reason: string): Promise<void>;
  /** Resolves when `quietMs` passed without any write to a cloud or a status. */
  writes(): CallRecord[];
  /** A new process. "kept": it finds the objects with their status and finalizers, after `crashAfter` as they were at that moment. */
  restart(objects?: "none" | "kept" | "erased"): Promise<void>;
  /** The process dies when the cloud has carried out this call ("iam:CreateAccessKey", `*` for any run) for the nth time: no further call gets out. */
  crashAfter(call: string, nth?: number): Promise<void>;
  stop(): Promise<void>;
}

export interface StartOptions {
  pollIntervalMs?: number;
  directoryIntervalMs?: number;
  reactions?: Reactions;
  /** The file of --config. */
  settingsFile?: string;
  /** Runs before the controller starts; returns further variables for it, for example credentials that are not the administrator's. */
  prepare?(sandbox: Sandbox): Promise<Record<string, string>>;
}

export async function start(input: WorldInput = world(), options: StartOptions = {}): Promise<Harness> {
  const endTime = letTimeFlow();
  const sandbox = await startSandbox({ world: input });
  delete process.env.AWS_SESSION_TOKEN;
  Object.assign(process.env, sandbox.env);
  Object.assign(process.env, await options.prepare?.(sandbox));
  const departures = watchRequests(sandbox);
  const calls: CallRecord[] = [];
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const pollIntervalMs = options.pollIntervalMs ?? POLL_MS;
  const base = {
    cluster: "test",
    pollIntervalMs,
    allowInsecure: true,
    settingsFile: options.settingsFile,
    log,
    onCall: (call: CallRecord) => void calls.push(call),
  };
  let composed = composeClouds(base);
  const fresh = () => {
    const { clouds, massDeletionShare } = composed;
    const directoryIntervalMs = options.directoryIntervalMs ?? pollIntervalMs;
    return new FolderController({
      clouds,
      massDeletionShare,
      cluster: "test",
      pollIntervalMs,
      directoryIntervalMs,
      log,
      ...(options.reactions ? { reactions: options.reactions } : {}),
    });
  };
  let controller = fresh();
  let snapshot: Resource[] | undefined;
  controller.start();
  const harness: Harness = {
    sandbox,
    get controller() {
      return controller;
    },
    calls,
    lines,
    apply(...objects) {
      const all: Manifests = { objects: [], problems: [], sources: new Map() };
      parseManifests(objects.map((one) => JSON.stringify(one)).join("\n---\n"), "test", "team", all);
      if (all.problems.length > 0) throw new Error(JSON.stringify(all.problems));
      for (const one of all.objects) controller.store.apply(one as never);
    },
    async ready(what = "everything Ready") {
      await controller
        .until(
          (all) => all.length > 0 && all.every((one) => status(one, "Ready")?.status === "True"),
          PATIENCE_MS,
          what,
        )
        .catch((error: unknown) => {
          const open = controller
            .resources()
            .flatMap((one) =>
              ((one.status?.conditions ?? []) as Condition[])
                .filter(({ type, status: state }) => type !== "Drifted" && state !== "True")
                .map((c) => `${one.kind}/${one.metadata.name} ${c.type} ${c.reason}: ${c.message}`),
            );
          throw new Error(`${(error as Error).message}\n${open.join("\n")}`);
        });
    },
    reason: (kind, name, type, reason) =>
      controller.until(
        (all) =>
          all.some((one) => one.kind === kind && one.metadata.name === name && status(one, type)?.reason === reason),
        PATIENCE_MS,
        `${kind}/${name} ${type} ${reason}`,
      ),
    writes: () => calls.filter(({ write, operation }) => write && !operation.includes("$batch")),
    async restart(objects = "none") {
      const kept = objects === "none" ? [] : (snapshot ?? structuredClone(controller.resources()));
      await controller.stop();
      composed.close();
      sandbox.faults.clear();
      snapshot = undefined;
      composed = composeClouds(base);
      controller = fresh();
      for (const one of kept) {
        controller.store.apply(one as never);
        for (const finalizer of one.metadata.finalizers ?? []) await controller.store.addFinalizer(one, finalizer);
        if (objects === "kept") await controller.store.updateStatus(one, one.status);
      }
      controller.start();
    },
    crashAfter(call, nth = 1) {
      const pattern = new RegExp(
        `^${call
          .split("*")
          .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"))
          .join(".*")}$`,
      );
      let left = nth;
      return new Promise((resolve) => {
        const off = sandbox.onExchange(({ service, operation, response }) => {
          if (response.status >= 400 || !pattern.test(`${service}:${operation}`) || --left > 0) return;
          off();
          snapshot = structuredClone(controller.resources());
          sandbox.faults.add({ match: "*", kind: "cut" });
          resolve();
        });
      });
    },
    async stop() {
      await controller.stop();
      composed.close();
      await sandbox.close();
      endTime();
      const found = departures();
      if (found.length > 0)
        throw new Error(`requests that the services' descriptions do not know:\n${found.join("\n")}`);
    },
  };
  return harness;
}

export function status(object: Resource | undefined, type: string): Condition | undefined {
  return (object?.status?.conditions as Condition[] | undefined)?.find((one) => one.type === type);
}
