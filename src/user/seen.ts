/** What each component of a user sees in a pass. One member a component. */
import type { Component } from "../engine/component.ts";
import type { ConnectUserView, UserQuickConnect } from "../providers/aws/types.ts";
import type { Assignment } from "../providers/graph/types.ts";
import type { UserRemoval } from "./removal.ts";
import type { UserScope } from "./scope.ts";

export interface FormerAssignment {
  persona: string;
  servicePrincipalId: string;
  assignmentId: string;
  /** Both personas share the role, so the person keeps it: the new assignment comes first, and this one goes last. */
  keepsRole?: boolean;
}
export interface Seen {
  /** What the person still has although access is withdrawn. */
  withdrawal: { assignments: readonly Assignment[]; users: readonly ConnectUserView[] };
  /** Assignments that we made in the application of a persona that the user belonged to before. */
  "former-assignments": { former: FormerAssignment[]; conflict?: string; isAssigned?: boolean };
  "connect-user": { user?: ConnectUserView; lastAdministrator?: string };
  /** Quick connects that ring the Connect user's predecessor, and the id that they are to ring. */
  "quick-connects": { stale: readonly UserQuickConnect[]; userId?: string };
  /** The user's own assignments in the persona's application, and whether a group of which the user is a direct member has the role. */
  "role-assignment": { assignments: readonly Assignment[]; byGroup: boolean };
}
export type ComponentName = keyof Seen;
export type UserComponent<N extends ComponentName> = Component<UserScope, Seen, N, UserRemoval>;
