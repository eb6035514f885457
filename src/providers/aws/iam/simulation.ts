/** What IAM would decide, asked of IAM itself. */
import { type ContextEntry, SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { type Call, pages } from "../call.ts";
import type { Iam } from "../types.ts";

/** One call names at most this many actions here: answers stay below a page of real IAM (100 results by default). */
const ACTIONS_PER_CALL = 50;

export function simulationCalls(call: Call) {
  return {
    async simulate(principalArn, { actions, resources, context = {} }, o) {
      const entries: ContextEntry[] = Object.entries(context).map(([ContextKeyName, value]) => ({
        ContextKeyName,
        ContextKeyValues: [value],
        ContextKeyType: "string",
      }));
      const ask = (ActionNames: string[]) =>
        pages(async (Marker) => {
          const input = {
            PolicySourceArn: principalArn,
            ActionNames,
            ...(resources.length > 0 ? { ResourceArns: resources } : {}),
            ...(entries.length > 0 ? { ContextEntries: entries } : {}),
            Marker,
          };
          const r = await call(new SimulatePrincipalPolicyCommand(input), o);
          const found = (r.EvaluationResults ?? []).map((one) => ({
            action: one.EvalActionName!,
            resource: one.EvalResourceName ?? "*",
            decision: one.EvalDecision!,
          }));
          return [found, r.IsTruncated ? r.Marker : undefined];
        });
      const chunks = Array.from({ length: Math.ceil(actions.length / ACTIONS_PER_CALL) }, (_, index) =>
        actions.slice(index * ACTIONS_PER_CALL, (index + 1) * ACTIONS_PER_CALL),
      );
      return (await Promise.all(chunks.map(ask))).flat();
    },
  } satisfies Partial<Iam>;
}
