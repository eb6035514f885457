/** One user as SearchUsers and DescribeUser show it, and whether two looks at it agree. */
import type { User, UserSearchSummary } from "@aws-sdk/client-connect";
import { handlingOf, phoneOf, type TimeUnit } from "./handling.ts";
import type { ConnectUserView, PhoneSettings } from "./types.ts";

/** Whether the index shows this state; details that it never has, and phone defaults that we did not set, are not compared. */
export function shows(seen: ConnectUserView | undefined, written: ConnectUserView | undefined): boolean {
  if (!seen || !written) return seen === written;
  const core = (v: ConnectUserView) =>
    JSON.stringify([
      v.id,
      v.firstName,
      v.lastName,
      v.routingProfileId,
      v.hierarchyGroupId,
      [...v.securityProfileIds].sort(),
      Object.entries(v.phone)
        .filter(([key, x]) => x !== undefined && written.phone[key as keyof PhoneSettings] !== undefined)
        .sort(),
      Object.entries(written.handling ?? {}).map(([channel, values]) =>
        Object.keys(values).map((key) => [channel, key, (v.handling as ContactHandlings)?.[channel]?.[key]]),
      ),
      Object.entries(v.tags).sort(),
    ]);
  return core(seen) === core(written);
}

type ContactHandlings = Record<string, Record<string, unknown> | undefined> | undefined;

type Intern = <T>(value: T) => T;

/** Ten thousand users share a handful of profiles, groups and phone settings: keep one of each. */
export function createIntern(): Intern {
  const known = new Map<string, unknown>();
  return <T>(value: T): T => {
    const key = typeof value === "string" ? value : JSON.stringify(value);
    if (value === undefined) return value;
    if (!known.has(key)) known.set(key, value);
    return known.get(key) as T;
  };
}

/** SearchUsers gives after-contact work in milliseconds, DescribeUser in seconds. Source: API_SearchUsers. */
export function viewOf(
  user: UserSearchSummary | User,
  phoneUnit: TimeUnit,
  listUnit: TimeUnit,
  intern: Intern = (value) => value,
): ConnectUserView {
  const handling = handlingOf(user, listUnit);
  return {
    id: user.Id!,
    arn: user.Arn!,
    username: user.Username!,
    firstName: user.IdentityInfo?.FirstName ?? undefined,
    lastName: user.IdentityInfo?.LastName ?? undefined,
    securityProfileIds: intern(user.SecurityProfileIds ?? []),
    routingProfileId: intern(user.RoutingProfileId ?? undefined),
    hierarchyGroupId: intern(user.HierarchyGroupId ?? undefined),
    phone: intern(phoneOf(user, phoneUnit, handling)),
    handling: intern(handling),
    tags: user.Tags ?? {},
  };
}
