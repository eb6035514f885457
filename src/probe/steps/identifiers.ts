/** Identifiers of SAML applications: uniqueness, and what becomes of them when the application is deleted. */
import { until } from "../time.ts";
import { type Step, seen } from "../types.ts";
import { application, samlMode } from "./application.ts";

export const identifiers: Step = {
  name: "identifiers",
  needs: ["graph"],
  minutes: 2,
  permissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"],
  facts: {
    identifierConflict: {
      question: "The 400 for an identifier that is taken: names the property in error.details, or in the message alone",
      row: 3,
      values: ["details", "message"],
    },
    deleteInSamlMode: {
      question: "DELETE of an application in SAML mode with an identifier outside the verified domains",
      row: 12,
      values: ["refused", "allowed"],
    },
    identifiersOfDeleted: {
      question: "Identifiers of an application in deletedItems: free for another application, or taken",
      row: 12,
      values: ["free", "reserved"],
    },
  },
  async run(context) {
    const { graph, time } = context;
    const first = await application(context, "first");
    const second = await application(context, "second");
    for (const one of [first, second]) await samlMode(context, one);
    let identifier = `https://signin.aws.amazon.com/saml#${context.name}`;
    const use = (id: string) => graph.settled("PATCH", `/applications/${id}`, { identifierUris: [identifier] });
    // Replicas that do not know of SAML mode yet refuse it.
    const set = await until(time, { patience: 120, every: 3 }, async () => {
      const answer = await use(first.id);
      return answer.ok ? answer : undefined;
    });
    if (!set)
      return context.settle("identifierConflict", { observed: "the first application did not take an identifier" });
    const conflict = await use(second.id);
    const error = (conflict.body as { error?: { details?: { target?: string }[] } } | undefined)?.error;
    const detailed = (error?.details ?? []).some(({ target }) => target === "identifierUris");
    context.settle(
      "identifierConflict",
      conflict.ok
        ? { observed: "a second application took the same identifier" }
        : {
            ...(detailed || /identifierUris/.test(conflict.message ?? "")
              ? { value: detailed ? "details" : "message" }
              : {}),
            observed: `${seen(conflict)}; identifierUris is named in ${detailed ? "error.details" : "no detail"}`,
          },
    );
    const refused = await graph.call("DELETE", `/applications/${first.id}`);
    const inSamlMode =
      refused.code === "DeletingSamlSpNotAllowed" || /DeletingSamlSpNotAllowed/.test(refused.message ?? "");
    context.settle("deleteInSamlMode", {
      ...(refused.ok ? { value: "allowed" } : inSamlMode ? { value: "refused" } : {}),
      observed: seen(refused),
    });
    if (!refused.ok) {
      // One that holds the tenant's id is inside the rules.
      identifier = `api://${graph.tenantId}/${context.name}`;
      const changed = await use(first.id);
      const deleted = await graph.call("DELETE", `/applications/${first.id}`);
      if (!changed.ok || !deleted.ok)
        return context.settle("identifiersOfDeleted", { observed: `${seen(changed)}; ${seen(deleted)}` });
    }
    let last = await use(second.id);
    const free = await until(time, { patience: 120, every: 5 }, async () => {
      if (!last.ok) last = await use(second.id);
      return last.ok ? true : undefined;
    });
    const taken = /identifierUris/.test(JSON.stringify(last.body ?? ""));
    context.settle(
      "identifiersOfDeleted",
      free
        ? { value: "free", observed: seen(last), seconds: free.seconds }
        : { ...(taken && { value: "reserved" }), observed: `${seen(last)} for two minutes` },
    );
  },
};
