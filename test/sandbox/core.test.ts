/** What all clouds of the sandbox share: the world file, faults, quotas, simulated time and late reads. */
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, watch, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConnectClient, CreateUserCommand, ListInstancesCommand } from "@aws-sdk/client-connect";
import { afterEach, describe, expect, jest, test } from "@jest/globals";
import { sandboxCommand } from "../../src/sandbox/command.ts";
import { stableId } from "../../src/sandbox/connect/state.ts";
import { EventualMap, SandboxClock } from "../../src/sandbox/host.ts";
import { OPEN_FACTS } from "../../src/sandbox/open.ts";
import { ADMIN, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { type BehaviourInput, type Fault, milliseconds, readWorld, type WorldInput } from "../../src/sandbox/world.ts";

const INSTANCE = "11111111-2222-4333-8444-555555555555";
const started: Sandbox[] = [];
const clients: ConnectClient[] = [];

async function start(behaviour: BehaviourInput = {}): Promise<{ sandbox: Sandbox; client: ConnectClient }> {
  const world = { instances: [{ id: INSTANCE, region: "us-east-1" }] };
  const sandbox = await startSandbox({ world: { ...world, behaviour: { quotas: "unlimited", ...behaviour } } });
  const client = new ConnectClient({
    endpoint: `${sandbox.url}/connect`,
    region: "us-east-1",
    credentials: ADMIN,
    maxAttempts: 1,
  });
  started.push(sandbox);
  clients.push(client);
  return { sandbox, client };
}
afterEach(async () => {
  for (const client of clients.splice(0)) client.destroy();
  await Promise.all(started.splice(0).map((sandbox) => sandbox.close()));
});
const list = (client: ConnectClient, abortSignal?: AbortSignal) =>
  client.send(new ListInstancesCommand({}), { abortSignal });

describe("world", () => {
  test("an empty world has an account, a tenant and the documented quotas", () => {
    const world = readWorld();
    expect(world.accounts).toEqual([world.account]);
    expect(world.tenants).toEqual([world.tenant]);
    expect(world.behaviour.quotas.connect).toEqual({ rate: 2, burst: 5 });
  });
  test.each([
    [{ instances: [{ id: "nonsense", region: "us-east-1" }] }, "/instances/0/id must match pattern"],
    [{ instances: [{ id: INSTANCE }] }, "/instances/0 must have required property 'region'"],
    [{ acount: "111122223333" }, "(acount)"],
    [{ behaviour: { faults: [{ match: "*", kind: "fire" }] } }, "/behaviour/faults/0/kind must be equal to one of"],
    [{ behaviour: { latency: "soon" } }, "/behaviour/latency must"],
  ])("%j is refused with the path of the wrong field", (input, message) => {
    expect(() => readWorld(input as WorldInput)).toThrow(message);
  });
  test("people are generated into the directory, the group and the instances", () => {
    const world = readWorld({
      instances: [{ id: INSTANCE, region: "us-east-1" }],
      generate: { users: 3, group: "Agents", connectUsers: 2 },
    });
    expect(world.groups[0]?.members).toEqual(world.users.map(({ userPrincipalName }) => userPrincipalName));
    expect(world.instances[0]?.users?.map(({ username }) => username)).toEqual([
      "user00001@example.com",
      "user00002@example.com",
    ]);
  });
  test.each([
    ["20ms", 20],
    ["3s", 3000],
    ["40m", 2_400_000],
    ["2h", 7_200_000],
    [7, 7],
    [undefined, 5],
  ])("%s is %d milliseconds", (written, expected) => expect(milliseconds(written, 5)).toBe(expected));
});

describe("open facts", () => {
  test("every fact has its first value unless the world says otherwise", () => {
    const { open } = readWorld({ behaviour: { open: { createUserWithoutPhoneConfig: "refused" } } }).behaviour;
    expect(open).toMatchObject({ createUserWithoutPhoneConfig: "refused", updateUserConfigOmittedLists: "kept" });
    expect(Object.keys(open)).toEqual(Object.keys(OPEN_FACTS));
  });
  test.each([{ noSuchFact: "yes" }, { createUserWithoutPhoneConfig: "maybe" }])("refuses %j", (open) => {
    expect(() => readWorld({ behaviour: { open } } as WorldInput)).toThrow("/behaviour/open");
  });
});

describe("faults", () => {
  test.each<[Fault["kind"], string, number]>([
    ["throttle", "ThrottlingException", 429],
    ["internal", "InternalServiceException", 500],
    ["unavailable", "InternalServiceException", 503],
    ["denied", "AccessDeniedException", 403],
    ["unauthorized", "ExpiredTokenException", 403],
    ["conflict", "ResourceConflictException", 409],
  ])("%s is answered as the service would", async (kind, name, status) => {
    const { client } = await start({ faults: [{ match: "connect:*", kind }] });
    await expect(list(client)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
  });
  test.each<Fault["kind"]>(["cut", "truncated", "malformed"])("%s gives the client no usable answer", async (kind) => {
    const { sandbox, client } = await start({ faults: [{ match: "connect:ListInstances", kind, count: 1 }] });
    await expect(list(client)).rejects.toThrow();
    expect(sandbox.counts()).toEqual({ "connect:ListInstances": 1 });
    await expect(list(client)).resolves.toMatchObject({ InstanceSummaryList: [{ Id: INSTANCE }] });
  });
  test("a timeout ends when the client gives up", async () => {
    const { sandbox, client } = await start({ faults: [{ match: "connect:ListInstances", kind: "timeout" }] });
    await expect(list(client, AbortSignal.timeout(50))).rejects.toMatchObject({ name: "AbortError" });
    expect(sandbox.log).toMatchObject([{ operation: "ListInstances", status: 0 }]);
  });
  test("strikes `count` times after `after` requests, and not once it is cleared", async () => {
    const { sandbox, client } = await start();
    const outcomes = async (requests: number) => {
      const seen: boolean[] = [];
      for (let index = 0; index < requests; index++)
        seen.push(
          await list(client).then(
            () => true,
            () => false,
          ),
        );
      return seen;
    };
    sandbox.faults.add({ match: "connect:List*", kind: "internal", after: 1, count: 2 });
    expect(await outcomes(4)).toEqual([true, false, false, true]);
    sandbox.faults.add({ match: "*", kind: "internal" });
    sandbox.faults.clear();
    expect(await outcomes(1)).toEqual([true]);
  });
  test("a write whose answer is lost has happened", async () => {
    const { client } = await start({ faults: [{ match: "connect:*", kind: "lostAnswer", count: 1 }] });
    // Reads are let through by this kind: their loss would show nothing.
    await expect(list(client)).resolves.toBeDefined();
    const command = new CreateUserCommand({
      InstanceId: INSTANCE,
      Username: "ann",
      IdentityInfo: { FirstName: "Ann", LastName: "Lee" },
      SecurityProfileIds: [stableId(INSTANCE, "security-profile", "Agent")],
      RoutingProfileId: stableId(INSTANCE, "routing-profile", "Basic Routing Profile"),
    });
    await expect(client.send(command)).rejects.toThrow();
    await expect(client.send(command)).rejects.toMatchObject({ name: "DuplicateResourceException" });
  });
});

test("a quota lets the burst through and throttles what follows", async () => {
  const { client } = await start({ quotas: { connect: { rate: 0, burst: 2 } } });
  await list(client);
  await list(client);
  await expect(list(client)).rejects.toMatchObject({ name: "ThrottlingException" });
});

describe("simulated time", () => {
  test("timers run in order of their due time when the clock is moved, cancelled ones never", () => {
    const clock = new SandboxClock(1);
    const seen: string[] = [];
    clock.setTimer(60_000, () => seen.push("minute"));
    clock.setTimer(30_000, () => seen.push("half"));
    clock.setTimer(40_000, () => seen.push("cancelled"))();
    clock.advance(29_000);
    expect(seen).toEqual([]);
    clock.advance(31_000);
    expect(seen).toEqual(["half", "minute"]);
    clock.close();
  });
  test("the Date header follows it", async () => {
    const { sandbox } = await start();
    sandbox.clock.advance(86_400_000);
    const answer = await fetch(`${sandbox.url}/connect/instance`);
    expect(Date.parse(answer.headers.get("date")!)).toBeGreaterThan(Date.now() + 80_000_000);
  });
});

describe("late reads", () => {
  afterEach(() => {
    jest.useRealTimers();
  });
  test("readers see each write once its delay is over, writers at once", () => {
    jest.useFakeTimers();
    const map = new EventualMap<string, number>(() => 1000);
    map.seed("a", 1);
    map.set("a", 2);
    jest.advanceTimersByTime(600);
    map.set("a", 3);
    map.set("b", 9);
    expect([map.get("a"), map.read("a"), map.readAll()]).toEqual([3, 1, [1]]);
    jest.advanceTimersByTime(400);
    expect([map.read("a"), map.readAll()]).toEqual([2, [2]]);
    jest.advanceTimersByTime(600);
    expect(map.readAll()).toEqual([3, 9]);
    map.delete("a");
    expect([map.has("a"), map.read("a")]).toEqual([false, 3]);
  });
  test("a stale read sees the state before the last write", () => {
    let stale = false;
    const map = new EventualMap<string, number>(
      () => 0,
      () => stale,
    );
    map.seed("a", 1);
    map.set("a", 2);
    stale = true;
    expect([map.read("a"), map.readAll()]).toEqual([1, [1]]);
    stale = false;
    expect(map.readAll()).toEqual([2]);
  });
});

describe("the command", () => {
  test("writes the variables for others to a file that only its owner reads, and stops when told", async () => {
    const directory = mkdtempSync(join(tmpdir(), "sandbox-"));
    const envFile = join(directory, "env");
    const config = join(directory, "world.yaml");
    writeFileSync(config, `instances: [{ id: ${INSTANCE}, region: eu-central-1 }]\n`);
    const silence = jest.spyOn(process.stdout, "write").mockReturnValue(true);
    const watcher = watch(directory);
    const stop = new Promise<() => void>((resolve) => {
      const spy = jest.spyOn(process, "once").mockImplementation((event, run) => {
        if (event === "SIGTERM") {
          spy.mockRestore();
          resolve(run as () => void);
        }
        return process;
      });
    });
    try {
      const running = sandboxCommand({ listen: "127.0.0.1:0", writeEnv: envFile, config });
      while (!existsSync(envFile)) await once(watcher, "change");
      const lines = readFileSync(envFile, "utf8");
      expect(lines).toMatch(/^export AWS_ENDPOINT_URL_CONNECT=http:\/\/127\.0\.0\.1:\d+\/connect$/m);
      expect(lines).toMatch(/^export AWS_REGION=eu-central-1$/m);
      expect(lines).toMatch(/^export AWS_DEFAULT_REGION=eu-central-1$/m);
      expect(statSync(envFile).mode & 0o777).toBe(0o600);
      (await stop)();
      await running;
    } finally {
      watcher.close();
      silence.mockRestore();
      rmSync(directory, { recursive: true });
    }
  });
  test("refuses an address without a port", async () => {
    await expect(sandboxCommand({ listen: "localhost" })).rejects.toThrow("--listen wants HOST:PORT");
  });
});
