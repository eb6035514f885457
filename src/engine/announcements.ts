/** Changes of conditions that a person wants to hear of. An unchanged state announces nothing, so that no event is repeated. */

interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}
export interface Announcement {
  type: "Normal" | "Warning";
  reason: string;
  /** What the controller was doing. */
  action: string;
  note: string;
}

/** Reasons of waiting that pass by themselves within seconds, or that another condition explains. */
const PASSING = /^(Converged|Pending|Suspended|WaitingForReplication|WaitingForDependency)$/;
/** Ordinary waiting: for the import, for the persona. */
const ORDINARY = /^(WaitingFor|Persona)/;

export function announcements(before: readonly Condition[] = [], after: readonly Condition[] = []): Announcement[] {
  const announced: Announcement[] = [];
  const now = (type: string) => after.find((one) => one.type === type);
  /** The condition when it is True and was not, or was for another reason. */
  const news = (type: string) => {
    const one = now(type);
    const old = before.find((other) => other.type === type);
    return one?.status === "True" && !(old?.status === "True" && old.reason === one.reason) ? one : undefined;
  };
  const say = (type: Announcement["type"], one: Condition | undefined, action: string) => {
    if (one && !announced.some(({ reason }) => reason === one.reason))
      announced.push({ type, reason: one.reason, action, note: one.message });
  };
  say("Warning", news("Conflict"), "Compare");
  say("Warning", news("RemovalsHalted"), "Remove");
  say("Warning", news("Stalled"), "Reconcile");
  const drifted = news("Drifted");
  if (drifted?.reason === "DriftRecurring") say("Warning", drifted, "Compare");
  const waiting = news("Reconciling");
  if (waiting && !PASSING.test(waiting.reason))
    say(ORDINARY.test(waiting.reason) ? "Normal" : "Warning", waiting, "Wait");
  const ready = now("Ready");
  const was = before.find(({ type }) => type === "Ready");
  if (ready?.status === "True" && was?.status !== "True") say("Normal", ready, "Reconcile");
  return announced;
}
