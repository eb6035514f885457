/** The chart without a cluster: lint, what it refuses and how it says so, and every manifest against its golden file. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import {
  chart,
  expectGolden,
  find,
  helm,
  type Manifest,
  parseManifests,
  render,
  root,
  template,
  valueSets,
} from "./support.ts";

test("lint finds nothing to warn of", async () => {
  await helm("lint", "--strict", chart, "--values", "test/helm/everything.yaml");
  await helm("lint", "--strict", chart);
});

/** CRDs, alerts and dashboard are copies: a change of theirs is to change no golden file. */
const COPIES = "crds.enabled=false,metrics.prometheusRule.enabled=false,metrics.dashboard.enabled=false";

test.each(valueSets)("%s: the manifests are those of the golden file", async (name, args) => {
  expectGolden(`test/helm/golden/${name}.yaml`, await template(...args, "--set", COPIES));
});

test("alerts and dashboard are those of deploy/, but for alerts that were left out and labels that were added", async () => {
  const manifests = await render("-f", "test/helm/everything.yaml", "--set", "crds.enabled=false");
  const source = parse(readFileSync(join(root, "deploy/prometheus/connect-sso.rules.yaml"), "utf8"));
  for (const group of source.groups) {
    group.rules = group.rules.filter(({ alert }: Manifest) => alert !== "ConnectSsoControllerAbsent");
    for (const rule of group.rules) if (rule.alert) rule.labels = { ...rule.labels, team: "identity" };
  }
  expect(find(manifests, "PrometheusRule").spec).toEqual(source);
  const dashboard = find(manifests, "ConfigMap", "sso-dashboard").data["connect-sso.json"];
  expect(JSON.parse(dashboard)).toEqual(
    JSON.parse(readFileSync(join(root, "deploy/grafana/connect-sso.json"), "utf8")),
  );
});

test("every value is in the schema, and every property of the schema has its value", () => {
  const values = parse(readFileSync(join(chart, "values.yaml"), "utf8"));
  const schema = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8"));
  const compare = (
    properties: Record<string, { properties?: object }>,
    value: Record<string, unknown>,
    path: string,
  ) => {
    const known = Object.keys(properties).filter((key) => key !== "global");
    expect({ path, keys: Object.keys(value).sort() }).toEqual({ path, keys: known.sort() });
    for (const [key, property] of Object.entries(properties))
      if (property.properties && key !== "config")
        compare(property.properties as never, value[key] as Record<string, unknown>, `${path}.${key}`);
  };
  compare(schema.properties, values, "");
});

test("every object of the schema is closed, or a map of one type", () => {
  const schema = JSON.parse(readFileSync(join(chart, "values.schema.json"), "utf8"));
  const open: string[] = [];
  const walk = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    const { type, additionalProperties } = node as Record<string, unknown>;
    if (type === "object" && additionalProperties === undefined) open.push(path);
    for (const [key, child] of Object.entries(node)) walk(child, `${path}/${key}`);
  };
  walk(schema, "");
  // Values of a parent chart are not ours to judge, a world is judged by the sandbox, and Kubernetes itself leaves one type open.
  const fields = "/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1";
  expect(open).toEqual(["/properties/global", "/properties/sandbox/properties/world", fields]);
});

describe("a value that cannot be meant is refused in words that help", () => {
  test.each([
    ["--set foo=1", "additional properties 'foo' not allowed"],
    ["--set replicaCount=two", "at '/replicaCount': got string, want integer"],
    ["--set pollInterval=10", "at '/pollInterval'"],
    ["--set logLevel=loud", "at '/logLevel': value must be one of 'trace', 'debug', 'info', 'warn', 'error'"],
    ["--set clusterName=Prod_1", "at '/clusterName': 'Prod_1' does not match pattern"],
    ["--set watchNamespace=a.b", "at '/watchNamespace': 'a.b' does not match pattern"],
    ["--set aws.identity=Irsa", "value must be one of 'Ambient', 'PodIdentity', 'IRSA', 'ProjectedToken'"],
    ["--set aws.roleArn=connect-sso", "at '/aws/roleArn': 'connect-sso' does not match pattern"],
    ["--set aws.region=eu", "at '/aws/region': 'eu' does not match pattern"],
    ["--set entra.clientId=me", "at '/entra/clientId': 'me' does not match pattern"],
    ["--set image.digest=sha256:1", "at '/image/digest': 'sha256:1' does not match pattern"],
    ["--set config.acounts=1", "at '/config': additional properties 'acounts' not allowed"],
    ["--set config.accounts[0].id=111122223333", "at '/config/accounts/0/id': got number, want string"],
    ["--set tolerations[0].kee=x", "at '/tolerations/0': additional properties 'kee' not allowed"],
    ["--set affinity.nodeAffinty.x=y", "at '/affinity': additional properties 'nodeAffinty' not allowed"],
    ["--set securityContext.priviledged=true", "additional properties 'priviledged' not allowed"],
    ["--set resources.limit.memory=1Gi", "at '/resources': additional properties 'limit' not allowed"],
    ["--set extraEnv[0].value=x", "at '/extraEnv/0': missing property 'name'"],
    ["--set extraVolumes[0].name=x,extraVolumes[0].secrets.name=x", "additional properties 'secrets' not allowed"],
    ["--set podDisruptionBudget.maxUnavailable=half", "at '/podDisruptionBudget/maxUnavailable'"],
    ["--set livenessProbe.httpGet.path=/x", "at '/livenessProbe': additional properties 'httpGet' not allowed"],
    [
      "--set metrics.prometheusRule.enabled=true,metrics.prometheusRule.disabledAlerts={Nope}",
      "there is no alert Nope",
    ],
    ["--set aws.identity=IRSA", "aws.identity IRSA needs aws.roleArn, the role that the controller takes on"],
    ["--set aws.roleArn=arn:aws:iam::111122223333:role/x", "used by aws.identity IRSA and ProjectedToken only"],
    ["--set entra.identity=Webhook", "entra.identity Webhook needs entra.tenantId and entra.clientId"],
    ["--set existingConfigMap=a,config.massDeletion.share=1 -f helm/examples/eks-pod-identity.yaml", "not both"],
    ["--set sandbox.enabled=true -f helm/examples/aks.yaml", "sandbox.enabled replaces both clouds"],
    ["--set serviceAccount.create=false -f helm/examples/aks.yaml", "serviceAccount.create=false needs"],
  ])("%s", async (args, message) => {
    await expect(template(...args.split(" "))).rejects.toThrow(message);
  });
});

test("the CRDs are those of crds/, with labels and the word that keeps them", async () => {
  const source = readdirSync(join(root, "crds")).map((file) => parse(readFileSync(join(root, "crds", file), "utf8")));
  const crds = await render("-s", "templates/crds.yaml", "-f", "test/helm/everything.yaml");
  expect(crds.map(({ spec }) => spec)).toEqual(source.map(({ spec }) => spec));
  for (const crd of crds) {
    expect(crd.metadata.labels).toMatchObject({ "app.kubernetes.io/name": "connect-sso", team: "identity" });
    expect(crd.metadata.annotations).toEqual({
      "helm.sh/resource-policy": "keep",
      "example.com/crd": "yes",
      "example.com/owner": "identity",
    });
  }
  const unkept = await render("-s", "templates/crds.yaml", "--set", "crds.keep=false");
  expect(unkept.map(({ metadata }) => metadata.annotations)).toEqual([undefined, undefined]);
  expect((await render("--set", "crds.enabled=false")).some(({ kind }) => kind === "CustomResourceDefinition")).toBe(
    false,
  );
});

test("no Secret is made, mounted, read or asked for, whatever the values", async () => {
  for (const [, args] of valueSets) {
    const manifests = await render(...args, "--set", "crds.enabled=false");
    expect(manifests.map(({ kind }) => kind)).not.toContain("Secret");
    const rules = manifests.flatMap((one) => one.rules ?? []);
    expect(rules.flatMap(({ resources }) => resources)).not.toContain("secrets");
    expect(rules.flatMap(({ resources, verbs }) => [...resources, ...verbs])).not.toContain("*");
    expect(
      JSON.stringify(find(manifests, "Deployment", args[1]?.includes("everything") ? "sso" : "connect-sso")),
    ).not.toMatch(/secretKeyRef|secretRef|"secret":/);
  }
});

test("a null takes a default away: OpenShift gives its own user", async () => {
  const nulls = ["runAsUser", "runAsGroup", "fsGroup"].map((key) => `podSecurityContext.${key}=null`).join(",");
  const deployment = find(parseManifests(await template("--set", nulls)), "Deployment");
  expect(deployment.spec.template.spec.securityContext).toEqual({
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  });
});

test("two releases in one namespace share no object and no lease", async () => {
  const names = async (release: string) => {
    const text = await helm(
      "template",
      release,
      chart,
      "-n",
      "a",
      "--kube-version",
      "1.36.3",
      "--set",
      "crds.enabled=false",
    );
    const manifests = parseManifests(text);
    const { args } = find(manifests, "Deployment").spec.template.spec.containers[0];
    return [
      ...manifests.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
      args.find((arg: string) => /-id=/.test(arg)),
    ];
  };
  const one = await names("shard-a");
  expect((await names("shard-b")).filter((name) => one.includes(name))).toEqual([]);
});
