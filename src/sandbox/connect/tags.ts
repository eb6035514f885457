/** Tags of users. */
import type { SandboxHost } from "../host.ts";
import { invalidRequest, notFound } from "./error.ts";
import { type Call, type Route, route } from "./route.ts";
import { type ConnectUser, type Instance, putUser } from "./state.ts";
import { tagMap } from "./validate.ts";

const MOST_TAGS = 50;

export function tagRoutes(host: SandboxHost): Route[] {
  const tagged = (
    { instances, rest }: Call,
    map: "get" | "read" = "get",
  ): { instance: Instance; user: ConnectUser } => {
    const [, instanceId, id] = /instance\/([^/]+)\/agent\/([^/]+)$/.exec(rest[0]!) ?? [];
    const instance = instances.get(instanceId ?? "");
    const user = instance?.users[map](id ?? "");
    if (!instance || !user) throw notFound("The specified resource does not exist");
    return { instance, user };
  };
  const change = ({ instance, user }: ReturnType<typeof tagged>, Tags: Record<string, string>) => {
    const moved =
      host.behaviour.open.lastModifiedTimeCovers === "everything" ? { LastModifiedTime: host.clock.now() } : {};
    putUser(instance, { ...user, Tags, ...moved });
  };
  return [
    route("ListTagsForResource", "GET", "/tags/{resourceArn}", false, (call) => ({
      tags: tagged(call, "read").user.Tags,
    })),
    route("TagResource", "POST", "/tags/{resourceArn}", true, (call) => {
      const found = tagged(call);
      if (call.body.tags === undefined) throw invalidRequest("tags is required");
      const tags = { ...found.user.Tags, ...tagMap(call.body.tags) };
      if (Object.keys(tags).length > MOST_TAGS) throw invalidRequest(`A resource has at most ${MOST_TAGS} tags`);
      change(found, tags);
    }),
    route("UntagResource", "DELETE", "/tags/{resourceArn}", true, (call) => {
      const found = tagged(call);
      const keys = new Set(call.query.getAll("tagKeys"));
      if (keys.size < 1 || keys.size > MOST_TAGS) throw invalidRequest("tagKeys must have 1 to 50 members");
      change(found, Object.fromEntries(Object.entries(found.user.Tags).filter(([key]) => !keys.has(key))));
    }),
  ];
}
