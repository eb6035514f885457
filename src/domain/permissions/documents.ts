/** IAM policy documents within IAM's limits. */

export interface Statement {
  Sid: string;
  Effect: "Allow" | "Deny";
  Action: string[];
  Resource: string[];
  Condition?: Record<string, Record<string, string | string[]>>;
}
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: Statement[];
}

/** Non-whitespace characters of a managed policy (IAM and STS quotas). */
export const POLICY_CHARACTERS = 6144;
/** Managed policies that a role carries by default; the quota can be raised to 20. */
const POLICIES_PER_ROLE = 10;

export const policySize = (document: PolicyDocument): number => JSON.stringify(document).replaceAll(/\s/g, "").length;

/**
 * As few documents as first-fit finds. A statement that is too large by itself is cut along its resources. Throws RangeError
 * when a role could not carry them all.
 */
export function splitPolicy(statements: Statement[]): PolicyDocument[] {
  const documents: PolicyDocument[] = [];
  for (const statement of statements.flatMap(withinLimit)) {
    const room = documents.find(
      ({ Statement }) => policySize(documentOf([...Statement, statement])) <= POLICY_CHARACTERS,
    );
    if (room) room.Statement.push(statement);
    else documents.push(documentOf([statement]));
  }
  if (documents.length > POLICIES_PER_ROLE)
    throw new RangeError(
      `${documents.length} policies would be needed and a role carries ${POLICIES_PER_ROLE}: leave exact names away, or give each group of instances a controller of its own`,
    );
  return documents;
}

function documentOf(statements: Statement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}

function withinLimit(statement: Statement): Statement[] {
  if (policySize(documentOf([statement])) <= POLICY_CHARACTERS || statement.Resource.length < 2) return [statement];
  const half = Math.ceil(statement.Resource.length / 2);
  return [
    { ...statement, Sid: `${statement.Sid}A`, Resource: statement.Resource.slice(0, half) },
    { ...statement, Sid: `${statement.Sid}B`, Resource: statement.Resource.slice(half) },
  ].flatMap(withinLimit);
}
