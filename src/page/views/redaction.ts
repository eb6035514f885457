/** What a reader sees of a persona whose people are not for them: its messages may name people, so only states and reasons are shown. */
import type { ConnectSsoPersona } from "../../api/resources.ts";
import { type Condition, conditionOf } from "../../runtime/conditions.ts";
import { type Difference, differencesOf, sentenceOf } from "../facts.ts";
import type { Visible } from "../source.ts";

const HIDDEN = "Details may name people, whom you may not see.";

const hidesPeople = ({ metadata }: ConnectSsoPersona, { withoutPeople }: Visible): boolean =>
  withoutPeople.has(metadata.namespace);

export function sentenceFor(persona: ConnectSsoPersona, objects: Visible): string {
  if (!hidesPeople(persona, objects)) return sentenceOf(persona);
  return conditionOf(persona, "Ready")?.reason ?? "";
}

export const messageFor = (condition: Condition, persona: ConnectSsoPersona, objects: Visible): string =>
  hidesPeople(persona, objects) ? `${condition.reason}. ${HIDDEN}` : condition.message;

export const differencesFor = (persona: ConnectSsoPersona, objects: Visible): readonly Difference[] =>
  hidesPeople(persona, objects) ? [] : differencesOf(persona);
