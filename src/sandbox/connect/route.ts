/** One operation of Connect: how it is reached, and what it does. */
import type { Caller } from "../host.ts";
import type { Instance } from "./state.ts";
import type { Body } from "./validate.ts";

export interface Call {
  instance: Instance;
  /** Captures of the route after the instance id. */
  rest: string[];
  body: Body;
  query: URLSearchParams;
  caller: Caller;
  /** The instances of the caller's account and region. */
  instances: Map<string, Instance>;
}
export interface Route {
  name: string;
  method: string;
  path: RegExp;
  writes: boolean;
  run(call: Call): unknown;
}

/** `uri` as the service model has it, with the instance first where it is named: `/users/{InstanceId}/{UserId}`. */
export function route(name: string, method: string, uri: string, writes: boolean, run: (call: Call) => unknown): Route {
  const path = uri.replace(/\{\w+\}/g, "([^/]+)");
  // Operations that do not name the instance in their path have an empty first capture.
  const captures = uri.includes("{InstanceId}") ? path : `()${path}`;
  return { name, method, path: new RegExp(`^${captures}$`), writes, run };
}

export const seconds = (date: Date): number => Math.floor(date.getTime() / 1000);

export function modified(instance: Instance, at: Date = instance.created) {
  return { LastModifiedTime: seconds(at), LastModifiedRegion: instance.world.region };
}
