/** `connect-sso apply --watch` beside the cluster: a folder is followed for the whole soak, with its log on a disk without room. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Program } from "../program.ts";
import { persona, type Scene, user } from "../scene.ts";
import { PAGES, type Pick } from "./declared.ts";
import { ACCOUNT, FOLDER_INSTANCE, person } from "./world.ts";

export class Follower {
  readonly program: Program;
  readonly #folder = mkdtempSync(join(tmpdir(), "connect-sso-soak-"));
  readonly #pick: Pick;
  readonly #people: number[];
  page = "ContactControlPanel";
  /** Index of whoever the folder declares beside the first. */
  second: number | undefined;

  /** `people`: two who are in no ConnectUser of the cluster. */
  constructor(scene: Scene, people: number[], pick: Pick) {
    this.#people = people;
    this.#pick = pick;
    this.#write();
    const args = ["apply", "-f", this.#folder, "--watch", "--poll-interval", "3s", "--log-level", "debug"];
    const env = { ...scene.env, KUBECONFIG: "/nonexistent/config" };
    this.program = new Program([...args, "--cluster-name", "folder", "--without-controller"], env, { log: "full" });
  }

  get people(): number[] {
    return [this.#people[0]!, ...(this.second === undefined ? [] : [this.second])];
  }

  async edit(): Promise<void> {
    this.page = this.#pick(PAGES);
    this.second = this.second === undefined ? this.#people[1] : undefined;
    this.#write();
  }

  /** Ends it as Ctrl-C does. */
  async close(): Promise<void> {
    this.program.kill("SIGTERM");
    await this.program.ended;
    rmSync(this.#folder, { recursive: true });
  }

  #write(): void {
    const instanceArn = `arn:aws:connect:us-east-1:${ACCOUNT}:instance/${FOLDER_INSTANCE}`;
    const objects = [
      persona("kiosks", { instanceArn, landingPage: this.page }),
      ...this.people.map((index) =>
        user(`user${index}`, "kiosks", { entraUser: { userPrincipalName: person(index) } }),
      ),
    ];
    writeFileSync(join(this.#folder, "all.yaml"), objects.map((one) => JSON.stringify(one)).join("\n---\n"));
  }
}
