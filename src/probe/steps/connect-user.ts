/** Users of the run in the instance: they cost nothing and can do nothing, because no sign-in has their name. */
import {
  CreateUserCommand,
  DescribeUserCommand,
  ListRoutingProfilesCommand,
  ListSecurityProfilesCommand,
  SearchUsersCommand,
  type UserPhoneConfig,
} from "@aws-sdk/client-connect";
import { must, type StepContext } from "../types.ts";

export const CREATE_USER_ACTIONS = [
  "connect:CreateUser",
  "connect:TagResource",
  "connect:DescribeUser",
  "connect:ListSecurityProfiles",
  "connect:ListRoutingProfiles",
];

/** SearchUsers asks for the rights to read what it finds. */
export const SEARCH_USERS_ACTIONS = ["connect:SearchUsers", "connect:DescribeUser", "connect:ListUserProficiencies"];

export interface Template {
  SecurityProfileIds: string[];
  RoutingProfileId: string;
}

/** The profiles of agents where there are some of this name, else the first ones. */
export async function template({ aws }: StepContext): Promise<Template> {
  const InstanceId = aws.instanceId;
  const security = must(await aws.connect(new ListSecurityProfilesCommand({ InstanceId })));
  const routing = must(await aws.connect(new ListRoutingProfilesCommand({ InstanceId })));
  const profiles = security.SecurityProfileSummaryList ?? [];
  const agent = profiles.find(({ Name }) => Name === "Agent") ?? profiles.find(({ Name }) => Name !== "Admin");
  return {
    SecurityProfileIds: [agent?.Id ?? ""],
    RoutingProfileId: routing.RoutingProfileSummaryList?.[0]?.Id ?? "",
  };
}

export const SOFT_PHONE: UserPhoneConfig = {
  PhoneType: "SOFT_PHONE",
  AutoAccept: false,
  AfterContactWorkTimeLimit: 17,
  DeskPhoneNumber: "",
};

export const usernameOf = ({ name }: StepContext, label: string) => `${name}-${label}`;

/** `phone` null: without PhoneConfig. */
export async function createUser(
  context: StepContext,
  label: string,
  profiles: Template,
  phone: UserPhoneConfig | null = SOFT_PHONE,
) {
  const { aws } = context;
  const answer = await aws.connect(
    new CreateUserCommand({
      InstanceId: aws.instanceId,
      Username: usernameOf(context, label),
      IdentityInfo: { FirstName: "Probe", LastName: "Probe" },
      ...profiles,
      ...(phone && { PhoneConfig: phone }),
      Tags: { "connect-sso-probe": context.run },
    } as ConstructorParameters<typeof CreateUserCommand>[0]),
  );
  const id = answer.body?.UserId;
  if (id) context.made({ kind: "connectUser", id });
  return answer;
}

export async function user(context: StepContext, label: string, profiles: Template): Promise<string> {
  return must(await createUser(context, label, profiles)).UserId ?? "";
}

export async function describe({ aws }: StepContext, UserId: string) {
  return must(await aws.connect(new DescribeUserCommand({ InstanceId: aws.instanceId, UserId }))).User!;
}

export async function search(context: StepContext, label: string) {
  const { aws } = context;
  const StringCondition = {
    FieldName: "Username",
    Value: usernameOf(context, label),
    ComparisonType: "EXACT" as const,
  };
  const answer = await aws.connect(
    new SearchUsersCommand({ InstanceId: aws.instanceId, SearchCriteria: { StringCondition } }),
  );
  return must(answer).Users?.[0];
}
