/** A small directory, personas and sets for the tests of sets. */
import {
  type ConnectUser,
  type ConnectUserSet,
  type ConnectUserSetSpec,
  MEMBER_ANNOTATIONS,
} from "../../src/api/resources.ts";
import { attributesOf, type Person } from "../../src/domain/people.ts";
import { validate } from "../../src/manifests/schema.ts";
import type { Catalogue, PersonaFacts } from "../../src/set/catalogue.ts";
import { becauseText, memberHash } from "../../src/set/member.ts";
import { type Facts, type Member, membersOf, type Source } from "../../src/set/members.ts";
import { type CompiledSet, compileSet } from "../../src/set/rules.ts";

/** structuredClone gives the arrays of another realm under jest, which CEL does not take for lists. */
const copy = <T>(value: T): T => (value === undefined ? value : JSON.parse(JSON.stringify(value)));

export const NOW = Date.parse("2026-01-01T12:00:00Z");
export const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;

export function person(number: number, attributes: object = {}): Person {
  const given = { userPrincipalName: `p${number}@example.com`, displayName: `Person ${number}`, accountEnabled: true };
  return { id: idOf(number), attributes: attributesOf({ ...given, ...attributes }) };
}

/** Groups by display name, people by number. */
export function sourceOf(people: Person[], groups: Record<string, number[]>): Source {
  return {
    people: new Map(people.map((one) => [one.id, one])),
    groups: new Map(Object.entries(groups).map(([name, members]) => [`name:${name}`, new Set(members.map(idOf))])),
  };
}

const facts = (...securityProfiles: string[]): PersonaFacts => ({
  securityProfiles,
  instance: {
    hasSecurityProfile: (name) => ["Agent", "Lead", "Quality", "Admin"].includes(name),
    hasRoutingProfile: (name) => ["Basic", "Escalations"].includes(name),
    hasHierarchyGroup: (path) => ["IE", "IE/Dublin", "FR"].includes(path.join("/")),
  },
});
export const CATALOGUE: Catalogue = new Map([
  ["agents", facts("Agent", "Quality")],
  ["managers", facts("Lead", "Quality")],
]);

type Given = Partial<Omit<ConnectUserSetSpec, "source">> & { source?: Partial<ConnectUserSetSpec["source"]> };

/** With the defaults that an API server fills in. */
export function setOf(given: Given = {}, status?: ConnectUserSet["status"]): ConnectUserSet {
  const set = {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUserSet",
    metadata: { name: "cc", namespace: "contact-centre", uid: "1" },
    spec: {
      rules: [{ name: "everybody", set: { persona: "agents" } }],
      ...copy(given),
      source: { groups: [{ displayName: "CC Agents" }], ...copy(given.source) },
    },
    ...(status ? { status } : {}),
  };
  const problems = validate(set.kind, set);
  if (problems.length > 0) throw new Error(JSON.stringify(problems));
  return set as unknown as ConnectUserSet;
}

export function compiled(set: ConnectUserSet): CompiledSet {
  const result = compileSet(set.spec);
  if ("problems" in result) throw new Error(JSON.stringify(result.problems));
  return result.set;
}

export function look(set: ConnectUserSet, given: Partial<Facts> & { source: Source }): Member[] {
  return membersOf(set.metadata.name, compiled(set), {
    existing: [],
    catalogue: CATALOGUE,
    accounts: new Map(),
    byHand: () => undefined,
    otherSet: () => undefined,
    isTaken: () => false,
    now: NOW,
    expanded: true,
    ...given,
  });
}

/** What the API server holds once the change of a member was carried out; undefined when its ConnectUser is gone. */
export function carriedOut({
  change,
  wanted,
  today,
  name,
  id,
  because,
  leavingSince,
}: Member): ConnectUser | undefined {
  if (change?.verb === "Remove" || change?.verb === "HandOver") return undefined;
  const applied = change?.verb === "Leave" ? today : wanted;
  if (!applied) return undefined;
  return {
    apiVersion: "connectsso.dev/v1alpha1",
    kind: "ConnectUser",
    metadata: {
      name,
      namespace: "contact-centre",
      uid: `uid-${id}`,
      labels: { "connectsso.dev/set": "cc" },
      annotations: {
        [MEMBER_ANNOTATIONS.hash]: wanted ? memberHash(wanted, because) : "",
        [MEMBER_ANNOTATIONS.because]: becauseText(because),
        ...(leavingSince ? { [MEMBER_ANNOTATIONS.leavingSince]: leavingSince } : {}),
      },
    },
    spec: copy(applied) as ConnectUser["spec"],
  };
}

/** Everybody as the rules of `set` want them, carried out. */
export const settled = (set: ConnectUserSet, source: Source): ConnectUser[] =>
  look(set, { source }).flatMap((member) => carriedOut(member) ?? []);
