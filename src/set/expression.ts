/**
 * CEL expressions over one person. They come from anyone who may write a set, so their cost is bounded before they run: length, nodes, nesting,
 * an allow-list of operators and functions, no macros (each is a loop) and no `matches` (JavaScript's regular expressions may take
 * exponential time). What is left visits every node once. Texts cannot multiply either: `join` takes a short literal, and nothing joined is split again.
 */
import { type ASTNode, Environment, type ParseError } from "@marcbachmann/cel-js";
import { type Attributes, TEXT_ATTRIBUTES } from "../domain/people.ts";

/** What an expression has to yield: `bool` for where and when, the others for compute. */
export interface Yields {
  bool: boolean;
  string: string;
  "list<string>": string[];
}

export class InvalidExpression extends Error {
  /** Both counted from 1. */
  readonly line: number;
  readonly column: number;
  constructor(message: string, text: string, offset: number) {
    super(message);
    const before = text.slice(0, offset).split("\n");
    this.line = before.length;
    this.column = before.at(-1)!.length + 1;
  }
}

const MAX_LENGTH = 1024;
const MAX_SEPARATOR = 16;
const LIMITS = { maxAstNodes: 300, maxDepth: 32, maxListElements: 100, maxMapEntries: 0, maxCallArguments: 3 };
const OPERATORS = ["value", "id", ".", "[]", "list", "call", "rcall", "?:", "||", "&&", "!_", "-_"];
const BINARY = ["==", "!=", "in", "+", "-", "<", "<=", ">", ">="];
const FUNCTIONS = ["size", "string", "int"];
const METHODS = [
  ...["startsWith", "endsWith", "contains", "lowerAscii", "upperAscii", "trim", "size"],
  ...["split", "join", "substring", "indexOf", "lastIndexOf"],
];
const allowed = new Set([...OPERATORS, ...BINARY]);

const schema = { ...Object.fromEntries(TEXT_ATTRIBUTES.map((name) => [name, "string"])), accountEnabled: "bool" };
const environment = new Environment({ limits: LIMITS }).registerVariable({ name: "user", schema });

/**
 * Compiles once; the result is called for each person. Throws InvalidExpression with the place. The result itself throws when a value
 * does not fit at run time, for example an index behind the end of a list.
 */
export function compile<T extends keyof Yields>(text: string, type: T): (user: Attributes) => Yields[T] {
  if (text.length > MAX_LENGTH)
    throw new InvalidExpression(`an expression has at most ${MAX_LENGTH} characters`, text, MAX_LENGTH);
  const parsed = attempt(text, () => environment.parse(text));
  inspect(parsed.ast);
  const checked = parsed.check();
  if (!checked.valid) throw asInvalid(checked.error as ParseError, text);
  if (checked.type !== type) throw new InvalidExpression(`yields ${checked.type}, not ${type}`, text, 0);
  return (user) => parsed({ user }) as Yields[T];
}

function attempt<R>(text: string, parse: () => R): R {
  try {
    return parse();
  } catch (error) {
    throw asInvalid(error as ParseError, text);
  }
}

/** The library's own message repeats the source over several lines. */
function asInvalid(error: ParseError, text: string): InvalidExpression {
  return new InvalidExpression(error.summary ?? error.message, text, error.range?.start ?? 0);
}

function inspect(node: ASTNode): void {
  const refuse = (message: string) => new InvalidExpression(message, node.input, node.start);
  if (!allowed.has(node.op)) throw refuse(`operator ${node.op} is not available`);
  if (node.op === "call" && !FUNCTIONS.includes(node.args[0]))
    throw refuse(`${node.args[0]}() is not available; functions are ${FUNCTIONS.join(", ")}`);
  if (node.op === "rcall" && !METHODS.includes(node.args[0])) throw refuse(unavailable(node.args[0]));
  const growing = growth(node);
  if (growing) throw refuse(growing);
  for (const child of childrenOf(node)) inspect(child);
}

/** `x.split("").join(x)` squares a length, so a chain of them would outgrow any memory. */
function growth(node: ASTNode): string | undefined {
  if (node.op !== "rcall") return undefined;
  const [method, receiver, parameters] = node.args as [string, ASTNode, ASTNode[]];
  if (method === "split" && joins(receiver)) return "a text that was joined cannot be split again";
  const [separator] = parameters;
  if (method !== "join" || !separator) return undefined;
  const literal = separator.op === "value" ? separator.args : undefined;
  if (typeof literal === "string" && literal.length <= MAX_SEPARATOR) return undefined;
  return `join() takes a literal of at most ${MAX_SEPARATOR} characters`;
}

const joins = (node: ASTNode): boolean =>
  (node.op === "rcall" && node.args[0] === "join") || childrenOf(node).some(joins);

function unavailable(method: string): string {
  return method === "matches"
    ? "matches() is not available, because its cost has no bound; use startsWith, endsWith, contains or in"
    : `${method}() is not available; methods are ${METHODS.join(", ")}`;
}

/** Arguments hold nodes beside names and literals, in lists of one level. */
function childrenOf(node: ASTNode): ASTNode[] {
  const parts = (Array.isArray(node.args) ? node.args : [node.args]).flat();
  return parts.filter((part): part is ASTNode => typeof part === "object" && part !== null && "op" in part);
}
