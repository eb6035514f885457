/**
 * The access key that Entra holds, and its rotation. Which key was handed over, when, and which one it replaced stand in tags of the
 * IAM user, written after Entra has taken the key; a key that no tag names was never handed over and is deleted. So a crash
 * between any two steps leaves a state from which the next pass continues.
 */
import { REASON } from "../api/reasons.ts";
import { ANNOTATIONS } from "../api/resources.ts";
import { keyAgeMs } from "../domain/key-age.ts";
import type { Step } from "../engine/component.ts";
import type { IamAccessKey, Tags } from "../providers/aws/types.ts";
import { waitingError } from "../providers/verdicts.ts";
import { PendingKey } from "./pending-key.ts";
import { type PersonaScope, requestMark } from "./scope.ts";
import type { SeenProvisioning } from "./seen.ts";

export const ACTIVE_KEY_TAG = "connectsso.dev/active-key";
export const PREVIOUS_KEY_TAG = "connectsso.dev/previous-key";
export const ROTATED_FOR_TAG = "connectsso.dev/key-rotated-for";
export const HANDED_OVER_TAG = "connectsso.dev/key-handed-over-at";
const DEACTIVATED_TAG = "connectsso.dev/previous-key-deactivated-at";

/** The read-back of secrets lags for minutes. */
const SECRETS_SHOW_MS = 600_000;
/** IAM shows a new key and new tags within this time. A younger key that no tag names may have been handed over just before. */
const IAM_SHOWS_MS = 60_000;
/** A refused new key is tried again after this time. */
const RETRY_MS = 5_000;

interface Keys {
  active?: IamAccessKey;
  previous?: IamAccessKey;
  /** Neither handed over nor about to be. */
  strays: IamAccessKey[];
  tags: Tags;
}

export function keysOf(scope: PersonaScope, { keys, user }: SeenProvisioning): Keys {
  const tags = keyTags(scope, user);
  const named = keys.find(({ id }) => id === tags[ACTIVE_KEY_TAG]);
  const active = named ? (named.status === "Active" ? named : undefined) : unlisted(scope, tags);
  const previous = keys.find((key) => key !== active && key.id === tags[PREVIOUS_KEY_TAG]);
  const pending = pendingKey(scope)?.id;
  const strays = keys.filter((key) => key !== active && key !== previous && key.id !== pending);
  return { active, previous, strays, tags };
}

/** The key that Entra was just given, while IAM does not list it yet. */
function unlisted({ iam }: PersonaScope, tags: Tags): IamAccessKey | undefined {
  const id = tags[ACTIVE_KEY_TAG];
  const createdAt = new Date(tags[HANDED_OVER_TAG] ?? "");
  return id && iam.now().getTime() - createdAt.getTime() < IAM_SHOWS_MS
    ? { id, status: "Active", createdAt }
    : undefined;
}

/** As IAM shows them, and what was written and does not show yet. */
function keyTags({ memory, seen }: PersonaScope, user = seen.provisioning?.user): Tags {
  const { adoptedKeyId } = seen["provisioning-user"] ?? {};
  const shown: Tags = { ...(adoptedKeyId ? { [ACTIVE_KEY_TAG]: adoptedKeyId } : {}), ...user?.tags };
  if (memory.keyTags && Object.entries(memory.keyTags).every(([key, value]) => shown[key] === value))
    delete memory.keyTags;
  return { ...shown, ...memory.keyTags };
}

/** The key whose secret this process still holds. */
function pendingKey({ memory }: PersonaScope): PendingKey | undefined {
  if (memory.pendingKey && !memory.pendingKey.credentials) delete memory.pendingKey;
  return memory.pendingKey;
}

/** Everything that keys need at this moment; empty when the one that Entra holds is good. */
export function keySteps(scope: PersonaScope, seen: SeenProvisioning): Step[] {
  const { active, previous, strays, tags } = keysOf(scope, seen);
  const young = strays.find(({ createdAt }) => scope.iam.now().getTime() - createdAt.getTime() < IAM_SHOWS_MS);
  if (young && active) return [];
  if (young)
    throw waitingError(
      REASON.WaitingForReplication,
      `Making sure that ${shown(young)} was not handed over before it is replaced`,
      RETRY_MS,
    );
  const steps = strays.map((key) => dropKey(scope, key, "it was never handed over, or is no longer active"));
  if (!active) return [...steps, handOver(scope, seen, undefined, "Entra holds no working key", false)];
  const lost = secretLost(scope, seen, active, tags);
  if (lost || isDue(scope, active, tags)) {
    // The old key works meanwhile, so it does not show that the new one is not accepted yet.
    if (!lost && scope.now() - (pendingKey(scope)?.refusedAt ?? 0) < RETRY_MS) return steps;
    if (previous) steps.push(dropKey(scope, previous, "room for the next key"));
    return [...steps, handOver(scope, seen, active, lost ?? "the key is to be rotated", lost === undefined)];
  }
  return previous ? [...steps, ...retire(scope, seen, previous, tags)] : steps;
}

/** Step of a rotation that is under way, for the status. */
export function rotationStep(scope: PersonaScope, seen: SeenProvisioning): string | undefined {
  const { active, previous } = keysOf(scope, seen);
  if (pendingKey(scope)) return "a new key was made; AWS does not accept it everywhere yet";
  if (!active || !previous) return undefined;
  return previous.status === "Active"
    ? `the new key was handed over; ${shown(previous)} is deactivated once Entra has used the new one`
    : `${shown(previous)} is deactivated, and deleted after a further good run`;
}

function shown(key: { id: string }): string {
  return `access key …${key.id.slice(-4)}`;
}

function dropKey(scope: PersonaScope, key: IamAccessKey, why: string): Step {
  return {
    verb: "delete",
    object: shown(key),
    why,
    differences: [],
    maintenance: true,
    reason: REASON.KeyRotating,
    apply: () => scope.iam.deleteAccessKey(scope.names.user, key.id, scope.call),
  };
}

/** Made, validated by Entra, stored there, and only then named by the tags. */
function handOver(
  scope: PersonaScope,
  seen: SeenProvisioning,
  active: IamAccessKey | undefined,
  why: string,
  maintenance: boolean,
): Step {
  const { iam, graph, call, names, memory } = scope;
  return {
    verb: "create",
    object: "access key for Entra",
    why,
    differences: [],
    maintenance,
    ...(maintenance ? { reason: REASON.KeyRotating } : {}),
    async apply() {
      const principalId = scope.seen.application!.servicePrincipal!.id;
      const key = pendingKey(scope) ?? new PendingKey(await iam.createAccessKey(names.user, call));
      memory.pendingKey = key;
      const credentials = key.credentials!;
      if (!(await graph.validateSyncCredentials(principalId, seen.job!.id, credentials, call))) {
        key.refusedAt = scope.now();
        if (maintenance) return;
        throw waitingError(
          REASON.CredentialsRefused,
          `AWS does not accept the new ${shown(key)} from Entra yet; the same key is tried again`,
          RETRY_MS,
        );
      }
      await graph.putSyncSecrets(principalId, credentials, call);
      const mark = requestMark(scope, ANNOTATIONS.rotateKey);
      const tags = {
        [ACTIVE_KEY_TAG]: key.id,
        [HANDED_OVER_TAG]: iam.now().toISOString(),
        ...(active ? { [PREVIOUS_KEY_TAG]: active.id } : {}),
        ...(mark ? { [ROTATED_FOR_TAG]: mark } : {}),
      };
      await iam.tagUser(names.user, tags, keyTags(scope)[DEACTIVATED_TAG] ? [DEACTIVATED_TAG] : [], call);
      memory.keyTags = tags;
      key.forget();
      delete memory.pendingKey;
    },
  };
}

function isDue(scope: PersonaScope, active: IamAccessKey, tags: Tags): boolean {
  const mark = requestMark(scope, ANNOTATIONS.rotateKey);
  return (
    scope.iam.now().getTime() - active.createdAt.getTime() > keyAgeMs(scope.spec) ||
    (mark !== undefined && tags[ROTATED_FOR_TAG] !== mark)
  );
}

/** Masked secrets cannot be compared: they are judged by what is set, and by a quarantine since which the key was not used. */
function secretLost(
  scope: PersonaScope,
  { job, lastUsedAt, secretKeys }: SeenProvisioning,
  active: IamAccessKey,
  tags: Tags,
): string | undefined {
  const handed = handedOverAt(active, tags);
  if (secretKeys && !secretKeys.includes("SecretToken") && scope.iam.now().getTime() - handed > SECRETS_SHOW_MS)
    return "the secrets were taken out of the application";
  const since = Date.parse(job?.quarantine?.since ?? "");
  const used = lastUsedAt?.getTime() ?? handed;
  return job?.status === "Quarantine" && since > used && since > handed
    ? "the job is in quarantine and no longer uses our key"
    : undefined;
}

/** When Entra was given the key (milliseconds since the epoch). */
export function handedOverAt(active: IamAccessKey, tags: Tags): number {
  return Date.parse(tags[HANDED_OVER_TAG] ?? "") || active.createdAt.getTime();
}

/** Prove the new key, switch the old one off, delete it once a further good run has begun. */
function retire(
  scope: PersonaScope,
  { job, lastUsedAt }: SeenProvisioning,
  previous: IamAccessKey,
  tags: Tags,
): Step[] {
  const { iam, names, call } = scope;
  const handed = Date.parse(tags[HANDED_OVER_TAG] ?? "") || 0;
  const used = lastUsedAt?.getTime() ?? 0;
  const goodRun = Date.parse(job?.lastSuccessfulExecutionBeganAt ?? "") || 0;
  const tagNow = () => iam.tagUser(names.user, { [DEACTIVATED_TAG]: iam.now().toISOString() }, [], call);
  const step = { verb: "update" as const, object: shown(previous), maintenance: true, reason: REASON.KeyRotating };
  if (previous.status === "Active") {
    if (Math.max(used, goodRun) <= handed) return [];
    return [
      {
        ...step,
        why: "the new key is in use",
        differences: [{ path: "status", desired: "Inactive", observed: "Active" }],
        async apply() {
          await iam.deactivateAccessKey(names.user, previous.id, call);
          await tagNow();
        },
      },
    ];
  }
  const deactivated = Date.parse(tags[DEACTIVATED_TAG] ?? "");
  if (Number.isNaN(deactivated))
    return [{ ...step, why: "it was deactivated, and when is to be known", differences: [], apply: tagNow }];
  return goodRun > deactivated ? [dropKey(scope, previous, "Entra works without it")] : [];
}
