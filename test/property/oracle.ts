/**
 * What the clouds must look like once faults have ended, worked out from the manifests alone. It knows the blog and the manifests,
 * and nothing of the controller: names, documents and addresses are written out here.
 */
import { X509Certificate } from "node:crypto";
import type { KubeObject } from "../../src/runtime/port.ts";
import type { Clouds, Json } from "./administrator.ts";
import { SOMEBODYS_POLICY } from "./edits.ts";
import { DESTINATION, displayNameOf, type PersonaSpec, type UserSpec } from "./scenario.ts";
import {
  ACCOUNT,
  arnOf,
  GROUPS,
  HOME,
  INSTANCES,
  type Instance,
  instanceOf,
  instanceOfUser,
  mailOf,
  OWNER_TAG,
  PERSONAS,
  type PersonaName,
  sharedRole,
  TENANT,
  USERS,
  type UserName,
  upnOf,
} from "./world.ts";

/** What is declared: a persona or user that is not in it was deleted, or never was. */
export interface Declared {
  personas: Map<PersonaName, PersonaSpec>;
  users: Map<UserName, UserSpec>;
  /** Whether a persona was last deleted with policy Delete. */
  removed: Set<PersonaName>;
  /** Users that were last deleted with policy Delete. */
  removedUsers: Set<UserName>;
  /** Personas that shared their role at some time. */
  sharers: ReadonlySet<PersonaName>;
  get(kind: string, name: string): KubeObject | undefined;
}

const SIGN_IN = "https://signin.aws.amazon.com/saml";
/** The region's own one besides, where it is another. */
const endpointsOf = ({ region }: Instance) =>
  region === HOME.region ? [SIGN_IN] : [SIGN_IN, `https://${region}.signin.aws.amazon.com/saml`];
const policyOf = ({ id }: Instance, what: "federation" | "list-roles") =>
  `arn:aws:iam::${ACCOUNT}:policy/connect-sso/connect-sso-${what}-${id.slice(0, 8)}`;
export const names = (persona: PersonaName) => ({
  role: `connect-sso-team-${persona}`,
  roleArn: `arn:aws:iam::${ACCOUNT}:role/connect-sso/connect-sso-team-${persona}`,
  providerArn: `arn:aws:iam::${ACCOUNT}:saml-provider/connect-sso-team-${persona}`,
  owner: `test/team/${persona}`,
  entraTag: `${OWNER_TAG}:test/team/${persona}`,
  temporary: `connect-sso test/team/${persona}`,
});

/** Names of a persona as it is declared: with its own role, or with the shared one. */
function namesOf(persona: PersonaName, { shares }: PersonaSpec) {
  const { role } = shares ? sharedRole(instanceOf(persona)) : names(persona);
  return { ...names(persona), role, roleArn: `arn:aws:iam::${ACCOUNT}:role/connect-sso/${role}` };
}

/** One line for each thing that is not as declared. */
export function judge(clouds: Clouds, declared: Declared): string[] {
  const judgement = new Judgement(clouds, declared);
  for (const name of PERSONAS) judgement.persona(name);
  for (const name of Object.keys(USERS) as UserName[]) judgement.user(name);
  for (const instance of INSTANCES) judgement.shared(instance);
  return judgement.complaints;
}

class Judgement {
  readonly complaints: string[] = [];
  readonly #clouds: Clouds;
  readonly #declared: Declared;

  constructor(clouds: Clouds, declared: Declared) {
    this.#clouds = clouds;
    this.#declared = declared;
  }

  #equal(what: string, found: unknown, wanted: unknown): void {
    const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
    if (a !== b) this.complaints.push(`${what}: is ${a}, not ${b}`);
  }

  persona(name: PersonaName): void {
    const spec = this.#declared.personas.get(name);
    const { owner, entraTag, temporary } = names(name);
    const { applications, roles, providers, users, claimsPolicies } = this.#clouds;
    const ours = applications.filter(({ tags, displayName }) => tags.includes(entraTag) || displayName === temporary);
    const owned = (all: Json[]) => all.filter(({ tags }) => tags[OWNER_TAG] === owner);
    if (!spec) {
      if (this.#declared.get("ConnectSsoPersona", name)) this.complaints.push(`persona ${name} was not let go`);
      if (!this.#declared.removed.has(name)) return;
      this.#equal(`applications left of ${name}`, ours.length, 0);
      this.#equal(`roles left of ${name}`, owned(roles).length, 0);
      this.#equal(`providers left of ${name}`, owned(providers).length, 0);
      this.#equal(`IAM users left of ${name}`, owned(users).length, 0);
      this.#equal(
        `claims policies left of ${name}`,
        claimsPolicies.filter((one) => one.displayName === temporary).length,
        0,
      );
      return;
    }
    this.#condition("ConnectSsoPersona", name, "Ready", "True");
    this.#equal(`applications of ${name}`, ours.length, 1);
    this.#equal(
      `claims policies of ${name}`,
      claimsPolicies.filter((one) => one.displayName === temporary).length,
      spec.source === "mail" ? 1 : 0,
    );
    const principal = this.#clouds.servicePrincipals.find(({ appId }) => appId === ours[0]?.appId);
    if (!ours[0] || !principal) return void this.complaints.push(`${name} has no service principal`);
    this.#application(name, spec, ours[0], principal);
    this.#signing(name, principal);
    this.#role(
      name,
      spec,
      roles.filter(({ RoleName }) => RoleName === namesOf(name, spec).role),
    );
    this.#provisioning(name, spec, principal, owned(users));
  }

  #application(name: PersonaName, spec: PersonaSpec, application: Json, principal: Json): void {
    const { roleArn, providerArn } = namesOf(name, spec);
    const what = `application of ${name}`;
    const instance = instanceOf(name);
    this.#equal(`${what}: name`, application.displayName, displayNameOf(name, spec));
    this.#equal(`${what}: reply URLs`, application.web.redirectUris.toSorted(), endpointsOf(instance).toSorted());
    const [identifier, ...more] = application.identifierUris as string[];
    this.#equal(`${what}: further identifiers`, more, []);
    if (!/^https:\/\/signin\.aws\.amazon\.com\/saml(#\d+)?$/.test(identifier ?? ""))
      this.complaints.push(`${what}: identifier is ${identifier}`);
    const holders = this.#clouds.applications.filter(({ identifierUris }) => identifierUris.includes(identifier));
    this.#equal(`${what}: applications with its identifier`, holders.length, 1);
    this.#equal(`${what}: mode`, principal.preferredSingleSignOnMode, "saml");
    this.#equal(
      `${what}: relay state`,
      principal.samlSingleSignOnSettings?.relayState,
      `https://${instance.region}.console.aws.amazon.com/connect/federate/${instance.id}?destination=${DESTINATION[spec.landingPage]}`,
    );
    this.#equal(`${what}: login URL`, principal.loginUrl ?? null, null);
    this.#equal(`${what}: assignment required`, principal.appRoleAssignmentRequired, true);
    this.#equal(`${what}: enabled`, principal.accountEnabled, true);
    const delivered = (principal.appRoles as Json[]).filter(({ value }) => value === `${roleArn},${providerArn}`);
    this.#equal(
      `${what}: app roles that carry the role`,
      delivered.map(({ isEnabled }) => isEnabled),
      [true],
    );
    for (const kept of ["User", "msiam_access"])
      if (!(principal.appRoles as Json[]).some(({ displayName, value }) => displayName === kept || value === kept))
        this.complaints.push(`${what}: app role ${kept} is gone`);
    const groups = (principal.assignments as Json[]).filter(({ principalType }) => principalType === "Group");
    const wanted = this.#clouds.groups
      .filter(({ displayName }) => spec.groups.includes(displayName))
      .map(({ id }) => id);
    this.#equal(`${what}: groups`, groups.map(({ principalId }) => principalId).sort(), wanted.sort());
    // A group keeps a former role as long as users are bound to it.
    const carried = (principal.appRoles as Json[]).filter(({ value }) => String(value).endsWith(`,${providerArn}`));
    const fitting = this.#declared.sharers.has(name) ? carried : delivered;
    const strange = groups.filter(({ appRoleId }) => !fitting.some(({ id }) => id === appRoleId));
    this.#equal(`${what}: roles of groups`, strange.length, 0);
    const claims = (principal.claimsPolicies as Json[]).map(({ displayName }) => displayName);
    this.#equal(`${what}: claims policies`, claims, spec.source === "mail" ? [names(name).temporary] : []);
    if (spec.source === "mail" && !/"mail"/.test(String(principal.claimsPolicies[0]?.definition)))
      this.complaints.push(`${what}: RoleSessionName does not come from mail`);
  }

  /** The certificate that signs, and no other, is what AWS trusts; Entra holds no second one of ours. */
  #signing(name: PersonaName, principal: Json): void {
    const { providerArn, owner } = names(name);
    const keys = (principal.keyCredentials as Json[]).filter(({ usage }) => usage === "Verify");
    const active = keys.find(
      ({ key }) => sha1(key) === String(principal.preferredTokenSigningKeyThumbprint).toUpperCase(),
    );
    if (!active) return void this.complaints.push(`${name}: no certificate signs`);
    // One of somebody's that signed before ours was made serves as well.
    const ours = keys.filter(({ displayName }) => displayName.startsWith("CN=connect-sso")).length;
    if (ours > 1) this.complaints.push(`${name}: ${ours} certificates of ours`);
    const provider = this.#clouds.providers.find(({ Arn }) => Arn === providerArn);
    if (!provider) return void this.complaints.push(`${name}: there is no SAML provider`);
    const trusted = [...String(provider.metadata).matchAll(/<(?:\w+:)?X509Certificate>([^<]+)</g)].map(([, der]) =>
      sha1(der!),
    );
    this.#equal(`${name}: trusted certificates`, [...new Set(trusted)], [sha1(active.key)]);
    if (!provider.metadata.includes(`entityID="https://sts.windows.net/${TENANT}/"`))
      this.complaints.push(`${name}: the SAML provider trusts another issuer`);
    this.#equal(`${name}: owner of the SAML provider`, provider.tags[OWNER_TAG], owner);
  }

  #role(name: PersonaName, spec: PersonaSpec, found: Json[]): void {
    const { providerArn } = names(name);
    const [role] = found;
    if (!role) return void this.complaints.push(`${name}: there is no role`);
    const sharers = this.#sharersOf(name, spec);
    const statements = role.trust.Statement as Json[];
    this.#equal(`${name}: statements of the trust`, statements.length, 1);
    this.#equal(
      `${name}: trusted`,
      [Object.keys(statements[0]?.Principal ?? {}), [statements[0]?.Action].flat()],
      [["Federated"], ["sts:AssumeRoleWithSAML"]],
    );
    const trusted = [statements[0]?.Principal?.Federated].flat() as string[];
    const lacking = sharers.now.map((one) => names(one).providerArn).filter((arn) => !trusted.includes(arn));
    const strange = trusted.filter((arn) => !sharers.ever.some((one) => names(one).providerArn === arn));
    this.#equal(`${name}: not trusted, and trusted too much`, [lacking, strange], [[], []]);
    this.#equal(`${name}: its provider is trusted`, trusted.includes(providerArn), true);
    const instance = instanceOf(name);
    const audience = [statements[0]?.Condition?.StringEquals?.["SAML:aud"]].flat();
    this.#equal(`${name}: audience`, audience.toSorted(), endpointsOf(instance).toSorted());
    const policies = [
      policyOf(instance, "federation"),
      ...(spec.mode === "Provisioning" ? [policyOf(instance, "list-roles")] : []),
    ];
    this.#equal(`${name}: policies of the role`, role.attached, policies);
    const specs = (of: PersonaName[]) => of.flatMap((one) => this.#declared.personas.get(one) ?? []);
    const hours = specs(sharers.ever).map(({ sessionHours }) => sessionHours);
    const least = Math.max(...specs(sharers.now).map(({ sessionHours }) => sessionHours));
    const session = role.MaxSessionDuration / 3600;
    this.#equal(`${name}: session`, hours.includes(session) && session >= least, true);
    // One that somebody put on stays: it is more restriction, not less.
    const boundary = role.PermissionsBoundary?.PermissionsBoundaryArn ?? null;
    if (boundary !== SOMEBODYS_POLICY) this.#equal(`${name}: boundary`, boundary, null);
    if (spec.shares) this.#equal(`${name}: owner of the role`, role.tags[OWNER_TAG], sharedRole(instance).owner);
    else
      this.#equal(`${name}: tags of the role`, [role.tags[OWNER_TAG], role.tags.team], [names(name).owner, spec.team]);
  }

  /** Whom a persona's role serves: surely, and perhaps still, because users of theirs are bound to it. */
  #sharersOf(name: PersonaName, { shares }: PersonaSpec): { now: PersonaName[]; ever: PersonaName[] } {
    if (!shares) return { now: [name], ever: [name] };
    const here = [...this.#declared.personas].filter(([one]) => instanceOf(one) === instanceOf(name));
    return {
      now: here.flatMap(([one, spec]) => (spec.shares ? [one] : [])),
      ever: here.flatMap(([one]) => (this.#declared.sharers.has(one) ? [one] : [])),
    };
  }

  #provisioning(name: PersonaName, spec: PersonaSpec, principal: Json, users: Json[]): void {
    this.#equal(`${name}: IAM users`, users.length, spec.mode === "Direct" ? 0 : 1);
    if (spec.mode === "Direct") return;
    this.#equal(`${name}: policies of the IAM user`, users[0]?.attached, [policyOf(instanceOf(name), "list-roles")]);
    this.#equal(
      `${name}: access keys`,
      users[0]?.keys.map(({ Status }: Json) => Status),
      ["Active"],
    );
    this.#equal(
      `${name}: provisioning jobs`,
      principal.jobs.map(({ schedule }: Json) => schedule.state),
      ["Active"],
    );
    const code = principal.jobs[0]?.status?.code;
    if (code === "Quarantine") this.complaints.push(`${name}: the provisioning job is in quarantine`);
  }

  /** Policies that all personas of an instance share, as long as one needs them. */
  shared(instance: Instance): void {
    const { personas, removed } = this.#declared;
    const names = PERSONAS.filter((name) => instanceOf(name) === instance);
    const all = names.flatMap((name) => personas.get(name) ?? []);
    const retained = names.some((name) => !personas.has(name) && !removed.has(name));
    const listing = all.some(({ mode }) => mode === "Provisioning");
    const federation = `"connect:GetFederationToken","Resource":"${arnOf(instance)}/user/\${aws:userid}"`;
    for (const [what, wanted, text] of [
      ["federation", all.length > 0, federation],
      ["list-roles", listing, '["iam:ListRoles","iam:ListAccountAliases"],"Resource":"*"'],
    ] as const) {
      const arn = policyOf(instance, what);
      const found = this.#clouds.policies.filter(({ Arn }) => Arn === arn);
      if (wanted) {
        this.#equal(`policies ${arn}`, found.length, 1);
        this.#equal(`owner of ${arn}`, found[0]?.tags[OWNER_TAG], `test/${instance.region}:${instance.id}:${what}`);
        const statements = found[0]?.document.Statement ?? [];
        if (statements.length !== 1 || !JSON.stringify(statements[0]).includes(text))
          this.complaints.push(`policy ${arn} allows ${JSON.stringify(statements)}`);
      } else if (all.length === 0 && !retained && names.some((name) => removed.has(name))) {
        const owned = found.filter(({ tags }) => tags[OWNER_TAG] !== undefined);
        this.#equal(`policies ${arn}`, owned.length, 0);
      }
    }
  }

  user(name: UserName): void {
    const { users, personas, removedUsers } = this.#declared;
    const spec = users.get(name);
    const instance = instanceOfUser(name);
    const here = this.#clouds.connectUsers.filter((one) => one.instance === instance.id);
    const tagged = here.filter(({ Tags }) => Tags?.[OWNER_TAG] === `test/team/${name}`);
    const person = this.#clouds.people.find(({ userPrincipalName }) => userPrincipalName === upnOf(name))!;
    const neighbours = [...personas.keys()].filter((one) => instanceOf(one) === instance);
    const same = [...users.keys()].filter(
      (other) => other !== name && USERS[other] === USERS[name] && instanceOfUser(other) === instance,
    );
    if (!spec) {
      if (this.#declared.get("ConnectUser", name)) this.complaints.push(`user ${name} was not let go`);
      if (removedUsers.has(name)) this.#equal(`Connect users left of ${name}`, tagged.length, 0);
      if (same.length === 0)
        for (const persona of neighbours)
          this.#equal(`roles left of ${name} in ${persona}`, this.#roles(persona, person.id), 0);
      return;
    }
    const persona = personas.get(spec.persona)!;
    const username = persona.source === "mail" ? mailOf(name) : upnOf(name);
    const connectUsers = here.filter(({ Username }) => Username === username);
    const ours = connectUsers.filter((one) => tagged.includes(one));
    const groups = GROUPS.filter(({ member }) => member === USERS[name]).map(({ displayName }) => displayName);
    const byGroup = (of: PersonaName) => personas.get(of)!.groups.some((group) => groups.includes(group));
    const rival = same.length > 0 || neighbours.some((other) => other !== spec.persona && byGroup(other));
    const holder = connectUsers[0]?.Tags?.[OWNER_TAG];
    const refused =
      (holder !== undefined && holder !== `test/team/${name}`) ||
      spec.profiles?.some((profile) => !persona.profiles.includes(profile));
    this.#condition("ConnectUser", name, refused ? "Stalled" : rival ? "Conflict" : "Ready", "True");
    if (rival || refused) return;
    for (const other of neighbours) {
      const found = this.#roles(other, person.id);
      // Who has the role by a group needs no assignment of their own.
      const enough = other === spec.persona ? (byGroup(other) ? Math.min(found, 1) : 1) : 0;
      this.#equal(`roles of ${name} in ${other}`, found, enough);
    }
    this.#equal(`Connect users ${username}`, ours.length, 1);
    if (ours[0]) this.#connectUser(name, spec, persona, ours[0]);
  }

  /** How often the person has the persona's role in Entra. */
  #roles(persona: PersonaName, principalId: string): number {
    const { entraTag } = names(persona);
    const application = this.#clouds.applications.find(({ tags }) => tags.includes(entraTag));
    const principal = this.#clouds.servicePrincipals.find(({ appId }) => appId === application?.appId);
    const all = (principal?.assignments as Json[] | undefined) ?? [];
    return all.filter((one) => one.principalId === principalId).length;
  }

  #connectUser(name: UserName, spec: UserSpec, persona: PersonaSpec, found: Json): void {
    const what = `Connect user of ${name}`;
    const foreign = this.#clouds.connectUsers.find(
      ({ Username, instance }) => Username === "by.hand" && instance === found.instance,
    )!;
    const agent = foreign.SecurityProfileIds[0];
    const profiles = spec.profiles ?? persona.profiles;
    this.#equal(`${what}: number of profiles`, found.SecurityProfileIds.length, profiles.length);
    this.#equal(`${what}: is an Agent`, found.SecurityProfileIds.includes(agent), profiles.includes("Agent"));
    this.#equal(
      `${what}: basic routing`,
      found.RoutingProfileId === foreign.RoutingProfileId,
      spec.routingProfile === undefined,
    );
    if (spec.hierarchyGroup) this.#equal(`${what}: has a hierarchy group`, found.HierarchyGroupId !== undefined, true);
    const info = found.IdentityInfo;
    this.#equal(`${what}: names`, [info.FirstName, info.LastName], [spec.firstName ?? USERS[name], "Doe"]);
    if (spec.secondaryEmail) this.#equal(`${what}: e-mail`, info.SecondaryEmail, spec.secondaryEmail);
    if (spec.contactHandling) {
      const voice = (list: Json[] = []) => list.find(({ Channel }) => Channel === "VOICE");
      const { AfterContactWorkTimeLimit: limit = 0, AutoAccept: automatic = false } = found.PhoneConfig ?? {};
      const work = voice(found.AfterContactWorkConfigs)?.AfterContactWorkConfig.AfterContactWorkTimeLimit ?? limit;
      const accept = voice(found.AutoAcceptConfigs)?.AutoAccept ?? automatic;
      this.#equal(
        `${what}: calls`,
        [work, accept],
        [spec.contactHandling.voice.afterContactWorkSeconds, spec.contactHandling.voice.autoAccept],
      );
    }
    if (spec.team) this.#equal(`${what}: tag`, found.Tags.team, spec.team);
    if (spec.proficiencyLevel)
      this.#equal(
        `${what}: proficiencies`,
        found.proficiencies.map(({ AttributeValue, Level }: Json) => [AttributeValue, Level]),
        [["connect:English", spec.proficiencyLevel]],
      );
  }

  #condition(kind: string, name: string, type: string, wanted: string): void {
    const object = this.#declared.get(kind, name);
    const { conditions = [], observedGeneration } = (object?.status ?? {}) as {
      conditions?: Json[];
      observedGeneration?: number;
    };
    const found = conditions.find((one) => one.type === type);
    const open = conditions.filter(
      (one) =>
        one.status !== "True" &&
        !["Reconciling", "Stalled", "Drifted", "Conflict", "RemovalsHalted"].includes(one.type),
    );
    if (found?.status !== wanted)
      this.complaints.push(
        `${kind} ${name}: ${type} is ${found?.status}, not ${wanted} (${open.map((one) => `${one.type}: ${one.reason}: ${one.message}`).join("; ")})`,
      );
    this.#equal(`${kind} ${name}: observed generation`, observedGeneration, object?.metadata.generation);
  }
}

const sha1 = (der: string) => new X509Certificate(Buffer.from(der, "base64")).fingerprint.replaceAll(":", "");
