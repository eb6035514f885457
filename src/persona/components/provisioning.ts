/** Entra's provisioning job: made once, given an access key (../access-keys.ts), started once, watched for quarantine. */
import { REASON } from "../../api/reasons.ts";
import { CONDITION } from "../../api/resources.ts";
import { settingsOf } from "../../domain/difference.ts";
import type { Step } from "../../engine/component.ts";
import type { Comparison } from "../../engine/ledger.ts";
import { terminalError, waitingError } from "../../providers/verdicts.ts";
import { handedOverAt, keySteps, keysOf, rotationStep } from "../access-keys.ts";
import type { PersonaComponent } from "../component.ts";
import type { PersonaScope } from "../scope.ts";
import type { SeenProvisioning } from "../seen.ts";

export const provisioning: PersonaComponent<"provisioning"> = {
  condition: CONDITION.ProvisioningReady,
  cloud: "entra",
  needs: ["application", "provisioning-user"],
  partOf: "application",
  concerns: {},
  shared: false,
  servesLogin: false,
  applies: (scope) => scope.spec.roleDelivery.mode === "Provisioning",
  async observe(scope) {
    const principal = scope.seen.application?.servicePrincipal;
    const user = scope.seen["provisioning-user"]?.user;
    const { graph, iam, call, names } = scope;
    const fresh = user ? await iam.getUser(names.user, call) : undefined;
    const [jobs, keys, secretKeys] = await Promise.all([
      principal ? graph.syncJobs(principal.id, call) : [],
      user ? iam.listAccessKeys(names.user, call) : [],
      principal ? graph.syncSecretKeys(principal.id, call) : [],
    ]);
    const templates = principal && jobs.length === 0 ? await graph.syncTemplates(principal.id, call) : [];
    const seen: SeenProvisioning = {
      user: fresh ?? user,
      job: jobs[0],
      templateId: (templates.find(({ id }) => id === "aws") ?? templates[0])?.id,
      keys,
      secretKeys,
    };
    const { active } = keysOf(scope, seen);
    if (active) seen.lastUsedAt = (await iam.accessKeyUse(active.id, call)).lastUsedAt;
    return seen;
  },
  plan(scope, seen, compare) {
    const principalId = scope.seen.application?.servicePrincipal?.id;
    if (!seen.job) return [createJob(scope, principalId, seen.templateId)];
    const steps = keySteps(scope, seen);
    const { active, tags } = keysOf(scope, seen);
    return steps.length > 0 || !active
      ? steps
      : jobSteps(scope, seen, handedOverAt(active, tags), principalId!, compare);
  },
  reason: (scope, seen) => (rotationStep(scope, seen) ? REASON.KeyRotating : undefined),
  describe(scope, seen) {
    const { active } = keysOf(scope, seen);
    const { job } = seen;
    const rotation = rotationStep(scope, seen);
    return `the job is ${job?.status}; access key …${active?.id.slice(-4)}${rotation ? `; ${rotation}` : ""}`;
  },
  // The job goes with the application.
  remove: async () => true,
};

function createJob(scope: PersonaScope, principalId: string | undefined, templateId: string | undefined): Step {
  return {
    verb: "create",
    object: "provisioning job",
    why: "Entra imports the role with it",
    differences: [],
    settings: settingsOf({
      credentials: `a new access key of IAM user ${scope.names.user}, given to Entra alone`,
      schedule: "Active",
    }),
    wait: "Entra's role import, usually 40 minutes",
    async apply() {
      if (!templateId)
        throw waitingError(REASON.WaitingForReplication, "Entra shows no provisioning template yet", 5_000);
      await scope.graph.createSyncJob(principalId!, templateId, scope.call);
    },
  };
}

/**
 * Started once: starting a running job again can stop the service. A quarantine is cleared only after a new key, which counts from the
 * moment Entra has it: the job may have failed with the former one while AWS did not accept the new one yet.
 */
function jobSteps(
  scope: PersonaScope,
  { job }: SeenProvisioning,
  handedAt: number,
  principalId: string,
  compare: Comparison,
): Step[] {
  const quarantined = job!.status === "Quarantine";
  const cured = quarantined && handedAt > Date.parse(job!.quarantine?.since ?? "");
  if (quarantined && !cured)
    throw terminalError(
      REASON.JobQuarantined,
      `Entra's provisioning job is in quarantine: ${job!.quarantine?.reason ?? "unknown"} ${job!.quarantine?.message ?? ""}`.trim(),
    );
  const differences = compare.differ("schedule", "Active", job!.scheduleState);
  if (differences.length === 0 && !cured) return [];
  return [
    {
      verb: "update",
      object: "provisioning job",
      why: cured ? "it has a new key" : "it was not running",
      differences,
      ...(cured ? { maintenance: true, reason: REASON.KeyRotating } : {}),
      wait: "Entra's role import, usually 40 minutes",
      apply: () => scope.graph.startSyncJob(principalId, job!.id, scope.call),
    },
  ];
}
