/** The shape of a world file, as a JSON schema. `description` and `default` of its fields become docs/sandbox.md. */
import { OPEN_FACTS } from "./open.ts";
import { FAULT_KINDS } from "./service.ts";

interface Schema {
  [keyword: string]: unknown;
}
const object = (properties: Record<string, Schema>, required: string[] = [], more: Schema = {}): Schema => ({
  type: "object",
  ...(required.length > 0 && { required }),
  additionalProperties: false,
  properties,
  ...more,
});
const list = (items: Schema, description?: string, more: Schema = {}): Schema => ({
  type: "array",
  items,
  ...(description && { description }),
  ...more,
});
const text = (description?: string, more: Schema = {}): Schema => ({
  type: "string",
  ...(description && { description }),
  ...more,
});
const flag = (description: string, value: boolean): Schema => ({ type: "boolean", description, default: value });
const count = (description: string, more: Schema = {}): Schema => ({
  type: "integer",
  minimum: 0,
  description,
  ...more,
});
const oneOf = (values: readonly string[], description: string): Schema => ({ enum: values, description });
const span = (description: string, value: string): Schema => ({
  anyOf: [
    { type: "number", minimum: 0 },
    { type: "string", pattern: "^[0-9.]+(ms|s|m|h|d)$" },
  ],
  description,
  default: value,
});
const uuid = (description: string) =>
  text(description, { pattern: "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$" });
const account = (description?: string) => text(description, { pattern: "^[0-9]{12}$" });
const quota = (description: string, value: string): Schema => ({
  anyOf: [
    { const: "unlimited" },
    object({ rate: { type: "number", minimum: 0 }, burst: { type: "number", minimum: 1 } }, ["rate", "burst"]),
  ],
  description,
  default: value,
});

/** Per account, in one that was not raised. Source: GetAccountSummary of 2026-02 and the IAM quotas page. */
export const DEFAULT_IAM_QUOTAS = {
  roles: 1000,
  policies: 1500,
  users: 5000,
  groups: 300,
  samlProviders: 100,
  trustPolicyCharacters: 2048,
};

const tenant = {
  id: uuid("Directory (tenant) id"),
  verifiedDomains: list(text(), "Domains; generated people are in the first one"),
  cloud: oneOf(
    ["Global", "USGovernment", "China"],
    "The others lack actions, and their metadata names other hosts; Global by default",
  ),
  appManagement: object(
    {
      passwordAddition: flag("Passwords of applications may not be added", false),
      passwordLifetimeDays: count("Longest life of a password, days", { minimum: 1 }),
      asymmetricKeyLifetimeDays: count("Longest life of a certificate, days", { minimum: 1 }),
      trustedCertificateAuthority: flag("Certificates must come from a trusted authority", false),
    },
    [],
    { description: "Restrictions of the tenant's application management policy" },
  ),
  directoryQuota: count("Directory objects that the application may own before Directory_QuotaExceeded"),
};
const user = object(
  {
    id: uuid("Object id; random by default"),
    userPrincipalName: text("The name with which the person signs in"),
    mail: { type: ["string", "null"], description: "The user principal name by default" },
    displayName: text(),
    givenName: text(),
    surname: text(),
    accountEnabled: flag("False: the account is disabled", true),
    userType: text("Member by default, or Guest"),
    mailNickname: text(),
    employeeId: text(),
    employeeType: text(),
    onPremisesSamAccountName: text(),
    department: text(),
    jobTitle: text(),
    officeLocation: text(),
    companyName: text(),
    country: text(),
    usageLocation: text(),
    preferredLanguage: text(),
    onPremisesExtensionAttributes: object({}, [], {
      description: "extensionAttribute1 to extensionAttribute15",
      patternProperties: { "^extensionAttribute([1-9]|1[0-5])$": text() },
    }),
  },
  ["userPrincipalName"],
);
const instance = object(
  {
    id: uuid("Instance id, the last part of its ARN"),
    region: text("For example eu-central-1"),
    alias: text("Name in the access URL"),
    identityManagement: oneOf(["SAML", "CONNECT_MANAGED", "EXISTING_DIRECTORY"], "SAML by default"),
    globalSignInEndpoint: text("Set for a Global Resiliency instance"),
    securityProfiles: list(
      { anyOf: [text(), object({ name: text(), description: text(), permissions: list(text()) }, ["name"])] },
      "Names, or {name, description, permissions} where its permissions are not those of its name; Admin, Agent, CallCenterManager and QualityAnalyst by default",
    ),
    routingProfiles: list(text(), "Names; Basic Routing Profile by default"),
    hierarchy: object(
      {
        levels: list(text(), "Names from the top, five at most", { maxItems: 5 }),
        groups: list({ $ref: "#/$defs/node" }, "Trees of {name, groups}"),
      },
      [],
      { description: "Agent hierarchy" },
    ),
    predefinedAttributes: list(
      text(),
      "Attributes that proficiencies may name; connect:Language and connect:Skill by default",
    ),
    userQuota: count("Users that fit", { default: 500 }),
    quickConnectQuota: count("Quick connects that fit", { default: 100 }),
    account: account("Whose instance it is; the world's account by default"),
    users: list(
      object(
        {
          username: text("Exact name"),
          firstName: text(),
          lastName: text(),
          securityProfiles: list(text(), "Names; Agent by default"),
          routingProfile: text("Name; the first one by default"),
          tags: { type: "object", additionalProperties: text() },
        },
        ["username"],
      ),
      "Users that are there before anybody calls",
    ),
    quickConnects: list(object({ name: text(), user: text("Username") }, ["name", "user"]), "Quick connects to users"),
  },
  ["id", "region"],
);
const fault = object(
  {
    match: text(
      "service:Operation with `*`, for example connect:CreateUser or graph:PATCH*; services are iam, sts, connect, graph, login",
    ),
    kind: oneOf(FAULT_KINDS, "lostAnswer strikes writes only, staleRead reads only"),
    probability: { type: "number", minimum: 0, maximum: 1, description: "Per matching request", default: 1 },
    count: count("How often it strikes at most; no limit by default", { minimum: 1 }),
    after: count("How many matching requests it lets pass first", { default: 0 }),
  },
  ["match", "kind"],
);

export const worldSchema = {
  $defs: { node: object({ name: text(), groups: list({ $ref: "#/$defs/node" }) }, ["name"]) },
  ...object({
    account: { ...account("The account of callers that do not come from another one"), default: "111122223333" },
    accounts: list(account(), "Further accounts, entered with sts:AssumeRole"),
    iamQuotas: object(
      Object.fromEntries(
        Object.entries(DEFAULT_IAM_QUOTAS).map(([name, most]) => [name, count("", { default: most })]),
      ),
      [],
      {
        description:
          "How many of each an account may have; trustPolicyCharacters: of one trust policy, without white space",
      },
    ),
    policies: list(
      object(
        {
          name: text("Unique without regard to case"),
          path: text("/ by default", { pattern: "^/(.+/)?$" }),
          document: { description: "As JSON or as an object" },
        },
        ["name", "document"],
      ),
      "Managed policies that every account has, for example a permissions boundary",
    ),
    instances: list(instance, "Amazon Connect instances"),
    tenant: object(tenant, [], { description: "The Entra tenant" }),
    tenants: list(object(tenant, ["id", "verifiedDomains"]), "Several tenants; the first is `tenant`"),
    users: list(user, "People in Entra"),
    groups: list(
      object(
        {
          id: uuid("Object id; random by default"),
          displayName: text(),
          members: list(text(), "User principal names"),
          groups: list(text(), "Display names of the groups in it"),
        },
        ["displayName"],
      ),
      "Groups in Entra",
    ),
    devices: list(
      object({ id: uuid("Object id; random by default"), displayName: text() }, ["displayName"]),
      "Devices in Entra",
    ),
    applications: list(
      object({ displayName: text(), identifierUris: list(text()) }, ["displayName"]),
      "Applications of somebody else",
    ),
    generate: object(
      {
        users: count("How many people: user00001@DOMAIN and so on"),
        group: text("Display name of a group with all of them"),
        connectUsers: count("How many of them exist in every instance", { default: 0 }),
      },
      ["users"],
      { description: "Many people at once" },
    ),
    behaviour: object(
      {
        latency: span("Of every request, real time", "0ms"),
        consistencyDelay: span("How long a write stays invisible to reads, real time", "0ms"),
        roleImportInterval: span("How often Entra's provisioning imports roles, simulated time", "40m"),
        timeScale: {
          type: "number",
          exclusiveMinimum: 0,
          description: "Simulated seconds in a real one",
          default: 1,
        },
        seed: {
          type: "integer",
          description: "Of chance: the same world and requests give the same faults",
          default: 1,
        },
        quotas: {
          anyOf: [
            { const: "unlimited" },
            object({
              connect: quota("Per account, region and operation", "{rate: 2, burst: 5}"),
              iam: quota("Per account and operation", "{rate: 20, burst: 40}"),
              graph: quota("Resource units per tenant", "{rate: 350, burst: 3500}"),
            }),
          ],
          description:
            "Request rates: `unlimited`, or per API `unlimited` or {rate, burst} in requests per real second",
        },
        faults: list(fault, "What goes wrong"),
        instantiateOwner: flag("False: instantiate does not make the caller an owner, as it was until 2022", true),
        graphPermissions: list(text(), "Application permissions of the caller of Graph, by name; all by default"),
        metadata: oneOf(
          ["doctype", "otherTenant", "tooLarge"],
          "Federation metadata with a document type, with another tenant's entity id, or above ten megabytes; as it should be by default",
        ),
        open: object(
          Object.fromEntries(
            Object.entries(OPEN_FACTS).map(([name, { values, fact, source }]) => [
              name,
              { enum: values, default: values[0], description: `${fact} (${source})` },
            ]),
          ),
          [],
          { description: "Answers to what is neither documented nor recorded of the real services: see below" },
        ),
      },
      [],
      { description: "How the clouds behave" },
    ),
  }),
};
