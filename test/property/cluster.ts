/** The API server of a simulation, which outlives controllers, and the controller as a process that may die at any call. */

import { PERSONA, USER } from "../../src/api/resources.ts";
import { composeClouds } from "../../src/controller/clouds.ts";
import { INDEXES, KINDS, reconcilerDeps, wakes } from "../../src/controller/kinds.ts";
import type { Change } from "../../src/engine/change.ts";
import { parseManifests } from "../../src/manifests/read.ts";
import type { Clouds } from "../../src/providers/clouds.ts";
import type { CallRecord } from "../../src/providers/errors.ts";
import { dispatch } from "../../src/runtime/changes.ts";
import { Controller } from "../../src/runtime/controller.ts";
import { KubeApiError } from "../../src/runtime/errors.ts";
import { FolderStore } from "../../src/runtime/folder-store.ts";
import type { KubeObject, ObjectStore } from "../../src/runtime/port.ts";
import { WorkQueue } from "../../src/runtime/queue.ts";
import { Process, type Simulation } from "./time.ts";

export const CLUSTER = "test";
export const NAMESPACE = "team";

export interface Manifest {
  kind: string;
  metadata: { name: string; annotations?: Record<string, string> };
  spec: object;
}

export class Cluster {
  readonly api = new FolderStore(INDEXES);
  /** Status writes that had an effect. */
  statusWrites: string[] = [];
  /** Chance that a write of the controller fails: refused, answered by a conflict, or its answer lost. */
  trouble = 0;
  readonly #simulation: Simulation;
  #controller: Controller | undefined;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.api.onChange((change) =>
      dispatch(change, this.api, wakes, (ref, options) => this.#controller?.enqueue(ref, options)),
    );
  }

  /** What `kubectl apply` does, with the defaults and rules of the CRDs. */
  apply({ kind, metadata, spec }: Manifest): void {
    const all = { objects: [], problems: [], sources: new Map() } as Parameters<typeof parseManifests>[3];
    const manifest = {
      apiVersion: "connectsso.dev/v1alpha1",
      kind,
      metadata: { namespace: NAMESPACE, ...metadata },
      spec,
    };
    parseManifests(JSON.stringify(manifest), "simulation", NAMESPACE, all);
    if (all.problems.length > 0) throw new Error(JSON.stringify(all.problems));
    for (const object of all.objects) this.api.apply(object as never);
  }

  get(kind: string, name: string): KubeObject | undefined {
    return this.api.get(kind, NAMESPACE, name);
  }

  objects(): KubeObject[] {
    return [...this.api.list(PERSONA), ...this.api.list(USER)];
  }

  /** As after a restore from Git: specs are there, statuses are not. */
  async eraseStatuses(): Promise<void> {
    for (const object of this.objects()) await this.api.updateStatus(object, undefined);
  }

  /** A new controller takes over; it looks at everything once. */
  start(options: {
    pollIntervalMs: number;
    log: never;
    onCall(call: CallRecord): void;
    onChange(kind: string, change: Change): void;
  }): Process {
    const process = new Process("controller");
    process.run(() => {
      const { clouds } = composeClouds({ ...options, cluster: CLUSTER, allowInsecure: true });
      const controller = this.#compose(process, clouds, options);
      this.#controller = controller;
      for (const { kind, metadata } of this.objects()) controller.enqueue({ kind, ...metadata }, { reason: "startup" });
      controller.start();
    });
    return process;
  }

  #compose(
    process: Process,
    clouds: Clouds,
    options: { pollIntervalMs: number; log: never; onChange(kind: string, change: Change): void },
  ): Controller {
    const { pollIntervalMs, log } = options;
    const observer = {
      change: (kind: string, change: Change) => {
        if (!process.dead) options.onChange(kind, change);
      },
    };
    const store = this.#storeOf(process);
    const deps = reconcilerDeps({ store, clouds, log, observer, cluster: CLUSTER, pollIntervalMs });
    const reconcilers = new Map(KINDS.map(({ resource, createReconciler }) => [resource.kind, createReconciler(deps)]));
    const controller = new Controller({
      name: "simulation",
      queue: new WorkQueue(),
      log,
      workers: 8,
      reconcile: (ref, context) => reconcilers.get(ref.kind)!(ref, context),
    });
    return controller;
  }

  /** What one process sees and writes. Its writes take a moment, may fail, and end with its life. */
  #storeOf(process: Process): ObjectStore {
    const { api } = this;
    const write = async <T>(carryOut: () => Promise<T>): Promise<T> => {
      await this.#simulation.sleep(5);
      if (process.dead) return new Promise(() => {});
      const { random } = this.#simulation;
      const kind = random() < this.trouble ? Math.floor(random() * 3) : undefined;
      if (kind === 0) throw new KubeApiError(500, "InternalError", "the API server is not well");
      if (kind === 1) throw new KubeApiError(409, "Conflict", "somebody wrote in between");
      const done = await carryOut();
      if (kind === 2) throw new KubeApiError(504, "Timeout", "the answer was lost");
      return done;
    };
    return {
      get: (kind, namespace, name) => api.get(kind, namespace, name),
      list: (kind, options) => api.list(kind, options),
      addFinalizer: (object, finalizer) => write(() => api.addFinalizer(object, finalizer)),
      removeFinalizer: (object, finalizer) => write(() => api.removeFinalizer(object, finalizer)),
      updateStatus: (object, status) =>
        write(async () => {
          const { kind, metadata } = object;
          const before = api.get(kind, metadata.namespace, metadata.name);
          // A recreated object of the same name answers 409.
          if (before?.metadata.uid !== metadata.uid) return false;
          const written = await api.updateStatus(object, status);
          if (written) this.statusWrites.push(`${kind}/${metadata.name}`);
          return written;
        }),
      serverSideApply: (configuration, manager) => write(() => api.serverSideApply(configuration, manager)),
      remove: (object) => write(() => api.remove(object)),
      event: (object, event) => api.event(object, event),
    };
  }
}
