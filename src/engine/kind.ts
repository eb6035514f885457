/** What the engine has to know of a kind. Everything that two kinds do alike is the engine's. */
import type { Condition, ConditionInput } from "../runtime/conditions.ts";
import type { KubeObject } from "../runtime/port.ts";
import type { Components, Scope } from "./component.ts";
import type { Pass } from "./converge.ts";
import type { LastApplied } from "./ledger.ts";
import type { DriftRow } from "./status.ts";

export interface Resource {
  apiVersion: string;
  kind: string;
  metadata: KubeObject["metadata"];
  spec: { driftPolicy?: "Correct" | "Report"; suspend?: boolean };
  status?: ResourceStatus;
}

export interface ResourceStatus {
  observedGeneration?: number;
  conditions?: Condition[];
  drift?: DriftRow[];
  lastApplied?: LastApplied;
  /** Requests by annotation that were answered: their values, by the annotation without its prefix. */
  handledRequests?: Record<string, string>;
  lastCheckedTime?: string;
}

export interface OpenContext<R extends Resource, M> {
  signal: AbortSignal | undefined;
  /** "person": somebody changed it and waits; "sweep": poll and resync. */
  priority: "person" | "sweep";
  /** What this process remembers of the object between passes. */
  memory: M;
  /** Status fields that are known even when opening fails later on. */
  found: Partial<NonNullable<R["status"]>>;
  /** Writes some fields of the status at once; a call that must not be repeated is sent after that. */
  persist(fields: Partial<NonNullable<R["status"]>>): Promise<void>;
  /** True: what does not exist yet is taken for made. */
  planning: boolean;
}

/** How a pass ended, for the kind's own status. */
export interface PassResult<S> {
  scope?: S;
  pass?: Pass;
  suspended: boolean;
  /** Reason of the error that concerns the whole resource. */
  reason?: string;
  message?: string;
}

export interface KindStatus<R extends Resource> {
  fields: Partial<NonNullable<R["status"]>>;
  /** Conditions of its own; they stand between the summary and the components. */
  conditions: ConditionInput[];
  /** What Ready must name although all components are ready. */
  remarks?: string[];
  handledRequests?: Record<string, string>;
  /** Everything is as declared, and not Ready on purpose: nothing is in progress and no action is needed. */
  resting?: Resting;
}

export interface Resting {
  reason: string;
  message: string;
  /** Condition types that do not hold meanwhile. */
  conditions: readonly string[];
}

/**
 * `R`: the resource, `S`: scope of a pass, `X`: scope of a deletion, `M`: what the process remembers of an object.
 */
export interface Kind<R extends Resource, S extends Scope<Seen>, Seen, X = S, M = object> {
  kind: string;
  finalizer: string;
  components: Components<S, Seen, X>;
  /** Message of Ready when everything is as declared. */
  readyMessage: string;
  /** Reasons of errors that say that an object is not, or no longer, ours. */
  disputed: readonly string[];
  newMemory(): M;
  /** Why nothing is written, deletion included, besides `spec.suspend`. */
  suspended?(object: R): { reason: string; message: string } | undefined;
  /** Fields of a status that is written before the finalizer; undefined: none is needed. */
  begin?(object: R, memory: M): Partial<NonNullable<R["status"]>> | undefined;
  /** Resolves references, and refuses what only a person can fix. Reads only. */
  open(object: R, context: OpenContext<R, M>): Promise<S>;
  /** After the components: what else must hold. */
  after?(scope: S, pass: Pass): Promise<void>;
  removal: {
    /** Throws while it must not be deleted. */
    hold(object: R): void | Promise<void>;
    /** True: everything in the clouds stays, and no credentials are needed. */
    retains(object: R): boolean;
    open(object: R, context: OpenContext<R, M>): Promise<X>;
    /** `absent`: components that were not found. Throws to be asked again. */
    after?(scope: X, absent: readonly string[]): Promise<void>;
    /** True: nothing was ever made, so a deletion that is refused leaves nothing behind. */
    neverMade(object: R): boolean;
    done?(object: R): void;
  };
  status(object: R, result: PassResult<S>): KindStatus<R>;
  /** Milliseconds after which something is expected to happen; undefined: nothing is. */
  expects?(scope: S, memory: M): number | undefined;
  /** True: another object reports it, so the status of ten thousand objects need not say it as well. */
  isReportedElsewhere?(object: R, reason: string): boolean;
  /** Labels of the drift metric: the persona, never a person. */
  labels(object: R): { namespace: string; persona: string };
}
