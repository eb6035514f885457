/** The groups of the source and of the rules, with everybody in them. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import type { Component } from "../../engine/component.ts";
import { stalled } from "../errors.ts";
import { candidates } from "../members.ts";
import type { SetRemoval } from "../removal.ts";
import { type GroupReference, groupKey, groupsOf } from "../rules.ts";
import type { Seen, SetScope } from "../scope.ts";
import { changedGroup, emptySource, groupName } from "../source.ts";

/** What the status says was found by this name first. */
function pinOf(group: GroupReference, known: ReadonlyMap<string, string>): [string, string][] {
  const id = group.id ? undefined : known.get(groupName(group));
  return id ? [[groupKey(group), id]] : [];
}

export const source: Component<SetScope, Seen, "source", SetRemoval> = {
  condition: CONDITION.SourceReady,
  cloud: "entra",
  needs: [],
  concerns: {},
  shared: false,
  servesLogin: false,
  mustBeRead: true,
  applies: () => true,
  observe({ object, compiled: { spec }, directory, deps, call }) {
    const { nested } = spec.source;
    const known = new Map(object.status?.source?.groups?.map(({ name, id }) => [name, id.toLowerCase()]));
    const pins = new Map(groupsOf(spec).flatMap((group) => pinOf(group, known)));
    return directory.read(groupsOf(spec), { ...call, nested, maxAgeMs: deps.directoryIntervalMs, pins });
  },
  plan({ object, compiled: { spec }, deps }, reading) {
    const found = new Map(groupsOf(spec).map((group) => [groupName(group), reading.ids.get(groupKey(group))!]));
    const changed = changedGroup(object.status?.source?.groups, found);
    if (changed) throw stalled(REASON.GroupChanged, changed, deps.directoryIntervalMs);
    const empty = emptySource(spec, reading);
    if (empty) throw stalled(REASON.SourceEmpty, empty, deps.directoryIntervalMs);
    return [];
  },
  describe({ compiled }, reading) {
    const count = candidates(compiled, reading).length;
    return `${count} ${count === 1 ? "person" : "people"} in ${compiled.spec.source.groups.map(groupName).join(", ")}`;
  },
  // The directory is not ours.
  remove: async () => true,
};
