/** What the controller's least policy allows, asked of IAM's own simulation, statement by statement, for the identity of the credentials. */
import { controllerPolicies, SELDOM_USED } from "../domain/permissions/aws.ts";
import type { Statement } from "../domain/permissions/documents.ts";
import type { AwsScope } from "../domain/permissions/scope.ts";
import { listed } from "../domain/text.ts";
import type { AwsAccount } from "../providers/aws/types.ts";
import { CloudError } from "../providers/errors.ts";
import { bad, type Check, good, skipped, warn } from "./check.ts";

export async function rights({ iam, callerArn }: AwsAccount, scope: AwsScope): Promise<Check[]> {
  const principal = await principalOf(iam, callerArn);
  if ("unknown" in principal) return [skipped("aws", "rights", `cannot be simulated: ${principal.unknown}`)];
  const { arn, guessed, session } = principal;
  let denied: string[];
  try {
    denied = await simulate(iam, arn, scope);
  } catch (error) {
    if (!(error instanceof CloudError) || error.kind === "throttled") throw error;
    return [skipped("aws", "rights", `cannot be simulated: ${reasonOf(error, arn, guessed)}`)];
  }
  const needed = denied.filter((action) => !(action in SELDOM_USED));
  if (denied.length === 0) {
    const limits = session ? "; a policy of the session itself is no part of that" : "";
    return [good("aws", "rights", `everything that the controller needs, by IAM's own simulation of ${arn}${limits}`)];
  }
  const text = `${arn} may not ${listed(denied, 8)}`;
  const fix = "connect-sso policy aws prints the least policy";
  return [needed.length > 0 ? bad("aws", "rights", text, fix) : warn("aws", "rights", text, fix)];
}

type Principal =
  | { arn: string; session: boolean /** The path was not to be had. */; guessed: boolean }
  | { unknown: string };

/**
 * IAM simulates users and roles alone. A session (an assumed role, the web identity of a pod, somebody of IAM Identity Center) is
 * simulated as its role, whose path the ARN of the session does not have.
 */
async function principalOf(iam: AwsAccount["iam"], callerArn: string): Promise<Principal> {
  const [, partition, service, account, type, name] =
    /^arn:([\w-]+):(iam|sts)::(\d{12}):([\w-]+)\/?([^/]*)/.exec(callerArn) ?? [];
  if (type === "root") return { unknown: "the root user is bound by no policy" };
  if (type === "federated-user")
    return {
      unknown: `${callerArn} may do what its user and its session policy both allow, and IAM simulates no such session`,
    };
  if (service === "iam") return { arn: callerArn, session: false, guessed: false };
  if (type !== "assumed-role") return { unknown: `IAM simulates users and roles, and ${callerArn} is neither` };
  const role = await iam.getRole(name!).catch(() => undefined);
  return {
    arn: role?.arn ?? `arn:${partition}:iam::${account}:role/${name}`,
    session: true,
    guessed: role === undefined,
  };
}

function reasonOf({ reason, code }: CloudError, arn: string, guessed: boolean): string {
  if (reason === "AccessDenied") return "iam:SimulatePrincipalPolicy is denied; it is needed for this look alone";
  if (reason !== "NotFound") return code;
  return guessed
    ? `the path of ${arn} is not known; the right iam:GetRole on the controller's own role would show it`
    : `IAM has no ${arn}`;
}

/** Actions that are not allowed. */
async function simulate(iam: AwsAccount["iam"], arn: string, scope: AwsScope): Promise<string[]> {
  const statements = controllerPolicies(scope).flatMap(({ Statement }) => Statement);
  const denied = new Set<string>();
  for (const statement of statements.filter(({ Effect }) => Effect === "Allow")) {
    const answers = await iam.simulate(arn, {
      actions: statement.Action,
      resources: statement.Resource.slice(0, 1).map((one) =>
        one === "*" ? one : one.replaceAll("*", "connect-sso-doctor"),
      ),
      context: contextOf(statement),
    });
    for (const { action, decision } of answers) if (decision !== "allowed") denied.add(action);
  }
  return [...denied];
}

function contextOf({ Condition }: Statement): Record<string, string> {
  const tests = Object.values(Condition ?? {}).flatMap((one) => Object.entries(one));
  return Object.fromEntries(
    tests.map(([key, value]) => [
      key,
      (Array.isArray(value) ? value[0]! : value).replaceAll("*", "connect-sso-doctor"),
    ]),
  );
}
