import { expect, test } from "@jest/globals";
import { announcements } from "../../src/engine/announcements.ts";

const is = (type: string, status: string, reason: string) => ({ type, status, reason, message: `${type} ${reason}` });
const ready = is("Ready", "True", "Converged");
const stalled = [is("Ready", "False", "NoOwner"), is("Stalled", "True", "NoOwner")];

test.each([
  ["nothing changed", stalled, stalled, []],
  ["a new refusal", [], stalled, ["Warning NoOwner"]],
  ["another refusal", stalled, [is("Stalled", "True", "IdentifierTaken")], ["Warning IdentifierTaken"]],
  ["well again", stalled, [ready, is("Stalled", "False", "Converged")], ["Normal Converged"]],
  [
    "a conflict that stalls is told once",
    [],
    [is("Conflict", "True", "TwoPersonas"), is("Stalled", "True", "TwoPersonas")],
    ["Warning TwoPersonas"],
  ],
  [
    "removals halted",
    [is("RemovalsHalted", "False", "NotHalted")],
    [is("RemovalsHalted", "True", "MassDeletionHalted")],
    ["Warning MassDeletionHalted"],
  ],
  ["drift that is left: its own event tells of it", [], [is("Drifted", "True", "DriftFound")], []],
  ["a field that is fought about", [], [is("Drifted", "True", "DriftRecurring")], ["Warning DriftRecurring"]],
  ["drift that was repaired has an event of its own", [], [is("Drifted", "True", "DriftCorrected")], []],
  ["waiting for the import", [], [is("Reconciling", "True", "WaitingForRoleImport")], ["Normal WaitingForRoleImport"]],
  ["waiting that passes in seconds", [], [is("Reconciling", "True", "WaitingForReplication")], []],
  ["an error that is retried", [], [is("Reconciling", "True", "Unreachable")], ["Warning Unreachable"]],
])("%s", (_, before, after, expected) => {
  expect(announcements(before, after).map(({ type, reason }) => `${type} ${reason}`)).toEqual(expected);
});
