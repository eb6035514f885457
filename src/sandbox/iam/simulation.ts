/** SimulatePrincipalPolicy over the attached managed policies and the boundary of a user or a role. */
import { type Account, type IamOperation, page, read } from "./account.ts";
import { invalid, notFound } from "./error.ts";
import { decide } from "./principals.ts";

export function simulation({ state, users, roles }: Account): IamOperation {
  return read((p) => {
    const source = p.arn("PolicySourceArn");
    const [, type, name] = /^arn:aws[\w-]*:iam::\d{12}:(user|role)\/(?:.*\/)?([^/]+)$/.exec(source) ?? [];
    if (type === undefined || name === undefined)
      throw invalid(`Invalid Entity Arn: ${source} does not clearly define entity type and name.`);
    const identity = (type === "role" ? roles : users).get(name.toLowerCase());
    if (identity?.arn !== source) throw notFound(`The ${type} with name ${name} cannot be found.`);
    const actions = p.members("ActionNames");
    if (actions.length === 0)
      throw invalid(
        "1 validation error detected: Value at 'actionNames' failed to satisfy constraint: Member must not be null",
      );
    const resources = p.members("ResourceArns");
    const context = p.contextEntries();
    const results = actions.flatMap((action) =>
      (resources.length > 0 ? resources : ["*"]).map((resource) => ({
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: decide(state, identity, { action, resource, context }),
        MatchedStatements: [],
        MissingContextValues: [],
      })),
    );
    return page(p, results, "EvaluationResults");
  });
}
