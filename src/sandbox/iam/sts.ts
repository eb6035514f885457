/** STS: who am I, and sessions of roles. */
import type { Caller, SandboxHost } from "../host.ts";
import { type IamOperation, read } from "./account.ts";
import { isObject, type Json, statementsOf, stringsOf } from "./documents.ts";
import { IamError, invalid } from "./error.ts";
import { openSession } from "./session.ts";
import { type IamState, type Role, uniqueId } from "./state.ts";

const SESSION_SECONDS = 3600;
const LEAST_SECONDS = 900;
const MOST_SECONDS = 43_200;

/** `caller` is who signed the request at hand. */
export function stsOperations(state: IamState, host: SandboxHost): Record<string, (caller: Caller) => IamOperation> {
  return {
    GetCallerIdentity: (caller) =>
      read(() => ({ UserId: userIdOf(state, caller), Account: caller.account, Arn: caller.arn })),
    AssumeRole: (caller) =>
      read((p) => {
        const arn = p.required("RoleArn");
        const session = p.required("RoleSessionName");
        checkSessionName(session);
        const [, account, name] = /^arn:aws[\w-]*:iam::(\d{12}):role\/(?:.*\/)?([^/]+)$/.exec(arn) ?? [];
        if (account === undefined || name === undefined) throw invalid(`${arn} is invalid`);
        const role = assumable(state, host, caller, arn, account, name);
        const seconds = p.integer("DurationSeconds", LEAST_SECONDS, MOST_SECONDS) ?? SESSION_SECONDS;
        if (role && seconds > role.maxSessionDuration)
          throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
        const opened = { account, name, id: role?.id ?? uniqueId("AROA"), known: role !== undefined };
        return openSession(host, opened, session, seconds);
      }),
  };
}

/** STS, unlike IAM, repeats the value it complains about. */
function checkSessionName(name: string): void {
  const complain = (constraint: string) =>
    invalid(
      `1 validation error detected: Value '${name}' at 'roleSessionName' failed to satisfy constraint: ${constraint}`,
    );
  if (name.length < 2) throw complain("Member must have length greater than or equal to 2");
  if (name.length > 64) throw complain("Member must have length less than or equal to 64");
  if (!/^[\w+=,.@-]*$/.test(name)) throw complain("Member must satisfy regular expression pattern: [\\w+=,.@-]*");
}

/** The role when it is in IAM's own account and trusts the caller; undefined for one in another account of the world. */
function assumable(
  state: IamState,
  host: SandboxHost,
  caller: Caller,
  arn: string,
  account: string,
  name: string,
): Role | undefined {
  if (account !== state.account && host.world.accounts.includes(account)) return undefined;
  const role = account === state.account ? state.roles.get(name.toLowerCase()) : undefined;
  if (role?.arn === arn && trusts(role.trust, caller)) return role;
  throw new IamError(
    "AccessDenied",
    `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
    403,
  );
}

function trusts(trust: string, caller: Caller): boolean {
  const names = ["*", caller.account, caller.arn, `arn:aws:iam::${caller.account}:root`];
  return (statementsOf(JSON.parse(trust) as Json) ?? []).some(({ Effect, Action, Principal }) => {
    const trusted = Principal === "*" ? ["*"] : isObject(Principal) ? (stringsOf(Principal.AWS ?? []) ?? []) : [];
    const allowed = (stringsOf(Action ?? []) ?? []).some((action) => /^sts:(AssumeRole|\*)$/i.test(action));
    return Effect === "Allow" && allowed && trusted.some((one) => names.includes(one));
  });
}

function userIdOf(state: IamState, caller: Caller): string {
  if (caller.role) return `${caller.role.id}:${caller.role.sessionName}`;
  const user = [...state.users.values()].find(({ arn }) => arn === caller.arn);
  return user?.id ?? "AIDASANDBOXADMIN00000";
}
