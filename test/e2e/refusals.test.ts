/** What bad input gets: Stalled, a reason, one sentence, and no write to a cloud. What a schema can say is the CRD's (test/kube, test/manifests). */
import { CreateRoleCommand, CreateSAMLProviderCommand, IAMClient } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { ConnectUser } from "../../src/api/resources.ts";
import type { Resource } from "../../src/controller/on-folder.ts";
import { metadataDocument } from "../sandbox/iam-support.ts";
import { type Harness, INSTANCE_ARN, PATIENCE_MS, persona, start, status, user, world } from "./support.ts";

let h: Harness;
const OTHER = "0a1b2c3d-1111-4222-8333-444455556667";
const GLOBAL = "0a1b2c3d-1111-4222-8333-444455556668";
const IDENTIFIER = "https://signin.aws.amazon.com/saml#7";

beforeAll(async () => {
  const base = world();
  const [instance] = base.instances!;
  h = await start(
    {
      ...base,
      users: [
        ...base.users!,
        {
          userPrincipalName: "guest_partner.org#EXT#@example.com",
          mail: "guest@partner.org",
          givenName: "G",
          surname: "T",
        },
        { userPrincipalName: "nameless@example.com", mail: "nameless@example.com", displayName: "Nameless" },
        { userPrincipalName: "o'brien@example.com", mail: "o'brien@example.com", givenName: "O", surname: "B" },
      ],
      groups: [
        { id: "11111111-1111-4111-8111-111111111111", displayName: "Twins" },
        { id: "22222222-2222-4222-8222-222222222222", displayName: "Twins" },
      ],
      applications: [{ displayName: "Theirs", identifierUris: [IDENTIFIER] }],
      instances: [
        instance!,
        { ...instance!, id: OTHER, alias: "other", identityManagement: "CONNECT_MANAGED" },
        { ...instance!, id: GLOBAL, alias: "global", globalSignInEndpoint: "https://example.my.connect.aws" },
      ],
    },
    {
      async prepare({ env }) {
        Object.assign(process.env, env);
        const iam = new IAMClient({});
        const trust = (Federated: string) =>
          JSON.stringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Allow", Principal: { Federated }, Action: "sts:AssumeRoleWithSAML" }],
          });
        const theirs = "arn:aws:iam::111122223333:saml-provider/theirs";
        for (const RoleName of ["theirs", "lone", "taken"])
          await iam.send(
            new CreateRoleCommand({
              RoleName,
              Path: "/connect-sso/",
              AssumeRolePolicyDocument: trust(theirs),
              ...(RoleName === "taken"
                ? { Tags: [{ Key: "connectsso.dev/owner", Value: "elsewhere/team/agents" }] }
                : {}),
            }),
          );
        const SAMLMetadataDocument = metadataDocument("https://sts.windows.net/x/");
        await iam.send(new CreateSAMLProviderCommand({ Name: "unowned", SAMLMetadataDocument }));
        return {};
      },
    },
  );
});
afterAll(() => h?.stop());

/** One sentence that says what is wrong, and nothing of the program's insides. */
function expectRefusal(object: Resource | undefined, reason: string, says: RegExp): void {
  const ready = status(object, "Ready")!;
  const stalled = status(object, "Stalled")!;
  expect([ready.status, ready.reason, stalled.status, stalled.reason]).toEqual(["False", reason, "True", reason]);
  expect(ready.message).toMatch(says);
  expect(ready.message).not.toMatch(/\n|undefined|\[object|Error:|\. [A-Z]/);
}

const personas: [string, string, object, string, RegExp][] = [
  [
    "a1",
    "an instance of another account",
    { instanceArn: INSTANCE_ARN.replace("111122223333", "999988887777") },
    "WrongAccount",
    /account 999988887777.*111122223333/,
  ],
  [
    "a2",
    "an instance that is not there",
    { instanceArn: INSTANCE_ARN.replace(/.$/, "0") },
    "InstanceNotFound",
    /no Amazon Connect instance .* in us-east-1 of account 111122223333/,
  ],
  [
    "a3",
    "an instance that is not SAML",
    { instanceArn: INSTANCE_ARN.replace(/6$/, "7") },
    "InstanceNotSaml",
    /CONNECT_MANAGED/,
  ],
  [
    "a4",
    "an instance of Global Resiliency",
    { instanceArn: INSTANCE_ARN.replace(/6$/, "8") },
    "InstanceGlobalResiliency",
    /Global Resiliency/,
  ],
  [
    "b1",
    "an unknown security profile",
    { connectUsers: { securityProfiles: ["Agnt"], routingProfile: "Basic Routing Profile" } },
    "UnknownSecurityProfile",
    /did you mean Agent\?/,
  ],
  [
    "b2",
    "an unknown routing profile",
    { connectUsers: { securityProfiles: ["Agent"], routingProfile: "Basic" } },
    "UnknownRoutingProfile",
    /did you mean Basic Routing Profile\?/,
  ],
  [
    "c1",
    "an identifier that is taken",
    { application: { displayName: "x", identifier: IDENTIFIER } },
    "IdentifierTaken",
    /used by application Theirs/,
  ],
  [
    "c2",
    "an unknown group",
    { application: { displayName: "x", groups: [{ displayName: "Agentz" }] } },
    "UnknownGroup",
    /Agentz/,
  ],
  [
    "c3",
    "an ambiguous group",
    { application: { displayName: "x", groups: [{ displayName: "Twins" }] } },
    "AmbiguousGroup",
    /by id \([0-9a-f-]{36}, [0-9a-f-]{36}\)/,
  ],
  [
    "d1",
    "names too long together",
    { aws: { roleName: "r".repeat(64), path: `/${"p".repeat(120)}/` } },
    "NameTooLong",
    /have \d{3} characters.*fewer than 240/,
  ],
  [
    "d1b-a-rather-long-name",
    "default names too long together",
    { aws: { path: `/${"p".repeat(120)}/` } },
    "NameTooLong",
    /have \d{3} characters.*fewer than 240/,
  ],
  [
    "d1c".padEnd(240, "x"),
    "a name that no tag holds",
    { application: { displayName: "Long" } },
    "NameTooLong",
    /has 250 characters .* room for 235/,
  ],
  [
    "d2",
    "a role with a foreign trust",
    { aws: { roleName: "theirs" }, adoptionPolicy: "IfUnowned" },
    "AdoptionRefused",
    /saml-provider\/theirs/,
  ],
  ["d3", "a role that nobody owns", { aws: { roleName: "lone" } }, "NotOwned", /adoptionPolicy: IfUnowned/],
  ["d4", "a role of another controller", { aws: { roleName: "taken" } }, "ForeignOwner", /elsewhere\/team\/agents/],
  [
    "d5",
    "a SAML provider that nobody owns",
    { aws: { samlProviderName: "unowned" } },
    "NotOwned",
    /SAML provider unowned/,
  ],
  [
    "e1",
    "a tenant that is not the controller's",
    { application: { displayName: "x", tenantId: "00000000-0000-4000-8000-000000000000" } },
    "ScopeNotAllowed",
    /--config/,
  ],
];

/** What shows only in the attempt: some objects stand already then. */
test("a permissions boundary that is not there", async () => {
  const permissionsBoundaryArn = "arn:aws:iam::111122223333:policy/Missing";
  h.apply(persona("f1", { aws: { permissionsBoundaryArn }, deletionPolicy: "Delete" }));
  await h.reason("ConnectSsoPersona", "f1", "Ready", "BoundaryNotFound");
  expectRefusal(
    h.controller.resources().find(({ metadata }) => metadata.name === "f1"),
    "BoundaryNotFound",
    /no policy arn:aws:iam::111122223333:policy\/Missing for the permissions boundary: make it/,
  );
  h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "f1" });
  // The role may have been made all the same.
  h.sandbox.clock.advance(61_000);
  await h.controller.until((all) => all.length === 0, PATIENCE_MS, "it is gone");
  h.calls.length = 0;
});

describe("persona", () => {
  beforeAll(() => h.apply(...personas.map(([name, , spec]) => persona(name, spec))));
  test.each(personas)("%s: %s", async (name, _, __, reason, says) => {
    await h.reason("ConnectSsoPersona", name, "Ready", reason);
    expectRefusal(
      h.controller.resources().find(({ metadata }) => metadata.name === name),
      reason,
      says,
    );
  });
  test("not one of them wrote to a cloud", () => {
    expect(h.writes()).toEqual([]);
  });
});

const users: [string, string, object, string, RegExp][] = [
  ["nobody", "absent in Entra", user("nobody", "agents"), "EntraUserNotFound", /nobody@example\.com/],
  ["nomail", "no mail where mail is the source", user("nomail", "mailers"), "EntraUserWithoutMail", /has no mail/],
  [
    "guest",
    "a guest",
    user("guest", "agents", { entraUser: { userPrincipalName: "guest_partner.org#EXT#@example.com" } }),
    "GuestUserPrincipalName",
    /roleSessionName.from: mail/,
  ],
  [
    "obrien",
    "a name that AWS refuses",
    user("obrien", "agents", { entraUser: { userPrincipalName: "o'brien@example.com" } }),
    "InvalidUsername",
    /cannot be a RoleSessionName/,
  ],
  ["nameless", "no last name", user("nameless", "agents"), "NamesMissing", /no last name in Entra/],
  [
    "jane",
    "a user name that Entra does not send",
    user("jane", "agents", { username: "someone" }),
    "UsernameMismatch",
    /jane@example\.com/,
  ],
  [
    "omar",
    "a user name that differs in case",
    user("omar", "agents", { username: "Omar@example.com" }),
    "UsernameCaseMismatch",
    /compares case/,
  ],
  [
    "profile",
    "a profile that the persona does not allow",
    { ...user("alice", "agents", { securityProfiles: ["Admin"] }), metadata: { name: "profile", namespace: "team" } },
    "SecurityProfileNotAllowed",
    /allows Agent/,
  ],
  [
    "routing",
    "an unknown routing profile",
    { ...user("alice", "agents", { routingProfile: "Basic" }), metadata: { name: "routing", namespace: "team" } },
    "UnknownRoutingProfile",
    /did you mean Basic Routing Profile/,
  ],
  [
    "site",
    "an unknown hierarchy group",
    { ...user("alice", "agents", { hierarchyGroup: ["Dublim"] }), metadata: { name: "site", namespace: "team" } },
    "UnknownHierarchyGroup",
    /did you mean Dublin/,
  ],
  ["lost", "a persona that is missing", user("lost", "nope"), "PersonaNotFound", /no ConnectSsoPersona nope/],
];

describe("user", () => {
  let before: number;
  beforeAll(async () => {
    for (const { metadata } of h.controller.resources())
      h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: metadata.name });
    h.apply(
      persona("agents"),
      persona("mailers", {
        application: { displayName: "Mailers", roleSessionName: { from: "mail", transform: "None" } },
      }),
    );
    await h.ready();
    h.apply(persona("asleep", { suspend: true }));
    before = h.writes().length;
    // Three of them are the same person: one by one, or they would be refused for that.
    h.apply(...users.filter(([name]) => !["routing", "site"].includes(name)).map(([, , object]) => object));
  });
  test("of a suspended persona: it waits because a person said so, which is no fault", async () => {
    h.apply(user("asleep", "asleep"));
    await h.reason("ConnectUser", "asleep", "Ready", "PersonaSuspended");
    const asleep = h.controller.store.get<ConnectUser>("ConnectUser", "team", "asleep");
    expect(status(asleep, "Stalled")).toMatchObject({ status: "False", reason: "PersonaSuspended" });
    expect(status(asleep, "Ready")!.message).toMatch(/Persona asleep is suspended/);
  });

  test.each(users)("%s: %s", async (name, _, object, reason, says) => {
    if (["routing", "site"].includes(name)) {
      for (const other of ["profile", "routing"])
        h.controller.store.delete({ kind: "ConnectUser", namespace: "team", name: other });
      await h.controller.until(
        (all) => !all.some(({ metadata }) => ["profile", "routing"].includes(metadata.name)),
        PATIENCE_MS,
        "the former is gone",
      );
      h.apply(object);
    }
    await h.reason("ConnectUser", name, "Ready", reason);
    expectRefusal(
      h.controller.resources().find(({ metadata, kind }) => kind === "ConnectUser" && metadata.name === name),
      reason,
      says,
    );
  });
  test("a persona that is being deleted", async () => {
    h.controller.store.delete({ kind: "ConnectSsoPersona", namespace: "team", name: "agents" });
    await h.reason("ConnectUser", "nobody", "Ready", "PersonaDeleting");
    expectRefusal(
      h.controller.resources().find(({ metadata }) => metadata.name === "nobody"),
      "PersonaDeleting",
      /move this user/,
    );
  });
  test("not one of them wrote to a cloud", () => {
    expect(h.writes().slice(before)).toEqual([]);
  });
});
