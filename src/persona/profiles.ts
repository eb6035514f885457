/**
 * What the persona's security profiles permit, compared with the last look. Connect's administrators own the profiles: a change is reported
 * and left. Anyone who may edit a profile could otherwise hand out rights that no manifest shows.
 */

import { createHash } from "node:crypto";
import { REASON } from "../api/reasons.ts";
import type { ConnectSsoPersonaStatus } from "../api/resources.ts";
import { isoSeconds } from "../domain/duration.ts";
import { diffMessage, type PermissionDiff, permissionDiff } from "../domain/profile-permissions.ts";
import type { Announcement } from "../engine/announcements.ts";
import { failureOf, isStalled } from "../engine/errors.ts";
import type { PersonaScope } from "./scope.ts";

type Row = NonNullable<ConnectSsoPersonaStatus["securityProfiles"]>[number];

/** What a pass found out about the profiles. */
export interface Profiles {
  rows: Row[];
  changes: Announcement[];
  /** Why they cannot be read, where that needs manual action. */
  problem?: string;
}

/** As the schema says. Amazon Connect has fewer than 300 permissions. */
const MOST_PERMISSIONS = 500;
const MOST_NAMED = 20;

/** One call for each profile of the instance in `maxAgeMs`, however many personas grant it. */
export async function watchProfiles(
  { object, spec, connect, call, now }: PersonaScope,
  maxAgeMs: number,
): Promise<Profiles> {
  const known = new Map((object.status?.securityProfiles ?? []).map((row) => [row.name, row]));
  const rows: Row[] = [];
  const changes: Announcement[] = [];
  try {
    for (const name of spec.connectUsers.securityProfiles) {
      const found = await connect.securityProfile(name, call);
      const permissions =
        "id" in found
          ? await connect.securityProfilePermissions(found.id, { ...call, priority: "sweep", maxAgeMs })
          : undefined;
      if (!permissions) continue;
      const { row, diff } = compared(name, known.get(name), permissions.slice(0, MOST_PERMISSIONS), new Date(now()));
      rows.push(row);
      if (diff) changes.push(...announced(name, diff));
    }
    return { rows, changes };
  } catch (error) {
    // No login depends on it: the rest of the pass counts.
    const failure = failureOf(error);
    return { rows: [...known.values()], changes: [], ...(isStalled(failure) ? { problem: failure.message } : {}) };
  }
}

function compared(
  name: string,
  old: Row | undefined,
  permissions: string[],
  now: Date,
): { row: Row; diff?: PermissionDiff } {
  const digest = createHash("sha256").update(permissions.join("\n")).digest("base64url").slice(0, 16);
  if (!old) return { row: { name, digest, permissions } };
  if (old.digest === digest) return { row: old };
  const diff = permissionDiff(old.permissions, permissions);
  const { gained, lost } = diff;
  const time = isoSeconds(now);
  const row: Row = {
    ...old,
    digest,
    permissions,
    ...(gained.length > 0 ? { gained: gained.slice(0, MOST_NAMED), gainedTime: time } : {}),
    ...(lost.length > 0 ? { lost: lost.slice(0, MOST_NAMED), lostTime: time } : {}),
  };
  return { row, diff };
}

function announced(name: string, diff: PermissionDiff): Announcement[] {
  const say = (type: Announcement["type"], reason: string, note: string | undefined): Announcement[] =>
    note === undefined ? [] : [{ type, reason, action: "Compare", note }];
  return [
    ...say("Warning", REASON.SecurityProfileGained, diffMessage(name, "gained", diff)),
    ...say("Normal", REASON.SecurityProfileLost, diffMessage(name, "lost", diff)),
  ];
}
