/** Sessions of roles, as STS opens them. */
import type { SandboxHost } from "../host.ts";
import { uniqueId } from "./state.ts";

/** Registers the keys of a session. `known`: the role is of an IAM that the sandbox holds, whose policies then bind the session. */
export function openSession(
  host: SandboxHost,
  role: { account: string; name: string; id: string; known: boolean },
  sessionName: string,
  seconds: number,
) {
  const id = uniqueId("ASIA", 16);
  const expires = new Date(host.clock.now().getTime() + seconds * 1000);
  const secret = uniqueId("", 40);
  const token = uniqueId("", 80);
  const arn = `arn:aws:sts::${role.account}:assumed-role/${role.name}/${sessionName}`;
  host.callers.set(id, {
    account: role.account,
    arn,
    secret,
    role: { id: role.id, sessionName, ...(role.known && { name: role.name }) },
    session: { token, expires },
  });
  return {
    AssumedRoleUser: { AssumedRoleId: `${role.id}:${sessionName}`, Arn: arn },
    Credentials: { AccessKeyId: id, SecretAccessKey: secret, SessionToken: token, Expiration: expires },
  };
}
