/** A user that signs in through two roles: role sessions of the caller stand for the SAML logins. */
import { GetFederationTokenCommand } from "@aws-sdk/client-connect";
import { PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { until } from "../time.ts";
import { must, type Step, type StepContext, seen } from "../types.ts";
import { CREATE_USER_ACTIONS, template, user, usernameOf } from "./connect-user.ts";
import { createRole } from "./trust.ts";

export const federation: Step = {
  name: "federation",
  needs: ["iam", "connect"],
  minutes: 2,
  actions: [...CREATE_USER_ACTIONS, "iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "sts:AssumeRole"],
  facts: {
    federatedRoleBinding: {
      question: "Whether a user stays bound to the IAM role of the first federated login",
      row: 14,
      values: ["first", "none"],
    },
  },
  async run(context) {
    await user(context, "login", await template(context));
    const first = must(await login(context, "first"));
    const second = await login(context, "second");
    const duplicate = second.code === "DuplicateResourceException";
    context.settle("federatedRoleBinding", {
      ...(second.ok ? { value: "none" } : duplicate ? { value: "first" } : {}),
      observed: `first role: ${first ? "signed in" : ""}; second role: ${seen(second)}`,
    });
  },
};

async function login(context: StepContext, label: string) {
  const { aws, time } = context;
  const { arn } = await aws.identity();
  const trust = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { AWS: principalOf(arn) }, Action: "sts:AssumeRole" }],
  });
  const { RoleName, answer } = await createRole(context, `login-${label}`, trust);
  const RoleArn = must(answer).Role?.Arn;
  const policy = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "connect:GetFederationToken", Resource: `${aws.instanceArn}/user/\${aws:userid}` },
    ],
  };
  must(
    await aws.iam(new PutRolePolicyCommand({ RoleName, PolicyName: "login", PolicyDocument: JSON.stringify(policy) })),
  );
  // A new role is known everywhere after some seconds.
  let last = await assume();
  await until(time, { patience: 120, every: 5 }, async () => {
    if (!last.ok) last = await assume();
    return last.ok ? true : undefined;
  });
  const { Credentials } = must(last);
  const credentials = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  const federate = () => aws.connectAs(credentials, new GetFederationTokenCommand({ InstanceId: aws.instanceId }));
  let token = await federate();
  await until(time, { patience: 60, every: 5 }, async () => {
    if (token.status === 403) token = await federate();
    return token.status === 403 ? undefined : true;
  });
  return token;

  function assume() {
    return aws.sts(new AssumeRoleCommand({ RoleArn, RoleSessionName: usernameOf(context, "login") }));
  }
}

/** A session's role for a session: the role may be assumed again, the session ends. */
function principalOf(arn: string): string {
  const [, partition, account, role] = /^arn:([\w-]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return role === undefined ? arn : `arn:${partition}:iam::${account}:role/${role}`;
}
