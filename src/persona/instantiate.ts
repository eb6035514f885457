/**
 * Making the application, once. Neither the gallery's instantiate nor a restore may be repeated because an answer was lost, was a 404
 * (which has been seen although the objects were made), or because a process died: the intent is in the status before the call is
 * sent, and nothing further is asked for until the application is seen or has been absent for as long as Entra may take.
 */
import { REASON } from "../api/reasons.ts";
import type { Setting } from "../domain/plan.ts";
import { identifierBase, samlEndpoints } from "../domain/relay-state.ts";
import { CloudError } from "../providers/errors.ts";
import type { Application } from "../providers/graph/types.ts";
import { waitingError } from "../providers/verdicts.ts";
import { madeWith, type Step } from "./component.ts";
import { AWS_TEMPLATE, knownId, temporaryName } from "./find-application.ts";
import { hasLostItsHistory, intend, type PersonaScope } from "./scope.ts";

/** An absence counts after this many looks over at least this time (our clock). */
const LOOKS = 3;
const ABSENT_MS = 2_000;
/** When an application was asked for, was known, or may have been: as long as replication in Entra may take (Entra's clock). */
const ABSENT_FOR_SURE_MS = 600_000;
const LOOK_AGAIN_MS = 1_000;
const LOOK_AGAIN_LATER_MS = 5_000;

/** Takes note of a look that found no application. */
export function noteAbsence({ memory, graph, now }: PersonaScope): void {
  const { since, sinceEntra, looks } = memory.absent ?? { since: now(), sinceEntra: graph.now().getTime(), looks: 0 };
  memory.absent = { since, sinceEntra, looks: looks + 1 };
}

export function instantiate(scope: PersonaScope): Step {
  return once(scope, {
    verb: "create",
    why: "the persona has no application in Entra",
    settings: settingsOf(scope),
    async call() {
      const made = await scope.graph.instantiate(AWS_TEMPLATE, temporaryName(scope), scope.call);
      scope.memory.applicationId = made.application.id;
    },
  });
}

/** What the application component makes of it once it is there. */
function settingsOf(scope: PersonaScope): Setting[] {
  const { spec, instance, object } = scope;
  return madeWith({
    singleSignOn: "saml",
    identifier:
      spec.application.identifier ??
      object.status?.identifier ??
      `${identifierBase(instance)}, with the first #N that is free in the tenant`,
    replyUrls: samlEndpoints(instance, spec.application.signInEndpoints),
    relayState: scope.relayState,
    assignmentRequired: "true",
    notificationEmails: spec.application.notificationEmails,
  });
}

/** A deleted application comes back with its ids, so that users' links and what AWS knows of it stay as they are. */
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

function once(scope: PersonaScope, p: Pick<Step, "verb" | "why" | "settings"> & { call(): Promise<void> }): Step {
  const { inFlight, memory, graph, spec } = scope;
  return {
    verb: p.verb,
    object: `application ${spec.application.displayName}`,
    why: p.why,
    differences: [],
    ...(p.settings ? { settings: p.settings } : {}),
    async apply() {
      requireAbsence(scope);
      await intend(scope, "application", graph.now().toISOString());
      try {
        await p.call();
        delete memory.absent;
      } catch (error) {
        if (!(error instanceof CloudError) || error.outcomeUnknown)
          throw waitingError(
            REASON.WaitingForReplication,
            "Entra's answer about the application was lost; looking whether it was made",
            LOOK_AGAIN_MS,
          );
        delete inFlight.application;
        throw error;
      }
    },
  };
}

/** Absent often and long enough that an application asked for by an earlier pass, or an earlier process, would have shown. */
function requireAbsence(scope: PersonaScope): void {
  const { memory, inFlight, graph, now } = scope;
  const { since, sinceEntra, looks } = memory.absent!;
  const asked = Date.parse(inFlight.application ?? "");
  const careful = inFlight.application !== undefined || knownId(scope) !== undefined || hasLostItsHistory(scope);
  const from = Math.max(sinceEntra, asked || 0);
  if (careful && graph.now().getTime() < from + ABSENT_FOR_SURE_MS)
    throw waitingError(
      REASON.WaitingForReplication,
      `${reasonForCare(scope)}; a new one is made only if Entra shows none until ${shownBy(from)}`,
      LOOK_AGAIN_LATER_MS,
    );
  if (looks < LOOKS || now() - since < ABSENT_MS)
    throw waitingError(
      REASON.WaitingForReplication,
      "making sure that Entra has no application of this persona before one is made",
      LOOK_AGAIN_MS,
    );
}

/** Throws while an application that was asked for may still come to light: whoever deletes the persona then would leave it behind. */
export function waitForRequested(scope: PersonaScope): void {
  const { inFlight, graph, memory } = scope;
  const since = hasLostItsHistory(scope) ? memory.absent!.sinceEntra : Date.parse(inFlight.application ?? "");
  if (graph.now().getTime() - since < ABSENT_FOR_SURE_MS)
    throw waitingError(
      REASON.WaitingForReplication,
      `${reasonForCare(scope)}; it is deleted when it shows until ${shownBy(since)}`,
      LOOK_AGAIN_LATER_MS,
    );
}

const shownBy = (since: number) => `${new Date(since + ABSENT_FOR_SURE_MS).toISOString().slice(0, 19)}Z`;

function reasonForCare(scope: PersonaScope): string {
  const { application: since } = scope.inFlight;
  if (since) return `an application was asked for at ${since} and does not show yet`;
  const known = knownId(scope);
  if (known) return `application ${known} of this persona is gone from Entra, from its deleted ones too`;
  return "the status of this persona was lost, so an application may be under way";
}
