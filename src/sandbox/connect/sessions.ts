/** Sign-in sessions: a federated login opens one, it lasts twelve hours, and an administrator ends them all. */
import type { SandboxHost } from "../host.ts";
import { ConnectError, invalidParameter, invalidRequest, notFound } from "./error.ts";
import { federate } from "./federation.ts";
import { page } from "./page.ts";
import { type Route, route, seconds } from "./route.ts";
import { type Instance, type Session, stableId } from "./state.ts";
import { type Body, required } from "./validate.ts";

/** Those of a user that have not expired. */
function liveSessions(instance: Instance, userId: string, now: Date): Session[] {
  return (instance.sessions.get(userId) ?? []).filter(({ expires }) => expires > now);
}

export function sessionRoutes(host: SandboxHost): Route[] {
  return [
    route("GetFederationToken", "GET", "/user/federate/{InstanceId}", true, ({ instance, caller }) =>
      federate(host, instance, caller),
    ),
    route(
      "DeleteAllEntitySessions",
      "POST",
      "/auth/sessions/delete-all-entity-sessions",
      true,
      ({ instance, body }) => {
        const answer = host.behaviour.open.deleteAllEntitySessions;
        if (answer === "unknown") throw new ConnectError("UnknownOperationException", "", 404);
        const id = required(body, "EntityId").split("/").at(-1)!;
        if (required(body, "EntityType") !== "USER") throw invalidParameter("EntityType must be USER");
        if (answer === "refused") throw invalidRequest("The operation is not supported for this instance");
        if (!instance.users.get(id) && !instance.sessions.has(id))
          throw notFound("The specified entity does not exist");
        instance.sessions.delete(id);
      },
    ),
    route("GetCurrentUserData", "POST", "/metrics/userdata/{InstanceId}", false, ({ instance, body }) => {
      const shown = chosen(instance, body.Filters);
      const now = host.clock.now();
      const online = [...instance.sessions.keys()].flatMap((id) => {
        const [session] = liveSessions(instance, id, now);
        const user = instance.users.read(id);
        return session && (!user || shown(id, user.RoutingProfileId)) ? [{ id, user, session }] : [];
      });
      const { slice, token } = page(online, Number(body.MaxResults ?? 100), 100, body.NextToken as string | undefined);
      const profileOf = (id: string | undefined) => instance.routingProfiles.find(({ Id }) => Id === id);
      return {
        UserDataList: slice.map(({ id, user, session }) => ({
          User: { Id: id, Arn: `${instance.arn}/agent/${id}` },
          RoutingProfile: {
            Id: user?.RoutingProfileId,
            Arn: profileOf(user?.RoutingProfileId)?.Arn,
          },
          Status: {
            StatusName: "Available",
            StatusStartTimestamp: seconds(session.started),
            StatusArn: `${instance.arn}/agent-state/${stableId(instance.id, "agent-state", "Available")}`,
          },
          Contacts: [],
        })),
        NextToken: token,
        ApproximateTotalCount: online.length,
      };
    }),
  ];
}

/** Exactly one filter, of agents or of routing profiles; others are not emulated and refused. */
function chosen(instance: Instance, filters: unknown): (id: string, routingProfile: string) => boolean {
  const [[name, ids] = [], ...more] = Object.entries((filters ?? {}) as Body);
  if (more.length > 0 || !Array.isArray(ids) || ids.length < 1 || ids.length > 100)
    throw invalidRequest("Filters must have one list of 1 to 100 members");
  const wanted = new Set(ids.map((id) => String(id).split("/").at(-1)));
  if (name === "Agents") return (id) => wanted.has(id);
  if (name === "RoutingProfiles") {
    for (const id of wanted)
      if (!instance.routingProfiles.some(({ Id }) => Id === id)) throw notFound(`Routing profile ${id} not found`);
    return (_, routingProfile) => wanted.has(routingProfile);
  }
  throw invalidRequest(`The sandbox does not emulate the filter ${name}`);
}
