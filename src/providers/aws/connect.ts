/** One Connect instance: its users through the inventory, its names, and one call per kind of change. */
import {
  AssociateUserProficienciesCommand,
  CreateUserCommand,
  DeleteUserCommand,
  DescribeInstanceCommand,
  DisassociateUserProficienciesCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateUserConfigCommand,
  UpdateUserHierarchyCommand,
  UpdateUserIdentityInfoCommand,
  UpdateUserProficienciesCommand,
  UpdateUserRoutingProfileCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import type { Clock } from "../../runtime/clock.ts";
import { type CallOptions, CloudError } from "../errors.ts";
import { kept } from "../kept.ts";
import type { Call } from "./call.ts";
import { orMissing } from "./errors.ts";
import { listsOf, mergedHandling, voiceHandling } from "./handling.ts";
import { createInventory } from "./inventory.ts";
import { createNames, pathKey } from "./names.ts";
import { quickConnectCalls } from "./quick-connects.ts";
import { securityProfileCalls } from "./security-profiles.ts";
import { endSessions } from "./sessions.ts";
import type {
  ConnectInstance,
  ConnectInstanceFacts,
  ConnectUserInput,
  ConnectUserView,
  ContactHandling,
  PhoneSettings,
} from "./types.ts";

const DEFAULT_MAX_AGE_MS = 60_000;
/** So that two thousand creates are not two thousand lists. */
const CONFIRM_AGE_MS = 30_000;
/** How long a used-up quota is believed without asking again. */
const FULL_MS = 60_000;
/** Identity management never changes; replication and status seldom do. One call serves every resource of the instance. */
const FACTS_AGE_MS = 10 * 60_000;

export function createConnectInstance(p: {
  arn: string;
  call: Call;
  /** Whether the circuit breaker of Connect in this account is not closed. */
  isCircuitOpen(): boolean;
  clock: Clock;
}): ConnectInstance {
  const { arn, call } = p;
  const InstanceId = arn.slice(arn.lastIndexOf("/") + 1);
  const inventory = createInventory({ ...p, instanceId: InstanceId });
  const names = createNames({ ...p, instanceId: InstanceId });
  /** The newest view: a caller may hold one from before its own last write. */
  const apply = async (user: ConnectUserView, change: Partial<ConnectUserView>) => {
    const known = await inventory.users(Number.POSITIVE_INFINITY);
    inventory.wrote({ ...(known.get(user.username) ?? user), ...change });
  };
  /**
   * What UpdateUserConfig does to lists and channels that it does not name is not documented, so what the user has is sent along, read
   * just before.
   */
  const configure = async (
    user: ConnectUserView,
    change: { phone?: PhoneSettings; handling?: ContactHandling },
    o?: CallOptions,
  ) => {
    const seen = (await inventory.latest(user, o)) ?? user;
    const phone = { ...seen.phone, ...change.phone };
    const voice = mergedHandling(voiceHandling(seen.phone), seen.handling);
    const handling = mergedHandling(
      mergedHandling(voice, change.phone && voiceHandling(change.phone)),
      change.handling,
    );
    const input = { ...of(user), ...listsOf(handling, phone) };
    await call(new UpdateUserConfigCommand(input), o, user.username);
    await apply(user, { phone: { ...phone, ...(handling.VOICE && phoneOfVoice(handling)) }, handling });
  };
  const of = (user: ConnectUserView) => ({ InstanceId, UserId: user.id });
  const describeInstance = async (o?: CallOptions): Promise<ConnectInstanceFacts> => {
    const r = await orMissing(call(new DescribeInstanceCommand({ InstanceId }), o));
    // We never create an instance, so this is not the lag of a create: only manual action helps.
    if (!r)
      throw new CloudError(
        `there is no Amazon Connect instance ${InstanceId} in ${arn.split(":").slice(3, 5).join(" of account ")}`,
        { kind: "terminal", reason: "InstanceNotFound", code: "InstanceNotFound" },
      );
    return {
      arn: r.Instance?.Arn ?? arn,
      id: InstanceId,
      identityManagement: r.Instance!.IdentityManagementType!,
      status: r.Instance?.InstanceStatus ?? "UNKNOWN",
      globalSignInEndpoint: r.ReplicationConfiguration?.GlobalSignInEndpoint,
      accessUrl: r.Instance?.InstanceAccessUrl,
    };
  };

  let full: { at: number; error: CloudError } | undefined;
  /** The rest of a batch is refused without a call: no API shows the quota, and every create takes one of two calls a second. */
  const noteFull = (error: CloudError): CloudError => {
    full = { at: p.clock.now(), error };
    return error;
  };
  const facts = kept(p.clock, describeInstance);

  return {
    arn,
    facts: (o) => facts.get(FACTS_AGE_MS, o),
    async answers(o) {
      if (p.isCircuitOpen()) await describeInstance({ priority: o?.priority });
    },
    securityProfile: (name, o) => names.resolve("securityProfile", name, o),
    routingProfile: (name, o) => names.resolve("routingProfile", name, o),
    hierarchyGroup: (path, o) => names.resolve("hierarchyGroup", pathKey(path), o),
    nameOf: (kind, id) => names.nameOf(kind, id),

    async user(username, o = {}, detail = []) {
      const maxAgeMs = o.maxAgeMs ?? DEFAULT_MAX_AGE_MS;
      const view = await inventory.user(username, maxAgeMs, o);
      return view && detail.length > 0 ? inventory.detailed(view, detail, maxAgeMs, o) : view;
    },
    async similar(username, o = {}) {
      await inventory.users(o.maxAgeMs ?? DEFAULT_MAX_AGE_MS, o);
      return inventory.byLowerCase(username);
    },
    async tagged(key, value, o = {}) {
      await inventory.users(o.maxAgeMs ?? DEFAULT_MAX_AGE_MS, o);
      return inventory.byTag(key, value);
    },
    async confirmAbsent(username, o) {
      // A name that a recent list lacks may have been taken since: the create is refused then, and finds it. One that it has may be gone.
      const known = await inventory.listed(username, { ...o, maxAgeMs: CONFIRM_AGE_MS });
      return known === undefined || (await inventory.listed(username, o)) === undefined;
    },
    async users(o = {}) {
      return (await inventory.users(o.maxAgeMs ?? DEFAULT_MAX_AGE_MS, o)).values();
    },
    inventoryReadAt: () => inventory.readAt(),

    async createUser(u, o) {
      let id: string | undefined;
      if (full && p.clock.now() - full.at < FULL_MS) throw full.error;
      try {
        const r = await call(new CreateUserCommand(createInput(InstanceId, u)), o, u.username);
        inventory.wrote(viewOfInput(u, r.UserId!, r.UserArn!));
        return viewOfInput(u, r.UserId!, r.UserArn!);
      } catch (error) {
        if (error instanceof CloudError && error.reason === "QuotaExceeded") throw noteFull(error);
        const made = error instanceof CloudError && (error.outcomeUnknown || error.reason === "AlreadyExists");
        if (made) id = await inventory.listed(u.username, o);
        const view = id && (await inventory.describe(id, o));
        if (!view) throw error;
        inventory.wrote(view);
        return view;
      }
    },
    async deleteUser(user, o) {
      await orMissing(call(new DeleteUserCommand(of(user)), o, user.username));
      inventory.removed(user);
      full = undefined;
    },
    async updateIdentity(user, change, o) {
      const all = { ...((await inventory.describe(user.id, o)) ?? user), ...change };
      const input = { ...of(user), IdentityInfo: identityOf(all) };
      await call(new UpdateUserIdentityInfoCommand(input), o, user.username);
      await apply(user, { firstName: all.firstName, lastName: all.lastName });
    },
    updatePhone: (user, phone, o) => configure(user, { phone }, o),
    updateHandling: (user, handling, o) => configure(user, { handling }, o),
    endSessions: endSessions({ call, instanceId: InstanceId }),
    ...quickConnectCalls({ ...p, instanceId: InstanceId }),
    ...securityProfileCalls({ ...p, instanceId: InstanceId }),
    async updateSecurityProfiles(user, ids, o) {
      const input = { ...of(user), SecurityProfileIds: ids };
      await call(new UpdateUserSecurityProfilesCommand(input), o, user.username);
      await apply(user, { securityProfileIds: ids });
    },
    async updateRoutingProfile(user, id, o) {
      const input = { ...of(user), RoutingProfileId: id };
      await call(new UpdateUserRoutingProfileCommand(input), o, user.username);
      await apply(user, { routingProfileId: id });
    },
    async updateHierarchy(user, id, o) {
      // Leaving the group out clears it.
      const input = { ...of(user), ...(id && { HierarchyGroupId: id }) };
      await call(new UpdateUserHierarchyCommand(input), o, user.username);
      await apply(user, { hierarchyGroupId: id });
    },
    async setProficiencies(user, { set, remove }, o) {
      const key = (x: { attribute: string; value: string }) => JSON.stringify([x.attribute, x.value]);
      const wire = (x: { attribute: string; value: string }) => ({
        AttributeName: x.attribute,
        AttributeValue: x.value,
      });
      if (remove.length) {
        const input = { ...of(user), UserProficiencies: remove.map(wire) };
        await call(new DisassociateUserProficienciesCommand(input), o, user.username);
      }
      if (set.length) {
        // Update needs an earlier Associate, so what is there decides which of the two a proficiency takes.
        const seen = await inventory.detailed(user, ["proficiencies"], DEFAULT_MAX_AGE_MS, o);
        const there = new Set((seen?.proficiencies ?? []).map(key));
        const full = (list: typeof set) => ({
          ...of(user),
          UserProficiencies: list.map((x) => ({ ...wire(x), Level: x.level })),
        });
        const [old, added] = [set.filter((x) => there.has(key(x))), set.filter((x) => !there.has(key(x)))];
        if (old.length) await call(new UpdateUserProficienciesCommand(full(old)), o, user.username);
        if (added.length) await call(new AssociateUserProficienciesCommand(full(added)), o, user.username);
      }
      await apply(user, {});
    },
    async tagUser(user, set, remove, o) {
      if (remove.length)
        await call(new UntagResourceCommand({ resourceArn: user.arn, tagKeys: remove }), o, user.username);
      if (Object.keys(set).length)
        await call(new TagResourceCommand({ resourceArn: user.arn, tags: set }), o, user.username);
      const known = (await inventory.users(Number.POSITIVE_INFINITY)).get(user.username) ?? user;
      const kept = Object.entries(known.tags).filter(([name]) => !remove.includes(name));
      await apply(user, { tags: { ...Object.fromEntries(kept), ...set } });
    },
  };
}

/** Never Email, Password or DirectoryUserId: a SAML instance refuses them. Names must be NFC. */
function identityOf(i: Pick<ConnectUserView, "firstName" | "lastName" | "secondaryEmail" | "mobile">) {
  return {
    FirstName: i.firstName?.normalize("NFC"),
    LastName: i.lastName?.normalize("NFC"),
    ...(i.secondaryEmail && { SecondaryEmail: i.secondaryEmail }),
    ...(i.mobile && { Mobile: i.mobile }),
  };
}

/** The voice channel under the older names. */
function phoneOfVoice({ VOICE: voice = {} }: ContactHandling): PhoneSettings {
  const { autoAccept, afterContactWorkSeconds, persistentConnection } = voice;
  return { autoAccept, afterContactWorkSeconds, persistentConnection };
}

/**
 * PhoneConfig has been required until 2026 and may be still, so it is always there, with the telephone alone: a field of it and the list
 * per channel that corresponds to it exclude each other.
 */
function createInput(InstanceId: string, u: ConnectUserInput) {
  const { PhoneNumberConfigs: _, ...lists } = listsOf(mergedHandling(voiceHandling(u.phone ?? {}), u.handling));
  return {
    InstanceId,
    Username: u.username,
    IdentityInfo: identityOf(u),
    SecurityProfileIds: u.securityProfileIds,
    RoutingProfileId: u.routingProfileId,
    ...(u.hierarchyGroupId && { HierarchyGroupId: u.hierarchyGroupId }),
    PhoneConfig: {
      PhoneType: u.phone?.type ?? "SOFT_PHONE",
      ...(u.phone?.deskPhoneNumber && { DeskPhoneNumber: u.phone.deskPhoneNumber }),
    },
    ...lists,
    ...(Object.keys(u.tags).length > 0 && { Tags: u.tags }),
  };
}

function viewOfInput(u: ConnectUserInput, id: string, arn: string): ConnectUserView {
  return {
    id,
    arn,
    username: u.username,
    firstName: u.firstName.normalize("NFC"),
    lastName: u.lastName.normalize("NFC"),
    securityProfileIds: u.securityProfileIds,
    routingProfileId: u.routingProfileId,
    hierarchyGroupId: u.hierarchyGroupId,
    phone: { type: "SOFT_PHONE", ...u.phone, ...(u.handling?.VOICE && phoneOfVoice(u.handling)) },
    handling: mergedHandling(voiceHandling(u.phone ?? {}), u.handling),
    tags: u.tags,
  };
}
