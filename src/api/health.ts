/** What a condition says of health, for people: the tree, the page and the report judge alike. */
import type { Condition } from "../runtime/conditions.ts";
import { CONDITION } from "./resources.ts";

/** Conditions whose normal status is False. */
export const ABNORMAL: ReadonlySet<string> = new Set([
  CONDITION.Drifted,
  CONDITION.Conflict,
  CONDITION.RemovalsHalted,
  CONDITION.ChangesHeld,
]);

export const isGood = ({ type, status }: Pick<Condition, "type" | "status">): boolean =>
  status !== "Unknown" && (status === "True") !== ABNORMAL.has(type);

/** No action is needed. */
export const isWaiting = ({ reason }: Pick<Condition, "reason">): boolean =>
  /^(Waiting|PersonaNotReady|Pending)/.test(reason);
