/** Argo CD's Lua VM, as it runs scripts of argocd-cm, and the scripts of deploy/argocd. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Manifest } from "../helm/support.ts";
import { root } from "../helm/support.ts";

const { goTool } = (await import("../../scripts/tools.mjs" as string)) as { goTool(name: string): Promise<string> };

export const KINDS = ["ConnectSsoPersona", "ConnectUser", "ConnectUserSet"] as const;
export const folderOf = (kind: string) => join(root, "deploy/argocd/resource_customizations/connectsso.dev", kind);
export const scriptOf = (kind: string, path: string) => readFileSync(join(folderOf(kind), path), "utf8");

export interface Lua {
  /** What the script returns; rejects with its error. */
  run(script: string, object: Manifest): Promise<Manifest>;
  stop(): void;
}

export async function startLua(): Promise<Lua> {
  const child = spawn(join(await goTool("argo-lua"), "argo-lua"), { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let turn: Promise<unknown> = Promise.resolve();
  return {
    run(script, object) {
      const answer = turn.then(async () => {
        child.stdin.write(`${JSON.stringify({ script, object })}\n`);
        const { result, error } = JSON.parse((await answers.next()).value ?? "");
        if (error) throw new Error(error);
        return result;
      });
      turn = answer.catch(() => {});
      return answer;
    },
    stop: () => void child.kill("SIGKILL"),
  };
}
