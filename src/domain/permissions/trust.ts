/** Who may become the controller's role: the service account of a pod, through whichever way the cluster has. */

export type Workload =
  /** `issuer` without https://, as in the ARN of the OIDC provider. */
  | { kind: "irsa"; partition: string; account: string; issuer: string; namespace: string; serviceAccount: string }
  | {
      kind: "pod-identity";
      partition: string;
      account: string;
      region: string;
      cluster: string;
      namespace: string;
      serviceAccount: string;
    }
  /** A controller in another account, which `--config` makes assume this role. */
  | { kind: "role"; roleArn: string };

export function controllerTrust(workload: Workload): unknown {
  return { Version: "2012-10-17", Statement: [statement(workload)] };
}

function statement(workload: Workload): unknown {
  switch (workload.kind) {
    case "irsa": {
      const { partition, account, issuer, namespace, serviceAccount } = workload;
      return {
        Effect: "Allow",
        Principal: { Federated: `arn:${partition}:iam::${account}:oidc-provider/${issuer}` },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: {
            [`${issuer}:aud`]: "sts.amazonaws.com",
            [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`,
          },
        },
      };
    }
    case "pod-identity": {
      const { partition, account, region, cluster, namespace, serviceAccount } = workload;
      // The session tags are set by EKS: only this service account of this cluster gets through.
      return {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
        Condition: {
          StringEquals: {
            "aws:SourceAccount": account,
            "aws:RequestTag/kubernetes-namespace": namespace,
            "aws:RequestTag/kubernetes-service-account": serviceAccount,
          },
          ArnEquals: { "aws:SourceArn": `arn:${partition}:eks:${region}:${account}:cluster/${cluster}` },
        },
      };
    }
    case "role":
      return { Effect: "Allow", Principal: { AWS: workload.roleArn }, Action: "sts:AssumeRole" };
  }
}
