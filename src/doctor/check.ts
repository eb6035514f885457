/** One line of `doctor`: what was checked, the result, what to do. */
export type CheckState = "good" | "warning" | "bad" | "skipped";

export interface Check {
  area: "program" | "cluster" | "aws" | "connect" | "entra";
  name: string;
  state: CheckState;
  text: string;
  /** The command or the click. */
  fix?: string;
}

type Area = Check["area"];
export const good = (area: Area, name: string, text: string): Check => ({ area, name, state: "good", text });
export const warn = (area: Area, name: string, text: string, fix?: string): Check => ({
  area,
  name,
  state: "warning",
  text,
  ...(fix ? { fix } : {}),
});
export const bad = (area: Area, name: string, text: string, fix?: string): Check => ({
  area,
  name,
  state: "bad",
  text,
  ...(fix ? { fix } : {}),
});
export const skipped = (area: Area, name: string, text: string): Check => ({ area, name, state: "skipped", text });

/** Errors of a connection, as Node, the AWS SDK and the clients of Graph word them. */
const UNREACHABLE = /\b(E(CONNREFUSED|CONNRESET|NOTFOUND|TIMEDOUT|HOSTUNREACH|NETUNREACH|AI_AGAIN)|no answer)\b/;
export const NETWORK = "nothing answered: check network and DNS; behind a proxy set HTTPS_PROXY and NO_PROXY";

/** Runs one look; a failure is a bad line with its message. */
export async function look(
  area: Area,
  name: string,
  run: () => Promise<Check | Check[]>,
  fix?: string,
): Promise<Check[]> {
  try {
    const found = await run();
    return Array.isArray(found) ? found : [found];
  } catch (error) {
    const message = (error as Error).message.split("\n")[0]!;
    return [bad(area, name, message, UNREACHABLE.test(message) ? NETWORK : fix)];
  }
}
