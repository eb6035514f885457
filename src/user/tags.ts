/** Tags of a Connect user beside the owner tag. */

/** Hash of the recreate annotation's value, so that an erased status never recreates twice. */
export const RECREATED_TAG = "connectsso.dev/recreated";
/** The persona whose role we assigned, so that a move takes the old role away also when status was lost. */
export const PERSONA_TAG = "connectsso.dev/persona";
