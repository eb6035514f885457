/** `connect-sso policy trust`: who may become the controller's own role in AWS. */
import { controllerTrust, type Workload } from "../../domain/permissions/trust.ts";
import { CliError } from "../command.ts";
import type { OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";

interface TrustOptions extends OutputOptions {
  oidcProvider?: string;
  eksCluster?: string;
  assumedBy?: string;
  serviceAccount: string;
}

export async function policyTrust(options: TrustOptions): Promise<number> {
  const document = controllerTrust(workloadOf(options));
  print({ data: document, text: () => JSON.stringify(document, null, 2) }, options.output);
  return 0;
}

function workloadOf({ oidcProvider, eksCluster, assumedBy, serviceAccount }: TrustOptions): Workload {
  if ([oidcProvider, eksCluster, assumedBy].filter(Boolean).length !== 1)
    throw new CliError("name one of --oidc-provider, --eks-cluster and --assumed-by", {
      hint: "IRSA and EKS Pod Identity are described in docs/install-eks.md",
    });
  const pod = podOf(serviceAccount);
  if (oidcProvider) {
    const [, partition, account, issuer] = match(oidcProvider, /^arn:([\w-]+):iam::(\d{12}):oidc-provider\/(.+)$/);
    return { kind: "irsa", partition: partition!, account: account!, issuer: issuer!, ...pod };
  }
  if (eksCluster) {
    const [, partition, region, account, cluster] = match(
      eksCluster,
      /^arn:([\w-]+):eks:([\w-]+):(\d{12}):cluster\/(.+)$/,
    );
    const place = { partition: partition!, region: region!, account: account!, cluster: cluster! };
    return { kind: "pod-identity", ...place, ...pod };
  }
  match(assumedBy!, /^arn:[\w-]+:iam::\d{12}:role\/.+$/);
  return { kind: "role", roleArn: assumedBy! };
}

function match(arn: string, form: RegExp): RegExpExecArray {
  const found = form.exec(arn);
  if (!found)
    throw new CliError(`${arn} is not such an ARN`, { hint: `expected: ${form.source.replaceAll("\\", "")}` });
  return found;
}

/** `namespace/name` of a service account. */
export function podOf(text: string): { namespace: string; serviceAccount: string } {
  const [namespace, serviceAccount, more] = text.split("/");
  if (!namespace || !serviceAccount || more !== undefined)
    throw new CliError(`--service-account wants NAMESPACE/NAME, not ${text}`);
  return { namespace, serviceAccount };
}
