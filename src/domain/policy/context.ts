/** What is known of a request's condition keys. Keys are compared without case. */
export interface Context {
  /** Values of a key, empty when the request surely lacks it, "unknown" when nothing is known of it. */
  valuesOf(key: string): readonly string[] | "unknown";
}

/**
 * `known` lists keys with their values; an empty list says that the request lacks the key. Every other key is unknown, or absent when
 * `complete` is true.
 */
export function contextOf(known: Record<string, readonly string[]>, complete = false): Context {
  const keys = new Map(Object.entries(known).map(([key, values]) => [key.toLowerCase(), values]));
  return { valuesOf: (key) => keys.get(key.toLowerCase()) ?? (complete ? [] : "unknown") };
}

/** AssumeRoleWithSAML. `SAML:aud` is the assertion's Recipient, `saml:doc` is `<account>/<provider name>`. */
export function samlContext(login: {
  recipient: string;
  providerArn: string;
  issuer?: string;
  roleSessionName?: string;
}): Context {
  const [, account, name] = /^arn:[\w-]+:iam::(\d{12}):saml-provider\/(.+)$/.exec(login.providerArn) ?? [];
  return contextOf({
    "SAML:aud": [login.recipient],
    "aws:FederatedProvider": [login.providerArn],
    ...(account ? { "saml:doc": [`${account}/${name}`] } : {}),
    ...(login.issuer ? { "saml:iss": [login.issuer] } : {}),
    ...(login.roleSessionName ? { "sts:RoleSessionName": [login.roleSessionName] } : {}),
  });
}

/** GetFederationToken by a session of the role. `roleId` is `AROA…`; `aws:userid` is `<role id>:<RoleSessionName>`. */
export function federationContext(session: { roleId?: string; roleSessionName: string; instanceId: string }): Context {
  return contextOf({
    ...(session.roleId ? { "aws:userid": [`${session.roleId}:${session.roleSessionName}`] } : {}),
    "connect:InstanceId": [session.instanceId],
    // IAM users have names; a session of a role has none.
    "aws:username": [],
  });
}
