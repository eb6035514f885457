/** One person under two personas of an instance: Connect binds a user to one role, so neither may be granted anything new. */

/** A ConnectUser as far as conflicts need it. Names are compared without case, ids too. */
export interface Claimant {
  namespace: string;
  name: string;
  persona: string;
  instanceArn: string;
  /** UPN, object id or both, as far as known. */
  entraUser: readonly string[];
  username?: string;
}

export type Conflict = { kind: "entraUser" | "username"; other: Claimant };

const lower = (text: string) => text.toLowerCase();

/** The first claimant of the same instance that is another object and means the same Entra user or user name. */
export function declaredConflict(self: Claimant, others: Iterable<Claimant>): Conflict | undefined {
  const ids = self.entraUser.map(lower);
  const username = self.username === undefined ? undefined : lower(self.username);
  for (const other of others) {
    if (other.namespace === self.namespace && other.name === self.name) continue;
    if (lower(other.instanceArn) !== lower(self.instanceArn)) continue;
    if (other.entraUser.some((id) => ids.includes(lower(id)))) return { kind: "entraUser", other };
    if (username !== undefined && other.username !== undefined && lower(other.username) === username)
      return { kind: "username", other };
  }
  return undefined;
}

export function conflictMessage({ kind, other }: Conflict): string {
  const what = kind === "entraUser" ? "the same Entra user" : "the same Connect user name (compared without case)";
  return `ConnectUser ${other.namespace}/${other.name} of persona ${other.persona} declares ${what} in this instance; delete one of the two`;
}
