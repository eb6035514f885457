/** IAM and STS of the sandbox: awsQuery over POST, one account, the administrator's key and the keys that IAM gives out. */
import { randomUUID } from "node:crypto";
import type { SandboxHost } from "../host.ts";
import type { InfrastructureError, SandboxRequest, SandboxResponse, SandboxService } from "../service.ts";
import { allows, federatedPrincipals } from "./documents.ts";
import { IamError } from "./error.ts";
import { iamOperations, type Result } from "./operations.ts";
import { Parameters } from "./parameters.ts";
import { createState, type IamState, uniqueId } from "./state.ts";
import { answer, errorAnswer } from "./xml.ts";

const IAM_NS = "https://iam.amazonaws.com/doc/2010-05-08/";
const STS_NS = "https://sts.amazonaws.com/doc/2011-06-15/";

interface QueryOperation {
  writes: boolean;
  run(parameters: Parameters, headers: Record<string, string>): Result;
}

export function createIam(host: SandboxHost): SandboxService[] {
  const state = createState(host);
  host.shared.iam = { account: state.account, rolesVisibleTo: rolesVisibleTo(state, host) };
  const sts: Record<string, QueryOperation> = {
    GetCallerIdentity: {
      writes: false,
      run: (_, headers) => ({ Arn: host.callerOf(headers).arn, UserId: "AIDASANDBOXADMIN00000", Account: host.callerOf(headers).account }),
    },
    AssumeRole: {
      writes: false,
      run: (p) => {
        const arn = p.arn("RoleArn");
        const session = p.required("RoleSessionName");
        const id = uniqueId("ASIA", 16);
        host.callers.set(id, { account: arn.split(":")[4]!, arn: `${arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/${session}` });
        return {
          AssumedRoleUser: { AssumedRoleId: `${uniqueId("AROA")}:${session}`, Arn: `${arn.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/")}/${session}` },
          Credentials: { AccessKeyId: id, SecretAccessKey: uniqueId("", 40), SessionToken: uniqueId("", 80), Expiration: new Date(host.clock.now().getTime() + 3_600_000) },
        };
      },
    },
  };
  const authenticate = (headers: Record<string, string>) => {
    const id = /Credential=([^/]+)\//.exec(headers["authorization"] ?? "")?.[1];
    if (id === undefined) throw new IamError("MissingAuthenticationToken", "Request is missing Authentication Token", 403);
    if (!/Signature=[0-9a-f]{64}/.test(headers["authorization"] ?? "")) throw new IamError("IncompleteSignature", "Authorization header requires 'Signature' parameter.", 400);
    if (!host.callers.has(id) && !activeKey(state, id)) throw new IamError("InvalidClientTokenId", "The security token included in the request is invalid.", 403);
  };
  return [queryService("iam", IAM_NS, "2010-05-08", iamOperations(state, host), authenticate), queryService("sts", STS_NS, "2011-06-15", sts, authenticate)];
}

function queryService(name: "iam" | "sts", xmlns: string, version: string, operations: Record<string, QueryOperation>, authenticate: (headers: Record<string, string>) => void): SandboxService {
  const respond = (status: number, requestId: string, body: string): SandboxResponse => ({ status, headers: { "content-type": "text/xml", "x-amzn-requestid": requestId }, body });
  return {
    name,
    operation(request) {
      const action = new URLSearchParams(request.body).get("Action") ?? "Unknown";
      return { name: action, writes: operations[action]?.writes ?? false };
    },
    handle(request: SandboxRequest, operation) {
      const requestId = randomUUID();
      try {
        authenticate(request.headers);
        const form = new URLSearchParams(request.body);
        const found = operations[operation.name];
        if (!found || form.get("Version") !== version) throw new IamError("InvalidAction", `Could not find operation ${operation.name} for version ${form.get("Version")}`, 400);
        return respond(200, requestId, answer(xmlns, operation.name, found.run(new Parameters(form), request.headers), requestId));
      } catch (error) {
        if (!(error instanceof IamError)) throw error;
        return respond(error.status, requestId, errorAnswer(xmlns, error.code, error.message, requestId, error.status < 500));
      }
    },
    infrastructureError(kind: InfrastructureError) {
      const requestId = randomUUID();
      const [code, message, status] = {
        throttled: ["Throttling", "Rate exceeded", 400],
        internal: ["ServiceFailure", "An internal error has occurred", 500],
        unavailable: ["ServiceUnavailable", "The service is unavailable", 503],
        denied: ["AccessDenied", "User is not authorized to perform this action", 403],
        unauthorized: ["ExpiredToken", "The security token included in the request is expired", 403],
      }[kind] as [string, string, number];
      return respond(status, requestId, errorAnswer(xmlns, code, message, requestId, status < 500));
    },
  };
}

const activeKey = (state: IamState, id: string) => [...state.users.values()].some(({ keys }) => keys.some((key) => key.id === id && key.status === "Active"));

/** What Entra's role import gets with an IAM user's key: nothing unless the key is active, right, and allowed iam:ListRoles. */
function rolesVisibleTo(state: IamState, host: SandboxHost): NonNullable<SandboxHost["shared"]["iam"]>["rolesVisibleTo"] {
  return (accessKeyId, secret) => {
    for (const user of state.users.values()) {
      const key = user.keys.find(({ id }) => id === accessKeyId);
      if (!key) continue;
      if (key.secret !== secret || key.status !== "Active") return { denied: true };
      state.users.set(user.name.toLowerCase(), {
        ...user,
        keys: user.keys.map((one) => (one === key ? { ...key, lastUsed: { at: host.clock.now(), service: "iam", region: "us-east-1" } } : one)),
      });
      const documents = user.attached.flatMap((arn) => {
        const policy = state.policies.get(arn.toLowerCase());
        return policy ? [policy.versions.find(({ id }) => id === policy.defaultVersion)!.document] : [];
      });
      if (!allows(documents, "iam:ListRoles")) return { denied: true };
      return { roles: [...state.roles.values()].map(({ arn, trust }) => ({ arn, samlProviderArns: federatedPrincipals(trust).filter((one) => one.includes(":saml-provider/")) })) };
    }
    return { denied: true };
  };
}

