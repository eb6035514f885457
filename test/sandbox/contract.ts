/** Answers and requests held against Amazon's own service model, which lies beside the repository where it is present. */
import { existsSync, readFileSync } from "node:fs";
import type { Exchange } from "../../src/sandbox/server.ts";

const FILE = new URL("../../../shared/contracts/connect-service-2.json", import.meta.url);

interface Shape {
  type: string;
  required?: string[];
  members?: Record<string, { shape: string; location?: string; locationName?: string }>;
  member?: { shape: string };
  value?: { shape: string };
  enum?: string[];
  min?: number;
  max?: number;
  error?: { httpStatusCode: number };
}
interface Model {
  operations: Record<
    string,
    {
      http: { method: string; requestUri: string };
      input?: { shape: string };
      output?: { shape: string };
      errors?: { shape: string }[];
    }
  >;
  shapes: Record<string, Shape>;
}

/** Undefined, with a printed notice, where the model is absent. */
export function connectModel(): Model | undefined {
  if (existsSync(FILE)) return JSON.parse(readFileSync(FILE, "utf8")) as Model;
  process.stderr.write("notice: the Connect service model is absent, so answers are not checked against it\n");
  return undefined;
}

/** Operations that the slice of the model lacks; each is held against the whole model by the clients of test/judges. */
const BESIDE_THE_SLICE: Record<string, string> = {
  UpdateSecurityProfile: "https://docs.aws.amazon.com/connect/latest/APIReference/API_UpdateSecurityProfile.html",
};

/** Every way in which the exchange departs from the model; empty when it conforms. */
export function violations(model: Model, { operation, request, response }: Exchange): string[] {
  const contract = model.operations[operation];
  if (!contract) return operation in BESIDE_THE_SLICE ? [] : [`${operation} is not in the model`];
  const found: string[] = [];
  if (request.method !== contract.http.method) found.push(`${operation}: method ${request.method}`);
  const pattern = contract.http.requestUri.replace(/\{[^}]+\}/g, "[^/]+");
  if (!new RegExp(`^${pattern}$`).test(request.path)) found.push(`${operation}: path ${request.path}`);
  const body = response.body ? JSON.parse(response.body) : {};
  if (response.status !== 200) {
    const name = response.headers?.["x-amzn-errortype"] ?? "";
    const status = model.shapes[name]?.error?.httpStatusCode;
    if (!contract.errors?.some(({ shape }) => shape === name)) found.push(`${operation}: error ${name} is not listed`);
    else if (status !== response.status) found.push(`${operation}: ${name} has status ${response.status}`);
    return found;
  }
  if (contract.input && request.body)
    check(model, contract.input.shape, JSON.parse(request.body), `${operation} request`, found);
  if (contract.output) check(model, contract.output.shape, body, `${operation} answer`, found);
  return found;
}

/** Every way in which a request departs from the model, whatever it was answered. */
export function requestViolations(model: Model, { operation, request }: Exchange): string[] {
  const contract = model.operations[operation];
  if (!contract) return [`${request.method} ${request.path} is no operation of the model`];
  const found: string[] = [];
  if (request.method !== contract.http.method) found.push(`${operation}: method ${request.method}`);
  const input = contract.input && model.shapes[contract.input.shape];
  const queried = Object.entries(input?.members ?? {}).flatMap(([key, { location, locationName }]) =>
    location === "querystring" ? [locationName ?? key] : [],
  );
  for (const name of request.query.keys())
    if (!queried.includes(name)) found.push(`${operation}: unknown parameter ${name}`);
  if (contract.input && request.body)
    check(model, contract.input.shape, JSON.parse(request.body), `${operation} request`, found);
  return found;
}

function check(model: Model, name: string, value: unknown, at: string, found: string[]): void {
  const shape = model.shapes[name]!;
  const expected =
    { structure: "object", map: "object", list: "object", string: "string", boolean: "boolean" }[shape.type] ??
    "number";
  if (typeof value !== expected || value === null || (shape.type === "list") !== Array.isArray(value)) {
    found.push(`${at}: not a ${shape.type}`);
    return;
  }
  const size =
    typeof value === "string" || Array.isArray(value)
      ? value.length
      : typeof value === "number" && shape.type !== "timestamp"
        ? value
        : undefined;
  if (size !== undefined && (size < (shape.min ?? size) || size > (shape.max ?? size)))
    found.push(`${at}: outside ${shape.min} to ${shape.max}`);
  if (shape.enum && !shape.enum.includes(value as string)) found.push(`${at}: ${value} is none of ${shape.enum}`);
  if (Array.isArray(value)) {
    for (const [index, one] of value.entries()) check(model, shape.member!.shape, one, `${at}[${index}]`, found);
  } else if (shape.type === "map") {
    for (const [key, one] of Object.entries(value as object))
      check(model, shape.value!.shape, one, `${at}.${key}`, found);
  } else if (shape.type === "structure") {
    const members = Object.entries(shape.members ?? {}).filter(([, { location }]) => location === undefined);
    const byWire = new Map(members.map(([key, member]) => [member.locationName ?? key, member.shape]));
    for (const [key, one] of Object.entries(value as object)) {
      const inner = byWire.get(key);
      if (inner === undefined) found.push(`${at}.${key}: unknown member`);
      else check(model, inner, one, `${at}.${key}`, found);
    }
    for (const [key, member] of members)
      if (shape.required?.includes(key) && !((member.locationName ?? key) in (value as object)))
        found.push(`${at}.${key}: missing`);
  }
}
