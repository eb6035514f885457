/** SearchUsers and SearchQuickConnects: indexes that lag. What is not emulated is refused, never taken for "matches all". */

import type { Open } from "../open.ts";
import { ConnectError, invalidParameter, invalidRequest } from "./error.ts";
import type { ChannelSetting } from "./handling.ts";
import { page } from "./page.ts";
import type { ConnectUser, HierarchyGroup, Instance, Proficiency, QuickConnect } from "./state.ts";
import type { Body } from "./validate.ts";

interface StringCondition {
  FieldName?: string;
  Value?: string;
  ComparisonType?: string;
}
type Predicate<T> = (item: T) => boolean;
/** Builds the predicate of one member of a criteria or filter structure. */
type Members<T> = Record<string, (value: never, nested: (value: unknown) => Predicate<T>) => Predicate<T>>;

/** All members of `value` must hold; a member that `members` does not know is refused. */
function predicateOf<T>(value: unknown, members: Members<T>): Predicate<T> {
  const nested = (inner: unknown) => predicateOf(inner, members);
  const parts = Object.entries((value ?? {}) as Body).map(([name, inner]) => {
    const member = Object.hasOwn(members, name) ? members[name] : undefined;
    if (!member) throw invalidRequest(`The sandbox does not emulate ${name} here`);
    return member(inner as never, nested);
  });
  return (item) => parts.every((part) => part(item));
}

const anyOf = <T>(list: unknown[], nested: (value: unknown) => Predicate<T>): Predicate<T> => {
  const parts = list.map(nested);
  return (item) => parts.some((part) => part(item));
};
const allOf = <T>(list: unknown[], nested: (value: unknown) => Predicate<T>): Predicate<T> => {
  const parts = list.map(nested);
  return (item) => parts.every((part) => part(item));
};

function stringCondition<T>(
  condition: StringCondition,
  fields: Record<string, (item: T) => (string | undefined)[]>,
): Predicate<T> {
  const { FieldName = "", Value = "", ComparisonType = "EXACT" } = condition;
  const field = Object.entries(fields).find(([name]) => name.toLowerCase() === FieldName.toLowerCase())?.[1];
  if (!field) throw invalidParameter(`FieldName ${FieldName} is not valid`);
  const compare = {
    EXACT: (text: string) => text === Value,
    STARTS_WITH: (text: string) => text.startsWith(Value),
    CONTAINS: (text: string) => text.includes(Value),
  }[ComparisonType];
  if (!compare) throw invalidParameter(`ComparisonType ${ComparisonType} is not valid`);
  return (item) => field(item).some((text) => text !== undefined && compare(text));
}

const USER_FIELDS: Record<string, (user: ConnectUser) => (string | undefined)[]> = {
  Username: (user) => [user.Username],
  FirstName: (user) => [user.IdentityInfo.FirstName],
  LastName: (user) => [user.IdentityInfo.LastName],
  RoutingProfileId: (user) => [user.RoutingProfileId],
  SecurityProfileId: (user) => user.SecurityProfileIds,
  ResourceId: (user) => [user.Id],
};

function hierarchyCondition(
  instance: Instance,
  condition: { Value?: string; HierarchyGroupMatchType?: string },
): Predicate<ConnectUser> {
  const { Value, HierarchyGroupMatchType = "EXACT" } = condition;
  if (HierarchyGroupMatchType === "EXACT") return (user) => user.HierarchyGroupId === Value;
  if (HierarchyGroupMatchType !== "WITH_CHILD_GROUPS")
    throw invalidParameter(`HierarchyGroupMatchType ${HierarchyGroupMatchType} is not valid`);
  const family = new Set(
    instance.hierarchyGroups.filter(({ path }) => path.some(({ Id }) => Id === Value)).map(({ Id }) => Id),
  );
  return (user) => user.HierarchyGroupId !== undefined && family.has(user.HierarchyGroupId);
}

interface NumberCondition {
  FieldName?: string;
  MinValue?: number;
  MaxValue?: number;
  ComparisonType?: string;
}

/** All conditions hold for one proficiency of the user: its name, its value, its level as `limit`. */
function proficiencyCondition({ TargetListType, Conditions }: Body): Predicate<ConnectUser> {
  if (TargetListType !== "PROFICIENCIES") throw invalidParameter("TargetListType must be PROFICIENCIES");
  const holds = allOf<Proficiency>((Conditions ?? []) as unknown[], (value) =>
    predicateOf<Proficiency>(value, {
      StringCondition: (condition: StringCondition) =>
        stringCondition(condition, { name: (one) => [one.AttributeName], value: (one) => [one.AttributeValue] }),
      NumberCondition: levelCondition,
    }),
  );
  return ({ Proficiencies }) => Proficiencies.some(holds);
}

function levelCondition({
  FieldName,
  MinValue,
  MaxValue,
  ComparisonType = "",
}: NumberCondition): Predicate<Proficiency> {
  if (FieldName?.toLowerCase() !== "limit") throw invalidParameter(`FieldName ${FieldName} is not valid`);
  const least = MinValue ?? MaxValue ?? Number.NaN;
  const most = MaxValue ?? MinValue ?? Number.NaN;
  const compare = {
    GREATER_OR_EQUAL: (level: number) => level >= least,
    GREATER: (level: number) => level > least,
    LESSER_OR_EQUAL: (level: number) => level <= most,
    LESSER: (level: number) => level < most,
    EQUAL: (level: number) => level === least,
    NOT_EQUAL: (level: number) => level !== least,
    RANGE: (level: number) => level >= least && level <= most,
  }[ComparisonType];
  if (!compare || Number.isNaN(least)) throw invalidParameter(`NumberCondition ${ComparisonType} is not valid`);
  return ({ Level }) => compare(Level);
}

interface Tagged {
  Tags: Record<string, string>;
}
interface TagCondition {
  TagKey?: string;
  TagValue?: string;
}
function tagCondition<T extends Tagged>({ TagKey = "", TagValue }: TagCondition): Predicate<T> {
  return ({ Tags }) => Object.hasOwn(Tags, TagKey) && (TagValue === undefined || Tags[TagKey] === TagValue);
}

/** TagFilter's AndConditions is a list of tags, its OrConditions a list of such lists. */
function tagFilter<T extends Tagged>(): Members<T> {
  const all = (tags: TagCondition[]) => allOf(tags, (tag) => tagCondition<T>(tag as TagCondition));
  return {
    TagCondition: (tag: TagCondition) => tagCondition(tag),
    AndConditions: (tags: TagCondition[]) => all(tags),
    OrConditions: (lists: TagCondition[][]) => anyOf(lists, (tags) => all(tags as TagCondition[])),
  };
}

function attributeFilter(instance: Instance): Members<ConnectUser> {
  const and: Members<ConnectUser> = {
    TagConditions: (tags: TagCondition[]) => allOf(tags, (tag) => tagCondition(tag as TagCondition)),
    HierarchyGroupCondition: (value: Body) => hierarchyCondition(instance, value),
  };
  return {
    TagCondition: (tag: TagCondition) => tagCondition(tag),
    HierarchyGroupCondition: (value: Body) => hierarchyCondition(instance, value),
    AndCondition: (value: Body) => predicateOf(value, and),
    OrConditions: (list: Body[]) => anyOf(list, (value) => predicateOf(value, and)),
  };
}

/** The index lacks SecondaryEmail, Mobile, LastModifiedTime and proficiencies, and gives after-contact work in milliseconds. */
export function searchUsers(instance: Instance, body: Body, open: Open): unknown {
  const filter = body.SearchFilter as Body | undefined;
  if (filter?.TagFilter && filter.UserAttributeFilter)
    throw new ConnectError("AccessDeniedException", "TagFilter and UserAttributeFilter cannot be combined", 403);
  const criteria = predicateOf<ConnectUser>(body.SearchCriteria, {
    StringCondition: (value: StringCondition) => stringCondition(value, USER_FIELDS),
    HierarchyGroupCondition: (value: Body) => hierarchyCondition(instance, value),
    ListCondition: (value: Body) => proficiencyCondition(value),
    OrConditions: anyOf,
    AndConditions: allOf,
  });
  const filtered = predicateOf<ConnectUser>(filter, {
    TagFilter: (value: Body) => predicateOf(value, tagFilter<ConnectUser>()),
    UserAttributeFilter: (value: Body) => predicateOf(value, attributeFilter(instance)),
  });
  const all = instance.index.readAll();
  const found = body.SearchCriteria || filter ? all.filter((user) => criteria(user) && filtered(user)) : all;
  const size = Number(body.MaxResults ?? 100);
  const most = Number(open.searchUsersPage);
  const { slice, token } = page(
    found,
    size > most && size <= 500 ? most : size,
    500,
    body.NextToken as string | undefined,
  );
  return { Users: slice.map((user) => userSummary(user, open)), NextToken: token, ApproximateTotalCount: found.length };
}

function userSummary(user: ConnectUser, open: Open) {
  const {
    Proficiencies: _,
    LastModifiedTime: __,
    federatedRole: ___,
    channels,
    IdentityInfo,
    PhoneConfig,
    ...rest
  } = user;
  return {
    ...rest,
    ...channels,
    ...(channels.AfterContactWorkConfigs &&
      open.searchUsersAfterContactWorkConfigs === "milliseconds" && {
        AfterContactWorkConfigs: channels.AfterContactWorkConfigs.map(inMilliseconds),
      }),
    IdentityInfo: { FirstName: IdentityInfo.FirstName, LastName: IdentityInfo.LastName },
    PhoneConfig: PhoneConfig && {
      ...PhoneConfig,
      AfterContactWorkTimeLimit: PhoneConfig.AfterContactWorkTimeLimit * 1000,
    },
  };
}

/** Every time limit in a member of AfterContactWorkConfigs. */
function inMilliseconds(setting: ChannelSetting): Body {
  const entries = Object.entries(setting).map(([name, value]) => {
    const limit = (value as { AfterContactWorkTimeLimit?: number }).AfterContactWorkTimeLimit;
    return [name, limit === undefined ? value : { AfterContactWorkTimeLimit: limit * 1000 }];
  });
  return Object.fromEntries(entries);
}

export function searchHierarchyGroups(
  instance: Instance,
  body: Body,
  view: (group: HierarchyGroup) => unknown,
): unknown {
  const size = Number(body.MaxResults ?? 100);
  if (!(size >= 1 && size <= 100)) throw invalidRequest("MaxResults must be between 1 and 100");
  const criteria = predicateOf<HierarchyGroup>(body.SearchCriteria, {
    StringCondition: (value: StringCondition) =>
      stringCondition(value, { Name: (one) => [one.Name], ResourceId: (one) => [one.Id] }),
    OrConditions: anyOf,
    AndConditions: allOf,
  });
  const filtered = predicateOf<HierarchyGroup>(body.SearchFilter, {});
  const found = instance.hierarchyGroups.filter((one) => criteria(one) && filtered(one));
  const { slice, token } = page(found, size, 100, body.NextToken as string | undefined);
  return { UserHierarchyGroups: slice.map(view), NextToken: token, ApproximateTotalCount: found.length };
}

export function searchQuickConnects(instance: Instance, body: Body, view: (one: QuickConnect) => unknown): unknown {
  const criteria = predicateOf<QuickConnect>(body.SearchCriteria, {
    StringCondition: (value: StringCondition) =>
      stringCondition(value, {
        Name: (one) => [one.name],
        Description: (one) => [one.description],
        ResourceId: (one) => [one.id],
      }),
    OrConditions: anyOf,
    AndConditions: allOf,
  });
  const filtered = predicateOf<QuickConnect>(body.SearchFilter, {
    TagFilter: (value: Body) => predicateOf(value, tagFilter<QuickConnect>()),
  });
  const found = instance.quickConnects.readAll().filter((one) => criteria(one) && filtered(one));
  const { slice, token } = page(found, Number(body.MaxResults ?? 100), 100, body.NextToken as string | undefined);
  return { QuickConnects: slice.map(view), NextToken: token, ApproximateTotalCount: found.length };
}
