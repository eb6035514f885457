/** The life of a Connect user: its times, sessions, quick connects, and its name after it. */
import {
  AssociateUserProficienciesCommand,
  CreateQuickConnectCommand,
  DeleteUserCommand,
  DescribeQuickConnectCommand,
  ListContactFlowsCommand,
  TagResourceCommand,
} from "@aws-sdk/client-connect";
import { deleteAllEntitySessions } from "../../providers/aws/sessions.ts";
import { until } from "../time.ts";
import { must, type Step, type StepContext, seen } from "../types.ts";
import { CREATE_USER_ACTIONS, createUser, describe, type Template, template, user } from "./connect-user.ts";

/** LastModifiedTime has whole seconds. */
const TICK_MS = 2_500;

export const userLife: Step = {
  name: "userLife",
  needs: ["connect"],
  minutes: 3,
  actions: [
    ...CREATE_USER_ACTIONS,
    "connect:AssociateUserProficiencies",
    "connect:DeleteAllEntitySessions",
    "connect:DeleteUser",
    "connect:ListContactFlows",
    "connect:CreateQuickConnect",
    "connect:DescribeQuickConnect",
  ],
  facts: {
    lastModifiedTimeCovers: {
      question: "What moves a user's LastModifiedTime: proficiencies, tags as well, or settings alone",
      row: 13,
      values: ["proficiencies", "everything", "settings"],
    },
    deleteAllEntitySessions: {
      question: "DeleteAllEntitySessions for a user: accepted, refused as invalid, or an operation that does not exist",
      row: 13,
      values: ["ends", "refused", "unknown"],
    },
    quickConnectOfDeletedUser: {
      question: "A quick connect whose user is deleted: stays, or goes",
      row: 13,
      values: ["stays", "goes"],
    },
    usernameReuse: {
      question: "When the name of a deleted user is free again",
      row: 13,
      values: ["atOnce", "afterOneMinute", "never"],
    },
  },
  async run(context) {
    const profiles = await template(context);
    const id = await user(context, "life", profiles);
    await times(context, id);
    const { aws } = context;
    const sessions = await aws.connect(deleteAllEntitySessions(aws.instanceId, id));
    // The SDK has no command for it: its answers have another operation's name.
    const answer = { ...sessions, operation: "DeleteAllEntitySessions" };
    const missing =
      /UnknownOperation/.test(answer.code ?? "") ||
      (answer.status === 404 && !/ResourceNotFound/.test(answer.code ?? ""));
    context.settle("deleteAllEntitySessions", {
      ...(answer.ok
        ? { value: "ends" }
        : missing
          ? { value: "unknown" }
          : answer.status === 400
            ? { value: "refused" }
            : {}),
      observed: seen(answer),
    });
    await deletion(context, id, profiles);
  },
};

async function times(context: StepContext, id: string): Promise<void> {
  const { aws, time } = context;
  const modified = async () => (await describe(context, id)).LastModifiedTime?.getTime() ?? 0;
  const before = await modified();
  await time.sleep(TICK_MS);
  const proficiency = await aws.connect(
    new AssociateUserProficienciesCommand({
      InstanceId: aws.instanceId,
      UserId: id,
      UserProficiencies: [{ AttributeName: "connect:Language", AttributeValue: "connect:English", Level: 1 }],
    }),
  );
  if (!proficiency.ok) return context.settle("lastModifiedTimeCovers", { observed: seen(proficiency) });
  const afterProficiency = await modified();
  await time.sleep(TICK_MS);
  const resourceArn = `${aws.instanceArn}/agent/${id}`;
  const tagged = await aws.connect(new TagResourceCommand({ resourceArn, tags: { "connect-sso-probe-2": "x" } }));
  if (!tagged.ok) return context.settle("lastModifiedTimeCovers", { observed: seen(tagged) });
  const afterTag = await modified();
  const [proficiencies, tags] = [afterProficiency > before, afterTag > afterProficiency];
  context.settle("lastModifiedTimeCovers", {
    ...(proficiencies ? { value: tags ? "everything" : "proficiencies" } : tags ? {} : { value: "settings" }),
    observed: `moved by a proficiency: ${proficiencies}; by a tag: ${tags}`,
  });
}

async function deletion(context: StepContext, id: string, profiles: Template): Promise<void> {
  const { aws, time } = context;
  const flows = await aws.connect(new ListContactFlowsCommand({ InstanceId: aws.instanceId }));
  const flow = flows.body?.ContactFlowSummaryList?.find(({ ContactFlowType }) => ContactFlowType === "AGENT_TRANSFER");
  const quick = await aws.connect(
    new CreateQuickConnectCommand({
      InstanceId: aws.instanceId,
      Name: `${context.name}-quick`,
      QuickConnectConfig: {
        QuickConnectType: "USER",
        UserConfig: { UserId: id, ContactFlowId: flow?.Id ?? "00000000-0000-4000-8000-000000000000" },
      },
      Tags: { "connect-sso-probe": context.run },
    }),
  );
  const QuickConnectId = quick.body?.QuickConnectId;
  if (QuickConnectId) context.made({ kind: "quickConnect", id: QuickConnectId });
  must(await aws.connect(new DeleteUserCommand({ InstanceId: aws.instanceId, UserId: id })));
  if (!QuickConnectId) context.settle("quickConnectOfDeletedUser", { observed: seen(quick) });
  else {
    const left = await aws.connect(new DescribeQuickConnectCommand({ InstanceId: aws.instanceId, QuickConnectId }));
    context.settle("quickConnectOfDeletedUser", {
      ...(left.ok ? { value: "stays" } : left.status === 404 ? { value: "goes" } : {}),
      observed: seen(left),
    });
  }
  let tries = 0;
  const free = await until(time, { patience: 600, every: 2 }, async () => {
    tries++;
    const again = await createUser(context, "life", profiles);
    if (!again.ok && again.code !== "DuplicateResourceException") must(again);
    return again.ok ? true : undefined;
  });
  context.settle("usernameReuse", {
    value: free ? (tries === 1 ? "atOnce" : "afterOneMinute") : "never",
    observed: free ? `CreateUser with the same name was accepted at try ${tries}` : "refused for ten minutes",
    ...(free && { seconds: free.seconds }),
  });
}
