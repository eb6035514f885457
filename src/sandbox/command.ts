/** `connect-sso sandbox`: serves until a signal stops it, and writes the variables by which others find it. */
import { renameSync, writeFileSync } from "node:fs";
import { startSandbox } from "./server.ts";

/** `listen` is HOST:PORT (port 0 for any); `writeEnv` gets `export NAME=value` lines, readable by its owner alone, once it listens. */
export async function sandboxCommand(options: { listen: string; writeEnv?: string; config?: string }): Promise<number> {
  const separator = options.listen.lastIndexOf(":");
  const port = Number(options.listen.slice(separator + 1));
  if (separator < 0 || !Number.isInteger(port)) throw new Error(`--listen wants HOST:PORT, not ${options.listen}`);
  const host = options.listen.slice(0, separator).replace(/^\[|\]$/g, "");
  const sandbox = await startSandbox({ world: options.config, listen: { host, port } });
  if (options.writeEnv) {
    const lines = Object.entries(sandbox.env).map(([name, value]) => `export ${name}=${value}\n`);
    writeFileSync(`${options.writeEnv}.new`, lines.join(""), { mode: 0o600 });
    renameSync(`${options.writeEnv}.new`, options.writeEnv);
  }
  process.stdout.write(
    `sandbox clouds at ${sandbox.url}${options.writeEnv ? `; use them with: source ${options.writeEnv}` : ""}\n`,
  );
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve);
    process.once("SIGTERM", resolve);
  });
  await sandbox.close();
  return 0;
}
