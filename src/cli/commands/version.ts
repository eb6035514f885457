import { type Format, print } from "../render/output.ts";
import { VERSION } from "../version.ts";

/** `connect-sso version`. */
export async function printVersion(options: { output: Format }): Promise<number> {
  const data = { version: VERSION, node: process.version, platform: `${process.platform}/${process.arch}` };
  print({ data, text: () => `connect-sso ${VERSION} (Node ${process.version}, ${data.platform})` }, options.output);
  return 0;
}
