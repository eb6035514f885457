/** Claims mapping policies, and the answer for a reference that is not there. */
import { rolesOf } from "../../providers/graph/rights.ts";
import { must, type Step, type StepContext, seen } from "../types.ts";
import { application } from "./application.ts";

const DEFINITION = JSON.stringify({
  ClaimsMappingPolicy: {
    Version: 1,
    IncludeBasicClaimSet: "true",
    ClaimsSchema: [
      {
        Source: "user",
        ID: "mail",
        SamlClaimType: "https://aws.amazon.com/SAML/Attributes/RoleSessionName",
      },
    ],
  },
});

export const claimsPolicies: Step = {
  name: "claimsPolicies",
  needs: ["graph"],
  minutes: 1,
  permissions: [
    "Application.ReadWrite.OwnedBy",
    "Application.Read.All",
    "Policy.Read.All",
    "Policy.ReadWrite.ApplicationConfiguration",
  ],
  facts: {
    secondClaimsPolicy: {
      question: "A second claims mapping policy on one service principal: refused, or added",
      row: 8,
      values: ["refused", "accepted"],
    },
    absentReference: {
      question: "DELETE of a $ref that is not there: 404, or 400",
      row: 8,
      values: ["notFound", "badRequest"],
    },
    listClaimsPolicies: {
      question: "List of claims mapping policies: one of its two permissions is enough, or both are needed",
      row: 8,
      values: ["either", "both"],
    },
    repeatedReference: {
      question: "POST of a $ref that is there: refused, or accepted",
      row: 8,
      values: ["refused", "accepted"],
    },
  },
  async run(context) {
    const { graph, name } = context;
    await list(context);
    const { principalId } = await application(context, "claims");
    const create = async (label: string) => {
      const { id } = must(
        await graph.call<{ id: string }>("POST", "/policies/claimsMappingPolicies", {
          displayName: `${name}-${label}`,
          definition: [DEFINITION],
        }),
      );
      context.made({ kind: "claimsPolicy", id });
      return id;
    };
    const links = `/servicePrincipals/${principalId}/claimsMappingPolicies`;
    const link = (id: string) =>
      graph.settled("POST", `${links}/$ref`, {
        "@odata.id": `${graph.baseUrl}/v1.0/policies/claimsMappingPolicies/${id}`,
      });
    const first = await create("first");
    const second = await create("second");
    must(await link(first));
    const again = await link(first);
    context.settle("repeatedReference", {
      ...(again.ok ? { value: "accepted" } : again.status === 400 ? { value: "refused" } : {}),
      observed: seen(again),
    });
    const other = await link(second);
    context.settle("secondClaimsPolicy", {
      ...(other.ok ? { value: "accepted" } : [400, 409].includes(other.status) ? { value: "refused" } : {}),
      observed: seen(other),
    });
    must(await graph.call("DELETE", `${links}/${first}/$ref`));
    const absent = await graph.call("DELETE", `${links}/${first}/$ref`);
    context.settle("absentReference", {
      ...(absent.status === 404 ? { value: "notFound" } : absent.status === 400 ? { value: "badRequest" } : {}),
      observed: seen(absent),
    });
  },
};

/** Only an application that holds one of the two permissions can find out. */
async function list(context: StepContext): Promise<void> {
  const held = (rolesOf(await context.graph.token()) ?? []).filter((one) =>
    ["Policy.Read.All", "Policy.ReadWrite.ApplicationConfiguration"].includes(one),
  );
  const answer = await context.graph.call("GET", "/policies/claimsMappingPolicies");
  const value = answer.ok ? "either" : answer.status === 403 ? "both" : undefined;
  context.settle("listClaimsPolicies", {
    ...(held.length === 1 && value && { value }),
    observed:
      held.length === 1
        ? `with ${held[0]} alone: ${seen(answer)}`
        : "cannot be decided with both permissions or none: give the application Policy.ReadWrite.ApplicationConfiguration alone and repeat",
  });
}
