/** Proficiencies of a user. */
import type { SandboxHost } from "../host.ts";
import { invalidParameter, invalidRequest, notFound } from "./error.ts";
import { type Call, modified, type Route, route } from "./route.ts";
import { type Proficiency, putUser } from "./state.ts";
import { userOf } from "./users.ts";
import { proficiencies } from "./validate.ts";

const PER_USER = 10;
const same = (a: Proficiency, b: Proficiency) =>
  a.AttributeName === b.AttributeName && a.AttributeValue === b.AttributeValue;

export function proficiencyRoutes(host: SandboxHost): Route[] {
  const change = (call: Call, Proficiencies: Proficiency[]) => {
    const moved =
      host.behaviour.open.lastModifiedTimeCovers === "settings" ? {} : { LastModifiedTime: host.clock.now() };
    putUser(call.instance, { ...userOf(call), Proficiencies, ...moved });
  };
  return [
    route("ListUserProficiencies", "GET", "/users/{InstanceId}/{UserId}/proficiencies", false, (call) => {
      const { Proficiencies, LastModifiedTime } = userOf(call, "read");
      return { UserProficiencyList: Proficiencies, ...modified(call.instance, LastModifiedTime) };
    }),
    route(
      "AssociateUserProficiencies",
      "POST",
      "/users/{InstanceId}/{UserId}/associate-proficiencies",
      true,
      (call) => {
        const added = proficiencies(call.instance, call.body.UserProficiencies, true);
        const old = userOf(call).Proficiencies;
        if (added.some((one) => old.some((other) => same(one, other))))
          throw invalidRequest("The proficiency is already associated");
        if (old.length + added.length > PER_USER) throw invalidParameter(`At most ${PER_USER} proficiencies per agent`);
        change(call, [...old, ...added]);
      },
    ),
    route("UpdateUserProficiencies", "POST", "/users/{InstanceId}/{UserId}/proficiencies", true, (call) => {
      const changed = proficiencies(call.instance, call.body.UserProficiencies, true);
      const old = userOf(call).Proficiencies;
      for (const one of changed)
        if (!old.some((other) => same(one, other))) throw notFound("The proficiency is not associated");
      change(
        call,
        old.map((one) => changed.find((other) => same(one, other)) ?? one),
      );
    }),
    route(
      "DisassociateUserProficiencies",
      "POST",
      "/users/{InstanceId}/{UserId}/disassociate-proficiencies",
      true,
      (call) => {
        const gone = proficiencies(call.instance, call.body.UserProficiencies, false);
        change(
          call,
          userOf(call).Proficiencies.filter((one) => !gone.some((other) => same(one, other))),
        );
      },
    ),
  ];
}
