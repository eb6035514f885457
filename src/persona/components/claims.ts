/** Claims: left as the gallery application has them, unless RoleSessionName comes from the mail address. */
import { CONDITION } from "../../api/resources.ts";
import { claimsDefinition } from "../../domain/claims.ts";
import { durationSeconds } from "../../domain/duration.ts";
import { CloudError } from "../../providers/errors.ts";
import type { ClaimsMappingPolicy } from "../../providers/graph/types.ts";
import { type Component, madeWith, type Step } from "../component.ts";
import type { PersonaScope } from "../scope.ts";

export function claimsPolicyName(scope: Pick<PersonaScope, "owner">): string {
  return `connect-sso ${scope.owner}`;
}

export const claims: Component<{ attached: ClaimsMappingPolicy[]; own?: ClaimsMappingPolicy }> = {
  name: "claims",
  condition: CONDITION.ClaimsReady,
  cloud: "entra",
  needs: ["application"],
  applies: () => true,
  async observe(scope) {
    const principal = scope.seen.application?.servicePrincipal;
    const wanted = scope.spec.application.roleSessionNameSource === "mail";
    const attached = principal ? await attachedPolicies(scope, principal.id, wanted) : [];
    const name = claimsPolicyName(scope);
    let own = attached.find(({ displayName }) => displayName === name);
    if (!own && wanted) own = (await scope.graph.findClaimsPolicies(name, scope.call))[0];
    return { attached, own };
  },
  plan(scope, { attached, own }) {
    const principal = scope.seen.application?.servicePrincipal;
    const { graph, call, spec } = scope;
    const object = `claims mapping policy ${claimsPolicyName(scope)}`;
    if (spec.application.roleSessionNameSource !== "mail") {
      if (!own) return [];
      return [
        {
          verb: "delete",
          object,
          why: "RoleSessionName comes from the user principal name, as the gallery application has it",
          differences: [],
          async apply() {
            await graph.detachClaimsPolicy(principal!.id, own.id, call);
            await graph.deleteClaimsPolicy(own.id, call);
          },
        },
      ];
    }
    const definition = [claimsDefinition("mail", durationSeconds(spec.application.sessionDuration))];
    // One made by hand that says the same serves as well.
    if (!own && attached.length === 1 && sameDefinition(definition, attached[0]!.definition)) return [];
    if (!own) {
      return [
        {
          verb: "create",
          object,
          why: "RoleSessionName comes from the mail address",
          differences: [],
          settings: madeWith({ definition: definition[0], attached: `application ${spec.application.displayName}` }),
          apply: async () =>
            void (await graph.createClaimsPolicy({ displayName: claimsPolicyName(scope), definition }, call)),
        },
      ];
    }
    const steps: Step[] = [];
    if (!sameDefinition(definition, own.definition))
      steps.push({
        verb: "update",
        object,
        why: "its claims differ",
        differences: [
          { path: "definition", desired: definition[0]!, observed: own.definition.join(" ").slice(0, 600) },
        ],
        apply: () => graph.updateClaimsPolicy(own.id, { definition }, call),
      });
    // One policy counts per service principal: another one is taken off before ours is put on.
    for (const other of attached.filter(({ id }) => id !== own.id))
      steps.push({
        verb: "update",
        object,
        why: `policy ${other.displayName} is attached to the application as well`,
        differences: [{ path: "attached", desired: own.displayName, observed: other.displayName }],
        apply: () => graph.detachClaimsPolicy(principal!.id, other.id, call),
      });
    if (!attached.some(({ id }) => id === own.id))
      steps.push({
        verb: "update",
        object,
        why: "it is not attached to the application",
        differences: [{ path: "attached", desired: own.displayName, observed: "(none)" }],
        apply: () => graph.attachClaimsPolicy(principal!.id, own.id, call),
      });
    return steps;
  },
  describe: (scope) =>
    scope.spec.application.roleSessionNameSource === "mail"
      ? `RoleSessionName from mail, session of ${scope.spec.application.sessionDuration}`
      : "claims of the gallery application",
};

/** Who wants no policy needs no right to read any: a refusal then says that none of ours can be there. */
async function attachedPolicies(
  { graph, call }: PersonaScope,
  principalId: string,
  wanted: boolean,
): Promise<ClaimsMappingPolicy[]> {
  try {
    return await graph.claimsPoliciesOf(principalId, call);
  } catch (error) {
    if (!wanted && error instanceof CloudError && error.status === 403) return [];
    throw error;
  }
}

/** Equal rows, in whatever order and spelling of the JSON. */
function sameDefinition(desired: string[], observed: string[]): boolean {
  const normal = (texts: string[]) => {
    try {
      return JSON.stringify(texts.map((text) => sorted(JSON.parse(text))));
    } catch {
      return undefined;
    }
  };
  return normal(desired) === normal(observed);
}

/** Keys in order, rows of a list too: both are sets here. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
