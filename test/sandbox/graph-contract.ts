/** Checks requests and answers of the sandbox's Graph against the API description in ../shared/contracts, property by property. */
import { existsSync, readFileSync } from "node:fs";
import type { Exchange } from "../../src/sandbox/server.ts";

const FILE = new URL("../../../shared/contracts/graph-v1.0.json", import.meta.url);

interface Schema {
  $ref?: string;
  type?: string;
  nullable?: boolean;
  enum?: string[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: unknown;
}
interface Operation {
  parameters?: { name: string; in: string }[];
  requestBody?: { required?: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { content?: Record<string, { schema: Schema }> }>;
}
type Operations = Record<string, Operation>;
interface Description {
  paths: Record<string, Operations>;
  components: { schemas: Record<string, Schema> };
}

/** Properties of recorded answers (of service principals and groups) that the description lacks, and the rows of group-delta. */
const RECORDED = new Set(["createdDateTime", "creationOptions", "members@delta"]);

/** What administrators send and the description lacks. Pages group-post-members, group-delete-members and directory-deleteditems-restore. */
const ELSEWHERE = [
  /^POST \/groups\/[^/]+\/members\/\$ref$/,
  /^DELETE \/groups\/[^/]+(\/members\/[^/]+\/\$ref)?$/,
  /^POST \/directory\/deletedItems\/[^/]+\/restore$/,
];

export const contractIsHere = existsSync(FILE);

export class Contract {
  readonly #description = JSON.parse(readFileSync(FILE, "utf8")) as Description;
  readonly #paths = Object.keys(this.#description.paths).map((template) => ({
    template,
    pattern: new RegExp(
      `^${template
        .replace(/[.+?^$()|[\]\\]/g, "\\$&")
        .replace("delta\\(\\)", "(?:microsoft\\.graph\\.)?delta(?:\\(\\))?")
        .replace(/\{[^}]+\}/g, "(?!delta\\b)[^/()]+")}$`,
      "i",
    ),
  }));
  /** "METHOD template" of what was answered with success. */
  readonly seen = new Set<string>();
  readonly violations: string[] = [];

  get operations(): string[] {
    return Object.entries(this.#description.paths).flatMap(([template, operations]) =>
      Object.keys(operations)
        .filter((method) => ["get", "post", "put", "patch", "delete"].includes(method))
        .map((method) => `${method.toUpperCase()} ${template}`),
    );
  }

  /** Takes note of one exchange; what the description does not know is no violation here (see `seen`). */
  check({ service, request, response }: Exchange): void {
    if (service !== "graph") return;
    const path = request.path.replace(/^\/v1\.0/, "");
    const where = `${request.method} ${path} ${response.status}`;
    const body: unknown = response.body ? JSON.parse(response.body) : undefined;
    if (response.status >= 400) {
      this.#value(body, { $ref: "#/components/schemas/ODataError" }, where);
      return;
    }
    const method = request.method.toLowerCase();
    const found = this.#find(path);
    const operation = found && this.#description.paths[found.template]?.[method];
    // A PATCH by alternate key that creates is documented (application-upsert.md) and not described.
    if (!operation || (method === "patch" && response.status === 201)) return;
    this.seen.add(`${request.method} ${found.template}`);
    const expected = operation.responses[response.status];
    if (!expected) {
      this.violations.push(`${where}: the description knows ${Object.keys(operation.responses).join(", ")}`);
      return;
    }
    const schema = expected.content?.["application/json"]?.schema;
    if (schema) this.#value(body, schema, where);
    else if (body !== undefined) this.violations.push(`${where}: a body where none is expected`);
  }

  /** A request as it left the client, batches opened: path, method, parameters and body must be in the description. */
  checkRequest({ service, request }: Pick<Exchange, "service" | "request">): void {
    if (service !== "graph") return;
    const path = request.path.replace(/^\/v1\.0/, "");
    const where = `request ${request.method} ${path}`;
    const found = this.#find(path);
    const operation = found && this.#description.paths[found.template]?.[request.method.toLowerCase()];
    if (!operation) {
      if (!ELSEWHERE.some((pattern) => pattern.test(`${request.method} ${path}`)))
        this.violations.push(`${where}: not in the description`);
      return;
    }
    const known = (operation.parameters ?? []).filter((one) => one.in === "query").map(({ name }) => name);
    for (const name of request.query.keys())
      if (!known.includes(name) && !/^\$(skiptoken|deltatoken)$/.test(name))
        this.violations.push(`${where}: unknown parameter ${name}`);
    const body: unknown = request.body ? JSON.parse(request.body) : undefined;
    const schema = operation.requestBody?.content["application/json"]?.schema;
    if (body !== undefined && !schema) this.violations.push(`${where}: a body where none is expected`);
    if (body === undefined && operation.requestBody?.required) this.violations.push(`${where}: no body`);
    if (body !== undefined && schema) this.#value(body, schema, where);
    if (path !== "/$batch") return;
    for (const { method, url, body: inner } of (body as { requests: { method: string; url: string; body?: unknown }[] })
      .requests) {
      const mark = `${url}?`.indexOf("?");
      this.checkRequest({
        service,
        request: {
          ...request,
          method,
          path: url.slice(0, mark),
          query: new URLSearchParams(url.slice(mark + 1)),
          body: inner === undefined ? "" : JSON.stringify(inner),
        },
      });
    }
  }

  /**
   * Fixed segments before keys: /users/delta() fits /users/{id}, too. Members of one type are a cast that the description lacks: pages
   * group-list-members and group-list-transitivemembers, "OData cast".
   */
  #find(given: string) {
    const path = given.replace(/(\/(?:transitiveM|m)embers)\/microsoft\.graph\.\w+$/, "$1");
    const matches = this.#paths.filter(({ pattern }) => pattern.test(path));
    return matches.sort((a, b) => a.template.split("{").length - b.template.split("{").length)[0];
  }

  #value(value: unknown, schema: Schema, where: string): void {
    const { type, nullable, properties, items, closed, values } = this.#flat(schema);
    if (value === null) {
      if (!nullable && type !== undefined) this.violations.push(`${where}: null`);
    } else if (Array.isArray(value)) {
      if (type !== "array") this.violations.push(`${where}: a list`);
      else for (const [index, one] of value.entries()) this.#value(one, items ?? {}, `${where}[${index}]`);
    } else if (typeof value === "object") {
      if (type !== undefined && type !== "object") this.violations.push(`${where}: an object, not ${type}`);
      this.#object(value as Record<string, unknown>, properties, closed, where);
    } else {
      const actual = Number.isInteger(value) ? "integer" : typeof value;
      if (type !== undefined && type !== actual && !(type === "number" && actual === "integer"))
        this.violations.push(`${where}: ${actual}, not ${type}`);
      if (values && !values.includes(String(value))) this.violations.push(`${where}: ${String(value)} is no value`);
    }
  }

  #object(value: Record<string, unknown>, properties: Record<string, Schema>, closed: boolean, where: string): void {
    const type = value["@odata.type"];
    const known =
      typeof type === "string" ? this.#flat({ $ref: `#/components/schemas/${type.slice(1)}` }).properties : properties;
    for (const [name, one] of Object.entries(value)) {
      const schema = known[name];
      if (schema) this.#value(one, schema, `${where}.${name}`);
      else if (!name.startsWith("@") && closed && !RECORDED.has(name))
        this.violations.push(`${where}.${name}: unknown property`);
    }
  }

  /** One schema out of references and allOf. */
  #flat(schema: Schema): {
    type: string | undefined;
    nullable: boolean;
    properties: Record<string, Schema>;
    items: Schema | undefined;
    values: string[] | undefined;
    closed: boolean;
  } {
    const target = schema.$ref ? this.#description.components.schemas[schema.$ref.split("/").at(-1)!] : undefined;
    if (schema.$ref && !target) throw new Error(`no schema ${schema.$ref}`);
    const parts = [...(target ? [target] : []), ...(schema.allOf ?? [])].map((part) => this.#flat(part));
    const properties = Object.assign({}, ...parts.map((part) => part.properties), schema.properties ?? {}) as Record<
      string,
      Schema
    >;
    return {
      type: schema.type ?? parts.map((part) => part.type).find((type) => type !== undefined),
      nullable: schema.nullable ?? parts.some((part) => part.nullable),
      properties,
      items: schema.items ?? parts.map((part) => part.items).find((items) => items !== undefined),
      values: schema.enum ?? parts.map((part) => part.values).find((values) => values !== undefined),
      closed: Object.keys(properties).length > 0,
    };
  }
}
