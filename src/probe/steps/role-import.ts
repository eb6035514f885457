/** Entra's provisioning imports a role of IAM, and meets it again when it no longer qualifies. Two or three runs of 40 minutes. */
import {
  CreateAccessKeyCommand,
  CreateSAMLProviderCommand,
  CreateUserCommand,
  PutUserPolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { until } from "../time.ts";
import { must, type Step, type StepContext, seen } from "../types.ts";
import { type Application, application, samlMode } from "./application.ts";
import { addCertificate } from "./certificates.ts";
import { createRole, PATH, tags, trustOf } from "./trust.ts";

const IMPORT = { patience: 3 * 3600, every: 60 };

interface AppRole {
  value: string | null;
  isEnabled: boolean;
}

export const roleImport: Step = {
  name: "roleImport",
  needs: ["graph", "iam"],
  minutes: 120,
  permissions: ["Application.ReadWrite.OwnedBy", "Application.Read.All"],
  actions: [
    "iam:CreateSAMLProvider",
    "iam:TagSAMLProvider",
    "iam:CreateRole",
    "iam:TagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:CreateUser",
    "iam:TagUser",
    "iam:PutUserPolicy",
    "iam:CreateAccessKey",
  ],
  facts: {
    providerWithTwoCertificates: {
      question: "CreateSAMLProvider with the federation metadata of an application that has two certificates",
      row: 13,
      values: ["accepted", "refused"],
    },
    roleImportOfChangedRole: {
      question: "Role import meets a role that no longer qualifies: removes its app role, or disables it permanently",
      row: 10,
      values: ["removes", "disables"],
    },
  },
  async run(context) {
    const { aws, graph, time } = context;
    const made = await application(context, "import");
    await samlMode(context, made);
    const trusted = await provider(context, made);
    const { RoleName, answer } = await createRole(context, "imported", trustOf(trusted));
    const roleArn = must(answer).Role?.Arn ?? "";
    await provision(context, made.principalId);
    const role = async (): Promise<AppRole | undefined> => {
      const principal = await graph.settled<{ appRoles: AppRole[] }>(
        "GET",
        `/servicePrincipals/${made.principalId}?$select=appRoles`,
      );
      return must(principal).appRoles.find(({ value }) => value?.startsWith(`${roleArn},`));
    };
    const imported = await until(time, IMPORT, role);
    if (!imported)
      return context.settle("roleImportOfChangedRole", { observed: "the role was not imported within three hours" });
    const { account, partition } = await aws.identity();
    const trust = {
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: `arn:${partition}:iam::${account}:root` }, Action: "sts:AssumeRole" },
      ],
    };
    must(await aws.iam(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: JSON.stringify(trust) })));
    const changed = await until(time, IMPORT, async () => {
      const now = await role();
      return now === undefined ? "removes" : now.isEnabled ? undefined : "disables";
    });
    context.settle("roleImportOfChangedRole", {
      ...(changed && { value: changed.value }),
      observed: changed
        ? `imported after ${Math.round(imported.seconds)} s; changed after the time given`
        : "the app role was as before for three hours",
      ...(changed && { seconds: changed.seconds }),
    });
  },
};

/** Of the application's own metadata, with two certificates where the metadata lists both. */
async function provider(context: StepContext, made: Application): Promise<string> {
  const { graph, aws } = context;
  for (const _ of [1, 2]) must(await addCertificate(context, made));
  const listed = (await graph.signingCertificates(made.appId)).body?.length ?? 0;
  const answer = await aws.iam(
    new CreateSAMLProviderCommand({
      Name: `${context.name}-import`,
      SAMLMetadataDocument: await graph.metadataDocument(made.appId),
      Tags: tags(context),
    }),
  );
  const id = answer.body?.SAMLProviderArn;
  if (id) context.made({ kind: "samlProvider", id });
  context.settle("providerWithTwoCertificates", {
    ...(listed > 1 && (answer.ok ? { value: "accepted" } : answer.status === 400 ? { value: "refused" } : {})),
    observed: `metadata with ${listed} certificates: ${seen(answer)}`,
  });
  must(answer);
  return id ?? "";
}

/** An access key that can list roles and nothing else, and a job that uses it. */
async function provision(context: StepContext, principalId: string): Promise<void> {
  const { aws, graph, time, name } = context;
  const UserName = `${name}-import`;
  must(await aws.iam(new CreateUserCommand({ UserName, Path: PATH, Tags: tags(context) })));
  context.made({ kind: "iamUser", id: UserName });
  const PolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "iam:ListRoles", Resource: "*" }],
  });
  must(await aws.iam(new PutUserPolicyCommand({ UserName, PolicyName: "list-roles", PolicyDocument })));
  const { AccessKey } = must(await aws.iam(new CreateAccessKeyCommand({ UserName })));
  const root = `/servicePrincipals/${principalId}/synchronization`;
  const job = await until(time, { patience: 600, every: 5 }, async () => {
    const answer = await graph.call<{ id: string }>("POST", `${root}/jobs`, { templateId: "aws" });
    if (!answer.ok && ![403, 404, 409].includes(answer.status)) must(answer);
    return answer.ok ? answer.body!.id : undefined;
  });
  if (!job) throw new Error("no synchronization job could be made within ten minutes");
  const secrets = [
    { key: "ClientSecret", value: AccessKey!.AccessKeyId! },
    { key: "SecretToken", value: AccessKey!.SecretAccessKey! },
  ];
  must(await graph.settled("PUT", `${root}/secrets`, { value: secrets }));
  must(await graph.settled("POST", `${root}/jobs/${job.value}/start`));
}
