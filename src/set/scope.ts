/** From a ConnectUserSet to compiled rules and a directory. Reads only. */
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS, type ConnectUserSet, requestName } from "../api/resources.ts";
import type { Admitted } from "../domain/limits.ts";
import type { Reactions } from "../domain/reactions.ts";
import type { Scope } from "../engine/component.ts";
import type { OpenContext } from "../engine/kind.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { CallOptions } from "../providers/errors.ts";
import { terminalError } from "../providers/verdicts.ts";
import type { ObjectStore } from "../runtime/port.ts";
import type { Directory, Reading } from "./directory.ts";
import type { Outcome } from "./outcome.ts";
import { Passages, type SetObserver } from "./passages.ts";
import type { SetRegistry } from "./registry.ts";
import { type CompiledSet, compileSet, formatProblem } from "./rules.ts";

export interface SetDeps {
  store: ObjectStore;
  clouds: Clouds;
  pollIntervalMs: number;
  /** Oldest reading of the directory that a look is content with. */
  directoryIntervalMs: number;
  /** Milliseconds since the epoch. */
  now(): number;
  /** What all sets of this process share. */
  sets: SetRegistry;
  setObserver?: SetObserver | undefined;
  reactions?: Reactions;
}

export interface Seen {
  source: Reading;
  members: Outcome;
}
export interface SetMemory {
  passages?: Passages;
  compiled?: { generation: number | undefined; set: CompiledSet };
}

export interface SetScope extends Scope<Seen> {
  readonly object: ConnectUserSet;
  readonly compiled: CompiledSet;
  readonly directory: Directory;
  readonly deps: SetDeps;
  readonly call: CallOptions;
  /** Undefined in a plan. */
  readonly passages: Passages | undefined;
  persist(fields: Partial<NonNullable<ConnectUserSet["status"]>>): Promise<void>;
  /** What was let through, as it is stored. */
  admitted: readonly Admitted[];
  /** The approval that was used in this pass. */
  used: string | undefined;
}

export async function openScope(
  object: ConnectUserSet,
  deps: SetDeps,
  { signal, priority, memory, persist, planning }: OpenContext<ConnectUserSet, SetMemory>,
): Promise<SetScope> {
  const { namespace, generation } = object.metadata;
  if (!memory.compiled || generation === undefined || memory.compiled.generation !== generation)
    memory.compiled = { generation, set: compiledOf(object) };
  memory.passages ??= new Passages();
  const graph = await deps.clouds.graph(object.spec.source.tenantId, namespace);
  return {
    object,
    compiled: memory.compiled.set,
    directory: deps.sets.directoryOf(graph, deps.now),
    deps,
    call: { ...(signal ? { signal } : {}), priority, tenant: namespace },
    passages: planning ? undefined : memory.passages,
    driftPolicy: "Correct",
    signal,
    seen: {},
    persist,
    admitted: object.status?.admitted ?? [],
    used: undefined,
  };
}

function compiledOf({ spec }: ConnectUserSet): CompiledSet {
  const result = compileSet(spec);
  if ("set" in result) return result.set;
  throw terminalError(REASON.InvalidRule, result.problems.map(formatProblem).join("; "));
}

/** The hash of the annotation, unless it was used before. */
export function approvalOf({ metadata, status }: ConnectUserSet): string | undefined {
  const value = metadata.annotations?.[ANNOTATIONS.approve];
  return value && status?.handledRequests?.[requestName(ANNOTATIONS.approve)] !== value ? value : undefined;
}
