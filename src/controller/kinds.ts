/**
 * The one wiring: every kind that the controller reconciles, on a cluster and on a folder alike. A further kind is one more entry of
 * KINDS. The order is the one in which plans and commands go through them: what others stand on comes first.
 */
import { DEFAULT_MASS_DELETION_SHARE } from "../domain/massdeletion.ts";
import { Reactions } from "../domain/reactions.ts";
import type { Change, Wakes } from "../runtime/changes.ts";
import { equalJson } from "../runtime/equal.ts";
import type { IndexFunction } from "../runtime/port.ts";
import { SetRegistry } from "../set/registry.ts";
import type { ControlledKind, ReconcilerDeps } from "./kind.ts";
import { PERSONAS } from "./personas.ts";
import { SETS } from "./sets.ts";
import { USERS } from "./users.ts";

export const KINDS: readonly ControlledKind[] = [PERSONAS, SETS, USERS];

/** Default of --directory-interval. */
const DIRECTORY_INTERVAL_MS = 30_000;

const BY_NAME = new Map(KINDS.map((kind) => [kind.resource.kind, kind]));

/** Secondary indexes of each kind. */
export const INDEXES: Record<string, Record<string, IndexFunction>> = Object.fromEntries(
  KINDS.map(({ resource, indexes }) => [resource.kind, indexes]),
);

/** Which objects a change wakes: also those that depended on what the object was before. */
export const wakes: Wakes = ({ before, after }, store) => {
  const object = after ?? before;
  const kind = object && BY_NAME.get(object.kind);
  if (!kind || !isRead(kind, { before, after })) return [];
  const moved = before && after && before.metadata.generation !== after.metadata.generation;
  const refs = [after, !after || moved ? before : undefined].flatMap((one) => (one ? kind.wakes(one, store) : []));
  return [...new Map(refs.map((ref) => [`${ref.kind}/${ref.namespace}/${ref.name}`, ref])).values()];
};

function isRead({ readByOthers }: ControlledKind, { before, after }: Pick<Change, "before" | "after">): boolean {
  if (!before || !after) return true;
  return (
    before.metadata.generation !== after.metadata.generation ||
    before.metadata.deletionTimestamp !== after.metadata.deletionTimestamp ||
    !equalJson(readByOthers(before), readByOthers(after))
  );
}

/** What all reconcilers of one controller share. */
export function reconcilerDeps(
  deps: Omit<ReconcilerDeps, "now" | "massDeletionShare" | "sees" | "sets" | "reactions" | "directoryIntervalMs"> & {
    massDeletionShare?(): number;
    sees?: ReconcilerDeps["sees"];
    reactions?: Reactions;
    directoryIntervalMs?: number;
  },
): ReconcilerDeps {
  return {
    directoryIntervalMs: DIRECTORY_INTERVAL_MS,
    sees: () => true,
    reactions: new Reactions(),
    massDeletionShare: () => DEFAULT_MASS_DELETION_SHARE,
    ...deps,
    now: () => Date.now(),
    sets: new SetRegistry(),
  };
}
