/** Two thousand new people at once, in an account whose quota was raised to 50 a second. */
import type { Result } from "../lib/results.ts";
import { DEFAULT_QUOTAS } from "../lib/sandbox.ts";
import { Scene } from "../lib/scene.ts";
import { until } from "../lib/wait.ts";

const USERS = 2_000;
const QUOTA = { rate: 50, burst: 5 };
const WHAT = "creating 2,000 users at 50/s";

export async function create(): Promise<Result[]> {
  const scene = await Scene.open(USERS, 0);
  try {
    await scene.sandbox.behave({ latencyMs: 20, quotas: { ...DEFAULT_QUOTAS, connect: QUOTA } });
    const controller = await scene.controller(["--config", scene.settings({ connect: QUOTA })]);
    try {
      await scene.personasReady();
      await scene.sandbox.count();
      await scene.sandbox.writes();
      const began = Date.now();
      await scene.createUsers(1, USERS);
      // Asked of the sandbox at first: lists are much work for the API server, which has enough to do now.
      const created = async () => ((await scene.sandbox.count(false)).calls["connect:CreateUser"] ?? 0) >= USERS;
      await until(`${USERS} CreateUser calls`, 240_000, created, 500);
      await until(`${USERS} users Ready`, 120_000, async () => (await scene.ready()) === USERS, 2_000);
      const kube = (await controller.metrics())!.sum("rest_client_requests_total", {}, { method: "GET" });
      const perUser = {
        what: `${WHAT}, writes to Kubernetes for each`,
        value: kube / USERS,
        unit: "",
        note: "events included",
      };
      return [...(await judge(scene, began)), perUser];
    } finally {
      await controller.stop();
    }
  } finally {
    await scene.close();
  }
}

async function judge(scene: Scene, began: number): Promise<Result[]> {
  const creates = (await scene.sandbox.writes()).filter(({ operation }) => operation === "CreateUser");
  const { throttled, calls } = await scene.sandbox.count();
  const seconds = (Math.max(...creates.map(({ at }) => at)) - began) / 1000;
  const floor = (USERS - QUOTA.burst) / QUOTA.rate;
  const reads = ["ListUsers", "SearchUsers"].map((name) => `${calls[`connect:${name}`] ?? 0} ${name}`).join(", ");
  const note = `the quota's floor is ${floor} s; ${reads}`;
  return [
    {
      what: `${WHAT}, from the first apply to the last CreateUser`,
      value: seconds,
      unit: "s",
      bound: floor * 1.05,
      note,
    },
    { what: `${WHAT}, answers 429`, value: throttled, unit: "", bound: 0 },
    { what: `${WHAT}, CreateUser calls`, value: creates.length, unit: "", bound: USERS },
  ];
}
