/** What a reconciler sees of Kubernetes. Two adapters: a cluster, and a folder of manifests; nothing above knows which one it has. */

export interface ObjectRef {
  kind: string;
  namespace: string;
  name: string;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    uid: string;
    resourceVersion?: string;
    generation?: number;
    creationTimestamp?: string;
    deletionTimestamp?: string;
    finalizers?: string[];
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec?: unknown;
  status?: unknown;
}

export interface ObjectEvent {
  type: "Normal" | "Warning";
  /** PascalCase. */
  reason: string;
  /** What was done or tried, PascalCase verb. */
  action: string;
  /** One line for a person. */
  note: string;
}

/** Secondary index: the values under which an object is found. */
export type IndexFunction = (object: KubeObject) => string[];

export interface ObjectStore {
  get<T extends KubeObject>(kind: string, namespace: string, name: string): T | undefined;
  list<T extends KubeObject>(kind: string, options?: { namespace?: string; index?: string; value?: string }): T[];
  addFinalizer(object: KubeObject, finalizer: string): Promise<void>;
  removeFinalizer(object: KubeObject, finalizer: string): Promise<void>;
  /** False when nothing differed and nothing was sent. The store shows the new status at once. */
  updateStatus(object: KubeObject, status: unknown): Promise<boolean>;
  /** Fire and forget: an event that cannot be written is dropped. Equal events are counted, not repeated. */
  event(object: KubeObject, event: ObjectEvent): void;
}
