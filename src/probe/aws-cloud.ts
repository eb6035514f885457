/** SDK clients of IAM, STS and Amazon Connect whose requests and raw answers are recorded. */
import { buffer } from "node:stream/consumers";
import { ConnectClient } from "@aws-sdk/client-connect";
import { IAMClient } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { fromNodeProviderChain } from "@aws-sdk/credential-providers";
import type {
  AwsCredentialIdentity,
  DeserializeMiddleware,
  HttpRequest,
  HttpResponse,
  MiddlewareStack,
} from "@aws-sdk/types";
import { type OutputOf, operationOf, type Sender } from "../providers/aws/call.ts";
import { checkEndpoints, clientConfig, httpsOnly, iamRegion } from "../providers/aws/clients.ts";
import type { Exchange, Recorder } from "./recorder.ts";
import type { Answer } from "./types.ts";

/** Throttled calls are repeated by the SDK: the default quota of Amazon Connect is two calls a second. */
const ATTEMPTS = 10;

interface AwsCloudOptions {
  /** Where Connect is called, from the instance's ARN; default: the environment's region. */
  region?: string;
  instanceArn?: string;
  allowInsecure: boolean;
  recorder: Recorder;
  signal?: AbortSignal;
}

export class AwsCloud {
  readonly region: string;
  readonly instanceId: string;
  readonly instanceArn: string;
  readonly #options: AwsCloudOptions;
  readonly #iam: IAMClient;
  readonly #sts: STSClient;
  readonly #connect: ConnectClient;
  #identity: Promise<{ account: string; partition: string; arn: string }> | undefined;

  constructor(options: AwsCloudOptions) {
    checkEndpoints(process.env, options.allowInsecure);
    this.#options = options;
    this.region = options.region ?? process.env.AWS_REGION ?? process.env.AWS_DEFAULT_REGION ?? "us-east-1";
    this.instanceArn = options.instanceArn ?? "";
    this.instanceId = this.instanceArn.split("/")[1] ?? "";
    const plugins = options.allowInsecure ? [] : [httpsOnly];
    const credentials = fromNodeProviderChain({
      clientPlugins: plugins,
      clientConfig: clientConfig({ region: this.region }),
    });
    const config = { credentials, maxAttempts: ATTEMPTS };
    this.#iam = this.#recorded(
      "iam",
      new IAMClient({ ...clientConfig({ region: iamRegion(this.region) }), ...config }),
    );
    this.#sts = this.#recorded("sts", new STSClient({ ...clientConfig({ region: this.region }), ...config }));
    this.#connect = this.#recorded(
      "connect",
      new ConnectClient({ ...clientConfig({ region: this.region }), ...config }),
    );
  }

  /** Account, partition and ARN of the credentials. */
  identity(): Promise<{ account: string; partition: string; arn: string }> {
    this.#identity ??= this.#sts.send(new GetCallerIdentityCommand({})).then(({ Account = "", Arn = "" }) => ({
      account: Account,
      partition: Arn.split(":")[1] ?? "aws",
      arn: Arn,
    }));
    return this.#identity;
  }

  iam<C extends object>(command: C): Promise<Answer<OutputOf<C>>> {
    return this.#send(this.#iam, command);
  }
  sts<C extends object>(command: C): Promise<Answer<OutputOf<C>>> {
    return this.#send(this.#sts, command);
  }
  connect<C extends object>(command: C): Promise<Answer<OutputOf<C>>> {
    return this.#send(this.#connect, command);
  }

  /** A Connect client of somebody else, for one call. */
  async connectAs<C extends object>(credentials: AwsCredentialIdentity, command: C): Promise<Answer<OutputOf<C>>> {
    const client = new ConnectClient({
      ...clientConfig({ region: this.region }),
      credentials: async () => credentials,
      maxAttempts: ATTEMPTS,
    });
    try {
      return await this.#send(this.#recorded("connect", client), command);
    } finally {
      client.destroy();
    }
  }

  close(): void {
    for (const client of [this.#iam, this.#sts, this.#connect]) client.destroy();
  }

  async #send<C extends object>(client: Sender, command: C): Promise<Answer<OutputOf<C>>> {
    const operation = operationOf(command);
    try {
      const output = (await client.send(command as never, { abortSignal: this.#options.signal })) as OutputOf<C> & {
        $metadata: { httpStatusCode?: number };
      };
      return { ok: true, status: output.$metadata.httpStatusCode ?? 200, body: output, operation };
    } catch (error) {
      const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
      if ($metadata?.httpStatusCode === undefined || this.#options.signal?.aborted) throw error;
      return { ok: false, status: $metadata.httpStatusCode, body: undefined, code: name, message, operation };
    }
  }

  #recorded<T extends IAMClient | STSClient | ConnectClient>(service: Exchange["service"], client: T): T {
    if (!this.#options.allowInsecure) client.middlewareStack.use(httpsOnly);
    const stack = client.middlewareStack as unknown as MiddlewareStack<object, object>;
    const middleware: DeserializeMiddleware<object, object> = (next, context) => async (args) => {
      const { method, path, query, body } = args.request as HttpRequest;
      const sentAt = Date.now();
      const question = Object.entries(query ?? {}).map(([name, value]) => `${name}=${String(value)}`);
      const request = {
        method,
        path: question.length > 0 ? `${path}?${question.join("&")}` : path,
        ...(typeof body === "string" && body !== "" && { body }),
      };
      const operation = String(context.commandName ?? "").replace(/Command$/, "");
      try {
        const result = await next(args);
        const response = result.response as HttpResponse;
        response.body = await buffer(response.body as AsyncIterable<Uint8Array>);
        const requestId = response.headers["x-amzn-requestid"] ?? response.headers["x-amz-request-id"];
        this.#options.recorder.add(
          {
            service,
            operation,
            request,
            answer: {
              status: response.statusCode,
              ...(requestId && { requestId }),
              body: (response.body as Buffer).toString("utf8"),
            },
          },
          sentAt,
        );
        return result;
      } catch (error) {
        this.#options.recorder.add({ service, operation, request }, sentAt);
        throw error;
      }
    };
    stack.addRelativeTo(middleware, { relation: "after", toMiddleware: "deserializerMiddleware", name: "recorder" });
    return client;
  }
}
