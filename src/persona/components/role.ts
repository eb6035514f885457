/** The blog's AzureAD_Role: SAML trust and the policies. Updated in place, never recreated: Connect binds users to the role's id. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { settingsOf } from "../../domain/difference.ts";
import { ownName } from "../../domain/names.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { keptStatements, policyRows } from "../../domain/policies.ts";
import { counted } from "../../domain/text.ts";
import type { Kept, Step } from "../../engine/component.ts";
import { Comparison } from "../../engine/ledger.ts";
import { terminalError } from "../../providers/verdicts.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { type DesiredRole, desiredRole, SHARED } from "../desired-role.ts";
import { findFormerRoles } from "../former-roles.ts";
import { claimRole, isAccepted, refusePath } from "../role-claim.ts";
import { othersOf, participantsOf, type SharedTrust, sharedTrust, sharesRole } from "../role-sharing.ts";
import { attach, keepSteps, setTrust } from "../role-steps.ts";
import { type PersonaScope, wasOurs } from "../scope.ts";
import type { FormerRole, SeenRole } from "../seen.ts";
import { dependantsOfRole, guardRole, isAdoption, kept } from "../take-over.ts";

export const role: PersonaComponent<"role"> = {
  condition: CONDITION.RoleReady,
  cloud: "iam",
  needs: ["federation-policy", "listing-policy", "saml-provider"],
  concerns: {
    trust: /^(shared\.)?trust/,
    permissions: /^(shared\.)?(policies|inlinePolicies|permissionsBoundary|maxSigninSessionDuration)$/,
  },
  shared: false,
  servesLogin: true,
  applies: () => true,
  async observe(scope) {
    const { iam, names, call, object } = scope;
    const found = await iam.getRole(names.role, call);
    // On another path, or another's: its inline policies are none of ours, and may not be read.
    const near =
      found?.arn === names.roleArn &&
      (isAdoption(scope, found.tags) || isAccepted(scope, found.tags[OWNER_TAG]) || wasOurs(scope, "role"));
    const former = await findFormerRoles(scope);
    return {
      role: found,
      ...(near ? { inline: await iam.inlineRolePolicies(names.role, call) } : {}),
      ...(sharesRole(object) ? { sharing: await sharedTrust(scope, found, participantsOf(scope, names.roleArn)) } : {}),
      ...(former.length > 0 ? { former } : {}),
    };
  },
  plan(scope, seen, compare) {
    const desired = desiredRole(scope, seen.sharing);
    const present = planRole(scope, desired, seen, compare);
    const former = (seen.former ?? []).flatMap((one) => planFormer(scope, one, compare));
    return { ...present, steps: [...present.steps, ...former] };
  },
  describe(scope, { role: found, sharing, former }) {
    const boundary = found?.permissionsBoundaryArn;
    const others = othersOf(scope, scope.names.roleArn).map(({ persona }) => persona.metadata.name);
    const notes = [
      sharing && (others.length > 0 ? `shared with ${others.join(", ")}` : "no other persona shares it yet"),
      ...(former ?? []).flatMap(({ name, isUsed, isKept }) =>
        isKept ? `${isUsed ? "users are bound to" : "kept beside it:"} ${name}` : [],
      ),
      boundary && !scope.boundaryArn ? `it carries the permissions boundary ${boundary}, which is kept` : undefined,
    ];
    return [scope.names.roleArn, ...notes.filter(Boolean)].join("; ");
  },
  async remove(scope) {
    const { names, object } = scope;
    const { namespace, name } = object.metadata;
    const formers = (object.status?.formerRoles ?? []).map((one) => one.name);
    const own = sharesRole(object) ? [ownName(namespace, name)] : [];
    let wasThere = false;
    let stays: Kept | undefined;
    for (const one of new Set([names.role, ...own, ...formers])) {
      const result = await removeOne(scope, one);
      if (typeof result === "object") stays = result;
      else wasThere ||= result;
    }
    return stays ?? wasThere;
  },
};

function planRole(
  scope: PersonaScope,
  desired: DesiredRole,
  seen: Pick<SeenRole, "role" | "inline" | "sharing">,
  compare: Comparison,
): { steps: Step[]; problem?: Error } {
  const object = `IAM role ${desired.name}`;
  const full = trustTooLong(scope, object, seen.sharing);
  if (!seen.role) return { steps: createSteps(scope, object, desired, compare), ...(full ? { problem: full } : {}) };
  const { owned, barred } = claimRole(scope, object, seen.role.tags[OWNER_TAG], desired.owner);
  refusePath(scope, object, seen.role);
  if (owned === "adopt") guardRole(scope, seen.role, seen.inline, desired);
  const { steps, problem } = keepSteps(scope, object, desired, seen.role, seen.inline ?? [], compare, owned);
  const worst = full ?? problem;
  return { steps: barred ? steps.map((step) => ({ ...step, barred })) : steps, ...(worst ? { problem: worst } : {}) };
}

/** The persona's provider has no room: the others stay as they are. */
function trustTooLong({ object }: PersonaScope, role: string, sharing: SharedTrust | undefined): Error | undefined {
  if (!sharing?.leftOut.includes(object.metadata.name)) return undefined;
  return terminalError(
    REASON.TrustTooLong,
    `The trust of ${role} has no room for this persona: with the SAML providers of ${counted(sharing.participants.length, "persona")} it would have more than the account's ${sharing.room} characters; raise the quota "Role trust policy length" (IAM allows up to 4096), shorten aws.samlProviderName, or set aws.roleSharing: Persona here`,
  );
}

function createSteps(scope: PersonaScope, object: string, desired: DesiredRole, compare: Comparison): Step[] {
  const { policies, maxSigninSessionSeconds: _, at, owner: __, mayHave: ___, participants: ____, ...input } = desired;
  const isKnown = compare.applied("").some((path) => path.startsWith(SHARED) === (at === SHARED));
  return [
    {
      verb: "create",
      object,
      why:
        at === SHARED
          ? "users of the personas that share it assume it when they sign in"
          : "users assume it when they sign in",
      differences: [],
      settings: [
        ...settingsOf({
          arn: scope.names.roleArn,
          maxSessionDuration: `${desired.maxSessionDurationSeconds}s`,
          permissionsBoundary: desired.permissionsBoundaryArn,
        }),
        ...policyRows(desired.trust, undefined, "trust.").map(({ path, desired: value }) => ({ path, value })),
      ],
      // Another role than the one that was applied last: roleSharing changed.
      ...(wasOurs(scope, "role") && !isKnown ? { cause: "declared" as const } : {}),
      apply: () => createOnce(object, () => scope.iam.createRole(input, scope.call)),
    },
    ...policies.map((arn) => attach(scope, object, desired, arn, new Comparison())),
  ];
}

/** A role that users may be bound to stays as declared; the others go. */
function planFormer(scope: PersonaScope, former: FormerRole, compare: Comparison): Step[] {
  const { name, role: found, inline, sharing, isOurs, isKept } = former;
  if (!found || !isOurs) return [];
  const object = `IAM role ${name}`;
  if (isKept) return keepSteps(scope, object, desiredRole(scope, sharing, name), found, inline ?? [], compare).steps;
  if (sharing && sharing.participants.length > 0)
    return setTrust(scope, object, desiredRole(scope, sharing, name), found, compare);
  return [
    {
      verb: "delete",
      object,
      why: "no user of the persona is bound to it",
      differences: [],
      cause: "declared",
      apply: () => scope.iam.deleteRole(name, scope.call),
    },
  ];
}

/** Deletes a role that is the persona's own; takes the persona's provider out of one that others share. */
async function removeOne(scope: PersonaScope, name: string): Promise<boolean | Kept> {
  const { iam, call, owner, sharedOwner, memory, names } = scope;
  const found = await iam.getRole(name, call);
  const tag = found?.tags[OWNER_TAG];
  if (!found || (tag !== owner && tag !== sharedOwner.role)) return found !== undefined;
  const sharers = tag === sharedOwner.role ? othersOf(scope, found.arn) : [];
  if (sharers.length === 0) {
    const others = await dependantsOfRole(scope, found);
    if (others.length > 0) {
      memory.kept = new Set(memory.kept).add(name);
      return kept(`IAM role ${name}`, others);
    }
    await iam.deleteRole(name, call);
    return true;
  }
  // What others let in stays, as does a trust that would have no statement left: IAM takes none.
  const rest = keptStatements(found.trust, (grant) => !grant.startsWith(`${names.samlProviderArn} `));
  if (rest.length > 0) await iam.setTrust(name, { ...(found.trust as object), Statement: rest }, call);
  return true;
}
