/**
 * Creating the application, once. Neither the gallery's instantiate nor a restore may be repeated because an answer was lost or was a 404
 * (which has been seen although the objects were created): see engine/once.ts.
 */

import type { Setting } from "../domain/difference.ts";
import { settingsOf } from "../domain/difference.ts";
import { identifierBase } from "../domain/relay-state.ts";
import { replyUrls } from "../domain/reply-urls.ts";
import type { Step } from "../engine/component.ts";
import type { Ask } from "../engine/once.ts";
import type { Application } from "../providers/graph/types.ts";
import { AWS_TEMPLATE, knownId, temporaryName } from "./find-application.ts";
import type { PersonaScope } from "./scope.ts";

function ask(known?: string): Ask {
  return {
    key: "application",
    object: "the application",
    // As long as replication in Entra may take.
    showsWithinMs: 600_000,
    settled: { looks: 3, ms: 2_000 },
    lookAgainMs: 5_000,
    ...(known
      ? { suspicion: `application ${known} of this persona is gone from Entra, from its deleted ones too` }
      : {}),
  };
}

/** Throws while an application that was asked for may still show: deleting the persona then would leave it behind. */
export function requireSettled(scope: PersonaScope): void {
  scope.once.requireSettled(ask());
}

export function instantiate(scope: PersonaScope): Step {
  return once(scope, {
    known: knownId(scope),
    verb: "create",
    why: "the persona has no application in Entra",
    settings: settings(scope),
    async call() {
      const made = await scope.graph.instantiate(AWS_TEMPLATE, temporaryName(scope), scope.call);
      scope.memory.applicationId = made.application.id;
    },
  });
}

/** What the application component makes of it once it is there. */
function settings(scope: PersonaScope): Setting[] {
  const { spec, instance, object } = scope;
  return settingsOf({
    singleSignOn: "saml",
    identifier:
      spec.application.identifier ??
      object.status?.identifier ??
      `${identifierBase(instance)}, with the first #N that is free in the tenant`,
    replyUrls: replyUrls(instance, spec.application.signInEndpoints),
    relayState: scope.relayState,
    assignmentRequired: "true",
    notificationEmails: spec.application.notificationEmails,
  });
}

/**
 * A deleted application comes back with its ids, so that users' links and what AWS knows of it stay as they are. It is among the deleted
 * ones, so nothing suggests that it exists and does not show.
 */
export function restore(scope: PersonaScope, deleted: Application): Step {
  return once(scope, {
    verb: "update",
    why: `it was deleted in Entra${deleted.deletedDateTime ? ` at ${deleted.deletedDateTime}` : ""} and is restored`,
    async call() {
      await scope.graph.restoreApplication(deleted.id, scope.call);
      scope.memory.applicationId = deleted.id;
    },
  });
}

function once(
  scope: PersonaScope,
  p: Pick<Step, "verb" | "why" | "settings"> & { known?: string | undefined; call(): Promise<void> },
): Step {
  return {
    verb: p.verb,
    object: `application ${scope.spec.application.displayName}`,
    why: p.why,
    differences: [],
    ...(p.settings ? { settings: p.settings } : {}),
    apply: () => scope.once.ask(ask(p.known), p.call),
  };
}
