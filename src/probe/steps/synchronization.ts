/** Provisioning of a new service principal: jobs, credentials that are wrong on purpose, secrets. */
import { until } from "../time.ts";
import { must, type Step, seen } from "../types.ts";
import { instantiate, mark } from "./application.ts";

/** No key of anybody. */
const WRONG_KEYS = [
  { key: "ClientSecret", value: "AKIAPROBEPROBEPROBE0" },
  { key: "SecretToken", value: "not-a-secret-of-anybody" },
];

export const synchronization: Step = {
  name: "synchronization",
  needs: ["graph"],
  minutes: 5,
  permissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"],
  facts: {
    provisioningKnowsPrincipal: {
      question:
        "Calls below /synchronization right after instantiate: answered, or refused with 403 or 409 for a while",
      row: 10,
      values: ["atOnce", "afterOneMinute", "never"],
    },
    repeatedSynchronizationJob: {
      question: "A second POST of a synchronization job of the same template: the first job, or another one",
      row: 10,
      values: ["same", "another"],
    },
    wrongProvisioningCredentials: {
      question: "validateCredentials with an unknown key: refused, or accepted",
      row: 10,
      values: ["refused", "accepted"],
    },
    readSynchronizationSecrets: {
      question: "GET synchronization/secrets with Application.ReadWrite.OwnedBy: answered, or 403",
      row: 10,
      values: ["allowed", "forbidden"],
    },
  },
  async run(context) {
    const { graph, time } = context;
    const made = await instantiate(context, "provisioning");
    const root = `/servicePrincipals/${made.principalId}/synchronization`;
    const refusals: string[] = [];
    const known = await until(time, { patience: 600, every: 2 }, async () => {
      const templates = await graph.call<{ value: { id: string }[] }>("GET", `${root}/templates`);
      if (templates.ok) return templates.body!.value;
      if (templates.status !== 404) refusals.push(String(templates.status));
      return undefined;
    });
    context.settle("provisioningKnowsPrincipal", {
      value: known ? (refusals.length === 0 ? "atOnce" : "afterOneMinute") : "never",
      observed: `${refusals.length} refusals ${[...new Set(refusals)].join(" and ")}`.trim(),
      ...(known && { seconds: known.seconds }),
    });
    if (!known) return;
    await mark(context, made);
    const templateId = known.value.find(({ id }) => id === "aws")?.id ?? known.value[0]?.id;
    const create = () => graph.call<{ id: string }>("POST", `${root}/jobs`, { templateId });
    const jobs: string[] = [];
    try {
      const first = must(await create());
      jobs.push(first.id);
      const second = await create();
      if (second.ok) jobs.push(second.body!.id);
      context.settle("repeatedSynchronizationJob", {
        ...(second.ok && { value: second.body!.id === first.id ? "same" : "another" }),
        observed: seen(second),
      });
      const wrong = await graph.call("POST", `${root}/jobs/${first.id}/validateCredentials`, {
        credentials: WRONG_KEYS,
      });
      context.settle("wrongProvisioningCredentials", {
        ...(wrong.ok ? { value: "accepted" } : wrong.status === 400 ? { value: "refused" } : {}),
        observed: seen(wrong),
      });
      const put = await graph.call("PUT", `${root}/secrets`, { value: WRONG_KEYS });
      const read = await graph.call("GET", `${root}/secrets`);
      context.settle("readSynchronizationSecrets", {
        ...(read.ok ? { value: "allowed" } : read.status === 403 ? { value: "forbidden" } : {}),
        observed: `${seen(put)}; ${seen(read)}`,
      });
    } finally {
      for (const id of new Set(jobs)) await graph.call("DELETE", `${root}/jobs/${id}`);
    }
  },
};
