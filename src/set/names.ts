/** Names that rules give, looked up in Connect: each once a look, from tables that are kept there. */
import { type ConnectSsoPersona, PERSONA } from "../api/resources.ts";
import type { ConnectInstance, Resolved } from "../providers/aws/types.ts";
import { asCloudError } from "../providers/verdicts.ts";
import type { Catalogue, InstanceNames, PersonaFacts } from "./catalogue.ts";
import type { SetScope } from "./scope.ts";

export interface Names {
  catalogue: Catalogue;
  /** Looks up what was asked for and is not known yet. False: nothing was. */
  lookUp(): Promise<boolean>;
}

export async function openNames({ object, compiled, deps, call }: SetScope): Promise<Names> {
  const { namespace } = object.metadata;
  const catalogue = new Map<string, PersonaFacts>();
  const instances: Instance[] = [];
  for (const name of new Set(compiled.spec.rules.flatMap(({ set }) => set?.persona ?? []))) {
    const persona = deps.store.get<ConnectSsoPersona>(PERSONA, namespace, name);
    if (!persona) continue;
    const { uid, deletionTimestamp } = persona.metadata;
    const { instanceArn, connectUsers } = persona.spec;
    const facts: PersonaFacts = {
      securityProfiles: connectUsers.securityProfiles,
      uid,
      deleting: deletionTimestamp !== undefined,
    };
    catalogue.set(name, facts);
    try {
      const { account } = await deps.clouds.aws(instanceArn, namespace);
      const instance = new Instance(account.instance(instanceArn), call);
      facts.instance = instance;
      instances.push(instance);
    } catch (error) {
      facts.unreadable = asCloudError(error).message;
    }
  }
  return {
    catalogue,
    async lookUp() {
      let asked = false;
      for (const [name, facts] of catalogue) {
        if (!(facts.instance instanceof Instance)) continue;
        try {
          if (await facts.instance.lookUp()) asked = true;
        } catch (error) {
          catalogue.set(name, { ...facts, instance: undefined, unreadable: asCloudError(error).message });
          asked = true;
        }
      }
      return asked;
    },
  };
}

/** Says yes to what it does not know yet, and remembers that it was asked. */
class Instance implements InstanceNames {
  readonly #connect: ConnectInstance;
  readonly #call: SetScope["call"];
  readonly #known = new Map<string, boolean>();
  readonly #open = new Map<string, () => Promise<Resolved>>();

  constructor(connect: ConnectInstance, call: SetScope["call"]) {
    this.#connect = connect;
    this.#call = call;
  }

  hasSecurityProfile(name: string): boolean {
    return this.#has(`security profile ${name}`, () => this.#connect.securityProfile(name, this.#call));
  }
  hasRoutingProfile(name: string): boolean {
    return this.#has(`routing profile ${name}`, () => this.#connect.routingProfile(name, this.#call));
  }
  hasHierarchyGroup(path: readonly string[]): boolean {
    return this.#has(`hierarchy group ${JSON.stringify(path)}`, () =>
      this.#connect.hierarchyGroup([...path], this.#call),
    );
  }

  async lookUp(): Promise<boolean> {
    if (this.#open.size === 0) return false;
    const open = [...this.#open];
    this.#open.clear();
    for (const [key, ask] of open) this.#known.set(key, "id" in (await ask()));
    return true;
  }

  #has(key: string, ask: () => Promise<Resolved>): boolean {
    const known = this.#known.get(key);
    if (known === undefined) this.#open.set(key, ask);
    return known ?? true;
  }
}
