/** IAM and STS of the sandbox: awsQuery over POST, one account, the administrator's key and the keys that IAM gives out. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { InfrastructureError, SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { accountOf, type IamOperation } from "./account.ts";
import { questionsOf } from "./authorization.ts";
import { federatedPrincipals } from "./documents.ts";
import { IamError } from "./error.ts";
import { iamOperations } from "./operations.ts";
import { Parameters } from "./parameters.ts";
import { Principals } from "./principals.ts";
import { createState, type IamState } from "./state.ts";
import { stsOperations } from "./sts.ts";
import { answer, errorAnswer } from "./xml.ts";

/** Operations that are about the caller's own user when none is named. */
const OWN_USER = ["GetUser", "CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey"];

/** One of the two services as the wire knows it. `prepare` says who may run an operation, and gives it. */
interface QueryApi {
  name: "iam" | "sts";
  xmlns: string;
  version: string;
  writes(operation: string): boolean;
  prepare(operation: string, accessKeyId: string, parameters: Parameters): IamOperation | undefined;
}

export function createIam(host: SandboxHost): SandboxService[] {
  const state = createState(host);
  const principals = new Principals(state, host);
  host.shared.iam = {
    account: state.account,
    rolesVisibleTo: rolesVisibleTo(state, principals),
    authorize: (accessKeyId, action, resource, context = {}) =>
      principals.allows(accessKeyId, { action, resource, context }),
  };
  const iam = iamOperations(accountOf(state, host));
  const sts = stsOperations(state, host, principals);
  return [
    queryService(principals, {
      name: "iam",
      xmlns: "https://iam.amazonaws.com/doc/2010-05-08/",
      version: "2010-05-08",
      writes: (operation) => iam[operation]?.writes ?? false,
      prepare(operation, accessKeyId, parameters) {
        if (OWN_USER.includes(operation)) parameters.assume("UserName", principals.userNameOf(accessKeyId, parameters));
        if (iam[operation])
          for (const question of questionsOf(state, operation, parameters)) principals.authorize(accessKeyId, question);
        return iam[operation];
      },
    }),
    queryService(principals, {
      name: "sts",
      xmlns: "https://sts.amazonaws.com/doc/2011-06-15/",
      version: "2011-06-15",
      writes: () => false,
      prepare: (operation, accessKeyId) => sts[operation]?.(host.callers.get(accessKeyId)!),
    }),
  ];
}

function queryService(principals: Principals, api: QueryApi): SandboxService {
  const { name, xmlns, version } = api;
  const respond = (status: number, requestId: string, body: string): SandboxResponse => ({
    status,
    headers: { "content-type": "text/xml", "x-amzn-requestid": requestId },
    body,
  });
  return {
    name,
    operation(request) {
      const action = new URLSearchParams(request.body).get("Action") ?? "Unknown";
      return { name: action, writes: api.writes(action) };
    },
    handle(request: SandboxRequest, operation) {
      const requestId = randomUUID();
      try {
        const accessKeyId = principals.authenticate(request, name);
        const form = new URLSearchParams(request.body);
        const parameters = new Parameters(form);
        const found =
          form.get("Version") === version ? api.prepare(operation.name, accessKeyId, parameters) : undefined;
        if (!found) {
          const text = `Could not find operation ${operation.name} for version ${form.get("Version")}`;
          throw new IamError("InvalidAction", text, 400);
        }
        return respond(200, requestId, answer(xmlns, operation.name, found.run(parameters), requestId));
      } catch (error) {
        if (!(error instanceof IamError)) throw error;
        return respond(
          error.status,
          requestId,
          errorAnswer(xmlns, error.code, error.message, requestId, error.status < 500),
        );
      }
    },
    infrastructureError(kind: InfrastructureError) {
      const requestId = randomUUID();
      const [code, message, status] = INFRASTRUCTURE_ERRORS[kind];
      return respond(status, requestId, errorAnswer(xmlns, code, message, requestId, status < 500));
    },
  };
}

const INFRASTRUCTURE_ERRORS: Record<InfrastructureError, [code: string, message: string, status: number]> = {
  throttled: ["Throttling", "Rate exceeded", 400],
  internal: ["ServiceFailure", "An internal error has occurred", 500],
  unavailable: ["ServiceUnavailable", "The service is unavailable", 503],
  denied: ["AccessDenied", "User is not authorized to perform this action", 403],
  unauthorized: ["ExpiredToken", "The security token included in the request is expired", 403],
};

/** What Entra's role import gets with an IAM user's key: nothing unless the key is active, right, and allowed iam:ListRoles. */
function rolesVisibleTo(
  state: IamState,
  principals: Principals,
): NonNullable<SandboxHost["shared"]["iam"]>["rolesVisibleTo"] {
  return (accessKeyId, secret) => {
    // A new key is not known everywhere at once.
    const key = state.users
      .readAll()
      .flatMap(({ keys }) => keys)
      .find(({ id }) => id === accessKeyId);
    if (key?.secret !== secret || key.status !== "Active") return { denied: true };
    principals.markUsed(accessKeyId, "iam", "us-east-1");
    if (!principals.allows(accessKeyId, { action: "iam:ListRoles", resource: "*", context: {} }))
      return { denied: true };
    const providersOf = (trust: string) => federatedPrincipals(trust).filter((one) => one.includes(":saml-provider/"));
    return {
      roles: [...state.roles.values()].map(({ arn, trust }) => ({ arn, samlProviderArns: providersOf(trust) })),
    };
  };
}
