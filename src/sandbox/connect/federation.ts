/** GetFederationToken: a role session signs in as the user of its name, who stays bound to the role of the first login. */
import { randomBytes, randomUUID } from "node:crypto";
import type { Caller, SandboxHost } from "../host.ts";
import { ConnectError, invalidRequest } from "./error.ts";
import { type Instance, putUser } from "./state.ts";

const ACCESS_MS = 60 * 60_000;
/** Both the refresh token and the session in the browser. Source: administrator guide, configure SAML. */
const SESSION_MS = 12 * 60 * 60_000;

/** The role is known by its unique id: a role that was deleted and made again under its old name is another one. */
export function federate(host: SandboxHost, instance: Instance, caller: Pick<Caller, "role">): unknown {
  const now = host.clock.now();
  const bound = host.behaviour.open.federatedRoleBinding === "first";
  if (!caller.role) throw invalidRequest("Only a role session can federate");
  const { id: roleId, sessionName } = caller.role;
  const user = instance.users.get(instance.names.get(sessionName) ?? "");
  if (!user) throw new ConnectError("UserNotFoundException", `No user with username ${sessionName} was found`, 404);
  if (bound && user.federatedRole !== undefined && user.federatedRole !== roleId) {
    const text = `The user ${sessionName} is already associated with the Amazon Connect instance ${instance.id}`;
    throw new ConnectError("DuplicateResourceException", text, 409);
  }
  if (user.federatedRole === undefined) putUser(instance, { ...user, federatedRole: roleId });
  const session = { id: randomUUID(), started: now, expires: new Date(now.getTime() + SESSION_MS) };
  instance.sessions.set(user.Id, [...(instance.sessions.get(user.Id) ?? []), session]);
  const token = () => randomBytes(32).toString("base64url");
  const after = (ms: number) => Math.floor((now.getTime() + ms) / 1000);
  return {
    UserId: user.Id,
    UserArn: user.Arn,
    SignInUrl: `https://${instance.world.alias ?? instance.id}.my.connect.aws/auth/sign-in`,
    Credentials: {
      AccessToken: token(),
      AccessTokenExpiration: after(ACCESS_MS),
      RefreshToken: token(),
      RefreshTokenExpiration: after(SESSION_MS),
    },
  };
}
