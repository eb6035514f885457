/** The groups of the source and of the rules, with everybody in them. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import type { Component } from "../../engine/component.ts";
import { stalled } from "../errors.ts";
import { candidates } from "../members.ts";
import type { SetRemoval } from "../removal.ts";
import { groupKey, groupsOf } from "../rules.ts";
import type { Seen, SetScope } from "../scope.ts";
import { changedGroup, emptySource, groupName } from "../source.ts";

export const source: Component<SetScope, Seen, "source", SetRemoval> = {
  condition: CONDITION.SourceReady,
  cloud: "entra",
  needs: [],
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: () => true,
  observe({ compiled: { spec }, directory, deps, call }) {
    const { nested } = spec.source;
    return directory.read(groupsOf(spec), { ...call, nested, maxAgeMs: deps.directoryIntervalMs });
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
