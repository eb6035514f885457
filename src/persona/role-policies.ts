/** The policies that decide what a role may do, for the domain's evaluator. Reads only. */
import type { Policy } from "../domain/policy/evaluate.ts";
import type { Iam, IamRole } from "../providers/aws/types.ts";
import { CloudError } from "../providers/errors.ts";

interface RolePolicies {
  /** Attached and inline. */
  policies: Policy[];
  boundary?: Policy;
  /** What could not be read. */
  unread: string[];
}

export async function rolePolicies(iam: Iam, role: IamRole): Promise<RolePolicies> {
  const unread: string[] = [];
  const read = async <T>(what: string, ask: Promise<T>): Promise<T | undefined> => {
    try {
      return await ask;
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      unread.push(what);
      return undefined;
    }
  };
  const document = async (arn: string): Promise<Policy[]> => {
    const found = await read(arn, iam.getPolicy(arn));
    if (!found && !unread.includes(arn)) unread.push(arn);
    return found ? [{ name: found.name, document: found.document }] : [];
  };
  const attached = await Promise.all(role.attachedPolicyArns.map(document));
  const inline = await read(`the inline policies of ${role.name}`, iam.inlineRolePolicies(role.name));
  const [boundary] = role.permissionsBoundaryArn ? await document(role.permissionsBoundaryArn) : [];
  return { policies: [...attached.flat(), ...(inline ?? [])], ...(boundary ? { boundary } : {}), unread };
}
