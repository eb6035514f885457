/** Tags of a Connect user beside the owner tag. */

/** Hash of the recreate annotation's value, so that an erased status never recreates twice. */
export const RECREATED_TAG = "connectsso.dev/recreated";
/** The persona whose role we assigned, so that a move takes the old role away also when status was lost. */
export const PERSONA_TAG = "connectsso.dev/persona";
/** Name of the role with which the person signs in. Connect binds the user to it at the first login, and shows it nowhere. */
export const ROLE_TAG = "connectsso.dev/role";
/** The persona for which a Connect user was created that has another role since: Connect may hold the role of a login from then. */
export const MOVED_TAG = "connectsso.dev/moved-from";
/** Entra's object id of the person. */
export const PERSON_TAG = "connectsso.dev/entra-object-id";
/** Name or id by which the person was declared; the id above counts for that declaration only. */
export const DECLARED_TAG = "connectsso.dev/entra-user";
/** The Connect user was there before: it was taken over. */
export const ADOPTED_TAG = "connectsso.dev/adopted";
