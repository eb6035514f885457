/** Where the page has its objects from, and what one reader may see of them. */
import type { ConnectSsoPersona, ConnectUser, ConnectUserSet } from "../api/resources.ts";
import type { Explanation } from "../why/index.ts";

export interface Objects {
  personas: readonly ConnectSsoPersona[];
  users: readonly ConnectUser[];
  sets: readonly ConnectUserSet[];
}

/** A step that a plan has and that was not made yet. */
export interface PlannedStep {
  kind: string;
  namespace: string;
  name: string;
  sentence: string;
}

/** What happened to an object, as its events say. */
export interface Happening {
  kind: string;
  namespace: string;
  name: string;
  reason: string;
  text: string;
  warning: boolean;
  time: string;
}

export interface Source {
  /** As a reader names it: "folder personas", "namespace team". */
  readonly place: string;
  objects(): Promise<Objects>;
  /** When what `objects` returns was read, milliseconds. */
  seenAt(): number;
  /** Looks at the clouds now. Absent where the page has no credentials for them. */
  explain?(user: ConnectUser): Promise<Explanation>;
  /** What would be done. Absent where a controller does it. */
  planned?(): readonly PlannedStep[];
  /** Newest first; undefined when they may not be read. */
  happenings?(): Promise<readonly Happening[] | undefined>;
  /** Everybody whom Connect has, declared or not. Throws when the clouds cannot be asked. */
  inventory?(): Promise<readonly FoundUser[]>;
  /** Everybody to whom Entra has given a role of a persona, declared or not. Throws when Entra cannot be asked. */
  assignments?(): Promise<readonly FoundAssignment[]>;
  close(): Promise<void>;
}

/** A user as Amazon Connect has it. */
export interface FoundUser {
  instanceArn: string;
  username: string;
  /** Names; an id where Connect gives no name. */
  securityProfiles: readonly string[];
  /** `cluster/namespace/name` of the owner tag; absent for what was made by hand. */
  owner?: string;
}

/** A role assignment of a persona's application as Entra has it. */
export interface FoundAssignment {
  namespace: string;
  persona: string;
  principalType: "User" | "Group" | "ServicePrincipal";
  principalId: string;
  /** Display name; the object id where Entra gives no name. */
  principal: string;
}

export type Readable = "personas" | "users" | "sets";

/** Who reads. On loopback it is the owner of the kubeconfig, who sees what that may read. */
export interface Reader {
  /** Shown on the page; absent on loopback. */
  name?: string;
  /** Whether the API server lets this person list objects of a kind in a namespace. */
  may(kind: Readable, namespace: string): Promise<boolean>;
}

export const EVERYTHING: Reader = { may: async () => true };

export interface Visible extends Objects {
  /** Namespaces whose people the reader may not see, although other things of them. */
  withoutPeople: ReadonlySet<string>;
}

/** The part of the objects that a reader may see. */
export async function visibleTo(reader: Reader, objects: Objects): Promise<Visible> {
  const all = [...objects.personas, ...objects.users, ...objects.sets];
  const namespaces = [...new Set(all.map(({ metadata }) => metadata.namespace))];
  const may = async (kind: Readable) => {
    const answers = await Promise.all(
      namespaces.map(async (namespace) => ((await reader.may(kind, namespace)) ? [namespace] : [])),
    );
    return new Set(answers.flat());
  };
  const [personas, users, sets] = await Promise.all([may("personas"), may("users"), may("sets")]);
  const within = <T extends { metadata: { namespace: string } }>(list: readonly T[], allowed: Set<string>) =>
    allowed.size === namespaces.length ? list : list.filter(({ metadata }) => allowed.has(metadata.namespace));
  return {
    personas: within(objects.personas, personas),
    users: within(objects.users, users),
    // A set's status names people.
    sets: within(objects.sets, new Set([...sets].filter((one) => users.has(one)))),
    withoutPeople: new Set([...personas].filter((one) => !users.has(one))),
  };
}
