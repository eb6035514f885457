/** The controller without Kubernetes: the same kinds, queues and workers over objects that come from manifests. */
import { type ConnectSsoPersona, type ConnectUser, type ConnectUserSet, PERSONA, SET, USER } from "../api/resources.ts";
import { validate } from "../manifests/schema.ts";
import { dispatch } from "../runtime/changes.ts";
import { Controller } from "../runtime/controller.ts";
import { FolderStore } from "../runtime/folder-store.ts";
import type { KubeObject, ObjectRef } from "../runtime/port.ts";
import { WorkQueue } from "../runtime/queue.ts";
import { INDEXES, KINDS, reconcilerDeps, wakes } from "./kinds.ts";

export type Resource = ConnectSsoPersona | ConnectUserSet | ConnectUser;

export class FolderController {
  readonly store = new FolderStore(INDEXES, admit);
  readonly #controllers: ReadonlyMap<string, Controller>;
  readonly #listeners = new Set<() => void>();

  constructor(options: Omit<Parameters<typeof reconcilerDeps>[0], "store">) {
    const { log, pollIntervalMs } = options;
    const deps = reconcilerDeps({ ...options, store: this.store });
    this.#controllers = new Map(
      KINDS.map(({ resource: { kind: name }, workers, reservedWorkers, createReconciler }) => {
        const backoffMs = { base: Math.min(5_000, pollIntervalMs), max: pollIntervalMs };
        const reconcile = createReconciler(deps);
        const queue = new WorkQueue({ backoffMs });
        return [
          name,
          new Controller({ name, queue, log, workers, reservedWorkers, reconcile, longestRetryMs: pollIntervalMs }),
        ];
      }),
    );
    this.store.onChange((change) => {
      dispatch(change, this.store, wakes, (ref, how) => this.#controllers.get(ref.kind)?.enqueue(ref, how));
      for (const listener of this.#listeners) listener();
    });
  }

  /** Objects of other kinds are only read. */
  start(kinds: readonly string[] = [...this.#controllers.keys()]): void {
    for (const kind of kinds) this.#controllers.get(kind)?.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#controllers.values()].map((controller) => controller.stop(10_000)));
  }

  /** Looks at an object now, as the reconcile annotation asks. */
  enqueue(ref: ObjectRef, reason = "Changed"): void {
    this.#controllers.get(ref.kind)?.enqueue(ref, { reason });
  }

  resources(): Resource[] {
    return [
      ...this.store.list<ConnectSsoPersona>(PERSONA),
      ...this.store.list<ConnectUserSet>(SET),
      ...this.store.list<ConnectUser>(USER),
    ];
  }

  /**
   * Resolves when `test` holds, looked at after every change and once a second; rejects after `timeoutMs` with what is not as expected.
   * After `signal` nothing is waited for any more.
   */
  until(
    test: (resources: Resource[]) => boolean,
    timeoutMs: number,
    what: string,
    signal?: AbortSignal,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (run: () => void) => {
        clearTimeout(timer);
        clearInterval(again);
        this.#listeners.delete(look);
        run();
      };
      const look = () => {
        if (test(this.resources())) finish(resolve);
      };
      const timer = setTimeout(
        () => finish(() => reject(new Error(`${what}: not within ${timeoutMs / 1000} s`))),
        timeoutMs,
      );
      // Some states only count once they have lasted.
      const again = setInterval(look, 1_000);
      this.#listeners.add(look);
      signal?.addEventListener("abort", () => finish(() => reject(new Error(`${what}: interrupted`))), { once: true });
      look();
    });
  }
}

/** Defaults and rules of the CRDs, as the API server has them. */
export function admit(object: KubeObject): string | undefined {
  const problems = validate(object.kind, object);
  return problems.length > 0
    ? problems.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ")
    : undefined;
}
