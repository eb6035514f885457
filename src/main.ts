#!/usr/bin/env -S node --
/** Wiring only: commands and their options. What a command needs is loaded when it runs. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";

declare const CONNECT_SSO_VERSION: string | undefined;
const version = typeof CONNECT_SSO_VERSION === "string" ? CONNECT_SSO_VERSION : "0.0.0-source";
/** Of the repository or the image: where examples/ stands. */
const root = join(dirname(fileURLToPath(import.meta.url)), "..");

const program = new Command("connect-sso")
  .description("Sets up and keeps up single sign-on from Microsoft Entra ID to Amazon Connect.")
  .version(version)
  .showHelpAfterError("(connect-sso --help shows what there is)");

program
  .command("demo")
  .description("the AWS blog's set-up against sandbox clouds: converged, broken behind the controller's back, repaired")
  .action(async () => (await import("./cli/demo.ts")).demo(root));

program
  .command("run")
  .description("the controller, against the cluster of the kubeconfig or the one it runs in")
  .option("--kubeconfig <file>", "default: KUBECONFIG, ~/.kube/config, or the service account of the pod")
  .option("--context <name>", "context of the kubeconfig")
  .option("--namespace <name>", "watch this namespace only")
  .option("--watch-label-selector <selector>", "watch objects with these labels only (sharding)")
  .option("--poll-interval <duration>", "how often the clouds are compared with the specs", "10m")
  .option("--metrics-bind-address <host:port>", "Prometheus metrics; 0 for none", "0.0.0.0:8080")
  .option("--health-probe-bind-address <host:port>", "/healthz and /readyz; 0 for none", "0.0.0.0:8081")
  .option("--leader-elect", "only the holder of a Lease reconciles; the others stand by", false)
  .option("--leader-election-id <name>", "name of that Lease: one per set of objects that is watched", "connect-sso")
  .option("--log-level <level>", "trace, debug, info, warn, error", "info")
  .option(
    "--cluster-name <name>",
    "part of every ownership tag: unique among the clusters that share an account",
    "default",
  )
  .option("--config <file>", "which accounts and tenants, for which namespaces (YAML)")
  .option("--allow-insecure-endpoints", "accept endpoints that are not https: for sandboxes only", false)
  .action(async (options) => (await import("./cli/run.ts")).run(options, version));

program
  .command("apply")
  .description("converges once what a folder of manifests declares, without Kubernetes")
  .requiredOption("-f, --filename <path>", "folder or file of manifests")
  .option(
    "--cluster-name <name>",
    "part of every ownership tag; use the name of the controller it stands in for",
    "folder",
  )
  .option("--timeout <duration>", "how long to wait until everything is Ready", "10m")
  .option("--log-level <level>", "trace, debug, info, warn, error, silent", "warn")
  .option("--config <file>", "which accounts and tenants, for which namespaces (YAML)")
  .option("--allow-insecure-endpoints", "accept endpoints that are not https: for sandboxes only", false)
  .action(async (options) => {
    process.exitCode = await (await import("./cli/apply.ts")).apply(options);
  });

program
  .command("sandbox")
  .description("emulated IAM, STS, Amazon Connect, Microsoft Graph and login, for tests and for trying things out")
  .option("--listen <host:port>", "where to listen", "127.0.0.1:4180")
  .option("--env-file <file>", "write `export NAME=value` lines by which programs find the sandbox")
  .option("--config <file>", "the world: users, groups, instances, behaviour (YAML)")
  .addHelpText(
    "after",
    "\nExample:\n  connect-sso sandbox --listen 127.0.0.1:4180 --env-file .env --config examples/sandbox-world.yaml\n",
  )
  .action(async (options: { listen: string; envFile?: string; config?: string }) =>
    (await import("./sandbox/command.ts")).sandboxCommand(options),
  );

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`connect-sso: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
