/** Requests to IAM held against its service model: every parameter known, the required ones there, values within their bounds. */
import { existsSync, readFileSync } from "node:fs";
import type { Exchange } from "../../src/sandbox/server.ts";

const FILE = new URL("../../../shared/contracts/iam-service-2.json", import.meta.url);

interface Shape {
  type: string;
  required?: string[];
  members?: Record<string, { shape: string }>;
  member?: { shape: string };
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
}
export interface IamModel {
  operations: Record<string, { input?: { shape: string } }>;
  shapes: Record<string, Shape>;
}

/** Undefined where the model is absent. */
export function iamModel(): IamModel | undefined {
  return existsSync(FILE) ? (JSON.parse(readFileSync(FILE, "utf8")) as IamModel) : undefined;
}

export function iamRequestViolations(model: IamModel, { operation, request }: Exchange): string[] {
  const contract = model.operations[operation];
  if (!contract) return [`${operation} is not in the model`];
  const parameters = new Map(
    [...new URLSearchParams(request.body)].filter(([name]) => name !== "Action" && name !== "Version"),
  );
  const found: string[] = [];
  if (contract.input) check(model, contract.input.shape, "", parameters, operation, found);
  for (const name of parameters.keys()) found.push(`${operation}: unknown parameter ${name}`);
  return found;
}

/** Takes what it knows out of `parameters`. */
function check(
  model: IamModel,
  name: string,
  prefix: string,
  parameters: Map<string, string>,
  operation: string,
  found: string[],
): void {
  const shape = model.shapes[name]!;
  const below = (part: string) => (prefix ? `${prefix}.${part}` : part);
  const isThere = (path: string) => [...parameters.keys()].some((key) => key === path || key.startsWith(`${path}.`));
  if (shape.type === "structure") {
    for (const [member, { shape: inner }] of Object.entries(shape.members ?? {})) {
      if (isThere(below(member))) check(model, inner, below(member), parameters, operation, found);
      else if (shape.required?.includes(member)) found.push(`${operation}: ${below(member)} is missing`);
    }
  } else if (shape.type === "list") {
    let count = 0;
    while (isThere(below(`member.${count + 1}`)))
      check(model, shape.member!.shape, below(`member.${++count}`), parameters, operation, found);
    if (count > (shape.max ?? count)) found.push(`${operation}: ${prefix} has ${count} members`);
  } else {
    const value = parameters.get(prefix)!;
    parameters.delete(prefix);
    const size = shape.type === "string" ? value.length : Number(value);
    if (size < (shape.min ?? size) || size > (shape.max ?? size))
      found.push(`${operation}: ${prefix} is outside ${shape.min} to ${shape.max}`);
    if (shape.enum && !shape.enum.includes(value)) found.push(`${operation}: ${prefix} is none of ${shape.enum}`);
    if (shape.pattern && !new RegExp(`^(?:${shape.pattern})$`, "su").test(value))
      found.push(`${operation}: ${prefix} does not match ${shape.pattern}`);
  }
}
