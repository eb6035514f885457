/** Quick connects of the instance that ring a Connect user who is gone. They are not ours: they are named, and left. */
import { counted, listed } from "../domain/text.ts";
import { failureOf, isStalled } from "../engine/errors.ts";
import type { PersonaScope } from "./scope.ts";

const MOST_NAMED = 5;

/** One sentence for people; undefined when there are none. Shared reads: one search for each instance in `maxAgeMs`. */
export async function strayQuickConnects(scope: PersonaScope, maxAgeMs: number): Promise<string | undefined> {
  const { connect, call, memory } = scope;
  const sweep = { ...call, priority: "sweep" as const, maxAgeMs };
  try {
    const all = await connect.quickConnects(sweep);
    const strays = async (age: number) => {
      const ids = new Set<string>();
      for (const { id } of await connect.users({ ...sweep, maxAgeMs: age })) ids.add(id);
      return all.filter(({ userId }) => !ids.has(userId));
    };
    let found = all.length > 0 ? await strays(maxAgeMs) : [];
    const key = found.map(({ id }) => id).join(" ");
    // A user whom the inventory does not know yet is not gone: the first time, it is read again.
    if (found.length > 0 && memory.strayQuickConnects !== key) found = await strays(0);
    memory.strayQuickConnects = found.map(({ id }) => id).join(" ");
    if (found.length === 0) return undefined;
    const names = found.map(({ name }) => name).sort();
    return `${counted(found.length, "quick connect")} of the instance ${found.length === 1 ? "rings" : "ring"} no one, because the Connect user is gone: ${listed(names, MOST_NAMED)}; delete them in Amazon Connect, or point them at somebody`;
  } catch (error) {
    const failure = failureOf(error);
    return isStalled(failure) ? `Quick connects that ring no one are not looked for: ${failure.message}` : undefined;
  }
}
