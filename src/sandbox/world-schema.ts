/** The shape of a world file, as a JSON schema. */
import { OPEN_FACTS } from "./open.ts";

const ID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
const text = { type: "string" };
const texts = { type: "array", items: text };
const accountId = { type: "string", pattern: "^[0-9]{12}$" };
const quota = {
  anyOf: [
    { const: "unlimited" },
    {
      type: "object",
      required: ["rate", "burst"],
      additionalProperties: false,
      properties: { rate: { type: "number", minimum: 0 }, burst: { type: "number", minimum: 1 } },
    },
  ],
};
const span = {
  anyOf: [
    { type: "number", minimum: 0 },
    { type: "string", pattern: "^[0-9.]+(ms|s|m|h|d)$" },
  ],
};
const tenant = {
  id: { type: "string", pattern: ID },
  verifiedDomains: texts,
  cloud: { enum: ["Global", "USGovernment", "China"] },
  appManagement: {
    type: "object",
    additionalProperties: false,
    properties: {
      passwordAddition: { type: "boolean" },
      passwordLifetimeDays: { type: "integer", minimum: 1 },
      asymmetricKeyLifetimeDays: { type: "integer", minimum: 1 },
      trustedCertificateAuthority: { type: "boolean" },
    },
  },
  directoryQuota: { type: "integer", minimum: 0 },
};
/** Per account, in one that was not raised. Source: GetAccountSummary of 2026-02 and the IAM quotas page. */
export const DEFAULT_IAM_QUOTAS = { roles: 1000, policies: 1500, users: 5000, groups: 300, samlProviders: 100 };

/** What a world may say. `description` and `default` of a field become docs/sandbox.md. */
export const worldSchema = {
  $defs: {
    node: {
      type: "object",
      required: ["name"],
      additionalProperties: false,
      properties: { name: text, groups: { type: "array", items: { $ref: "#/$defs/node" } } },
    },
  },
  type: "object",
  additionalProperties: false,
  properties: {
    account: accountId,
    accounts: { type: "array", items: accountId },
    tenants: {
      type: "array",
      items: {
        type: "object",
        required: ["id", "verifiedDomains"],
        additionalProperties: false,
        properties: tenant,
      },
    },
    generate: {
      type: "object",
      required: ["users"],
      additionalProperties: false,
      properties: {
        users: { type: "integer", minimum: 0 },
        group: text,
        connectUsers: { type: "integer", minimum: 0 },
      },
    },
    tenant: {
      type: "object",
      additionalProperties: false,
      properties: tenant,
    },
    users: {
      type: "array",
      items: {
        type: "object",
        required: ["userPrincipalName"],
        additionalProperties: false,
        properties: {
          id: { type: "string", pattern: ID },
          userPrincipalName: text,
          mail: { type: ["string", "null"] },
          displayName: text,
          givenName: text,
          surname: text,
          accountEnabled: { type: "boolean" },
          userType: text,
          mailNickname: text,
          employeeId: text,
          employeeType: text,
          onPremisesSamAccountName: text,
          department: text,
          jobTitle: text,
          officeLocation: text,
          companyName: text,
          country: text,
          usageLocation: text,
          preferredLanguage: text,
          onPremisesExtensionAttributes: {
            type: "object",
            additionalProperties: false,
            patternProperties: { "^extensionAttribute([1-9]|1[0-5])$": text },
          },
        },
      },
    },
    groups: {
      type: "array",
      items: {
        type: "object",
        required: ["displayName"],
        additionalProperties: false,
        properties: { id: { type: "string", pattern: ID }, displayName: text, members: texts, groups: texts },
      },
    },
    devices: {
      type: "array",
      items: {
        type: "object",
        required: ["displayName"],
        additionalProperties: false,
        properties: { id: { type: "string", pattern: ID }, displayName: text },
      },
    },
    instances: {
      type: "array",
      items: {
        type: "object",
        required: ["id", "region"],
        additionalProperties: false,
        properties: {
          id: { type: "string", pattern: ID },
          region: text,
          alias: text,
          identityManagement: { enum: ["SAML", "CONNECT_MANAGED", "EXISTING_DIRECTORY"] },
          globalSignInEndpoint: text,
          securityProfiles: {
            type: "array",
            items: {
              anyOf: [
                text,
                {
                  type: "object",
                  required: ["name"],
                  additionalProperties: false,
                  properties: { name: text, description: text, permissions: texts },
                },
              ],
            },
          },
          routingProfiles: { type: "array", items: text },
          hierarchy: {
            type: "object",
            additionalProperties: false,
            properties: {
              levels: { type: "array", items: text, maxItems: 5 },
              groups: { type: "array", items: { $ref: "#/$defs/node" } },
            },
          },
          predefinedAttributes: { type: "array", items: text },
          userQuota: { type: "integer", minimum: 0 },
          quickConnectQuota: { type: "integer", minimum: 0 },
          account: accountId,
          users: {
            type: "array",
            items: {
              type: "object",
              required: ["username"],
              additionalProperties: false,
              properties: {
                username: text,
                firstName: text,
                lastName: text,
                securityProfiles: texts,
                routingProfile: text,
                tags: { type: "object", additionalProperties: text },
              },
            },
          },
          quickConnects: {
            type: "array",
            items: {
              type: "object",
              required: ["name", "user"],
              additionalProperties: false,
              properties: { name: text, user: text },
            },
          },
        },
      },
    },
    applications: {
      type: "array",
      items: {
        type: "object",
        required: ["displayName"],
        additionalProperties: false,
        properties: { displayName: text, identifierUris: { type: "array", items: text } },
      },
    },
    policies: {
      type: "array",
      items: {
        type: "object",
        required: ["name", "document"],
        additionalProperties: false,
        properties: { name: text, path: { type: "string", pattern: "^/(.+/)?$" }, document: {} },
      },
    },
    iamQuotas: {
      type: "object",
      additionalProperties: false,
      properties: Object.fromEntries(
        Object.entries(DEFAULT_IAM_QUOTAS).map(([name, most]) => [
          name,
          { type: "integer", minimum: 0, default: most },
        ]),
      ),
    },
    behaviour: {
      type: "object",
      additionalProperties: false,
      properties: {
        latency: span,
        consistencyDelay: span,
        roleImportInterval: span,
        timeScale: { type: "number", exclusiveMinimum: 0 },
        seed: { type: "integer" },
        quotas: {
          anyOf: [
            { const: "unlimited" },
            { type: "object", additionalProperties: false, properties: { connect: quota, iam: quota, graph: quota } },
          ],
        },
        faults: {
          type: "array",
          items: {
            type: "object",
            required: ["match", "kind"],
            additionalProperties: false,
            properties: {
              match: text,
              kind: {
                enum: [
                  "throttle",
                  "internal",
                  "unavailable",
                  "denied",
                  "unauthorized",
                  "timeout",
                  "cut",
                  "lostAnswer",
                  "malformed",
                  "truncated",
                  "staleRead",
                ],
              },
              probability: { type: "number", minimum: 0, maximum: 1 },
              count: { type: "integer", minimum: 1 },
              after: { type: "integer", minimum: 0 },
            },
          },
        },
        instantiateOwner: { type: "boolean" },
        graphPermissions: texts,
        metadata: { enum: ["doctype", "otherTenant", "tooLarge"] },
        open: {
          type: "object",
          description:
            "Which answer an open fact has: something about the real services that is neither documented nor recorded.",
          additionalProperties: false,
          properties: Object.fromEntries(
            Object.entries(OPEN_FACTS).map(([name, { values, fact, source }]) => [
              name,
              { enum: values, default: values[0], description: `${fact} (${source})` },
            ]),
          ),
        },
      },
    },
  },
};
