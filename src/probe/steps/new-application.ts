/** What can be read of an application right after it was made. */
import { until } from "../time.ts";
import { type Step, seen } from "../types.ts";
import { instantiate, mark } from "./application.ts";

const PATIENCE = { patience: 600, every: 1 };

export const newApplication: Step = {
  name: "newApplication",
  needs: ["graph"],
  minutes: 3,
  permissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"],
  facts: {
    ownersShow: {
      question: "Owners of what instantiate made: listed at the first read that finds the objects, or later",
      row: 2,
      values: ["atOnce", "afterOneMinute", "never"],
    },
    principalFollowsApplication: {
      question: "A new displayName of the application: shown by its service principal, or not",
      row: 4,
      values: ["follows", "keeps"],
    },
  },
  async run(context) {
    const { graph, time } = context;
    const made = await instantiate(context, "new");
    let reads = 0;
    const both = await until(time, PATIENCE, async () => {
      let shown = 0;
      for (const path of [`/applications/${made.id}`, `/servicePrincipals/${made.principalId}`]) {
        const owners = await graph.call<{ value: unknown[] }>("GET", `${path}/owners?$select=id`);
        if (owners.status === 404) return undefined;
        if (!owners.ok) return owners;
        shown += owners.body!.value.length > 0 ? 1 : 0;
      }
      reads++;
      return shown === 2 ? "shown" : undefined;
    });
    if (!both) context.settle("ownersShow", { value: "never", observed: "no owner was listed within ten minutes" });
    else if (both.value !== "shown") context.settle("ownersShow", { observed: seen(both.value) });
    else
      context.settle("ownersShow", {
        value: reads === 1 ? "atOnce" : "afterOneMinute",
        observed: `both lists had an owner at read ${reads} that found the objects`,
        seconds: both.seconds,
      });
    await mark(context, made);
    const displayName = `${made.displayName}-renamed`;
    const renamed = await graph.settled("PATCH", `/applications/${made.id}`, { displayName });
    if (!renamed.ok) return context.settle("principalFollowsApplication", { observed: seen(renamed) });
    const follows = await until(time, { patience: 120, every: 2 }, async () => {
      const principal = await graph.call("GET", `/servicePrincipals/${made.principalId}?$select=displayName,tags`);
      return principal.body?.displayName === displayName ? true : undefined;
    });
    context.settle(
      "principalFollowsApplication",
      follows
        ? { value: "follows", observed: "the service principal has the new name", seconds: follows.seconds }
        : { value: "keeps", observed: "the service principal had the old name for two minutes" },
    );
  },
};
