/** What is declared in the cluster of a simulation, and what follows from what was deleted. */
import type { Clouds } from "./administrator.ts";
import { type Cluster, NAMESPACE } from "./cluster.ts";
import { type Kept, ofPersona, ofUser } from "./keepsakes.ts";
import type { Declared } from "./oracle.ts";
import { type PersonaSpec, type Policies, personaManifest, type UserSpec, userManifest } from "./scenario.ts";
import { instanceOfUser, type PersonaName, USERS, type UserName } from "./world.ts";

const PERSONA = "ConnectSsoPersona";
const USER = "ConnectUser";

export class Declarations implements Declared {
  readonly personas = new Map<PersonaName, PersonaSpec>();
  readonly users = new Map<UserName, UserSpec>();
  readonly removed = new Set<PersonaName>();
  readonly removedUsers = new Set<UserName>();
  /** What policy Retain left, as long as nobody else has touched it. */
  kept: Kept[] = [];
  /** Personas and users that ever were allowed to take over what they found. */
  readonly adopting = new Set<PersonaName | UserName>();
  /** Of whom something may be left: users that were deleted with Retain. */
  readonly retained = new Set<UserName>();
  /** Personas that ever shared their role, and since they were there last: users of theirs may be bound to it. */
  readonly sharers = new Set<PersonaName>();
  readonly #annotations = new Map<string, Record<string, string>>();
  readonly #cluster: Cluster;
  readonly #look: () => Promise<Clouds>;

  constructor(cluster: Cluster, look: () => Promise<Clouds>) {
    this.#cluster = cluster;
    this.#look = look;
  }

  get(kind: string, name: string) {
    return this.#cluster.get(kind, name);
  }

  applyPersona(name: PersonaName, spec: PersonaSpec): void {
    if (this.get(PERSONA, name)?.metadata.deletionTimestamp) return;
    this.personas.set(name, spec);
    this.removed.delete(name);
    this.touched(name);
    if (spec.policies?.adopts) this.adopting.add(name);
    if (spec.shares) this.sharers.add(name);
    this.#cluster.apply(personaManifest(name, spec, this.#annotations.get(`${PERSONA}/${name}`)));
  }

  applyUser(name: UserName, spec: UserSpec): void {
    if (this.get(USER, name)?.metadata.deletionTimestamp) return;
    this.users.set(name, spec);
    this.removedUsers.delete(name);
    this.touchedUser(name);
    if (spec.policies?.adopts) this.adopting.add(name);
    this.#cluster.apply(userManifest(name, spec, this.#annotations.get(`${USER}/${name}`)));
  }

  async deletePersona(name: PersonaName): Promise<void> {
    const spec = this.personas.get(name);
    if (!spec) return;
    this.personas.delete(name);
    this.touched(name);
    if (spec.deletionPolicy === "Delete") this.removed.add(name);
    else this.kept.push(...ofPersona(await this.#look(), name));
    this.#annotations.delete(`${PERSONA}/${name}`);
    this.#cluster.api.delete({ kind: PERSONA, namespace: NAMESPACE, name });
  }

  async deleteUser(name: UserName): Promise<void> {
    const spec = this.users.get(name);
    if (!spec) return;
    this.users.delete(name);
    this.touchedUser(name);
    if (spec.deletionPolicy === "Delete") this.removedUsers.add(name);
    if (spec.deletionPolicy === "Retain") {
      this.retained.add(name);
      // A recreation may have deleted it, and not made it anew yet.
      if (!this.#annotations.has(`${USER}/${name}`)) this.kept.push(...ofUser(await this.#look(), name, spec.persona));
    }
    this.#annotations.delete(`${USER}/${name}`);
    this.#cluster.api.delete({ kind: USER, namespace: NAMESPACE, name });
  }

  /** Somebody may have changed the persona's objects. */
  touched(name: PersonaName): void {
    this.kept = this.kept.filter(({ persona }) => persona !== name);
  }

  touchedUser(name: UserName): void {
    this.kept = this.kept.filter(({ user }) => !user || USERS[user] !== USERS[name]);
  }

  /** Everything declared, with other policies. */
  change(policies: (before: Policies, name: PersonaName | UserName) => Policies | undefined): void {
    for (const [name, spec] of this.personas) {
      const next = policies(spec.policies ?? {}, name);
      if (next) this.applyPersona(name, { ...spec, policies: next });
    }
    for (const [name, spec] of this.users) {
      const next = policies(spec.policies ?? {}, name);
      if (next) this.applyUser(name, { ...spec, policies: next });
    }
  }

  ask(kind: string, name: string, annotations: Record<string, string>): void {
    const object = this.get(kind, name);
    if (!object || object.metadata.deletionTimestamp) return;
    this.#annotations.set(`${kind}/${name}`, { ...this.#annotations.get(`${kind}/${name}`), ...annotations });
    this.#cluster.api.annotate({ kind, namespace: NAMESPACE, name }, annotations);
  }

  /** The only ConnectUser of its person in its instance: what happens there under that name happens to it. */
  isAlone(name: UserName): boolean {
    return this.#cluster.objects().every(({ kind, metadata }) => {
      const other = metadata.name as UserName;
      return kind !== USER || other === name || USERS[other] !== USERS[name];
    });
  }

  personaOf(name: UserName): PersonaName | undefined {
    return this.users.get(name)?.persona;
  }

  /** Users of the same person in the same instance. */
  of(name: UserName): UserName[] {
    return [...this.users.keys()].filter(
      (other) => USERS[other] === USERS[name] && instanceOfUser(other) === instanceOfUser(name),
    );
  }
}
