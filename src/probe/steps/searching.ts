/** SearchUsers: how late it is, and how much of it one answer holds. */
import { SearchUsersCommand } from "@aws-sdk/client-connect";
import { until } from "../time.ts";
import { must, type Step, type StepContext } from "../types.ts";
import { CREATE_USER_ACTIONS, createUser, SEARCH_USERS_ACTIONS, search, template, user } from "./connect-user.ts";

/** Enough for the smaller of the two documented pages to be seen. */
const CROWD = 101;

export const searching: Step = {
  name: "searching",
  needs: ["connect"],
  minutes: 4,
  actions: [...CREATE_USER_ACTIONS, ...SEARCH_USERS_ACTIONS],
  facts: {
    searchUsersLag: {
      question: "How long SearchUsers lags behind CreateUser",
      row: 13,
      values: ["none", "2s", "30s"],
    },
    searchUsersPage: {
      question: "Most users of one SearchUsers answer when MaxResults asks for 500",
      row: 13,
      values: ["500", "100"],
    },
  },
  async run(context) {
    const profiles = await template(context);
    await user(context, "search", profiles);
    const found = await until(context.time, { patience: 300, every: 1 }, async () =>
      (await search(context, "search")) ? true : undefined,
    );
    const seconds = found?.seconds ?? Number.POSITIVE_INFINITY;
    context.settle("searchUsersLag", {
      ...(found && { value: seconds < 1 ? "none" : seconds < 8 ? "2s" : "30s" }),
      observed: found ? "found by its name; the value is the nearest one" : "not found within five minutes",
      ...(found && { seconds }),
    });
    await page(context, profiles);
  },
};

async function page(context: StepContext, profiles: Awaited<ReturnType<typeof template>>): Promise<void> {
  const { aws, time } = context;
  const read = async (MaxResults: number) =>
    must(await aws.connect(new SearchUsersCommand({ InstanceId: aws.instanceId, MaxResults })));
  const total = async () => (await read(1)).ApproximateTotalCount ?? 0;
  for (let count = await total(), number = 0; count < CROWD; count++, number++)
    must(await createUser(context, `crowd-${number}`, profiles));
  const enough = await until(time, { patience: 180, every: 5 }, async () =>
    (await total()) >= CROWD ? true : undefined,
  );
  const shown = (await read(500)).Users?.length ?? 0;
  context.settle("searchUsersPage", {
    ...(enough && shown > 0 && { value: shown > 100 ? "500" : "100" }),
    observed: enough
      ? `${shown > 100 ? "more than 100" : shown} users in one answer`
      : "fewer than 101 users were shown",
  });
}
