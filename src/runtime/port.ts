/** What a reconciler sees of Kubernetes. Two adapters: a cluster, and a folder of manifests; nothing above knows which one it has. */

export interface ObjectRef {
  kind: string;
  namespace: string;
  name: string;
}

export interface OwnerReference {
  apiVersion: string;
  kind: string;
  name: string;
  uid: string;
  controller?: boolean;
  blockOwnerDeletion?: boolean;
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
    ownerReferences?: OwnerReference[];
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

/** Index by the uid of owners, for kinds that are made by others. */
export const byOwner: IndexFunction = ({ metadata }) => (metadata.ownerReferences ?? []).map(({ uid }) => uid);

/** What one field manager says of an object: the fields that it owns, no others. */
export interface ApplyConfiguration {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: OwnerReference[];
  };
  spec?: object;
}

/**
 * Guarantees: reads never block and never fail. A write of finalizers or status shows in the next read. Every write concerns the object
 * that was read: one of the same name with another uid is never written, and never deleted.
 * Assumptions: one reconcile at a time writes the status of an object.
 * Errors: writes reject with a KubeApiError as the API server answers (409: read again; 404 only where it is said).
 */
export interface ObjectStore {
  get<T extends KubeObject>(kind: string, namespace: string, name: string): T | undefined;
  list<T extends KubeObject>(kind: string, options?: { namespace?: string; index?: string; value?: string }): T[];
  addFinalizer(object: KubeObject, finalizer: string): Promise<void>;
  removeFinalizer(object: KubeObject, finalizer: string): Promise<void>;
  /** False when nothing differed and nothing was sent. The store shows the new status at once. */
  updateStatus(object: KubeObject, status: unknown): Promise<boolean>;
  /** Fire and forget: an event that cannot be written is dropped. Equal events are counted, not repeated. */
  event(object: KubeObject, event: ObjectEvent): void;
  /**
   * Server-side apply: creates the object, or sets the fields of `configuration`; fields that this manager applied before and left out now
   * are removed. Conflicts are forced, as controllers do. Returns the object as it is now. An object that was created here may show in
   * reads a moment later; to apply it again until then changes nothing. Rejects with 422 when the object is not valid.
   */
  serverSideApply(configuration: ApplyConfiguration, fieldManager: string): Promise<KubeObject>;
  /** Deletes this very object (precondition: its uid), dependents in the background. Resolves when it is gone already; 409 for another uid. */
  remove(object: KubeObject): Promise<void>;
}
