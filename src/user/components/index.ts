/** All components of a user, in the order in which they are brought about. Leaving one out does not compile. */
import type { Components } from "../../engine/component.ts";
import type { UserRemoval } from "../removal.ts";
import type { UserScope } from "../scope.ts";
import type { Seen } from "../seen.ts";
import { connectUser } from "./connect-user.ts";
import { formerAssignmentsComponent } from "./former-assignments.ts";
import { roleAssignment } from "./role-assignment.ts";

export const COMPONENTS: Components<UserScope, Seen, UserRemoval> = {
  "former-assignments": formerAssignmentsComponent,
  "connect-user": connectUser,
  "role-assignment": roleAssignment,
};
