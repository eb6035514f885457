/** Ends the sign-in sessions of a Connect user. */
import { DescribeInstanceCommand } from "@aws-sdk/client-connect";
import type { HttpRequest } from "@aws-sdk/types";
import { type CallOptions, CloudError } from "../errors.ts";
import type { Call } from "./call.ts";
import type { ConnectUserView, SessionsEnded } from "./types.ts";

const PATH = "/auth/sessions/delete-all-entity-sessions";
/** What says that this user's sessions cannot be ended this way, now or ever: nothing else needs to wait for it. */
const NOT_POSSIBLE = ["InvalidInput", "NotSupported", "AccessDenied"];

/**
 * DeleteAllEntitySessions. @aws-sdk/client-connect 3.1136.0 has no command for it, so another one lends its endpoint, signature, time-outs
 * and errors, and sends this request. Replace it by the command once there is one.
 */
export function deleteAllEntitySessions(InstanceId: string, EntityId: string): DescribeInstanceCommand {
  const command = new DescribeInstanceCommand({ InstanceId });
  command.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as HttpRequest;
      request.method = "POST";
      request.path = request.path.replace(/\/instance\/[^/]+$/, PATH);
      request.headers = { ...request.headers, "content-type": "application/json" };
      request.body = JSON.stringify({ InstanceId, EntityId, EntityType: "USER" });
      return next(args);
    },
    // Before the build step adds the length of the body, and long before it is signed.
    { step: "serialize", name: "deleteAllEntitySessions", priority: "low" },
  );
  return command;
}

export function endSessions(p: { call: Call; instanceId: string }) {
  return async (user: ConnectUserView, o?: CallOptions): Promise<SessionsEnded> => {
    const command = deleteAllEntitySessions(p.instanceId, user.id);
    try {
      await p.call(command, o, user.username, "DeleteAllEntitySessions");
      return { ended: true };
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      // A user who is gone has none.
      if (error.reason === "NotFound") return { ended: true };
      if (NOT_POSSIBLE.includes(error.reason)) return { ended: false, reason: error.reason, message: error.message };
      throw error;
    }
  };
}
