/** What the role and the provisioning user have in common: tags, a permissions boundary, and rights that are not declared. */
import { REASON } from "../api/reasons.ts";
import { boundaryToKeep } from "../domain/adoption.ts";
import type { Difference } from "../domain/difference.ts";
import { type Step, type Steps, update } from "../engine/component.ts";
import type { Comparison } from "../engine/ledger.ts";
import { terminalError } from "../providers/verdicts.ts";
import type { PersonaScope } from "./scope.ts";

export function tagStep(
  object: string,
  owned: "ours" | "adopt",
  differences: Difference[],
  apply: () => Promise<void>,
): Step[] {
  return update(differences, {
    verb: owned === "adopt" ? "adopt" : "update",
    object,
    why: "its tags say whose it is",
    apply,
  });
}

/** A boundary that another writer put there is reported, never replaced: the declared one then holds nothing, which is a problem. `at`: prefix of the path. */
export function boundarySteps(
  { boundaryArn }: PersonaScope,
  object: string,
  observed: string | undefined,
  compare: Comparison,
  apply: () => Promise<void>,
  at = "",
): Steps {
  const kept = boundaryToKeep(observed, boundaryArn);
  if (kept && !compare.wasApplied(`${at}permissionsBoundary`, kept.keep)) {
    const message = `${object}: ${kept.message}; put the declared one on it, or declare this one`;
    return { steps: [], ...(boundaryArn ? { problem: terminalError(REASON.ForeignBoundary, message) } : {}) };
  }
  const differences = compare.differ(`${at}permissionsBoundary`, boundaryArn, observed);
  return { steps: update(differences, { object, why: "it carries another permissions boundary, or none", apply }) };
}

/** Rights that are not declared are taken away one by one. `what`: "inline policy". */
export function undeclaredRights(
  object: string,
  path: string,
  what: string,
  names: readonly string[],
  compare: Comparison,
  remove: (name: string) => Promise<void>,
): Step[] {
  return names.map((name) => ({
    verb: "update",
    object,
    why: `${what} ${name} is not declared`,
    differences: compare.item(path, name, false, true),
    apply: () => remove(name),
  }));
}
