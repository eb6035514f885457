/** `connect-sso doctor`: looks at everything around the controller, writes nothing. */
import type { ConnectSsoPersona, ConnectUserSet } from "../../api/resources.ts";
import { account, instance } from "../../doctor/aws.ts";
import { type Check, good, look, skipped } from "../../doctor/check.ts";
import { cluster, noCluster } from "../../doctor/cluster.ts";
import { entra } from "../../doctor/entra.ts";
import { endpoints } from "../../doctor/program.ts";
import { parseInstanceArn } from "../../domain/names.ts";
import { type AwsScope, scopeOfPath, scopesOf } from "../../domain/permissions/scope.ts";
import { counted, everyString, terminalText } from "../../domain/text.ts";
import { type CloudSession, openClouds } from "../cloud-session.ts";
import { CliError } from "../command.ts";
import { type Declared, openDeclared } from "../declared-objects.ts";
import { type CloudOptions, insecureAllowed, type ObjectOptions, type OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { type Paint, paint, width, wrap } from "../render/terminal.ts";

interface Options extends ObjectOptions, CloudOptions, OutputOptions {
  pre?: boolean;
  instance?: string;
}

/** 0: no check failed; 2: one did. */
export async function doctor(options: Options): Promise<number> {
  const inside = options.sandbox && !process.env.CONNECT_SSO_GRAPH_URL;
  const checks = inside
    ? [good("program", "endpoints", "sandbox clouds inside this process")]
    : endpoints(process.env, options.sandbox === true || insecureAllowed(options));
  const { declared, found } = await objects(options);
  checks.push(...found);
  try {
    const personas = declared?.personas() ?? [];
    const session = await openClouds(options, declared).catch((error: Error) => {
      checks.push({ area: "program", name: "configuration", state: "bad", text: error.message });
      return undefined;
    });
    if (session) {
      try {
        checks.push(
          ...(await clouds(session, personas, declared?.sets() ?? [], declared?.users().length ?? 0, options)),
        );
      } finally {
        await session.close();
      }
    }
  } finally {
    await declared?.close();
  }
  const shown = inside || isSandbox(process.env) ? checks.map(simulatedClock) : checks;
  print(
    { data: { checks: shown }, text: () => checksText(everyString(shown, terminalText), paint(), width()) },
    options.output,
  );
  return shown.some(({ state }) => state === "bad") ? 2 : 0;
}

/** Graph on this machine and unencrypted is the sandbox. */
const isSandbox = (env: NodeJS.ProcessEnv) =>
  /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])[:/]/.test(env.CONNECT_SSO_GRAPH_URL ?? "");

const simulatedClock = (check: Check): Check =>
  check.name === "clock" ? skipped(check.area, "clock", "not compared: the time of a sandbox is simulated") : check;

/** The cluster may be missing, empty or unreadable: that is a line like any other. */
async function objects(options: Options): Promise<{ declared?: Declared; found: Check[] }> {
  if (options.filename)
    return { declared: await openDeclared(options), found: [noCluster("not looked at: -f names manifests")] };
  const { kubeconfigAccess, kubeconfigNamespace } = await import("../../runtime/kubeconfig.ts");
  const { Transport } = await import("../../runtime/transport.ts");
  const { KubeClient } = await import("../../runtime/client.ts");
  const access = { file: options.kubeconfig, context: options.context };
  let transport: InstanceType<typeof Transport>;
  let namespace: string | undefined;
  try {
    namespace = options.allNamespaces ? undefined : (options.namespace ?? kubeconfigNamespace(access) ?? "default");
    transport = new Transport({ access: kubeconfigAccess(access) });
  } catch (error) {
    if (!options.instance)
      throw new CliError((error as Error).message, {
        hint: "name a cluster, a folder of manifests (-f), or a Connect instance (--instance)",
      });
    return { found: [noCluster(`not looked at: ${(error as Error).message}`)] };
  }
  let found: Check[];
  try {
    found = await cluster(new KubeClient(transport), { pre: options.pre === true, namespace });
  } finally {
    await transport.close();
  }
  const readable = !options.pre && !found.some(({ state }) => state === "bad");
  const declared = readable ? await openDeclared(options).catch(() => undefined) : undefined;
  return { ...(declared ? { declared } : {}), found };
}

async function clouds(
  { clouds: open, cluster }: CloudSession,
  personas: ConnectSsoPersona[],
  sets: ConnectUserSet[],
  users: number,
  options: Options,
): Promise<Check[]> {
  const namespace = (personas[0] ?? sets[0])?.metadata.namespace ?? options.namespace ?? "default";
  const instances = new Map(personas.map(({ spec, metadata }) => [spec.instanceArn, metadata.namespace]));
  if (options.instance) instances.set(options.instance, instances.get(options.instance) ?? namespace);
  const checks: Check[] = [];
  for (const scope of scopes(personas, options.instance)) {
    const [arn, where] = [...instances].find(([one]) => parseInstanceArn(one).account === scope.account)!;
    checks.push(
      ...(await look(
        "aws",
        "identity",
        async () => account((await open.aws(arn, where)).account, scope),
        "check the credentials: aws sts get-caller-identity",
      )),
    );
  }
  for (const [arn, where] of instances)
    checks.push(
      ...(await look("connect", "instance", async () =>
        instance(
          (
            await open.aws(arn, where)
          ).account,
          arn,
          personas.filter(({ spec }) => spec.instanceArn === arn),
          users,
        ),
      )),
    );
  const tenants = new Map([
    ...sets.map(({ spec, metadata }) => [spec.source.tenantId, metadata.namespace] as const),
    ...personas.map(({ spec, metadata }) => [spec.application.tenantId, metadata.namespace] as const),
  ]);
  if (tenants.size === 0) tenants.set(undefined, namespace);
  for (const [tenant, where] of tenants)
    checks.push(
      ...(await look(
        "entra",
        "token",
        async () =>
          entra(
            await open.graph(tenant, where),
            personas.filter(({ spec }) => spec.application.tenantId === tenant),
            cluster,
            sets.filter(({ spec }) => spec.source.tenantId === tenant),
          ),
        "connect-sso policy entra prints what the tenant has to grant",
      )),
    );
  return checks;
}

function scopes(personas: ConnectSsoPersona[], instanceArn: string | undefined): AwsScope[] {
  const declared = scopesOf(personas);
  if (!instanceArn) return declared;
  let parsed: ReturnType<typeof parseInstanceArn>;
  try {
    parsed = parseInstanceArn(instanceArn);
  } catch (error) {
    throw new CliError((error as Error).message);
  }
  return declared.some((one) => one.account === parsed.account) ? declared : [...declared, scopeOfPath([parsed], {})];
}

const AREAS = {
  program: "Program",
  cluster: "Cluster",
  aws: "AWS",
  connect: "Amazon Connect",
  entra: "Entra",
} as const;
const NAME = 18;

export function checksText(checks: Check[], colours: Paint, columns?: number): string {
  const mark = {
    good: colours.good("✔"),
    warning: colours.busy("!"),
    bad: colours.bad("✘"),
    skipped: colours.dim("·"),
  };
  const blocks = (Object.keys(AREAS) as Check["area"][]).flatMap((area) => {
    const mine = checks.filter((one) => one.area === area);
    if (mine.length === 0) return [];
    const lines = mine.flatMap(({ name, state, text, fix }) => [
      wrap(
        `  ${mark[state]} ${name.padEnd(NAME)}${state === "good" || state === "skipped" ? colours.dim(text) : text}`,
        columns,
        NAME + 4,
      ),
      ...(fix ? [wrap(`${" ".repeat(NAME + 4)}→ ${fix}`, columns, NAME + 6)] : []),
    ]);
    return [[colours.bold(AREAS[area]), ...lines].join("\n")];
  });
  const count = (state: Check["state"]) => checks.filter((one) => one.state === state).length;
  const summary =
    count("bad") > 0
      ? colours.bad(`${counted(count("bad"), "check")} failed.`)
      : colours.good(`No check failed${count("warning") > 0 ? "" : ", and there are no warnings"}.`);
  const warnings = count("warning") > 0 ? ` ${counted(count("warning"), "warning")}.` : "";
  return [...blocks, `${summary}${warnings}`].join("\n\n");
}
