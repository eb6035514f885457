/** The `--config` file: which accounts and tenants each namespace may act in, and limits. It is the platform team's word. */
import { readFileSync, unwatchFile, watchFile } from "node:fs";
import { Ajv, type ErrorObject } from "ajv";
import { isNode, LineCounter, parseDocument } from "yaml";

export interface AccountSettings {
  /** Twelve digits. */
  id: string;
  assumeRoleArn?: string;
  permissionsBoundaryArn?: string;
  /** Instance ids or ARNs; absent: every instance of the account. */
  instances?: string[];
  /** Namespaces or patterns with `*`; absent: every namespace. */
  namespaces?: string[];
  /** Absent: every region. */
  regions?: string[];
}
export interface TenantSettings {
  id: string;
  clientId?: string;
  namespaces?: string[];
}
/** What namespaces may take over: nothing, or objects whose names fit a pattern. */
export interface AdoptionSettings {
  /** Namespaces or patterns with `*`; absent: every namespace. */
  namespaces?: string[];
  policy: "Never" | "Patterns";
  /** Names of objects, patterns with `*`; only with `Patterns`. */
  names?: string[];
}
/** Calls per second and burst of one token bucket. */
interface Rate {
  rate: number;
  burst: number;
}
/** Quotas of the clouds, where they are not the default ones; src/providers/limits.ts has those. */
export interface Limits {
  /** Each Connect operation, per account and region. */
  connect?: Rate;
  /** Each IAM operation, per account. */
  iam?: Rate;
  /** Resource units of Microsoft Graph per tenant; most reads cost one. */
  graph?: Rate;
  /** Writes to Microsoft Graph per tenant. */
  graphWrites?: Rate;
  /** Single AWS operations whose quota was raised, by name, such as CreateUser. */
  operations?: Record<string, Rate>;
}
export interface Settings {
  /** Absent: the account of the ambient credentials, from every namespace. */
  accounts?: AccountSettings[];
  /** Absent: the controller's own tenant, from every namespace. */
  tenants?: TenantSettings[];
  /** Absent: what the resources' own `adoptionPolicy` says. */
  adoption?: AdoptionSettings[];
  limits?: Limits;
  /** Share of a persona's users, 0 to 1, that may be removed within six poll intervals, an hour at least. */
  massDeletion?: { share: number };
}

const strings = (description: string) => ({
  description,
  type: "array",
  minItems: 1,
  items: { type: "string", minLength: 1 },
});
const rate = (description: string) => ({
  description,
  type: "object",
  additionalProperties: false,
  required: ["rate", "burst"],
  properties: {
    rate: { description: "calls per second", type: "number", exclusiveMinimum: 0 },
    burst: { description: "calls at once", type: "number", minimum: 1 },
  },
});
const iamArn = (kind: string, description: string) => ({
  description,
  type: "string",
  pattern: `^arn:aws[a-z-]*:iam::(\\d{12}|aws):${kind}/.+$`,
});
const GUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
/** JSON schema of the file; the chart's values carry it too, and docs/settings.md is made of it. */
export const SETTINGS_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    accounts: {
      description:
        "AWS accounts that the controller may act in. An account may have several entries, each for other namespaces and instances; one of them has to allow what is asked. Without it: the account of its own credentials, from every namespace",
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: {
          id: { description: "account id, twelve digits, in quotes", type: "string", pattern: "^\\d{12}$" },
          assumeRoleArn: iamArn("role", "role that the controller assumes there. Without it: its own credentials"),
          permissionsBoundaryArn: iamArn("policy", "permissions boundary that every role and user must carry"),
          instances: strings("ids or ARNs of the allowed instances. Without it: every instance of the account"),
          namespaces: strings("namespaces that may use the account; * matches any characters. Without it: every one"),
          regions: strings("allowed regions. Without it: every region"),
        },
      },
    },
    tenants: {
      description: "Entra tenants. Without it: the tenant of the controller's own credentials, from every namespace",
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: {
          id: { description: "tenant id", type: "string", pattern: GUID },
          clientId: {
            description: "application (client) id of the controller there. Without it: AZURE_CLIENT_ID",
            type: "string",
            pattern: GUID,
          },
          namespaces: strings("namespaces that may use the tenant; * matches any characters. Without it: every one"),
        },
      },
    },
    adoption: {
      description:
        "what namespaces may take over that carries no owner tag, whatever their adoptionPolicy says. The first entry that names the namespace decides; a namespace that no entry names takes over nothing. Without it: adoptionPolicy decides",
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["policy"],
        properties: {
          namespaces: strings("namespaces that the entry is for; * matches any characters. Without it: every one"),
          policy: {
            description: "Never, or Patterns: objects whose names fit one of names",
            type: "string",
            enum: ["Never", "Patterns"],
          },
          names: strings(
            "with Patterns: names of roles, policies, SAML providers, IAM users, applications and Connect users; * matches any characters",
          ),
        },
      },
    },
    limits: {
      description: "quotas of the clouds, where yours were raised",
      type: "object",
      additionalProperties: false,
      properties: {
        connect: rate("each Connect operation, per account and region. Default: rate 2, burst 5"),
        iam: rate("each IAM operation, per account. Default: rate 10, burst 20"),
        graph: rate("resource units of Microsoft Graph, per tenant. Default: rate 200, burst 1500"),
        graphWrites: rate("writes to Microsoft Graph, per tenant. Default: rate 6, burst 2000"),
        operations: {
          description: "single AWS operations by name, such as CreateUser",
          type: "object",
          propertyNames: { pattern: "^[A-Z][A-Za-z]+$" },
          additionalProperties: rate("that operation"),
        },
      },
    },
    massDeletion: {
      description: "guard against the removal of many users at once",
      type: "object",
      additionalProperties: false,
      required: ["share"],
      properties: {
        share: {
          description:
            "share of a persona's users that may be removed within six poll intervals, an hour at least. Default: 0.3",
          type: "number",
          exclusiveMinimum: 0,
          maximum: 1,
        },
      },
    },
  },
};
// The schema itself is checked by tests: at a start that would take longer than everything else here.
const validate = new Ajv({ allErrors: true, strict: false, meta: false, validateSchema: false }).compile<Settings>(
  SETTINGS_SCHEMA,
);

/** Settings from YAML or JSON text. Throws an Error whose lines are `file:line: path: message`. */
export function parseSettings(text: string, file: string): Settings {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const problems = document.errors.map(
    (error) => `${file}:${lines.linePos(error.pos[0]).line}: ${error.message.split("\n")[0]}`,
  );
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const settings: unknown = document.toJS() ?? {};
  const lineOf = (path: string[]): number => {
    for (let length = path.length; length > 0; length--) {
      const node = document.getIn(path.slice(0, length).map(indexOrKey), true);
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return 1;
  };
  if (!validate(settings)) {
    for (const error of validate.errors ?? []) {
      const { path, message } = problemOf(error);
      problems.push(`${file}:${lineOf(path)}: ${path.length ? `${path.join(".")}: ` : ""}${message}`);
    }
  } else {
    settings.adoption?.forEach(({ policy, names }, index) => {
      const path = ["adoption", String(index)];
      const fault = { Patterns: !names && "needs names", Never: names && "has no names" }[policy];
      if (fault) problems.push(`${file}:${lineOf(path)}: ${path.join(".")}: policy ${policy} ${fault}`);
    });
    const ids = settings.tenants?.map(({ id }) => id.toLowerCase()) ?? [];
    ids.forEach((id, index) => {
      const path = ["tenants", String(index), "id"];
      if (ids.indexOf(id) < index) problems.push(`${file}:${lineOf(path)}: ${path.join(".")}: ${id} is listed twice`);
    });
    settings.accounts?.forEach((one, index, all) => {
      const first = all.find(({ id }) => id === one.id)!;
      for (const field of ["assumeRoleArn", "permissionsBoundaryArn"] as const)
        if (one[field] !== first[field]) {
          const path = ["accounts", String(index)];
          problems.push(
            `${file}:${lineOf(path)}: ${path.join(".")}: entries of account ${one.id} differ in ${field}; it is one for the account`,
          );
        }
    });
  }
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return settings as Settings;
}

const indexOrKey = (part: string) => (/^\d+$/.test(part) ? Number(part) : part);

function problemOf(error: ErrorObject): { path: string[]; message: string } {
  const path = error.instancePath.split("/").slice(1);
  if (error.keyword === "additionalProperties") {
    const name = String((error.params as { additionalProperty: string }).additionalProperty);
    return { path: [...path, name], message: `unknown setting ${name}` };
  }
  return { path, message: error.message ?? "is not valid" };
}

interface SettingsFile {
  /** The newest valid settings. */
  current(): Settings;
  close(): void;
}

/**
 * Reads the file now (throws when it is not valid) and again whenever it changes; a broken new version is logged and the
 * old settings stay. Looks by polling, because a mounted ConfigMap is swapped by symlink, which file events miss.
 */
export function openSettings(
  file: string,
  options: { log: { info(message: string): void; error(message: string): void }; intervalMs?: number },
): SettingsFile {
  let text = readFileSync(file, "utf8");
  let settings = parseSettings(text, file);
  const look = () => {
    try {
      const next = readFileSync(file, "utf8");
      if (next === text) return;
      text = next;
      settings = parseSettings(next, file);
      options.log.info(`settings reloaded from ${file}`);
    } catch (error) {
      options.log.error(`settings not reloaded, the former ones stay: ${(error as Error).message}`);
    }
  };
  watchFile(file, { interval: options.intervalMs ?? 5_000, persistent: false }, look);
  return { current: () => settings, close: () => unwatchFile(file, look) };
}
