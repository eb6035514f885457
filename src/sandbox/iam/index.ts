/** IAM and STS of the sandbox: awsQuery over POST, an IAM for each account of the world, the administrator's key and the keys that IAM gives out. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { InfrastructureError, SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { accountOf, type IamOperation } from "./account.ts";
import { questionsOf } from "./authorization.ts";
import { federatedPrincipals } from "./documents.ts";
import { IamError } from "./error.ts";
import { assumeRoleWithSaml } from "./federated-login.ts";
import { iamOperations } from "./operations.ts";
import { Parameters } from "./parameters.ts";
import { authenticate, Principals } from "./principals.ts";
import { createState, type IamState } from "./state.ts";
import { stsOperations } from "./sts.ts";
import { answer, errorAnswer } from "./xml.ts";

/** Operations that are about the caller's own user when none is named. */
const OWN_USER = ["GetUser", "CreateAccessKey", "ListAccessKeys", "UpdateAccessKey", "DeleteAccessKey"];

const LOGIN = "AssumeRoleWithSAML";

/** One of the two services as the wire knows it. `prepare` says who may run an operation, and gives it. */
interface QueryApi {
  name: "iam" | "sts";
  xmlns: string;
  version: string;
  writes(operation: string): boolean;
  prepare(operation: string, accessKeyId: string, parameters: Parameters): IamOperation | undefined;
}

interface Account {
  state: IamState;
  principals: Principals;
  operations: ReturnType<typeof iamOperations>;
}

export function createIam(host: SandboxHost): SandboxService[] {
  const open = (account: string): Account => {
    const state = createState(host, account);
    return { state, principals: new Principals(state, host), operations: iamOperations(accountOf(state, host)) };
  };
  const home = open(host.world.account);
  const accounts = new Map([
    [home.state.account, home],
    ...host.world.accounts.filter((id) => id !== home.state.account).map((id) => [id, open(id)] as const),
  ]);
  /** The account that a caller acts in. */
  const accountFor = (accessKeyId: string): Account =>
    accounts.get(host.callers.get(accessKeyId)?.account ?? "") ?? home;
  const { state } = home;
  host.shared.iam = {
    account: state.account,
    rolesVisibleTo(accessKeyId, secret) {
      const own = accountFor(accessKeyId);
      return rolesVisibleTo(own.state, own.principals)(accessKeyId, secret);
    },
    authorize: (accessKeyId, action, resource, context = {}) =>
      accountFor(accessKeyId).principals.allows(accessKeyId, { action, resource, context }),
  };
  const sts = stsOperations(state, host);
  const login = assumeRoleWithSaml(host, (id) => accounts.get(id)?.state);
  const signer = (request: SandboxRequest, service: "iam" | "sts", operation: string): string => {
    // Who has no key yet signs nothing: the assertion is the proof.
    if (service === "sts" && operation === LOGIN) return "";
    const { accessKeyId, region } = authenticate(host, request, service);
    accountFor(accessKeyId).principals.markUsed(accessKeyId, service, region);
    return accessKeyId;
  };
  return [
    queryService(signer, {
      name: "iam",
      xmlns: "https://iam.amazonaws.com/doc/2010-05-08/",
      version: "2010-05-08",
      writes: (operation) => home.operations[operation]?.writes ?? false,
      prepare(operation, accessKeyId, parameters) {
        const own = accountFor(accessKeyId);
        const found = own.operations[operation];
        if (OWN_USER.includes(operation))
          parameters.assume("UserName", own.principals.userNameOf(accessKeyId, parameters));
        if (found)
          for (const question of questionsOf(own.state, operation, parameters))
            own.principals.authorize(accessKeyId, question);
        return found;
      },
    }),
    queryService(signer, {
      name: "sts",
      xmlns: "https://sts.amazonaws.com/doc/2011-06-15/",
      version: "2011-06-15",
      writes: () => false,
      prepare: (operation, accessKeyId) =>
        operation === LOGIN ? login : sts[operation]?.(host.callers.get(accessKeyId)!),
    }),
  ];
}

function queryService(
  signer: (request: SandboxRequest, service: "iam" | "sts", operation: string) => string,
  api: QueryApi,
): SandboxService {
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
        const accessKeyId = signer(request, name, operation.name);
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
  conflict: ["ConcurrentModification", "The request was rejected because of a concurrent modification", 409],
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
