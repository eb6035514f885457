/** Members of the service that the SDK at hand does not know yet: added to what it sends, read from what it receives. */
import { buffer } from "node:stream/consumers";
import type {
  DeserializeMiddleware,
  HttpRequest,
  HttpResponse,
  MiddlewareStack,
  SerializeMiddleware,
} from "@aws-sdk/types";

/** IAM's query protocol: these fields go into the form of the request. Everything else about the call is the SDK's. */
export function sendNewerMembers<I extends object, O extends object>(
  stack: MiddlewareStack<I, O>,
  fields: Record<string, string>,
): void {
  const middleware: SerializeMiddleware<I, O> = (next) => (args) => {
    const request = args.request as HttpRequest;
    const form = new URLSearchParams(request.body as string);
    for (const [name, value] of Object.entries(fields)) form.set(name, value);
    request.body = form.toString();
    return next(args);
  };
  stack.add(middleware, { step: "serialize", name: "sendNewerMembers", priority: "low" });
}

/** What the elements of these names hold in the XML of the answer, once it was received. */
export function readNewerMembers<I extends object, O extends object>(
  stack: MiddlewareStack<I, O>,
  names: string[],
): () => Record<string, string | undefined> {
  let found: Record<string, string | undefined> = {};
  const middleware: DeserializeMiddleware<I, O> = (next) => async (args) => {
    const result = await next(args);
    const response = result.response as HttpResponse;
    response.body = await buffer(response.body as AsyncIterable<Uint8Array>);
    const text = (response.body as Buffer).toString("utf8");
    found = Object.fromEntries(names.map((name) => [name, new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1]]));
    return result;
  };
  stack.addRelativeTo(middleware, {
    relation: "after",
    toMiddleware: "deserializerMiddleware",
    name: "readNewerMembers",
  });
  return () => found;
}
