/** Users and groups. */
import { type CallOptions, CloudError } from "../errors.ts";
import { changesSince, groupChanges, groupsSince, personChanges, usersSince } from "./changes.ts";
import type { Json, TenantContext } from "./context.ts";
import { lookUp } from "./lookup.ts";
import { literal, path } from "./paths.ts";
import { People } from "./people.ts";
import { PERSON_FIELDS, toPerson } from "./shapes.ts";
import type { EntraGroup, Graph, Person } from "./types.ts";

/** Groups whose members are remembered; the oldest goes first. */
const MEMBERS_KEPT = 200;

const toGroup = (json: Json): EntraGroup => ({
  id: String(json.id),
  displayName: String(json.displayName ?? ""),
});

export function directoryCalls({ client }: TenantContext) {
  const people = new People(client);
  const members = new Map<string, { ids: string[]; at: number }>();

  return {
    user: (key, options, among) =>
      people.find("objectId" in key ? key.objectId : key.userPrincipalName, options, among),
    async people(objectIds, options) {
      const found = new Map<string, Person>();
      let failure: unknown;
      await lookUp(
        client,
        new Set(objectIds.map((id) => id.toLowerCase())),
        PERSON_FIELDS,
        {
          found(json) {
            const person = toPerson(json);
            found.set(person.id.toLowerCase(), person);
            people.learn(json);
            return [person.id.toLowerCase()];
          },
          missing: (id) => people.learn({ id, "@removed": {} }),
          failed: (_, error) => {
            failure ??= error;
          },
        },
        options,
      );
      if (failure) throw failure;
      return found;
    },
    async members(groupId, options) {
      const kind = options?.nested === false ? "members" : "transitiveMembers";
      const group = path`/groups/${groupId}`;
      try {
        const all = await client.list<Json>(
          `${group}/${kind}/microsoft.graph.user?$select=${PERSON_FIELDS}&$top=999`,
          options,
        );
        return all.map(toPerson);
      } catch (error) {
        if (error instanceof CloudError && error.status === 404) return undefined;
        throw error;
      }
    },
    async memberGroups(groupId, options) {
      try {
        const all = await client.list<Json>(
          `${path`/groups/${groupId}`}/members/microsoft.graph.group?$select=id,displayName&$top=999`,
          options,
        );
        return all.map(toGroup);
      } catch (error) {
        if (error instanceof CloudError && error.status === 404) return undefined;
        throw error;
      }
    },
    async userChanges(token, options) {
      const [read] = await changesSince(client, [usersSince(token)], options);
      people.absorb(read);
      return personChanges(read);
    },
    async directoryChanges({ users, groups }, options) {
      const [ofGroups, ofUsers] = await changesSince(client, [groupsSince(groups), usersSince(users)], options);
      people.absorb(ofUsers);
      return { groups: groupChanges(ofGroups), users: personChanges(ofUsers) };
    },
    async findGroups(filter, options) {
      if ("id" in filter) {
        const json = await client.read<Json>(`${path`/groups/${filter.id}`}?$select=id,displayName`, options);
        return json ? [toGroup(json)] : [];
      }
      return (
        await client.list<Json>(
          `/groups?$filter=displayName eq ${literal(filter.displayName)}&$select=id,displayName`,
          options,
        )
      ).map(toGroup);
    },
    async groupMemberIds(id, options?: CallOptions & { maxAgeMs?: number }) {
      const cached = members.get(id);
      if (cached && Date.now() - cached.at < (options?.maxAgeMs ?? 0)) return cached.ids;
      const at = Date.now();
      const all = await client.list<Json>(`${path`/groups/${id}`}/members?$select=id&$top=999`, options);
      const ids = all.map((one) => String(one.id));
      members.delete(id);
      members.set(id, { ids, at });
      if (members.size > MEMBERS_KEPT) members.delete(members.keys().next().value!);
      return ids;
    },
  } satisfies Partial<Graph>;
}
