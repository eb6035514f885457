/** A set worked out once, outside of the engine: for plans, for deletion by manifests, and for those who ask who is in it. */
import type { ConnectUser, ConnectUserSet } from "../api/resources.ts";
import { Comparison } from "../engine/ledger.ts";
import { members } from "./components/members.ts";
import { source } from "./components/source.ts";
import { existingOf } from "./facts.ts";
import { objectId } from "./members.ts";
import type { Outcome } from "./outcome.ts";
import { asPlanned, type Planned } from "./planned.ts";
import { openScope, type SetDeps } from "./scope.ts";
import { write } from "./write.ts";

interface Expansion {
  outcome: Outcome;
  /** What in the planned memberships does not fit the directory. */
  problems: string[];
}

/** Reads only. Throws what keeps the set from being worked out. `planned`: memberships that are only planned. */
export async function workOut(object: ConnectUserSet, deps: SetDeps, planned?: Planned): Promise<Expansion> {
  const scope = await openScope(object, deps, {
    signal: undefined,
    priority: "person",
    memory: {},
    found: {},
    planning: true,
    persist: async () => {},
  });
  const reading = await source.observe(scope);
  const { source: people, problems } = planned ? asPlanned(reading, planned) : { source: reading, problems: [] };
  scope.seen.source = { ...reading, ...people };
  source.plan(scope, scope.seen.source, new Comparison());
  return { outcome: await members.observe(scope), problems };
}

/** Makes the ConnectUsers in a store of this process, so that plans and deletions see them as if they were declared. */
export async function expand(object: ConnectUserSet, deps: SetDeps): Promise<Outcome> {
  const { outcome } = await workOut(object, deps);
  const users = new Map(existingOf(object, deps).map((user): [string, ConnectUser] => [objectId(user), user]));
  for (const member of outcome.go) await write(member, { store: deps.store, set: object, user: users.get(member.id) });
  return outcome;
}
