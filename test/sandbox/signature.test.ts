/** Signatures are checked by every AWS API of the sandbox as the real ones do, in the error names of each protocol. */
import * as connect from "@aws-sdk/client-connect";
import * as iam from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ADMIN, type Sandbox, startSandbox } from "../../src/sandbox/server.ts";
import { failure, postSigned } from "./iam-support.ts";

const InstanceId = "11111111-2222-4333-8444-555555555555";
const MINUTE = 60_000;

let sandbox: Sandbox;
beforeAll(async () => {
  const instances = [{ id: InstanceId, region: "us-east-1", users: [{ username: "jane@example.com" }] }];
  sandbox = await startSandbox({ world: { instances, behaviour: { quotas: "unlimited" } } });
});
afterAll(() => sandbox.close());

interface Wrong {
  credentials?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
  region?: string;
  /** Service to sign for. */
  service?: string;
  /** How far the caller's clock is ahead. */
  aheadMs?: number;
  /** Changes the request after it was signed. */
  tamper?(headers: Record<string, string>): void;
}

const config = (api: string, { credentials = ADMIN, region = "us-east-1" }: Wrong) => ({
  endpoint: `${sandbox.url}/${api}`,
  region,
  credentials,
  maxAttempts: 1,
});

/** The SDK signs for the service that its endpoint rules name; a middleware writes another, and another hand on the wire. */
function bend(client: { middlewareStack: unknown }, { service, tamper, aheadMs = 0 }: Wrong): void {
  const stack = client.middlewareStack as connect.ConnectClient["middlewareStack"];
  stack.add(
    (next) => (args) => {
      tamper?.((args.request as { headers: Record<string, string> }).headers);
      return next(args);
    },
    { step: "finalizeRequest", name: "tamper", priority: "low" },
  );
  if (service === undefined && aheadMs === 0) return;
  const { config } = client as unknown as { config: { signer(scheme: unknown): Promise<Signing> } };
  const original = config.signer;
  config.signer = async (scheme) => {
    const signer = await original(scheme);
    return {
      sign: (request, options) =>
        signer.sign(request, {
          ...options,
          signingDate: new Date(Date.now() + aheadMs),
          ...(service && { signingService: service }),
        }),
    };
  };
}
interface Signing {
  sign(request: unknown, options: object): Promise<unknown>;
}

async function connectRefusal(wrong: Wrong) {
  const client = new connect.ConnectClient(config("connect", wrong));
  bend(client, wrong);
  try {
    return await failure(client.send(new connect.ListUsersCommand({ InstanceId })));
  } finally {
    client.destroy();
  }
}
async function iamRefusal(wrong: Wrong) {
  const client = new iam.IAMClient(config("iam", wrong));
  bend(client, wrong);
  try {
    return await failure(client.send(new iam.ListRolesCommand({})));
  } finally {
    client.destroy();
  }
}

const SECRET: Wrong = { credentials: { ...ADMIN, secretAccessKey: "another" } };
const KEY: Wrong = { credentials: { accessKeyId: "AKIANOBODYHASTHISKEY", secretAccessKey: "x" } };
const UNSIGNED: Wrong = { tamper: (headers) => delete headers.authorization };
const CUT: Wrong = {
  tamper: (headers) => {
    headers.authorization = headers.authorization!.replace(/, Signature=.*/, "");
  },
};
const SMUGGLED: Wrong = {
  tamper: (headers) => {
    headers["x-amz-security-token"] = "x";
  },
};

test.each<[string, Wrong, string, string, RegExp]>([
  ["no signature", UNSIGNED, "MissingAuthenticationTokenException", "MissingAuthenticationToken", /Missing|missing/],
  ["half a header", CUT, "IncompleteSignatureException", "IncompleteSignature", /'SignedHeaders' parameters/],
  ["a header that is not signed", SMUGGLED, "InvalidSignatureException", "SignatureDoesNotMatch", /'SignedHeader'/],
  ["an unknown key", KEY, "UnrecognizedClientException", "InvalidClientTokenId", /security token .* is invalid/],
  ["a wrong secret", SECRET, "InvalidSignatureException", "SignatureDoesNotMatch", /does not match the signature/],
  [
    "no region",
    { region: "nowhere" },
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    /scoped to a valid region/,
  ],
  [
    "another service",
    { service: "s3" },
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    /correct service: '(connect|iam)'/,
  ],
  [
    "a clock behind",
    { aheadMs: -20 * MINUTE },
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - (5|15) min\.\)$/,
  ],
  [
    "a clock ahead",
    { aheadMs: 20 * MINUTE },
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    /^Signature not yet current: .* is still later than .* \+ (5|15) min\.\)$/,
  ],
])("%s", async (_, wrong, rest, query, message) => {
  expect(await connectRefusal(wrong)).toEqual([rest, 403, expect.stringMatching(message)]);
  const status = query === "IncompleteSignature" ? 400 : 403;
  // The SDK signs for IAM's own region, whatever the client's is.
  if (wrong.region === undefined)
    expect(await iamRefusal(wrong)).toEqual([query, status, expect.stringMatching(message)]);
});

test("the session of a role signs with its token, until it ends", async () => {
  const administrator = new iam.IAMClient(config("iam", {}));
  const sts = new STSClient(config("sts", {}));
  const { account } = sandbox.world;
  const statement = { Effect: "Allow", Principal: { AWS: account }, Action: "sts:AssumeRole" };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const { Role } = await administrator.send(
    new iam.CreateRoleCommand({ RoleName: "reader", AssumeRolePolicyDocument }),
  );
  const allowed = { Effect: "Allow", Action: "connect:ListUsers", Resource: "*" };
  const { Policy } = await administrator.send(
    new iam.CreatePolicyCommand({
      PolicyName: "reader",
      PolicyDocument: JSON.stringify({ Version: "2012-10-17", Statement: [allowed] }),
    }),
  );
  await administrator.send(new iam.AttachRolePolicyCommand({ RoleName: "reader", PolicyArn: Policy?.Arn }));
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "connect-sso" }));
  const session = {
    accessKeyId: Credentials!.AccessKeyId!,
    secretAccessKey: Credentials!.SecretAccessKey!,
    sessionToken: Credentials!.SessionToken!,
  };
  const reader = new connect.ConnectClient(config("connect", { credentials: session }));
  const ask = () => reader.send(new connect.ListUsersCommand({ InstanceId }));
  expect((await ask()).UserSummaryList?.map(({ Username }) => Username)).toEqual(["jane@example.com"]);

  const { accessKeyId, secretAccessKey } = session;
  const invalid = ["UnrecognizedClientException", 403, "The security token included in the request is invalid."];
  expect(await connectRefusal({ credentials: { accessKeyId, secretAccessKey } })).toEqual(invalid);
  expect(await connectRefusal({ credentials: { ...session, sessionToken: "another" } })).toEqual(invalid);

  sandbox.clock.advance(61 * MINUTE);
  expect(await failure(ask())).toEqual([
    "ExpiredTokenException",
    403,
    "The security token included in the request is expired",
  ]);
  for (const client of [administrator, sts, reader]) client.destroy();
});

test("paths and queries are signed as they stand: an ARN in a path, a list in a query", async () => {
  const client = new connect.ConnectClient(config("connect", {}));
  const { UserSummaryList } = await client.send(new connect.ListUsersCommand({ InstanceId, MaxResults: 10 }));
  const resourceArn = UserSummaryList![0]!.Arn!;
  const tags = { "a b": "ä/(1)*'!", "a-b": "x", a: "y" };
  await client.send(new connect.TagResourceCommand({ resourceArn, tags }));
  const read = () => client.send(new connect.ListTagsForResourceCommand({ resourceArn }));
  expect((await read()).tags).toEqual(tags);
  await client.send(new connect.UntagResourceCommand({ resourceArn, tagKeys: ["a b", "a-b"] }));
  expect((await read()).tags).toEqual({ a: "y" });
  client.destroy();
});

test.each(["", "/", "//"])("the path is signed as it is written: /iam%j", async (end) => {
  const fields = { Action: "ListRoles", Version: "2010-05-08" };
  expect((await postSigned(`${sandbox.url}/iam${end}`, "iam", fields)).status).toBe(200);
});
