/** Which objects a namespace may take over: the platform team's word, above every `adoptionPolicy`. */
import { matchesGlob } from "../domain/glob.ts";
import type { AdoptionSettings } from "./settings.ts";

/**
 * Why this namespace may not take over an object of this name, as the end of a sentence; undefined where it may. The first rule that names the
 * namespace decides. A list that does not name it allows nothing, so that a forgotten namespace fails closed.
 */
export function adoptionRefusal(
  rules: readonly AdoptionSettings[] | undefined,
  namespace: string,
  name: string,
): string | undefined {
  if (!rules) return undefined;
  const rule = rules.find(
    ({ namespaces }) => !namespaces || namespaces.some((pattern) => matchesGlob(pattern, namespace)),
  );
  if (rule?.policy !== "Patterns") return `--config lets namespace ${namespace} take over nothing`;
  const names = rule.names ?? [];
  if (names.some((pattern) => matchesGlob(pattern, name))) return undefined;
  return `--config lets namespace ${namespace} take over ${names.join(", ") || "nothing"} only`;
}
