/** What the domain's evaluator and parsers say of a sign-in through what was found. */
import { inexpressible, readClaims } from "../domain/claims/policy.ts";
import { type InstanceArn, readPair } from "../domain/names.ts";
import { federationContext, samlContext } from "../domain/policy/context.ts";
import { evaluate, evaluateTrust, type Policy, type Request } from "../domain/policy/evaluate.ts";
import type { Iam, IamRole, IamSamlProvider } from "../providers/aws/types.ts";
import type { Application, Graph, ServicePrincipal } from "../providers/graph/types.ts";

/** What may be there in a form that a persona cannot declare. */
export async function whyNoRole(
  iam: Iam,
  graph: Graph,
  instance: InstanceArn,
  principal: ServicePrincipal,
): Promise<string> {
  for (const { displayName, definition } of await graph.claimsPoliciesOf(principal.id)) {
    const claims = readClaims(definition);
    const problem = claims && inexpressible(claims);
    if (problem) return `claims policy ${displayName}: ${problem}`;
  }
  for (const { value } of principal.appRoles) {
    const name = readPair(value)?.roleArn.split("/").at(-1);
    const role = name ? await iam.getRole(name) : undefined;
    if (!role) continue;
    const [first] = (await iam.inlineRolePolicies(role.name)).filter((one) => grants([one], federate(role, instance)));
    if (first)
      return `the rights of role ${name} are in its inline policy ${first.name}; move them to a managed policy first`;
  }
  return "it lands on this instance, but carries no role that may sign in to it";
}

/** What a session of the role asks Amazon Connect for. */
export const federate = ({ id }: IamRole, { partition, region, account, id: instanceId }: InstanceArn): Request => {
  const roleSessionName = "somebody@example.com";
  return {
    action: "connect:GetFederationToken",
    resource: `arn:${partition}:connect:${region}:${account}:instance/${instanceId}/user/${id}:${roleSessionName}`,
    context: federationContext({ roleId: id, roleSessionName, instanceId }),
  };
};
/** Not known counts: what cannot be worked out is left to a person. */
export const grants = (policies: Policy[], request: Request): boolean =>
  evaluate({ policies }, request).verdict !== "denied";

/** Whether the trust lets this application's sign-ins in, as far as that can be worked out. */
export function noteSignIn(
  graph: Graph,
  application: Application,
  { role, provider }: { role: IamRole; provider: IamSamlProvider },
  notes: string[],
): void {
  const recipient = application.defaultRedirectUri ?? application.redirectUris[0];
  if (!recipient) return;
  const found = evaluateTrust(role.trust, {
    action: "sts:AssumeRoleWithSAML",
    principal: { type: "Federated", name: provider.arn },
    context: samlContext({ recipient, providerArn: provider.arn, issuer: graph.issuer }),
  });
  if (found.verdict === "allowed") return;
  const what =
    found.verdict === "denied"
      ? `refuses sign-ins that Entra posts to ${recipient}`
      : "may refuse sign-ins, which cannot be worked out";
  notes.push(`application "${application.displayName}": the trust of role ${role.name} ${what}: ${found.why}`);
}
