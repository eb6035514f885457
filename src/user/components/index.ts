/** All components of a user, in the order in which they are set up. Leaving one out does not compile. */
import type { Components } from "../../engine/component.ts";
import type { UserRemoval } from "../removal.ts";
import type { UserScope } from "../scope.ts";
import type { Seen } from "../seen.ts";
import { connectUser } from "./connect-user.ts";
import { formerAssignmentsComponent } from "./former-assignments.ts";
import { quickConnects } from "./quick-connects.ts";
import { roleAssignment } from "./role-assignment.ts";
import { withdrawal } from "./withdrawal.ts";

export const COMPONENTS: Components<UserScope, Seen, UserRemoval> = {
  withdrawal,
  "former-assignments": formerAssignmentsComponent,
  "connect-user": connectUser,
  "quick-connects": quickConnects,
  "role-assignment": roleAssignment,
};
