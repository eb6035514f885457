/** When a quarantine of Entra's provisioning job counts as cured. */
import { expect, test } from "@jest/globals";
import { ACTIVE_KEY_TAG, HANDED_OVER_TAG } from "../../src/persona/access-keys.ts";
import { provisioning } from "../../src/persona/components/provisioning.ts";
import type { PersonaScope } from "../../src/persona/scope.ts";
import { stepsOf } from "../support/steps.ts";

const at = (minute: number) => `2026-01-05T08:${String(minute).padStart(2, "0")}:00.000Z`;

/** A key made at 8:10 and handed over at 8:12; the job is in quarantine since `minute`. */
function planAt(minute: number) {
  const key = { id: "AKIA1", status: "Active", createdAt: new Date(at(10)) };
  const tags = { [ACTIVE_KEY_TAG]: key.id, [HANDED_OVER_TAG]: at(12) };
  const scope = {
    object: { metadata: {} },
    spec: { roleDelivery: { provisioning: { accessKeyMaxAge: "2160h" } } },
    names: { user: "user" },
    iam: { now: () => new Date(at(20)) },
    memory: {},
    seen: { application: { servicePrincipal: { id: "principal" } } },
  } as unknown as PersonaScope;
  const job = { id: "job", status: "Quarantine", scheduleState: "Active", quarantine: { since: at(minute) } };
  const seen = { user: { tags }, job, keys: [key], secretKeys: ["ClientSecret", "SecretToken"] };
  return stepsOf(provisioning, scope, seen as never).map(({ verb, object }) => `${verb} ${object}`);
}

test.each([
  ["before the key was made", 9, ["update provisioning job"]],
  ["after it was made and before Entra had it", 11, ["update provisioning job"]],
  ["since Entra has it", 13, ["create access key for Entra"]],
])("in quarantine %s", (_, minute, steps) => {
  expect(planAt(minute)).toEqual(steps);
});
