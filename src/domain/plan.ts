/**
 * What one look at a resource found, as data. The same plan feeds the writes, `status.drift`, the drift metric, the
 * event, the log line and the `plan` command.
 */

/** One field that is not as declared. Values are redacted and short before they come here; never a secret, never metadata XML. */
export interface Difference {
  /** Path inside the component, for example "relayState" or "trust.SAML:aud". */
  path: string;
  desired: string;
  observed: string;
}

/** Stands in a plan for what is only known once an earlier step is done. */
export const KNOWN_LATER = "(known after apply)";

/** A field that a new object is made with; redacted and short like a difference. */
export interface Setting {
  path: string;
  value: string;
}

/** adopt: an object that is as declared and nobody's gets our owner tags; nothing else of it is written. */
export type Verb = "create" | "adopt" | "update" | "delete" | "wait";

/** What was done, as an event tells it: "created IAM role x: why". */
export function told({ verb, object, why }: Pick<Change, "verb" | "object" | "why">): string {
  const past = { create: "created", adopt: "took over", update: "changed", delete: "deleted", wait: "waits for" }[verb];
  return `${past} ${object}: ${why}`;
}

/** As an event's action: Create, Update… */
export function actionOf(verb: Verb): string {
  return verb.charAt(0).toUpperCase() + verb.slice(1);
}

/** One step towards the declared state. The order of a plan's changes is the order in which they are applied. */
export interface Change<C extends string = string> {
  component: C;
  verb: Verb;
  /** The cloud object as a person names it: "IAM role AzureAD_Role", "application Amazon Connect Agents". */
  object: string;
  cloud: "entra" | "iam" | "connect";
  /** Why this is needed, one clause. */
  why: string;
  differences: Difference[];
  /** Of a create: what the object is made with, later steps on it included. For people; drift is told by `differences`. */
  settings?: Setting[];
  /** What a person will have to wait for, for example "Entra's role import, usually 40 minutes". */
  wait?: string;
  /**
   * True when the object existed and had converged before: then the change is drift (or a changed spec), not first set-up.
   * Drives `status.drift` and whether `driftPolicy: Report` holds the change back.
   */
  drift?: boolean;
}

export interface Plan<C extends string = string> {
  resource: { kind: string; namespace: string; name: string };
  changes: Change<C>[];
}
