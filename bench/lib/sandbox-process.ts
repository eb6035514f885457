/** The sandbox clouds as a process of their own, steered over IPC: what it was asked, and how it behaves from now on. */
import { startSandbox } from "../../src/sandbox/server.ts";
import type { Behaviour, WorldInput } from "../../src/sandbox/world.ts";

export interface Write {
  operation: string;
  path: string;
  /** Id of the Connect user in the body of DeleteAllEntitySessions. */
  entityId?: string;
  /** Object id in the body of an app role assignment. */
  principalId?: string;
  /** In the body of CreateUser. */
  username?: string;
  status: number;
  /** Milliseconds since 1970, when the answer was sent. */
  at: number;
}
export interface Counts {
  /** How often each "service:Operation" was called. */
  calls: Record<string, number>;
  /** Writes among them. */
  writes: number;
  /** Answered 429. */
  throttled: number;
}
export type Command =
  | { do: "start"; world: WorldInput }
  | { do: "behave"; behaviour: Partial<Behaviour> }
  | { do: "count"; reset: boolean }
  | { do: "writes" }
  | { do: "stop" };

let sandbox: Awaited<ReturnType<typeof startSandbox>> | undefined;
let counts: Counts = { calls: {}, writes: 0, throttled: 0 };
let writes: Write[] = [];

async function obey(command: Command): Promise<unknown> {
  if (command.do === "start") {
    sandbox = await startSandbox({ world: command.world });
    sandbox.onExchange(({ service, operation, request, response }) => {
      const name = `${service}:${operation}`;
      counts.calls[name] = (counts.calls[name] ?? 0) + 1;
      if (response.status === 429) counts.throttled++;
      // A batch is a POST; the ones here hold reads only.
      if (request.method === "GET" || /Search|\$batch|:(Get|List|Describe)/.test(name)) return;
      counts.writes++;
      const write: Write = { operation, path: request.path, status: response.status, at: Date.now() };
      for (const name of ["entityId", "principalId", "username"] as const) {
        const value = new RegExp(`"${name}": ?"([^"]+)"`, "i").exec(request.body)?.[1];
        if (value) write[name] = value;
      }
      writes.push(write);
    });
    return { url: sandbox.url, env: sandbox.env };
  }
  if (!sandbox) throw new Error("not started");
  if (command.do === "behave") Object.assign(sandbox.world.behaviour, command.behaviour);
  if (command.do === "count") {
    const answer = counts;
    if (command.reset) counts = { calls: {}, writes: 0, throttled: 0 };
    return answer;
  }
  if (command.do === "writes") {
    const answer = writes;
    writes = [];
    return answer;
  }
  if (command.do === "stop") {
    await sandbox.close();
    process.disconnect();
  }
  return undefined;
}

process.on("message", ({ id, command }: { id: number; command: Command }) => {
  obey(command).then(
    (answer) => process.connected && process.send?.({ id, answer }),
    (error: unknown) => process.send?.({ id, error: String(error) }),
  );
});
// Whoever started it is gone.
process.on("disconnect", () => process.exit(0));
