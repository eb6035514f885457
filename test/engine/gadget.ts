/** A made-up kind: gadgets in a made-up cloud, with a base and a lid on it. The engine knows neither. */
import type { Components, Scope, Step } from "../../src/engine/component.ts";
import type { Kind, Resource } from "../../src/engine/kind.ts";
import type { Comparison } from "../../src/engine/ledger.ts";

export interface Gadget extends Resource {
  spec: {
    driftPolicy?: "Correct" | "Report";
    base: Record<string, string>;
    lid: Record<string, string>;
    /** Comes from elsewhere, as a person's name comes from a directory. */
    adoption?: boolean;
    suspend?: boolean;
  };
}
export interface Thing {
  owner?: string;
  fields: Record<string, string>;
}
export interface GadgetCloud {
  things: Map<string, Thing>;
  writes: string[];
  /** Thrown by writes whose text it matches. */
  fails: { match: RegExp; error: Error }[];
}
export interface Seen {
  base: { thing?: Thing };
  lid: { thing?: Thing };
}
export interface GadgetScope extends Scope<Seen> {
  object: Gadget;
  cloud: GadgetCloud;
}

export const FINALIZER = "example.com/finalizer";

class GadgetError extends Error {
  readonly kind: "terminal" | "waiting" | "transient" | "conflict";
  readonly reason: string;

  constructor(kind: GadgetError["kind"], reason: string, message: string) {
    super(message);
    this.kind = kind;
    this.reason = reason;
  }
}
export const terminal = (reason: string) => new GadgetError("terminal", reason, `${reason} happened`);
export const transient = () => new GadgetError("transient", "Flaky", "the cloud is flaky");

function component(name: keyof Seen, needs: (keyof Seen)[]) {
  const key = ({ object }: GadgetScope) => `${object.metadata.name}/${name}`;
  const write = ({ cloud }: GadgetScope, text: string, change: () => void) => {
    const failing = cloud.fails.find(({ match }) => match.test(text));
    if (failing) return Promise.reject(failing.error);
    cloud.writes.push(text);
    change();
    return Promise.resolve();
  };
  return {
    condition: name === "base" ? "BaseReady" : "LidReady",
    cloud: "made-up",
    needs,
    concerns: { permissions: /^power$/, trust: /^door$/ },
    shared: false,
    servesLogin: false,
    applies: () => true,
    async observe(scope: GadgetScope) {
      const thing = scope.cloud.things.get(key(scope));
      return thing ? { thing: structuredClone(thing) } : {};
    },
    plan(scope: GadgetScope, { thing }: { thing?: Thing }, compare: Comparison): Step[] {
      const wanted = scope.object.spec[name];
      const object = `${name} ${scope.object.metadata.name}`;
      if (!thing) {
        const made: Thing = { owner: "us", fields: { ...wanted } };
        const change = () => void scope.cloud.things.set(key(scope), made);
        return [
          {
            verb: "create",
            object,
            why: "it does not exist",
            differences: [],
            apply: () => write(scope, `create ${object}`, change),
          },
        ];
      }
      const steps: Step[] = [];
      const untagged = compare.differ("owner", "us", thing.owner);
      const stored = () => scope.cloud.things.get(key(scope))!;
      if (untagged.length > 0) {
        if (!scope.object.spec.adoption) throw new GadgetError("conflict", "NotOwned", `${object} is not ours`);
        const change = () => {
          stored().owner = "us";
        };
        steps.push({
          verb: "adopt",
          object,
          why: "it is taken over",
          differences: untagged,
          apply: () => write(scope, `adopt ${object}`, change),
        });
      }
      const fields = new Set([...Object.keys(wanted), ...Object.keys(thing.fields)]);
      const differences = [...fields].flatMap((field) =>
        wanted[field] === undefined
          ? compare.undeclared(field, thing.fields[field])
          : compare.differ(field, wanted[field], thing.fields[field]),
      );
      if (differences.length > 0)
        steps.push({
          verb: "update",
          object,
          why: "its fields differ",
          differences,
          divisible: true,
          apply: (paths) =>
            write(scope, `update ${object} ${[...paths].sort().join(",")}`, () => {
              for (const path of paths)
                if (wanted[path] === undefined) delete stored().fields[path];
                else stored().fields[path] = wanted[path];
            }),
        });
      return steps;
    },
    describe: () => `${name} is fine`,
    async remove(scope: GadgetScope) {
      const thing = scope.cloud.things.get(key(scope));
      if (thing?.owner !== "us") return false;
      await write(
        scope,
        `delete ${name} ${scope.object.metadata.name}`,
        () => void scope.cloud.things.delete(key(scope)),
      );
      return true;
    },
  };
}

const COMPONENTS: Components<GadgetScope, Seen> = { base: component("base", []), lid: component("lid", ["base"]) };

export function gadgetKind(cloud: GadgetCloud): Kind<Gadget, GadgetScope, Seen> {
  const open = async (object: Gadget, { signal }: { signal: AbortSignal | undefined }): Promise<GadgetScope> => ({
    object,
    cloud,
    seen: {},
    driftPolicy: object.spec.driftPolicy ?? "Correct",
    signal,
  });
  return {
    kind: "Gadget",
    finalizer: FINALIZER,
    components: COMPONENTS,
    readyMessage: "The gadget is as declared",
    disputed: ["NotOwned"],
    newMemory: () => ({}),
    begin: () => ({}),
    open,
    removal: { hold: () => {}, retains: () => false, open, neverMade: ({ status }) => !status?.lastApplied },
    status: () => ({ fields: {}, conditions: [] }),
    labels: ({ metadata }) => ({ namespace: metadata.namespace, persona: metadata.name }),
  };
}
