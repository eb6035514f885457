/**
 * Each row of the troubleshooting tables of IAM and Connect that can be computed: broken in the sandbox by the public APIs, told by
 * `why`, and set back for the next row.
 */
import {
  ConnectClient,
  CreateUserCommand,
  DeleteUserCommand,
  DescribeUserCommand,
  ListSecurityProfilesCommand,
  TagResourceCommand,
  UpdateUserSecurityProfilesCommand,
} from "@aws-sdk/client-connect";
import {
  AttachRolePolicyCommand,
  CreatePolicyVersionCommand,
  CreateSAMLProviderCommand,
  DeleteSAMLProviderCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetSAMLProviderCommand,
  IAMClient,
  SetDefaultPolicyVersionCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { pino } from "pino";
import type { ConnectSsoPersona, ConnectUser } from "../../src/api/resources.ts";
import { explanationText } from "../../src/cli/commands/why.ts";
import { paint } from "../../src/cli/render/terminal.ts";
import { composeClouds } from "../../src/controller/clouds.ts";
import { type Explanation, explain, findUsers } from "../../src/why/index.ts";
import { type Harness, INSTANCE, PATIENCE_MS, persona, start, user, world } from "../e2e/support.ts";
import { graphByHand, until } from "../support/by-hand.ts";

let h: Harness;
let iam: IAMClient;
let connect: ConnectClient;
let graph: ReturnType<typeof graphByHand>;
let personas: ConnectSsoPersona[];
let users: ConnectUser[];
const log = pino({ level: "silent" });

const guest = {
  userPrincipalName: "guest_x.com#EXT#@example.com",
  mail: "guest@x.com",
  displayName: "Guest",
  givenName: "G",
  surname: "X",
};

beforeAll(async () => {
  const base = world();
  h = await start({
    ...base,
    users: [
      ...base.users!,
      guest,
      {
        ...guest,
        userPrincipalName: "twin@example.com",
        mail: "twin@example.com",
      },
    ],
  });
  h.apply(
    persona("agents"),
    persona("managers", {
      application: {
        displayName: "Connect managers",
        roleSessionName: { from: "mail", transform: "None" },
      },
    }),
    user("jane", "agents"),
    user("alice", "managers"),
  );
  await h.ready();
  // From here on nothing is set back but by the tests.
  await h.controller.stop();
  personas = h.controller.resources().filter(({ kind }) => kind === "ConnectSsoPersona") as ConnectSsoPersona[];
  users = h.controller.resources().filter(({ kind }) => kind === "ConnectUser") as ConnectUser[];
  iam = new IAMClient({});
  connect = new ConnectClient({ region: "us-east-1" });
  graph = graphByHand(h.sandbox);
});
afterAll(() => h?.stop());

const personaOf = (name: string) => personas.find(({ metadata }) => metadata.name === name)!;
const status = (name: string) => personaOf(name).status!;

/** A new process each time, as the command is: nothing is remembered. */
async function why(name: string, extra: object[] = []): Promise<Explanation> {
  const { clouds, close } = composeClouds({
    cluster: "test",
    pollIntervalMs: 1000,
    allowInsecure: true,
    log,
    onCall: () => {},
  });
  try {
    const all = [
      ...users,
      ...(extra as ConnectUser[]).map((one) => ({
        ...one,
        metadata: { ...one.metadata, uid: one.metadata.name },
      })),
    ];
    const deps = {
      personas,
      users: all,
      clouds,
      cluster: "test",
      repair: () => "connect-sso apply -f DIR",
    };
    return await explain(findUsers(all, name)[0]!, deps);
  } finally {
    close();
  }
}

type Undo = () => Promise<unknown>;
const firstOf = ({ links }: Explanation) => links.find(({ state }) => state === "broken" || state === "warning");
/** Looks until the lagging reads show the change; then the whole answer is what is compared. */
async function broken(name: string, link: string, extra: object[] = []): Promise<string> {
  let found = await why(name, extra);
  // Reads lag by what the sandbox's world says.
  for (const end = Date.now() + PATIENCE_MS; firstOf(found)?.name !== link && Date.now() < end; ) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    found = await why(name, extra);
  }
  const bad = found.links.filter(({ state }) => state !== "holds" && state !== "skipped");
  return bad
    .map(({ name: at, state, text, seen, fix }) =>
      [`${state} ${at}: ${text}`, seen && `sees: ${seen}`, fix && `fix: ${fix}`].filter(Boolean).join("\n"),
    )
    .join("\n");
}

const steady = (text: string) =>
  text
    .replace(/\b[0-9A-F]{40}\b/g, "SHA1")
    // Which of two personas came first is chance.
    .replace(/aws.amazon.com\/saml#2/g, "aws.amazon.com/saml")
    .replace(/AROA\w+/g, "AROA")
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?=\/|\?|$)/g, (id) =>
      id === INSTANCE ? id : "ID",
    )
    .replace(/\d{4}-\d\d-\d\d/g, "DATE");

const sp = (name: string) => `/servicePrincipals/${status(name).servicePrincipalId}`;
const app = (name: string) => `/applications/${status(name).applicationId}`;
const roleName = (name: string) => status(name).roleArn!.split("/").at(-1)!;
const idOf = async (upn: string) => (await graph("GET", `/users/${encodeURIComponent(upn)}`)).id as string;
async function assign(name: string, upn: string, appRoleId: string): Promise<Undo> {
  const body = {
    principalId: await idOf(upn),
    resourceId: status(name).servicePrincipalId,
    appRoleId,
  };
  const made = await graph("POST", `${sp(name)}/appRoleAssignedTo`, body);
  return () => graph("DELETE", `${sp(name)}/appRoleAssignedTo/${made.id}`);
}
async function unassign(name: string, upn: string): Promise<Undo> {
  const principalId = await idOf(upn);
  const { value } = await graph("GET", `${sp(name)}/appRoleAssignedTo`);
  const mine = value.find((one: { principalId: string }) => one.principalId === principalId);
  await graph("DELETE", `${sp(name)}/appRoleAssignedTo/${mine.id}`);
  return () => assign(name, upn, mine.appRoleId);
}
async function patch(path: string, change: object, back: object): Promise<Undo> {
  await graph("PATCH", path, change);
  return () => graph("PATCH", path, back);
}
async function trust(name: string, edit: (statement: Record<string, unknown>) => unknown): Promise<Undo> {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: roleName(name) }));
  const before = decodeURIComponent(Role!.AssumeRolePolicyDocument!);
  const document = JSON.parse(before);
  edit(document.Statement[0]);
  const set = (PolicyDocument: string) =>
    iam.send(
      new UpdateAssumeRolePolicyCommand({
        RoleName: roleName(name),
        PolicyDocument,
      }),
    );
  await set(JSON.stringify(document));
  return () => set(before);
}
async function federationPolicy(edit: (text: string) => string): Promise<Undo> {
  const PolicyArn = status("agents").federationPolicyArn!;
  const document = JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: "connect:GetFederationToken",
        Resource: `${personaOf("agents").spec.instanceArn}/user/\${aws:userid}`,
      },
    ],
  });
  await iam.send(
    new CreatePolicyVersionCommand({
      PolicyArn,
      PolicyDocument: edit(document),
      SetAsDefault: true,
    }),
  );
  return () => iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: "v1" }));
}
async function connectUser(name: string) {
  const UserId = users.find(({ metadata }) => metadata.name === name)!.status!.connectUserId!;
  return (await connect.send(new DescribeUserCommand({ InstanceId: INSTANCE, UserId }))).User!;
}
/** Tags of ours, by the names behind the prefix. */
async function tagJane(tags: Record<string, string>): Promise<void> {
  const { Arn } = await connectUser("jane");
  const ours = Object.fromEntries(Object.entries(tags).map(([name, value]) => [`connectsso.dev/${name}`, value]));
  await connect.send(new TagResourceCommand({ resourceArn: Arn!, tags: ours }));
}
const claimsOf = async (name: string) => (await graph("GET", `${sp(name)}/claimsMappingPolicies`)).value[0];
async function claims(
  name: string,
  edit: (
    rows: {
      ID?: string;
      Value?: string;
      SamlClaimType: string;
      Source?: string;
    }[],
  ) => unknown,
): Promise<Undo> {
  const { id, definition } = await claimsOf(name);
  const document = JSON.parse(definition[0]);
  edit(document.ClaimsMappingPolicy.ClaimsSchema);
  return patch(`/policies/claimsMappingPolicies/${id}`, { definition: [JSON.stringify(document)] }, { definition });
}

test("everything holds, by every name of the person", async () => {
  for (const name of [
    "jane",
    "team/jane",
    "JANE@example.com",
    users.find(({ metadata }) => metadata.name === "jane")!.status!.entraObjectId!,
  ]) {
    const one = await why(name);
    expect(one.links.filter(({ state }) => state !== "holds")).toEqual([]);
    expect(one.person).toBe("jane@example.com");
  }
  const text = explanationText(await why("jane"), paint(false), 80);
  expect(steady(text)).toMatchInlineSnapshot(`
   "jane@example.com ConnectUser team/jane of persona agents

   ✔ declared                ConnectUser team/jane of persona agents
   ✔ Entra user              jane@example.com exists and is enabled
   ✔ application             Connect agents, identifier
                             https://signin.aws.amazon.com/saml
   ✔ assignment              assigned to Connect agents directly
   ✔ role in the application
                             arn:aws:iam::111122223333:role/connect-sso/connect-sso-team-agents,arn:aws:iam::111122223333:saml-provider/connect-sso-team-agents
   ✔ RoleSessionName         Entra sends jane@example.com
   ✔ signing certificate     SHA1 until
                             DATE
   ✔ SAML provider           connect-sso-team-agents trusts the active certificate
   ✔ role and its trust      connect-sso-team-agents trusts connect-sso-team-agents
                             at https://signin.aws.amazon.com/saml
   ✔ session duration        as Entra's gallery application sets it; the role
                             allows 12h
   ✔ relay state            
                             https://us-east-1.console.aws.amazon.com/connect/federate/0a1b2c3d-1111-4222-8333-444455556666?destination=%2Fconnect%2Fccp
   ✔ right to federate       IAM's own simulation allows connect:GetFederationToken
   ✔ Connect instance        0a1b2c3d-1111-4222-8333-444455556666 is active and
                             signs in by SAML
   ✔ Connect user            jane@example.com exists

   Every link holds. jane@example.com signs in at
   https://myapps.microsoft.com/signin/ID?tenantId=7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071
   If the browser ends on "Session expired", the person opened Connect itself
   instead of that address.
   If it ends on "Bad Request", Connect binds the user to the role of an earlier
   login, which nothing shows: connect-sso recreate.
   For anything else: record the login and read it with connect-sso saml decode."
  `);
});

describe("refused by the controller: that is the cause, not what it did not do", () => {
  test.each([
    ["an unknown hierarchy group", { hierarchyGroup: ["Nowhere"] }, /Nowhere/],
    ["a hierarchy group below one that exists", { hierarchyGroup: ["Dublin", "Nowhere"] }, /Nowhere/],
    ["an unknown routing profile", { routingProfile: "Basic Routing" }, /did you mean Basic Routing Profile/],
  ])("%s", async (_, spec, says) => {
    const { links, cause } = await why("omar", [user("omar", "agents", spec)]);
    expect(cause).toBe("controller");
    const link = links.find(({ name }) => name === cause)!;
    expect(link).toMatchObject({ state: "broken", text: expect.stringMatching(says) });
    expect(link.fix).not.toMatch(/connect-sso apply/);
  });

  test("a Connect user that belongs to another cluster", async () => {
    const before = await connectUser("jane");
    const { UserId, UserArn } = await connect.send(
      new CreateUserCommand({
        InstanceId: INSTANCE,
        Username: "omar@example.com",
        IdentityInfo: before.IdentityInfo!,
        SecurityProfileIds: before.SecurityProfileIds!,
        RoutingProfileId: before.RoutingProfileId!,
        Tags: { "connectsso.dev/owner": "elsewhere/team/omar" },
      }),
    );
    expect(UserArn).toBeDefined();
    try {
      const { links, cause } = await why("omar", [user("omar", "agents")]);
      expect([cause, links.find(({ name }) => name === cause)?.text]).toEqual([
        "controller",
        expect.stringContaining("elsewhere/team/omar"),
      ]);
    } finally {
      await connect.send(new DeleteUserCommand({ InstanceId: INSTANCE, UserId: UserId! }));
    }
  });
});

describe("broken by hand", () => {
  const rows: [what: string, who: string, link: string, spoil: () => Promise<Undo>, extra?: object[]][] = [
    [
      "the application is disabled",
      "jane",
      "application",
      () => patch(sp("agents"), { accountEnabled: false }, { accountEnabled: true }),
    ],
    [
      "another identifier",
      "jane",
      "application",
      () =>
        patch(
          app("agents"),
          { identifierUris: ["urn:somebody:else"] },
          { identifierUris: [status("agents").identifier] },
        ),
    ],
    [
      "a role that is disabled, as Entra's import may leave it",
      "jane",
      "role in the application",
      async () => {
        const { appRoles } = await graph("GET", app("agents"));
        const set = (isEnabled: boolean) =>
          graph("PATCH", app("agents"), {
            appRoles: (appRoles as { value: string | null }[]).map((one) =>
              one.value?.startsWith("arn:") ? { ...one, isEnabled } : one,
            ),
          });
        await set(false);
        return async () => void (await set(true));
      },
    ],
    ["not assigned", "jane", "assignment", () => unassign("agents", "jane@example.com")],
    [
      "assigned with default access, which sends no Role",
      "jane",
      "assignment",
      async () => {
        const back = await unassign("agents", "jane@example.com");
        const { value } = {
          value: (await graph("GET", app("agents"))).appRoles as {
            id: string;
            value: string | null;
            displayName: string;
          }[],
        };
        const undo = await assign("agents", "jane@example.com", value.find((one) => one.value === null)!.id);
        return async () => {
          await undo();
          await back();
        };
      },
    ],
    [
      "two roles: a page that asks which one",
      "jane",
      "assignment",
      async () => {
        const { appRoles } = await graph("GET", app("agents"));
        const id = "11111111-2222-4333-8444-555555555555";
        const more = {
          id,
          allowedMemberTypes: ["User"],
          description: "x",
          displayName: "x",
          isEnabled: true,
          value: "arn:aws:iam::111122223333:role/x,arn:aws:iam::111122223333:saml-provider/x",
        };
        await graph("PATCH", app("agents"), { appRoles: [...appRoles, more] });
        const undo = await until("the second role", () =>
          assign("agents", "jane@example.com", id).catch(() => undefined),
        );
        return undo;
      },
    ],
    [
      "assigned in two personas",
      "jane",
      "assignment",
      () => assign("managers", "jane@example.com", status("managers").appRoleId!),
    ],
    [
      "a guest: '#' in the RoleSessionName",
      "guest",
      "assignment",
      async () => async () => {},
      [
        user("guest", "agents", {
          entraUser: { userPrincipalName: guest.userPrincipalName },
        }),
      ],
    ],
    [
      "claims without RoleSessionName",
      "alice",
      "RoleSessionName",
      () => claims("managers", (rows) => void rows.splice(1, 1)),
    ],
    [
      "claims from another attribute",
      "alice",
      "RoleSessionName",
      () => claims("managers", (found) => Object.assign(found[1]!, { ID: "userprincipalname" })),
    ],
    [
      "SessionDuration above the role's",
      "alice",
      "session duration",
      async () => {
        const set = (MaxSessionDuration: number) =>
          iam.send(
            new UpdateRoleCommand({
              RoleName: roleName("managers"),
              MaxSessionDuration,
            }),
          );
        await set(3600);
        return () => set(43_200);
      },
    ],
    [
      "session tags that the trust does not allow",
      "alice",
      "role and its trust",
      () =>
        claims(
          "managers",
          (rows) =>
            void rows.push({
              Source: "user",
              ID: "department",
              SamlClaimType: "https://aws.amazon.com/SAML/Attributes/PrincipalTag:Department",
            }),
        ),
    ],
    [
      "another certificate signs",
      "jane",
      "SAML provider",
      async () => {
        const before = await graph("GET", sp("agents"));
        const made = await graph("POST", `${sp("agents")}/addTokenSigningCertificate`, { displayName: "CN=by hand" });
        await until("the new certificate", () =>
          graph("PATCH", sp("agents"), {
            preferredTokenSigningKeyThumbprint: made.thumbprint,
          }),
        );
        return () =>
          graph("PATCH", sp("agents"), {
            preferredTokenSigningKeyThumbprint: before.preferredTokenSigningKeyThumbprint,
          });
      },
    ],
    [
      "the provider trusts another issuer",
      "jane",
      "SAML provider",
      async () => {
        const SAMLProviderArn = status("agents").samlProviderArn!;
        const { SAMLMetadataDocument } = await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn }));
        const set = (text: string) =>
          iam.send(
            new UpdateSAMLProviderCommand({
              SAMLProviderArn,
              SAMLMetadataDocument: text,
            }),
          );
        await set(SAMLMetadataDocument!.replaceAll(status("agents").tenantId!, "00000000-0000-4000-8000-00000000beef"));
        return () => set(SAMLMetadataDocument!);
      },
    ],
    [
      "the provider is gone",
      "jane",
      "SAML provider",
      async () => {
        const SAMLProviderArn = status("agents").samlProviderArn!;
        const { SAMLMetadataDocument } = await iam.send(new GetSAMLProviderCommand({ SAMLProviderArn }));
        await iam.send(new DeleteSAMLProviderCommand({ SAMLProviderArn }));
        return () =>
          iam.send(
            new CreateSAMLProviderCommand({
              Name: SAMLProviderArn.split("/")[1]!,
              SAMLMetadataDocument,
            }),
          );
      },
    ],
    [
      "the trust names another provider",
      "jane",
      "role and its trust",
      () =>
        trust("agents", (one) =>
          Object.assign(one, {
            Principal: { Federated: status("managers").samlProviderArn },
          }),
        ),
    ],
    [
      "the trust accepts another endpoint",
      "jane",
      "role and its trust",
      () =>
        trust("agents", (one) =>
          Object.assign(one, {
            Condition: {
              StringEquals: {
                "saml:aud": "https://eu-west-1.signin.aws.amazon.com/saml",
              },
            },
          }),
        ),
    ],
    [
      "no relay state: the AWS console",
      "jane",
      "relay state",
      () =>
        patch(
          sp("agents"),
          { samlSingleSignOnSettings: { relayState: null } },
          {
            samlSingleSignOnSettings: {
              relayState: status("agents").relayState,
            },
          },
        ),
    ],
    [
      "/agent/ instead of /user/ in the policy",
      "jane",
      "right to federate",
      () => federationPolicy((text) => text.replace("/user/", "/agent/")),
    ],
    [
      "the policy is detached",
      "jane",
      "right to federate",
      async () => {
        const both = {
          RoleName: roleName("agents"),
          PolicyArn: status("agents").federationPolicyArn!,
        };
        await iam.send(new DetachRolePolicyCommand(both));
        return () => iam.send(new AttachRolePolicyCommand(both));
      },
    ],
    [
      "another security profile",
      "jane",
      "Connect user",
      async () => {
        const { Id } = await connectUser("jane");
        const profiles = (await connect.send(new ListSecurityProfilesCommand({ InstanceId: INSTANCE })))
          .SecurityProfileSummaryList!;
        const set = (name: string) =>
          connect.send(
            new UpdateUserSecurityProfilesCommand({
              InstanceId: INSTANCE,
              UserId: Id!,
              SecurityProfileIds: [profiles.find(({ Name }) => Name === name)!.Id!],
            }),
          );
        await set("Admin");
        return () => set("Agent");
      },
    ],
    [
      "came from another persona",
      "jane",
      "Connect user",
      async () => {
        const tag = (value: string) => tagJane({ persona: value, role: roleName(value) });
        await tag("managers");
        return () => tag("agents");
      },
    ],
    [
      "came from another persona, as a later pass shows it",
      "jane",
      "Connect user",
      async () => {
        await tagJane({ "moved-from": "managers" });
        return () => tagJane({ "moved-from": "agents" });
      },
    ],
    [
      "a Connect user in another case",
      "jane",
      "Connect user",
      async () => {
        const before = await connectUser("jane");
        await connect.send(new DeleteUserCommand({ InstanceId: INSTANCE, UserId: before.Id! }));
        const create = (Username: string) =>
          connect.send(
            new CreateUserCommand({
              InstanceId: INSTANCE,
              Username,
              IdentityInfo: before.IdentityInfo!,
              SecurityProfileIds: before.SecurityProfileIds!,
              RoutingProfileId: before.RoutingProfileId!,
            }),
          );
        const made = await create("Jane@example.com");
        return () =>
          connect.send(
            new DeleteUserCommand({
              InstanceId: INSTANCE,
              UserId: made.UserId!,
            }),
          );
      },
    ],
    ["no Connect user at all", "jane", "Connect user", async () => async () => {}],
  ];
  test.each(rows.map(([what, who, link, spoil, extra = []]) => ({ what, who, link, spoil, extra })))(
    "$what",
    async (row) => {
      const { what, who, link, spoil, extra } = row;
      const undo = await spoil();
      try {
        const text = await broken(who, link, extra);
        expect(text).toMatch(new RegExp(`^(broken|warning) ${link}: `));
        expect(steady(text)).toMatchSnapshot(what);
      } finally {
        await undo();
      }
    },
  );
});

test.each([
  ["does not exist", user("nobody", "agents"), "Entra user", "there is no user nobody@example.com in tenant"],
  ["is disabled", user("disabled", "agents"), "Entra user", "disabled@example.com is disabled"],
  ["has no mail", user("nomail", "managers"), "assignment", "nomail@example.com is not assigned"],
  ["of no persona", user("omar", "nope"), "declared", "refers to persona nope, which does not exist"],
  [
    "with a profile that the persona does not allow",
    user("omar", "agents", { securityProfiles: ["Admin"] }),
    "declared",
    "does not allow the security profile Admin",
  ],
  [
    "declared twice",
    {
      ...user("jane", "managers"),
      metadata: { name: "jane-2", namespace: "team" },
    },
    "declared",
    "declares the same Entra user",
  ],
])("a person who %s", async (_, object, link, text) => {
  const { links } = await why(object.metadata.name, [object]);
  const first = links.find(({ state }) => state === "broken");
  expect(first).toMatchObject({
    name: link,
    text: expect.stringContaining(text),
  });
  if (link !== "declared") expect(links.find(({ name }) => name === "RoleSessionName")).toBeDefined();
});
