/** A file, or standard input, as bytes; no more than `limit`. */
import { createReadStream } from "node:fs";
import { CliError } from "./command.ts";

/** `name` is a path, "-" for standard input, or undefined for standard input when that is no terminal. */
export async function readInput(name: string | undefined, limit: number): Promise<Buffer> {
  if (name === undefined && process.stdin.isTTY)
    throw new CliError("nothing to read", { hint: "name a file, or pipe it in: pbpaste | connect-sso …" });
  const stream = name === undefined || name === "-" ? process.stdin : createReadStream(name);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      size += (chunk as Buffer).length;
      if (size > limit) throw new CliError(`the input is larger than ${Math.round(limit / 1024 / 1024)} MiB`);
      chunks.push(chunk as Buffer);
    }
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError((error as Error).message);
  }
  return Buffer.concat(chunks);
}
