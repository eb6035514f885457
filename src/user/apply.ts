/** Carries out a plan's steps in order, one call each. Stops at the first failure; what was done is found again by looking. */
import type { ConnectInstance, ConnectUserView } from "../providers/aws/types.ts";
import { type CallOptions, CloudError } from "../providers/errors.ts";
import type { Graph } from "../providers/graph/types.ts";
import type { Step } from "./plan.ts";

/** Returns the Connect user as it is called afterwards: a created one has a new id. */
export async function applySteps(
  steps: readonly Step[],
  clouds: { graph: Graph; connect: ConnectInstance },
  user: ConnectUserView | undefined,
  o: CallOptions,
): Promise<ConnectUserView | undefined> {
  let current = user;
  for (const { operation: op } of steps) {
    o.signal?.throwIfAborted();
    if (op.kind === "assign") await clouds.graph.assign(op.servicePrincipalId, op.principalId, op.appRoleId, o);
    else if (op.kind === "unassign") await clouds.graph.unassign(op.servicePrincipalId, op.assignmentId, o);
    else if (op.kind === "create") {
      // SearchUsers lags: a name that it lacks may exist.
      if (!(await clouds.connect.confirmAbsent(op.input.username, o)))
        throw new CloudError(`whether the Connect user ${op.input.username} exists is not settled yet`, {
          kind: "waiting",
          reason: "Pending",
          code: "NotConfirmedAbsent",
          retryAfterMs: 5_000,
        });
      current = await clouds.connect.createUser(op.input, o);
    } else current = await applyToUser(op, clouds.connect, current!, o);
  }
  return current;
}

async function applyToUser(
  op: Exclude<Step["operation"], { kind: "assign" | "unassign" | "create" }>,
  connect: ConnectInstance,
  user: ConnectUserView,
  o: CallOptions,
): Promise<ConnectUserView | undefined> {
  switch (op.kind) {
    case "delete":
      await connect.deleteUser(user, o);
      return undefined;
    case "identity": {
      const { kind: _, ...identity } = op;
      // The call replaces the whole object: an e-mail or number that nobody read yet must not be lost.
      const full = user.secondaryEmail === undefined ? await connect.user(user.username, o, ["identity"]) : user;
      const secondaryEmail = identity.secondaryEmail ?? full?.secondaryEmail;
      const mobile = identity.mobile ?? full?.mobile;
      await connect.updateIdentity(
        user,
        { ...identity, ...(secondaryEmail ? { secondaryEmail } : {}), ...(mobile ? { mobile } : {}) },
        o,
      );
      break;
    }
    case "phone":
      await connect.updatePhone(user, op.phone, o);
      break;
    case "securityProfiles":
      await connect.updateSecurityProfiles(user, op.ids, o);
      break;
    case "routingProfile":
      await connect.updateRoutingProfile(user, op.id, o);
      break;
    case "hierarchy":
      await connect.updateHierarchy(user, op.id, o);
      break;
    case "proficiencies":
      await connect.setProficiencies(user, { set: op.set, remove: op.remove }, o);
      break;
    case "tags":
      await connect.tagUser(user, op.set, [], o);
      break;
  }
  return user;
}
