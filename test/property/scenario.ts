/** What may happen in a simulation, as data: small and readable when a failure is shrunk. */
import fc from "fast-check";
import type { ConnectSsoPersonaSpec } from "../../src/api/resources.ts";
import { OPEN_FACTS, type Open } from "../../src/sandbox/open.ts";
import type { Fault } from "../../src/sandbox/world.ts";
import { PERSONA_EDITS, type PersonaEditName, USER_EDITS, type UserEditName } from "./edits.ts";
import { arnOf, instanceOf, PERSONAS, type PersonaName, USERS, type UserName, upnOf } from "./world.ts";

export interface PersonaSpec {
  landingPage: keyof typeof DESTINATION;
  displayName: string;
  source: "userPrincipalName" | "mail";
  sessionHours: number;
  groups: string[];
  mode: "Direct" | "Provisioning";
  profiles: string[];
  team: string;
  deletionPolicy: "Retain" | "Delete";
  /** roleSharing Instance. */
  shares?: boolean;
  policies?: Policies;
}
/** How the controller may act at all; what is not given is the default. */
export interface Policies {
  suspend?: boolean;
  /** driftPolicy Report. */
  reports?: boolean;
  /** adoptionPolicy IfUnowned. */
  adopts?: boolean;
}
export interface UserSpec {
  persona: PersonaName;
  profiles?: string[];
  routingProfile?: string;
  hierarchyGroup?: string[];
  firstName?: string;
  secondaryEmail?: string;
  contactHandling?: { voice: { afterContactWorkSeconds: number; autoAccept: boolean } };
  proficiencyLevel?: number;
  team?: string;
  deletionPolicy: "RevokeAccess" | "Delete" | "Retain";
  policies?: Policies;
}
/** Objects of names that the controller will want, made by hand before it came; they carry no owner tag. */
export const FOUND = ["role", "SAML provider", "application", "IAM user", "Connect user"] as const;
export type FoundName = (typeof FOUND)[number];

export type Step =
  | { persona: PersonaName; spec: PersonaSpec }
  | { user: UserName; spec: UserSpec }
  | { deletePersona: PersonaName }
  | { deleteUser: UserName }
  | { recreate: UserName; value: string }
  | { rotateCertificate: PersonaName; value: string }
  | { rotateKey: PersonaName; value: string }
  | { somebody: PersonaEditName; of: PersonaName }
  | { somebody: UserEditName; ofUser: UserName }
  | { namesakeInCapitals: UserName }
  /** The controller dies when it has sent this many more requests; `forget` loses every status as well. */
  | { crashAfterCalls: number; forget: boolean }
  /** Two controllers believe to be the leader; then the older one dies. */
  | { twoLeadersMinutes: number }
  /** The wall clock of the controller's machine is set wrong by this much, and is right again when faults end. */
  | { clockErrorMinutes: number }
  | { begin: Outage }
  | { waitMinutes: number };

/** What a scripted scenario may begin in the middle; it lasts until faults end. */
export interface Outage {
  faults?: Fault[];
  unresolvable?: boolean;
  /** Every API answers that the quota is used up. */
  quotasAtZero?: boolean;
}

export interface Scenario {
  /** For chance: latencies, jitter, which calls the faults strike. */
  seed: number;
  consistencyDelaySeconds: number;
  faults: Fault[];
  /** Chance that a write to the API server fails. */
  kubernetesTrouble: number;
  /** Made by hand before, for persona agents and for Jane. */
  found?: FoundName[];
  /** Answers to open facts of the clouds; the default of those that are left out. */
  open?: Partial<Open>;
  steps: Step[];
  /** Once all is as declared: what somebody does to an object that only reports it. If that one is not Ready, to one that is. */
  reported?: { somebody: PersonaEditName; of: PersonaName } | { somebody: UserEditName; ofUser: UserName };
}

/** Where each landing page leads, as Connect's guide has it. */
export const DESTINATION: Record<NonNullable<ConnectSsoPersonaSpec["landingPage"]>, string> = {
  AdminConsole: "%2Fconnect%2F",
  ContactControlPanel: "%2Fconnect%2Fccp",
  AgentWorkspace: "%2Fagent-app-v2",
  MetricsAndQuality: "%2Fconnect%2Freal-time-metrics",
};

/** An application that is taken over is known by its name, so that no other persona may call its own the same. */
export const displayNameOf = (name: PersonaName, { displayName, policies }: PersonaSpec): string =>
  policies?.adopts ? `${displayName} of ${name}` : displayName;

export function personaManifest(name: PersonaName, spec: PersonaSpec, annotations?: Record<string, string>) {
  return {
    kind: "ConnectSsoPersona",
    metadata: { name, ...(annotations ? { annotations } : {}) },
    spec: {
      instanceArn: arnOf(instanceOf(name)),
      landingPage: spec.landingPage,
      application: {
        displayName: displayNameOf(name, spec),
        roleSessionName: { from: spec.source },
        groups: spec.groups.map((displayName) => ({ displayName })),
      },
      aws: {
        maxSessionDuration: `${spec.sessionHours}h`,
        tags: { team: spec.team },
        ...(spec.shares ? { roleSharing: "Instance" } : {}),
      },
      roleDelivery: { mode: spec.mode },
      connectUsers: {
        securityProfiles: spec.profiles,
        routingProfile: "Basic Routing Profile",
        allowAdoption: true,
      },
      deletionPolicy: spec.deletionPolicy,
      ...policyFields(spec.policies),
    },
  };
}

export function userManifest(name: UserName, spec: UserSpec, annotations?: Record<string, string>) {
  const { persona, profiles, proficiencyLevel, team, policies, ...same } = spec;
  return {
    kind: "ConnectUser",
    metadata: { name, ...(annotations ? { annotations } : {}) },
    spec: {
      ...same,
      personaRef: { name: persona },
      entraUser: { userPrincipalName: upnOf(name) },
      ...(profiles ? { securityProfiles: profiles } : {}),
      ...(team ? { tags: { team } } : {}),
      ...(proficiencyLevel
        ? { proficiencies: [{ attribute: "connect:Language", value: "connect:English", level: proficiencyLevel }] }
        : {}),
      ...policyFields(policies),
    },
  };
}

function policyFields({ suspend, reports, adopts }: Policies = {}) {
  return {
    ...(suspend ? { suspend } : {}),
    ...(reports ? { driftPolicy: "Report" } : {}),
    ...(adopts ? { adoptionPolicy: "IfUnowned" } : {}),
  };
}

const one = fc.constantFrom;
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

const policies: fc.Arbitrary<Policies> = fc.record(
  { suspend: one(true, false, false), reports: one(true, false), adopts: one(true, false) },
  { requiredKeys: [] },
);

const personaSpec: fc.Arbitrary<PersonaSpec> = fc.record({
  landingPage: one(...(Object.keys(DESTINATION) as (keyof typeof DESTINATION)[])),
  displayName: one("Connect One", "Connect Two"),
  source: one<PersonaSpec["source"]>("userPrincipalName", "userPrincipalName", "mail"),
  sessionHours: one(12, 4),
  groups: fc.subarray(["Contact centre", "Night shift"]),
  mode: one<PersonaSpec["mode"]>("Direct", "Direct", "Provisioning"),
  profiles: one(["Agent"], ["Agent", "Supervisor"], ["Admin"]),
  team: one("blue", "red"),
  deletionPolicy: one<PersonaSpec["deletionPolicy"]>("Delete", "Retain"),
  policies: fc.option(policies, { nil: undefined, freq: 1 }),
});

const userSpec: fc.Arbitrary<UserSpec> = fc.record(
  {
    persona: one("administrators", "agents"),
    profiles: one(["Agent"], ["Supervisor"]),
    routingProfile: one("Sales"),
    hierarchyGroup: one(["Dublin"], ["Dublin", "Blue"], ["Dublin", "Red"]),
    firstName: one("Jo", "Zoë"),
    secondaryEmail: one("home@example.org", "other@example.org"),
    contactHandling: fc.record({ voice: fc.record({ afterContactWorkSeconds: one(0, 30), autoAccept: fc.boolean() }) }),
    proficiencyLevel: one(1, 3),
    team: one("blue", "red"),
    deletionPolicy: one<UserSpec["deletionPolicy"]>("RevokeAccess", "Delete", "Retain"),
    policies,
  },
  { requiredKeys: ["persona", "deletionPolicy"] },
);

const persona = one(...PERSONAS);
const user = one(...(Object.keys(USERS) as UserName[]));
const request = one("1", "2");
const edit = fc.record({ somebody: one(...(Object.keys(PERSONA_EDITS) as PersonaEditName[])), of: persona });
/** What is done about keys is no drift: they are replaced whatever the policy is. */
const driftEdit = edit.filter(({ somebody }) => !somebody.startsWith("access key"));
const userEdit = fc.record({ somebody: one(...(Object.keys(USER_EDITS) as UserEditName[])), ofUser: user });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ persona, spec: personaSpec }) },
  { weight: 4, arbitrary: fc.record({ user, spec: userSpec }) },
  { weight: 2, arbitrary: fc.record({ deletePersona: persona }) },
  { weight: 3, arbitrary: fc.record({ deleteUser: user }) },
  { weight: 1, arbitrary: fc.record({ recreate: user, value: request }) },
  { weight: 1, arbitrary: fc.record({ rotateCertificate: persona, value: request }) },
  { weight: 1, arbitrary: fc.record({ rotateKey: persona, value: request }) },
  { weight: 8, arbitrary: edit },
  { weight: 4, arbitrary: userEdit },
  { weight: 1, arbitrary: fc.record({ namesakeInCapitals: user }) },
  { weight: 5, arbitrary: fc.record({ crashAfterCalls: fc.integer({ min: 0, max: 60 }), forget: fc.boolean() }) },
  { weight: 5, arbitrary: fc.record({ waitMinutes: one(0.1, 1, 15, 50) }) },
);

const fault: fc.Arbitrary<Fault> = fc.record({
  match: one("*", "graph:*", "iam:*", "connect:*", "login:*"),
  kind: one<Fault["kind"]>(
    "throttle",
    "internal",
    "unavailable",
    "denied",
    "timeout",
    "cut",
    "lostAnswer",
    "malformed",
    "truncated",
    "staleRead",
  ),
  probability: one(0.03, 0.15, 0.5),
});

const open = fc.record(
  Object.fromEntries(Object.entries(OPEN_FACTS).map(([name, { values }]) => [name, one<string>(...values)])),
  { requiredKeys: [] },
) as fc.Arbitrary<Partial<Open>>;

export const scenario: fc.Arbitrary<Scenario> = fc
  .record({
    seed: fc.nat(),
    consistencyDelaySeconds: one(0, 3, 20),
    faults: fc.array(fault, { maxLength: 3 }),
    kubernetesTrouble: one(0, 0, 0.1),
    found: fc.option(fc.subarray([...FOUND]), { nil: undefined, freq: 1 }),
    first: fc.record({
      administrators: maybe(personaSpec),
      agents: personaSpec,
      overseas: maybe(personaSpec),
      alice: maybe(userSpec),
      jane: maybe(userSpec),
      "alice-abroad": maybe(userSpec),
    }),
    further: fc.array(step, { minLength: 2, maxLength: 14, size: "max" }),
    reported: fc.option(fc.oneof(driftEdit, driftEdit, userEdit), { nil: undefined, freq: 1 }),
    open,
  })
  .map(({ first, further, ...rest }) => {
    const steps: Step[] = [];
    for (const name of PERSONAS) if (first[name]) steps.push({ persona: name, spec: first[name] });
    for (const name of ["alice", "jane", "alice-abroad"] as const)
      if (first[name]) steps.push({ user: name, spec: first[name] });
    return { ...rest, steps: [...steps, ...further].map(atHome).map(sharing(rest.seed)) };
  });

/** In half of the scenarios personas share their role, and begin or cease to: as the seed says, so that it costs no choice of its own.
 * Entra imports no role that is shared. */
const sharing =
  (seed: number) =>
  (step: Step, index: number): Step =>
    "persona" in step && seed % 2 === 1
      ? {
          ...step,
          spec: { ...step.spec, shares: step.spec.mode === "Direct" && ((seed >> (1 + (index % 24))) & 3) > 0 },
        }
      : step;

/** A user's persona is one of the user's instance. */
function atHome(step: Step): Step {
  if (!("user" in step)) return step;
  return step.user === "alice-abroad" ? { ...step, spec: { ...step.spec, persona: "overseas" } } : step;
}
