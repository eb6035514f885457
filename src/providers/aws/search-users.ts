/**
 * Pages of SearchUsers, ten thousand users in twenty. The SDK would walk through every user of them by its schema, for a tenth of a second
 * and as much garbage; this answer holds strings, numbers and booleans only, under the names that the SDK gives them, so its JSON is the
 * output already.
 */
import { buffer } from "node:stream/consumers";
import {
  type ConnectClient,
  SearchUsersCommand,
  type SearchUsersCommandInput,
  type SearchUsersCommandOutput,
  type UserSearchSummary,
} from "@aws-sdk/client-connect";
import type { DeserializeMiddleware } from "@aws-sdk/types";

type Page = Pick<SearchUsersCommandOutput, "NextToken"> & { Users: UserSearchSummary[] };

/** Everything else about the call, errors above all, is the SDK's. */
export async function searchUsers(
  client: ConnectClient,
  input: SearchUsersCommandInput,
  options: { abortSignal?: AbortSignal },
): Promise<Page> {
  const command = new SearchUsersCommand(input);
  let users: UserSearchSummary[] | undefined;
  const takeUsersOut: DeserializeMiddleware<SearchUsersCommandInput, SearchUsersCommandOutput> =
    (next) => async (args) => {
      const result = await next(args);
      const response = result.response as { statusCode: number; body: AsyncIterable<Uint8Array> | Uint8Array };
      if (response.statusCode !== 200) return result;
      const bytes = await buffer(response.body as AsyncIterable<Uint8Array>);
      response.body = bytes;
      const page = parsed(bytes);
      if (!Array.isArray(page?.Users)) return result;
      users = page.Users;
      response.body = Buffer.from(JSON.stringify({ ...page, Users: [] }));
      return result;
    };
  command.middlewareStack.addRelativeTo(takeUsersOut, {
    relation: "after",
    toMiddleware: "deserializerMiddleware",
    name: "takeUsersOut",
  });
  const { NextToken, Users = [] } = await client.send(command, options);
  return { NextToken, Users: users ?? Users };
}

/** What is no JSON is left to the SDK, which says so. */
function parsed(bytes: Buffer): { Users?: UserSearchSummary[] } | undefined {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}
