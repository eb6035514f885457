/** Users and groups. */
import { type Json, literal, type TenantContext } from "./context.ts";
import { People } from "./people.ts";
import type { EntraGroup, Graph } from "./types.ts";

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
    async findGroups(filter, options) {
      if ("id" in filter) {
        const json = await client.read<Json>({
          operation: "/groups/{id}",
          path: `/groups/${filter.id}?$select=id,displayName`,
          options,
        });
        return json ? [toGroup(json)] : [];
      }
      return (
        await client.list<Json>({
          operation: "/groups",
          path: `/groups?$filter=displayName eq ${literal(filter.displayName)}&$select=id,displayName`,
          options,
        })
      ).map(toGroup);
    },
    async groupMemberIds(id, options) {
      const cached = members.get(id);
      if (cached && Date.now() - cached.at < (options?.maxAgeMs ?? 0)) return cached.ids;
      const at = Date.now();
      const all = await client.list<Json>({
        operation: "/groups/{id}/members",
        path: `/groups/${id}/members?$select=id&$top=999`,
        options,
      });
      const ids = all.map((one) => String(one.id));
      members.delete(id);
      members.set(id, { ids, at });
      if (members.size > MEMBERS_KEPT) members.delete(members.keys().next().value!);
      return ids;
    },
  } satisfies Partial<Graph>;
}
