/** Claims: left as the gallery application has them, unless the persona declares another RoleSessionName or a session duration. */
import { CONDITION } from "../../api/resources.ts";
import { compareClaims, desiredClaims, needsClaimsPolicy, readClaims } from "../../domain/claims/policy.ts";
import { settingsOf } from "../../domain/difference.ts";
import { durationSeconds, formatDuration } from "../../domain/duration.ts";
import { type Step, update } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import { CloudError } from "../../providers/errors.ts";
import type { ClaimsMappingPolicy } from "../../providers/graph/types.ts";
import type { PersonaComponent } from "../component.ts";
import { type PersonaScope, principalOf } from "../scope.ts";
import type { SeenClaims } from "../seen.ts";

function claimsPolicyName(scope: Pick<PersonaScope, "owner">): string {
  return `connect-sso ${scope.owner}`;
}

/** A new policy shows within this time. Until then no other one is made; a second one, made after a crash, is removed again. */
const SHOWS_WITHIN_MS = 300_000;

export const claims: PersonaComponent<"claims"> = {
  condition: CONDITION.ClaimsReady,
  cloud: "entra",
  needs: ["application"],
  partOf: "application",
  concerns: { trust: /^(definition|foreignPolicy)$/ },
  shared: false,
  servesLogin: true,
  applies: () => true,
  observe,
  plan(scope, { attached, own, surplus }, compare) {
    const principal = scope.seen.application?.servicePrincipal;
    const { graph, call, spec } = scope;
    const object = `claims mapping policy ${claimsPolicyName(scope)}`;
    if (!isWanted(scope)) {
      const why = "the claims of the gallery application are enough";
      const ours = own ? [own, ...surplus] : [];
      const foreign = attached.filter(({ id }) => !ours.some((one) => one.id === id));
      return [
        ...ours.map(
          (policy): Step => ({
            verb: "delete",
            object,
            why,
            differences: [],
            async apply() {
              await graph.detachClaimsPolicy(principal!.id, policy.id, call);
              await graph.deleteClaimsPolicy(policy.id, call);
            },
          }),
        ),
        ...foreign.filter((policy) => !serves(scope, policy)).map((policy) => takeOff(scope, policy, compare)),
      ];
    }
    const definition = [desiredClaims(spec.application.roleSessionName, sessionOf(scope))];
    // One made by hand that sends the same serves as well, whatever else it sends.
    if (!own && attached.length > 0 && attached.every((policy) => serves(scope, policy))) return [];
    if (!own) {
      return [
        {
          verb: "create",
          object,
          why: `RoleSessionName comes from ${sourceOf(scope)}, and a session lasts ${formatDuration(sessionOf(scope).sessionSeconds)}`,
          differences: [],
          settings: settingsOf({ definition: definition[0], attached: `application ${spec.application.displayName}` }),
          apply: () => create(scope, definition),
        },
      ];
    }
    const same = sameDefinition(definition, own.definition);
    const isAttached = attached.some(({ id }) => id === own.id);
    return [
      ...update(compare.differ("definition", definition[0], same ? definition[0] : own.definition.join(" ")), {
        object,
        why: "its claims differ",
        apply: () => graph.updateClaimsPolicy(own.id, { definition }, call),
      }),
      // One policy counts per service principal: another one is taken off before ours is put on.
      ...attached.filter(({ id }) => id !== own.id).map((other) => takeOff(scope, other, compare)),
      ...update(compare.differ("attached", own.displayName, isAttached ? own.displayName : undefined), {
        object,
        why: "it is not attached to the application",
        apply: () => graph.attachClaimsPolicy(principal!.id, own.id, call),
      }),
      ...surplus.map(
        (other): Step => ({
          verb: "delete",
          object: `${object} (${other.id})`,
          why: "it was made twice, because the answer about the first one was lost",
          differences: [],
          maintenance: true,
          apply: () => graph.deleteClaimsPolicy(other.id, call),
        }),
      ),
    ];
  },
  describe: (scope) =>
    isWanted(scope)
      ? `RoleSessionName from ${sourceOf(scope)}, session of ${formatDuration(sessionOf(scope).sessionSeconds)}`
      : "Claims of the gallery application: RoleSessionName from userPrincipalName, session as Entra sets it",
  remove,
};

const isWanted = ({ spec }: Pick<PersonaScope, "spec">) => needsClaimsPolicy(spec.application);

function sourceOf({ spec }: PersonaScope): string {
  const { from, transform } = spec.application.roleSessionName;
  return transform === "None" ? from : `${from} (${transform})`;
}

const DEFAULT_SESSION_SECONDS = 8 * 3600;

/** Never longer than the role allows: AWS would refuse every login. */
function sessionOf({ spec }: PersonaScope): { sessionSeconds: number; maxSessionSeconds: number } {
  const { sessionDuration } = spec.application;
  const maxSessionSeconds = durationSeconds(spec.aws.maxSessionDuration);
  const declared = sessionDuration ? durationSeconds(sessionDuration) : DEFAULT_SESSION_SECONDS;
  return { sessionSeconds: Math.min(declared, maxSessionSeconds), maxSessionSeconds };
}

/** It sends what is declared: the name, the session where one is declared, and none that is longer than the role allows. */
function serves(scope: PersonaScope, { definition }: ClaimsMappingPolicy): boolean {
  if (compareClaims(definition, scope.spec.application.roleSessionName).verdict !== "same") return false;
  const session = readClaims(definition)!.sessionDuration;
  const { sessionSeconds, maxSessionSeconds } = sessionOf(scope);
  const declared = scope.spec.application.sessionDuration !== undefined;
  if (session.state === "absent") return !declared;
  return (
    session.state === "expressible" &&
    (declared ? session.value === sessionSeconds : session.value <= maxSessionSeconds)
  );
}

/** Deleting needs no right to read policies: a refusal says that none of ours can be there. */
async function remove(scope: PersonaScope): Promise<boolean> {
  const { graph, call } = scope;
  const policies = await orNoRight(false, graph.findClaimsPolicies(claimsPolicyName(scope), call));
  const { servicePrincipalId } = scope.object.status ?? {};
  for (const policy of policies) {
    if (servicePrincipalId) await graph.detachClaimsPolicy(servicePrincipalId, policy.id, call);
    await graph.deleteClaimsPolicy(policy.id, call);
  }
  return true;
}

/** The policy itself stays: other applications may use it. */
function takeOff(scope: PersonaScope, policy: ClaimsMappingPolicy, compare: Comparison): Step {
  const { graph, call, spec } = scope;
  const shown = `${policy.displayName} (${policy.id})`;
  return {
    verb: "update",
    object: `application ${spec.application.displayName}`,
    why: `claims mapping policy ${policy.displayName} decides as whom people sign in, and is not declared`,
    differences: compare.item("foreignPolicy", policy.id, false, true, shown),
    apply: () => graph.detachClaimsPolicy(principalOf(scope)!.id, policy.id, call),
  };
}

/**
 * By name also when none is wanted: a crash may have left one that is no longer attached. Once none was seen for long enough, what
 * is attached shows everything.
 */
async function observe(scope: PersonaScope): Promise<SeenClaims> {
  const { graph, call, memory, once } = scope;
  const principal = scope.seen.application?.servicePrincipal;
  const name = claimsPolicyName(scope);
  const now = graph.now().getTime();
  const wanted = isWanted(scope);
  const since = memory.withoutClaimsPolicySince ?? now;
  const attached = principal ? await orNoRight(wanted, graph.claimsPoliciesOf(principal.id, call)) : [];
  const looks = wanted || now - since < SHOWS_WITHIN_MS;
  const named = looks ? await orNoRight(wanted, graph.findClaimsPolicies(name, call)) : [];
  const ours = [
    ...attached.filter(({ displayName }) => displayName === name),
    ...named.sort((a, b) => (a.id < b.id ? -1 : 1)),
  ];
  const [own, ...surplus] = [...new Map(ours.map((policy) => [policy.id, policy])).values()];
  memory.withoutClaimsPolicySince = own ? undefined : since;
  if (own) once.found("claimsPolicy");
  return { attached, own, surplus };
}

/** Who wants no policy needs no right to read any: a refusal then says that none of ours can be there. */
async function orNoRight(wanted: boolean, read: Promise<ClaimsMappingPolicy[]>): Promise<ClaimsMappingPolicy[]> {
  try {
    return await read;
  } catch (error) {
    if (!wanted && error instanceof CloudError && error.status === 403) return [];
    throw error;
  }
}

async function create(scope: PersonaScope, definition: string[]): Promise<void> {
  const { graph, call, once } = scope;
  const object = "the claims mapping policy";
  await once.ask({ key: "claimsPolicy", object, showsWithinMs: SHOWS_WITHIN_MS, lookAgainMs: 5_000 }, () =>
    graph.createClaimsPolicy({ displayName: claimsPolicyName(scope), definition }, call),
  );
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
