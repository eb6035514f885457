/** What differs between the declared and the observed state, as data. */

/** One field that is not as declared. A value is never a secret and never SAML metadata. */
export interface Difference {
  /** Path inside the component, for example "relayState" or "trust.SAML:aud". */
  path: string;
  desired: string;
  observed: string;
  /** Key in the ledger, where several items share a path. Default: the path. */
  key?: string;
  /** What is compared, where people are shown something else: ids, whose names they read. */
  raw?: { desired: string; observed: string };
}

/** A field that a new object is made with. */
export interface Setting {
  path: string;
  value: string;
}

/** A placeholder in a plan for what is only known once an earlier step is done. */
export const KNOWN_LATER = "(known after apply)";

/** Stands for a value that is not there. */
export const NONE = "(none)";

/** A value as text, the same for every comparison: absent, null and empty are `(none)`, lists are joined. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null || value === "") return NONE;
  if (Array.isArray(value)) return value.length === 0 ? NONE : value.join(", ");
  return String(value);
}

/** Fields of a new object, for the plan; what is undefined is left out. */
export function settingsOf(fields: Record<string, string | number | readonly string[] | undefined>): Setting[] {
  return Object.entries(fields).flatMap(([path, value]) =>
    value === undefined || (Array.isArray(value) && value.length === 0) ? [] : [{ path, value: textOf(value) }],
  );
}
