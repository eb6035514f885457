/** What is declared during a soak, and the edits that change it. The API server may be away: then an edit is lost, and told at the next `applyAll`. */
import { setTimeout as sleep } from "node:timers/promises";
import { KubeClient, type Resource } from "../../../src/runtime/client.ts";
import { isNotFound } from "../../../src/runtime/errors.ts";
import { kubeconfigAccess } from "../../../src/runtime/kubeconfig.ts";
import { Transport } from "../../../src/runtime/transport.ts";
import { type Manifest, persona, type Scene, user } from "../scene.ts";
import { person } from "./world.ts";

export const PERSONAS = ["administrators", "agents"];
export const PAGES = ["AdminConsole", "ContactControlPanel", "AgentWorkspace", "MetricsAndQuality"];

/** Both sides of the mass-deletion guard's rule would be met by faster removals; they are not what is tested here. */
const BETWEEN_REMOVALS_MS = 3_000;

const of = (kind: string): Resource => ({
  group: "connectsso.dev",
  version: "v1alpha1",
  plural: `${kind.toLowerCase()}s`,
  kind,
});

export type Pick = <T>(list: readonly T[]) => T;

export class Declared {
  readonly personas = new Map<string, object>();
  /** By name of the object: the person and the persona. Each person has one at most. */
  readonly users = new Map<string, { person: number; persona: string }>();
  readonly edits: Record<string, () => Promise<void>>;
  readonly #client: KubeClient;
  readonly #pick: Pick;
  readonly #namespace = "team";
  readonly #guest: number;
  #serial = 0;
  #removedAt = 0;

  /** The last of `people` has no ConnectUser but of a persona that comes and goes. */
  constructor(scene: Scene, people: number, pick: Pick) {
    this.#client = new KubeClient(
      new Transport({ access: kubeconfigAccess({ file: scene.api.kubeconfig }), attempts: 1 }),
    );
    this.#pick = pick;
    this.#guest = people - 1;
    for (const name of PERSONAS) this.personas.set(name, {});
    for (let index = 0; index < people - 1; index++)
      this.users.set(`user${index}`, { person: index, persona: "agents" });
    this.edits = {
      "a landing page changed": () => this.changePage(),
      "a user moved to the other persona": () => this.moveUser(),
      "a user deleted, and declared under another name": () => this.renameUser(),
      "a persona with a user made or deleted": () => this.comeOrGo(),
    };
  }

  /** Objects that there are to be. */
  get size(): number {
    return this.personas.size + this.users.size;
  }

  async changePage(name = this.#pick(PERSONAS), page = this.#pick(PAGES)): Promise<void> {
    this.personas.set(name, { landingPage: page });
    await this.#apply(this.#persona(name));
  }

  async moveUser(): Promise<void> {
    const [name, one] = this.#somebody();
    one.persona = one.persona === "agents" ? "administrators" : "agents";
    await this.#apply(this.#user(name));
  }

  /** A new object for the same person, so that nothing may be remembered by name for ever. */
  async renameUser(): Promise<void> {
    await this.#notTooFast();
    const [name, one] = this.#somebody();
    this.users.delete(name);
    const next = `user${one.person}-${++this.#serial}`;
    this.users.set(next, one);
    await this.#delete("ConnectUser", name);
    await this.#apply(this.#user(next));
  }

  async comeOrGo(): Promise<void> {
    await this.#notTooFast();
    const guest = [...this.personas.keys()].find((name) => !PERSONAS.includes(name));
    if (guest) {
      this.personas.delete(guest);
      this.users.delete(`user-of-${guest}`);
      await this.#delete("ConnectUser", `user-of-${guest}`);
      await this.#delete("ConnectSsoPersona", guest);
    } else {
      const name = `guests-${++this.#serial}`;
      this.personas.set(name, {});
      this.users.set(`user-of-${name}`, { person: this.#guest, persona: name });
      await this.#apply(this.#persona(name));
      await this.#apply(this.#user(`user-of-${name}`));
    }
  }

  /** Everything once more, and nothing else: an edit that met an API server that was away is made good. */
  async applyAll(scene: Scene): Promise<void> {
    await scene.apply(
      ...[...this.personas.keys()].map((name) => this.#persona(name)),
      ...[...this.users.keys()].map((name) => this.#user(name)),
    );
    for (const { kind, metadata } of await scene.objects())
      if (!(kind === "ConnectUser" ? this.users : this.personas).has(metadata.name))
        await this.#delete(kind, metadata.name);
  }

  #somebody(): [string, { person: number; persona: string }] {
    return this.#pick([...this.users].filter(([, one]) => PERSONAS.includes(one.persona)));
  }

  async #notTooFast(): Promise<void> {
    await sleep(Math.max(0, this.#removedAt + BETWEEN_REMOVALS_MS - Date.now()));
    this.#removedAt = Date.now();
  }

  #persona(name: string): Manifest {
    return persona(name, this.personas.get(name));
  }

  #user(name: string): Manifest {
    const one = this.users.get(name)!;
    return user(name, one.persona, { entraUser: { userPrincipalName: person(one.person) } });
  }

  async #apply(manifest: Manifest): Promise<void> {
    const query = { fieldManager: "kubectl", force: true };
    const { kind, metadata } = manifest;
    await this.#client.patch(of(kind), this.#namespace, metadata.name, { type: "apply", body: manifest }, { query });
  }

  async #delete(kind: string, name: string): Promise<void> {
    await this.#client.delete(of(kind), this.#namespace, name).catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
