/** The writes of a set: ConnectUsers by server-side apply, under two field managers. */
import {
  API_VERSION,
  type ConnectUser,
  type ConnectUserSet,
  MEMBER_ANNOTATIONS,
  PERSONA,
  SET,
  SET_LABEL,
  USER,
} from "../api/resources.ts";
import type { ApplyConfiguration, ObjectStore, OwnerReference } from "../runtime/port.ts";
import { becauseText } from "./member.ts";
import type { Member } from "./members.ts";
import type { Changed } from "./outcome.ts";

/** Owns what the rules say. */
const RULES = "connect-sso-set";
/** Owns what is only noted on a user, so that a note neither takes fields nor gives them up. */
const NOTES = "connect-sso-set-notes";

interface Writing {
  store: ObjectStore;
  set: ConnectUserSet;
  /** The ConnectUser as it is now. */
  user: ConnectUser | undefined;
}

/** Carries out one change. Repeating it does no harm. */
export async function write(member: Changed, { store, set, user }: Writing): Promise<void> {
  switch (member.change.verb) {
    case "Create":
    case "Update":
      await store.serverSideApply(configurationOf(member, set), RULES);
      if (user && hasNotes(user)) await note(store, user, {});
      return;
    case "Leave":
      return note(store, user!, { [MEMBER_ANNOTATIONS.leavingSince]: member.leavingSince! });
    case "Remove":
      return remove(store, user!);
    case "HandOver":
      // The one written by hand continues with the same Connect user and role.
      return remove(store, user!, { deletionPolicy: "Retain" });
  }
}

function configurationOf({ name, wanted, hash, because, personaUid }: Member, set: ConnectUserSet): ApplyConfiguration {
  const { namespace, uid } = set.metadata;
  const owners: OwnerReference[] = [
    { apiVersion: API_VERSION, kind: SET, name: set.metadata.name, uid, controller: true },
  ];
  if (personaUid)
    owners.push({ apiVersion: API_VERSION, kind: PERSONA, name: wanted!.personaRef.name, uid: personaUid });
  return {
    apiVersion: API_VERSION,
    kind: USER,
    metadata: {
      name,
      namespace,
      labels: { [SET_LABEL]: set.metadata.name },
      annotations: { [MEMBER_ANNOTATIONS.because]: becauseText(because), [MEMBER_ANNOTATIONS.hash]: hash! },
      ownerReferences: owners,
    },
    spec: wanted,
  };
}

function hasNotes({ metadata: { annotations = {} } }: ConnectUser): boolean {
  return annotations[MEMBER_ANNOTATIONS.leavingSince] !== undefined;
}

async function note(
  store: ObjectStore,
  { metadata: { namespace, name } }: ConnectUser,
  annotations: Record<string, string>,
  spec?: Partial<ConnectUser["spec"]>,
): Promise<void> {
  const metadata = { name, namespace, annotations };
  await store.serverSideApply({ apiVersion: API_VERSION, kind: USER, metadata, ...(spec ? { spec } : {}) }, NOTES);
}

export async function remove(
  store: ObjectStore,
  user: ConnectUser,
  spec?: Partial<ConnectUser["spec"]>,
): Promise<void> {
  if (spec) await note(store, user, {}, spec);
  await store.remove(user);
}

/** From now on the user is like one that was written by hand, with all that it has. */
export async function orphan(store: ObjectStore, user: ConnectUser, set: ConnectUserSet): Promise<void> {
  const { namespace, name } = user.metadata;
  const annotations = { [MEMBER_ANNOTATIONS.orphanOf]: set.metadata.name };
  const configuration = {
    apiVersion: API_VERSION,
    kind: USER,
    metadata: { name, namespace, annotations },
    spec: user.spec,
  };
  await store.serverSideApply(configuration, RULES);
  if (hasNotes(user)) await note(store, user, {});
}
