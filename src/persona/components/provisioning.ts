/**
 * Entra's provisioning job and the access key it holds. Which key was handed over stands in a tag of the IAM user, written after
 * Entra has taken the key; a key that no tag names was never handed over and is deleted. So a crash between any two steps
 * leaves a state from which the next pass goes on.
 */
import { REASON } from "../../api/reasons.ts";
import { ANNOTATIONS, CONDITION } from "../../api/resources.ts";
import { durationSeconds } from "../../domain/duration.ts";
import type { IamAccessKey } from "../../providers/aws/types.ts";
import { type Component, refuse, type Step, waitFor } from "../component.ts";
import { type PersonaScope, requestMark } from "../scope.ts";
import type { SeenProvisioning } from "../seen.ts";

export const ACTIVE_KEY_TAG = "connectsso.dev/active-key";
export const PREVIOUS_KEY_TAG = "connectsso.dev/previous-key";
export const ROTATED_FOR_TAG = "connectsso.dev/key-rotated-for";

/** The read-back of secrets lags for minutes. */
const SECRETS_SHOW_MS = 600_000;

export const provisioning: Component<SeenProvisioning> = {
  name: "provisioning",
  condition: CONDITION.ProvisioningReady,
  cloud: "entra",
  needs: ["application", "provisioning-user"],
  applies: (scope) => scope.spec.roleDelivery.mode === "Provisioning",
  async observe(scope) {
    const principal = scope.seen.application?.servicePrincipal;
    const user = scope.seen["provisioning-user"]?.user;
    const { graph, iam, call, names } = scope;
    const fresh = user ? await iam.getUser(names.user, call) : undefined;
    if (fresh) scope.seen["provisioning-user"] = { ...scope.seen["provisioning-user"], user: fresh };
    const [jobs, keys, secretKeys] = await Promise.all([
      principal ? graph.syncJobs(principal.id, call) : [],
      user ? iam.listAccessKeys(names.user, call) : [],
      principal ? graph.syncSecretKeys(principal.id, call) : [],
    ]);
    const templates = principal && jobs.length === 0 ? await graph.syncTemplates(principal.id, call) : [];
    const use = Object.fromEntries(
      await Promise.all(keys.map(async ({ id }) => [id, await iam.accessKeyUse(id, call)])),
    );
    return {
      job: jobs[0],
      templateId: (templates.find(({ id }) => id === "aws") ?? templates[0])?.id,
      keys,
      use,
      secretKeys,
    };
  },
  plan(scope, seen) {
    const principalId = scope.seen.application?.servicePrincipal?.id;
    if (!seen.job) return [createJob(scope, principalId, seen.templateId)];
    const { user, adoptedKeyId } = scope.seen["provisioning-user"] ?? {};
    const tags = user?.tags ?? {};
    const heldId = tags[ACTIVE_KEY_TAG] ?? adoptedKeyId;
    const active = seen.keys.find(({ id, status }) => id === heldId && status === "Active");
    const previous = seen.keys.find(({ id }) => id === tags[PREVIOUS_KEY_TAG]);
    const strays = seen.keys.filter((key) => key !== active && key !== previous);
    const steps = strays.map((key) => dropKey(scope, key, "it was never handed over, or is no longer active"));
    if (!active) return [...steps, handOver(scope, seen, undefined, "Entra holds no working key", false)];
    const lost = secretLost(scope, seen, active);
    if (lost || due(scope, active, tags)) {
      if (previous) steps.push(dropKey(scope, previous, "room for the next key"));
      return [...steps, handOver(scope, seen, active, lost ?? "the key is to be rotated", lost === undefined)];
    }
    if (previous) steps.push(...retire(scope, seen, active, previous));
    if (steps.length > 0) return steps;
    return jobSteps(scope, seen, active, principalId!);
  },
  describe: (_, { job, keys }) => `job ${job?.id} is ${job?.status}, ${keys.length} access key(s)`,
};

function createJob(scope: PersonaScope, principalId: string | undefined, templateId: string | undefined): Step {
  return {
    verb: "create",
    object: "provisioning job",
    why: "Entra imports the role with it",
    differences: [],
    wait: "Entra's role import, usually 40 minutes",
    async apply() {
      if (!templateId) throw waitFor(REASON.WaitingForReplication, "Entra shows no provisioning template yet", 5_000);
      await scope.graph.createSyncJob(principalId!, templateId, scope.call);
    },
  };
}

function shown(key: IamAccessKey): string {
  return `access key …${key.id.slice(-4)}`;
}

function dropKey(scope: PersonaScope, key: IamAccessKey, why: string): Step {
  return {
    verb: "delete",
    object: shown(key),
    why,
    differences: [],
    maintenance: true,
    apply: () => scope.iam.deleteAccessKey(scope.names.user, key.id, scope.call),
  };
}

/** The secret lives in this function alone: made, validated by Entra, stored there, forgotten. */
function handOver(
  scope: PersonaScope,
  seen: SeenProvisioning,
  active: IamAccessKey | undefined,
  why: string,
  maintenance: boolean,
): Step {
  const { iam, graph, call, names } = scope;
  return {
    verb: "create",
    object: "access key for Entra",
    why,
    differences: [],
    maintenance,
    async apply() {
      const principalId = scope.seen.application!.servicePrincipal!.id;
      const made = await iam.createAccessKey(names.user, call);
      const credentials = { accessKeyId: made.id, secretAccessKey: made.secret };
      if (!(await graph.validateSyncCredentials(principalId, seen.job!.id, credentials, call))) {
        await iam.deleteAccessKey(names.user, made.id, call);
        throw waitFor(
          REASON.CredentialsRefused,
          "Entra could not sign in to AWS with the new key yet; another one is made",
          60_000,
        );
      }
      await graph.putSyncSecrets(principalId, credentials, call);
      const mark = requestMark(scope, ANNOTATIONS.rotateKey);
      const tags = {
        [ACTIVE_KEY_TAG]: made.id,
        ...(active ? { [PREVIOUS_KEY_TAG]: active.id } : {}),
        ...(mark ? { [ROTATED_FOR_TAG]: mark } : {}),
      };
      await iam.tagUser(names.user, tags, [], call);
    },
  };
}

function due(scope: PersonaScope, active: IamAccessKey, tags: Record<string, string>): boolean {
  const maxAgeMs = durationSeconds(scope.spec.roleDelivery.provisioning.accessKeyMaxAge) * 1000;
  const mark = requestMark(scope, ANNOTATIONS.rotateKey);
  return (
    scope.iam.now().getTime() - active.createdAt.getTime() > maxAgeMs ||
    (mark !== undefined && tags[ROTATED_FOR_TAG] !== mark)
  );
}

/** Masked secrets cannot be compared: they are judged by what is set, and by a quarantine since which the key was not used. */
function secretLost(
  scope: PersonaScope,
  { job, use, secretKeys }: SeenProvisioning,
  active: IamAccessKey,
): string | undefined {
  const made = active.createdAt.getTime();
  if (!secretKeys.includes("SecretToken") && scope.iam.now().getTime() - made > SECRETS_SHOW_MS)
    return "the secrets were taken out of the application";
  const since = Date.parse(job?.quarantine?.since ?? "");
  const used = use[active.id]?.lastUsedAt?.getTime() ?? made;
  return job?.status === "Quarantine" && since > used && since > made
    ? "the job is in quarantine and no longer uses our key"
    : undefined;
}

/** Prove the new key, switch the old one off, delete it once a further good run has passed. */
function retire(scope: PersonaScope, seen: SeenProvisioning, active: IamAccessKey, previous: IamAccessKey): Step[] {
  const made = active.createdAt.getTime();
  const used = seen.use[active.id]?.lastUsedAt?.getTime() ?? 0;
  const good = Date.parse(seen.job?.lastSuccessfulExecutionAt ?? "") || 0;
  if (Math.max(used, good) <= made) return [];
  if (previous.status !== "Active") {
    const settled = scope.iam.now().getTime() - made > 7_200_000;
    return settled ? [dropKey(scope, previous, "the new key has been at work for two hours")] : [];
  }
  return [
    {
      verb: "update",
      object: shown(previous),
      why: "the new key is in use",
      differences: [{ path: "status", desired: "Inactive", observed: "Active" }],
      maintenance: true,
      apply: () => scope.iam.deactivateAccessKey(scope.names.user, previous.id, scope.call),
    },
  ];
}

/** Started once: starting a running job again can stop the service. A quarantine is cleared only after a new key. */
function jobSteps(scope: PersonaScope, { job }: SeenProvisioning, active: IamAccessKey, principalId: string): Step[] {
  const quarantined = job!.status === "Quarantine";
  const cured = quarantined && active.createdAt.getTime() > Date.parse(job!.quarantine?.since ?? "");
  if (quarantined && !cured)
    throw refuse(
      REASON.JobQuarantined,
      `Entra's provisioning job is in quarantine: ${job!.quarantine?.reason ?? "unknown"} ${job!.quarantine?.message ?? ""}`.trim(),
    );
  if (job!.scheduleState === "Active" && !cured) return [];
  return [
    {
      verb: "update",
      object: "provisioning job",
      why: "it does not run",
      differences: [{ path: "schedule", desired: "Active", observed: job!.scheduleState }],
      wait: "Entra's role import, usually 40 minutes",
      apply: () => scope.graph.startSyncJob(principalId, job!.id, scope.call),
    },
  ];
}
