/** The clouds of a controller or a command: clients behind the guard of the settings file. */
import { createClouds } from "../config/clouds.ts";
import { openSettings, parseSettings } from "../config/settings.ts";
import { DEFAULT_MASS_DELETION_SHARE } from "../domain/massdeletion.ts";
import type { EngineDeps } from "../engine/reconcile.ts";
import { createAwsAccounts } from "../providers/aws/account.ts";
import type { CircuitListener } from "../providers/breaker.ts";
import type { Clouds } from "../providers/clouds.ts";
import type { CallRecord } from "../providers/errors.ts";
import { createGraphTenants } from "../providers/graph/index.ts";

interface ComposeOptions {
  /** Identifies this controller in owner tags; two with the same name own the same objects. */
  cluster: string;
  pollIntervalMs: number;
  allowInsecure: boolean;
  /** Path of the configuration file; without one, the ambient account and tenant. */
  settingsFile?: string;
  log: EngineDeps["log"];
  onCall(call: CallRecord): void;
  /** An API is left alone, or answers again. */
  onCircuit?: CircuitListener;
}

export function composeClouds(options: ComposeOptions): {
  clouds: Clouds;
  /** As the configuration has it now. */
  massDeletionShare(): number;
  close(): void;
} {
  const log = {
    info: (text: string) => options.log.info({}, text),
    error: (text: string) => options.log.error({}, text),
  };
  const file = options.settingsFile ? openSettings(options.settingsFile, { log }) : undefined;
  const ambient = parseSettings("{}", "(defaults)");
  const settings = () => file?.current() ?? ambient;
  const circuit = options.onCircuit ? { onCircuit: options.onCircuit } : {};
  const awsAccounts = createAwsAccounts({
    endpoints: { allowInsecure: options.allowInsecure },
    onCall: options.onCall,
    ...circuit,
    limits: () => settings().limits ?? {},
    longestPauseMs: options.pollIntervalMs,
  });
  const graphTenants = createGraphTenants({
    allowInsecure: options.allowInsecure,
    onCall: options.onCall,
    ...circuit,
    limits: () => settings().limits ?? {},
    longestPauseMs: options.pollIntervalMs,
  });
  return {
    clouds: createClouds({ settings, awsAccounts, graphTenants }),
    massDeletionShare: () => settings().massDeletion?.share ?? DEFAULT_MASS_DELETION_SHARE,
    close() {
      file?.close();
      awsAccounts.close();
      graphTenants.close();
    },
  };
}
