/** The controller without Kubernetes: the same queue, workers and reconcilers over objects that come from manifests. */
import { type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../api/resources.ts";
import { Controller } from "../runtime/controller.ts";
import { FolderStore } from "../runtime/folder-store.ts";
import type { KubeObject, ObjectRef } from "../runtime/port.ts";
import { WorkQueue } from "../runtime/queue.ts";
import { composeReconcilers, type ReconcilerDeps } from "./compose.ts";
import { INDEXES, matters, related } from "./watches.ts";

export type Resource = ConnectSsoPersona | ConnectUser;

export class FolderController {
  readonly store: FolderStore;
  readonly #controller: Controller;
  readonly #listeners = new Set<() => void>();

  constructor(deps: Omit<ReconcilerDeps, "store">) {
    const notify = () => {
      for (const listener of this.#listeners) listener();
    };
    this.store = new WakingStore(INDEXES, (object, before) => {
      if (matters(object.kind, before, object.status)) {
        for (const ref of related(object, this.store)) {
          this.#controller.enqueue(ref, { reason: "related", afterMs: 200 });
        }
      }
      notify();
    });
    const reconcilers = composeReconcilers({ ...deps, store: this.store });
    const queue = new WorkQueue();
    this.#controller = new Controller({
      name: "connect-sso",
      queue,
      log: deps.log,
      workers: 8,
      reconcile: (ref, context) => reconcilers[ref.kind as keyof typeof reconcilers](ref, context),
    });
    this.store.onChange((ref) => {
      this.#controller.enqueue(ref, { reason: "changed" });
      notify();
    });
  }

  start(): void {
    this.#controller.start();
  }

  async stop(): Promise<void> {
    await this.#controller.stop(10_000);
  }

  /** Looks at an object now, as the reconcile annotation asks. */
  enqueue(ref: ObjectRef, reason = "changed"): void {
    this.#controller.enqueue(ref, { reason });
  }

  resources(): Resource[] {
    return [...this.store.list<ConnectSsoPersona>(PERSONA), ...this.store.list<ConnectUser>(USER)];
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

/** Tells of status writes too: they are what other objects wait for. */
class WakingStore extends FolderStore {
  readonly #wake: (object: KubeObject, statusBefore: unknown) => void;

  constructor(
    kinds: ConstructorParameters<typeof FolderStore>[0],
    wake: (object: KubeObject, statusBefore: unknown) => void,
  ) {
    super(kinds);
    this.#wake = wake;
  }

  override async updateStatus(object: KubeObject, status: unknown): Promise<boolean> {
    const before = this.get(object.kind, object.metadata.namespace, object.metadata.name)?.status;
    const written = await super.updateStatus(object, status);
    const after = this.get(object.kind, object.metadata.namespace, object.metadata.name);
    if (written && after) this.#wake(after, before);
    return written;
  }
}
