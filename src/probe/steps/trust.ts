/** IAM: SAML providers and the roles that trust them. */
import { CreateRoleCommand } from "@aws-sdk/client-iam";
import { must, type Step, type StepContext, seen } from "../types.ts";

/** Of all IAM objects of all runs. */
export const PATH = "/connect-sso-probe/";

export const trustOf = (providerArn: string): string =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { Federated: providerArn },
        Action: "sts:AssumeRoleWithSAML",
        Condition: { StringEquals: { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
      },
    ],
  });

/** A role in the run's path, with the owner tag. */
export async function createRole(context: StepContext, label: string, trust: string) {
  const RoleName = `${context.name}-${label}`;
  const answer = await context.aws.iam(
    new CreateRoleCommand({
      RoleName,
      Path: PATH,
      AssumeRolePolicyDocument: trust,
      Description: "made by connect-sso probe, which deletes it",
      Tags: tags(context),
    }),
  );
  if (answer.ok) context.made({ kind: "role", id: RoleName });
  return { RoleName, answer };
}

export const tags = ({ run }: StepContext) => [{ Key: "connect-sso-probe", Value: run }];

export const trust: Step = {
  name: "trust",
  needs: ["iam"],
  minutes: 1,
  actions: ["iam:CreateRole", "iam:TagRole"],
  facts: {
    missingProviderInTrust: {
      question: "A trust policy that names a SAML provider which does not exist: accepted, or refused",
      row: 13,
      values: ["accepted", "refused"],
    },
  },
  async run(context) {
    const { account, partition } = await context.aws.identity();
    const missing = `arn:${partition}:iam::${account}:saml-provider/${context.name}-missing`;
    const { answer } = await createRole(context, "trust", trustOf(missing));
    const malformed = /MalformedPolicyDocument/.test(answer.code ?? "");
    context.settle("missingProviderInTrust", {
      ...(answer.ok ? { value: "accepted" } : malformed ? { value: "refused" } : {}),
      observed: seen(answer),
    });
    if (!answer.ok && !malformed) must(answer);
  },
};
