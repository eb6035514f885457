/** A policy document as statements. The grammar is the IAM user guide's "Grammar of the IAM JSON policy language". */

export interface Statement {
  /** For people: the Sid, or the position counted from 1. */
  name: string;
  effect: "Allow" | "Deny";
  actions: Listed;
  /** Absent in a trust policy. */
  resources?: Listed;
  /** Absent in an identity policy. "*" stands for everybody. */
  principals?: { except: boolean; who: "*" | Record<string, string[]> };
  conditions: { operator: string; key: string; values: string[] }[];
  /** Policy variables exist since version 2012-10-17; before that `${…}` is plain text. */
  variables: boolean;
}
/** What Action or NotAction, Resource or NotResource list. */
export interface Listed {
  except: boolean;
  patterns: string[];
}

const FIELDS = [
  ...["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction"],
  ...["Resource", "NotResource", "Condition"],
];

/** `document` is JSON text or what it parses to. Throws an Error that completes "the policy cannot be read: …". */
export function readDocument(document: unknown): Statement[] {
  const json = typeof document === "string" ? parseJson(document) : document;
  if (!isObject(json)) throw new Error("it is not a JSON object");
  if (json.Version !== undefined && json.Version !== "2012-10-17" && json.Version !== "2008-10-17")
    throw new Error(`its version is ${JSON.stringify(json.Version)}`);
  const statements = Array.isArray(json.Statement) ? json.Statement : [json.Statement];
  return statements.map((statement, index) => readStatement(statement, index, json.Version === "2012-10-17"));
}

function readStatement(statement: unknown, index: number, variables: boolean): Statement {
  if (!isObject(statement)) throw new Error(`statement ${index + 1} is not an object`);
  const name = typeof statement.Sid === "string" && statement.Sid !== "" ? statement.Sid : `${index + 1}`;
  const wrong = (what: string) => new Error(`statement ${name} ${what}`);
  const unknown = Object.keys(statement).find((field) => !FIELDS.includes(field));
  if (unknown !== undefined) throw wrong(`has the unknown element ${unknown}`);
  if (statement.Effect !== "Allow" && statement.Effect !== "Deny") throw wrong("has neither Effect Allow nor Deny");
  const listed = (plain: string): Listed | undefined => {
    const negated = `Not${plain}`;
    if (plain in statement && negated in statement) throw wrong(`has both ${plain} and ${negated}`);
    if (!(plain in statement) && !(negated in statement)) return undefined;
    const patterns = strings(statement[plain] ?? statement[negated]);
    if (!patterns) throw wrong(`has a ${plain} that is not a list of strings`);
    return { except: negated in statement, patterns };
  };
  const actions = listed("Action");
  if (!actions) throw wrong("has no Action");
  const resources = listed("Resource");
  const principals = readPrincipals(statement, wrong);
  if (!resources && !principals) throw wrong("has neither Resource nor Principal");
  return {
    name,
    effect: statement.Effect,
    actions,
    ...(resources ? { resources } : {}),
    ...(principals ? { principals } : {}),
    conditions: readConditions(statement.Condition, wrong),
    variables,
  };
}

function readPrincipals(statement: Record<string, unknown>, wrong: (what: string) => Error): Statement["principals"] {
  if ("Principal" in statement && "NotPrincipal" in statement) throw wrong("has both Principal and NotPrincipal");
  const except = "NotPrincipal" in statement;
  const value = except ? statement.NotPrincipal : statement.Principal;
  if (value === undefined) return undefined;
  if (value === "*") return { except, who: "*" };
  if (!isObject(value)) throw wrong("has a Principal that is neither * nor an object");
  const who: Record<string, string[]> = {};
  for (const [type, names] of Object.entries(value)) {
    const list = strings(names);
    if (!list) throw wrong(`has a Principal.${type} that is not a list of strings`);
    who[type] = list;
  }
  return { except, who };
}

function readConditions(condition: unknown, wrong: (what: string) => Error): Statement["conditions"] {
  if (condition === undefined) return [];
  if (!isObject(condition)) throw wrong("has a Condition that is not an object");
  return Object.entries(condition).flatMap(([operator, tests]) => {
    if (!isObject(tests)) throw wrong(`has a Condition.${operator} that is not an object`);
    return Object.entries(tests).map(([key, value]) => {
      const values = strings(value);
      if (!values) throw wrong(`has a Condition.${operator}.${key} that is not a list of strings`);
      return { operator, key, values };
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("it is not JSON");
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === "object" && !Array.isArray(value);

/** Numbers and booleans stand for their text, as IAM reads them. */
function strings(value: unknown): string[] | undefined {
  const list = Array.isArray(value) ? value : [value];
  return list.every((one) => ["string", "number", "boolean"].includes(typeof one)) ? list.map(String) : undefined;
}
