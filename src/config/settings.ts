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
/** Calls per second and burst of one token bucket. */
export interface Rate {
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
  limits?: Limits;
  /** Share of a persona's users, 0 to 1, that may be removed in one poll interval. */
  massDeletion?: { share: number };
}

const strings = { type: "array", minItems: 1, items: { type: "string", minLength: 1 } };
const rate = {
  type: "object",
  additionalProperties: false,
  required: ["rate", "burst"],
  properties: { rate: { type: "number", exclusiveMinimum: 0 }, burst: { type: "number", minimum: 1 } },
};
const iamArn = (kind: string) => ({ type: "string", pattern: `^arn:aws[a-z-]*:iam::(\\d{12}|aws):${kind}/.+$` });
const GUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$";
/** JSON schema of the file; the chart's values carry it too. */
export const SETTINGS_SCHEMA = {
  type: "object",
  additionalProperties: false,
  properties: {
    accounts: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: {
          id: { type: "string", pattern: "^\\d{12}$" },
          assumeRoleArn: iamArn("role"),
          permissionsBoundaryArn: iamArn("policy"),
          instances: strings,
          namespaces: strings,
          regions: strings,
        },
      },
    },
    tenants: {
      type: "array",
      items: {
        type: "object",
        additionalProperties: false,
        required: ["id"],
        properties: {
          id: { type: "string", pattern: GUID },
          clientId: { type: "string", pattern: GUID },
          namespaces: strings,
        },
      },
    },
    limits: {
      type: "object",
      additionalProperties: false,
      properties: {
        connect: rate,
        iam: rate,
        graph: rate,
        graphWrites: rate,
        operations: { type: "object", propertyNames: { pattern: "^[A-Z][A-Za-z]+$" }, additionalProperties: rate },
      },
    },
    massDeletion: {
      type: "object",
      additionalProperties: false,
      required: ["share"],
      properties: { share: { type: "number", exclusiveMinimum: 0, maximum: 1 } },
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
    for (const [key, ids] of [
      ["accounts", settings.accounts?.map(({ id }) => id)],
      ["tenants", settings.tenants?.map(({ id }) => id.toLowerCase())],
    ] as const) {
      ids?.forEach((id, index) => {
        if (ids.indexOf(id) < index) {
          const path = [key, String(index), "id"];
          problems.push(`${file}:${lineOf(path)}: ${path.join(".")}: ${id} is listed twice`);
        }
      });
    }
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

export interface SettingsFile {
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
