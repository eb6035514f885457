/** One line of `doctor`: what was looked at, how it stands, what to do. */
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
    return [bad(area, name, (error as Error).message.split("\n")[0]!, fix)];
  }
}
