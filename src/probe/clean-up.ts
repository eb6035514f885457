/**
 * Deletes what a run made. Everything has the run's name, so that it is found without the run's memory, too; what the run remembers is
 * added, because lists show a new object late.
 */

import type { AwsCloud } from "./aws-cloud.ts";
import { cleanAws } from "./clean-up-aws.ts";
import { cleanGraph } from "./clean-up-graph.ts";
import type { GraphCloud } from "./graph-cloud.ts";
import type { Time } from "./time.ts";
import type { Answer, Made, Need } from "./types.ts";

/** Marks all objects of all runs; the run's own part follows. */
export const PREFIX = "connect-sso-probe-";

export interface CleanUp {
  name: string;
  made: readonly Made[];
  needs: ReadonlySet<Need>;
  graph: GraphCloud;
  aws: AwsCloud;
  time: Time;
}

/** What is still there, or could not be looked for; in words, without names and ids. */
export class Remains {
  readonly texts: string[] = [];

  /** Gone, or to be reported. */
  gone(what: string, { ok, status, code }: Answer<unknown>): void {
    if (!ok && status !== 404) this.texts.push(`${what}: its deletion was answered ${status} ${code ?? ""}`.trim());
  }
  unread(what: string, { status, code }: Answer<unknown>): void {
    this.texts.push(`${what}: could not be listed (${status} ${code ?? ""})`.replace(" )", ")"));
  }
}

/** Never throws: what goes wrong in one cloud must not keep the other one from being cleaned. */
export async function cleanUp(p: CleanUp): Promise<string[]> {
  const remains = new Remains();
  const parts: [string, () => Promise<void>][] = [];
  if (p.needs.has("graph")) parts.push(["Entra", () => cleanGraph(p, remains)]);
  if (p.needs.has("iam") || p.needs.has("connect")) parts.push(["AWS", () => cleanAws(p, remains)]);
  for (const [cloud, clean] of parts)
    await clean().catch((error: Error) => remains.texts.push(`${cloud}: ${error.name} while cleaning up`));
  return [...new Set(remains.texts)];
}
