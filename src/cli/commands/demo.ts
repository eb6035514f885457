/** `connect-sso demo`: the blog's set-up against sandbox clouds, then broken outside the controller, shown and repaired. */
import { join } from "node:path";
import { ConnectClient, ListSecurityProfilesCommand, UpdateUserSecurityProfilesCommand } from "@aws-sdk/client-connect";
import {
  CreatePolicyVersionCommand,
  GetSAMLProviderCommand,
  IAMClient,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import { type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../../api/resources.ts";
import { composeClouds } from "../../controller/clouds.ts";
import { FolderController, type Resource } from "../../controller/on-folder.ts";
import { formatProblem, readManifests } from "../../manifests/read.ts";
import { createLogger } from "../../observability/log.ts";
import { conditionsOf, isReady, isTrue } from "../../runtime/conditions.ts";
import { type Sandbox, startSandbox } from "../../sandbox/server.ts";
import { packageRoot } from "../package-root.ts";
import { Steps } from "../render/condition-lines.ts";
import { paint, width } from "../render/terminal.ts";
import { tree } from "../render/tree.ts";

const POLL_MS = 2_000;

/** Throws when something did not go as the text says. */
export async function demo(): Promise<number> {
  const colours = paint();
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const sandbox = await startSandbox({ world: join(packageRoot(), "examples/sandbox-world.yaml") });
  Object.assign(process.env, sandbox.env);
  const log = createLogger(process.env.CONNECT_SSO_LOG_LEVEL ?? "silent");
  const options = { cluster: "demo", pollIntervalMs: POLL_MS, allowInsecure: true, log, onCall: () => {} };
  const { clouds, close } = composeClouds(options);
  const controller = new FolderController({ clouds, cluster: options.cluster, pollIntervalMs: POLL_MS, log });
  try {
    say(
      colours.bold(
        "Sandbox clouds: Entra ID, IAM and Amazon Connect on this machine. 1 second here is 5 minutes there.",
      ),
    );
    const { objects, problems } = readManifests(join(packageRoot(), "examples/blog"));
    if (problems.length > 0) throw new Error(problems.map(formatProblem).join("\n"));
    say(`Applying examples/blog: ${objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).join(", ")}\n`);
    controller.start();
    for (const object of objects) controller.store.apply(object as Parameters<typeof controller.store.apply>[0]);
    await showUntilReady(controller, say);
    const persona = controller.store.get<ConnectSsoPersona>(PERSONA, "contact-centre", "agents")!;
    say(
      `\nEverything is as declared. An agent signs in at ${colours.bold(persona.status?.userAccessUrl ?? "(none)")}\n`,
    );
    await breakThings(controller, sandbox, persona, say);
    await showRepair(controller, say);
    say(colours.good("\nThe demo went as it should."));
    return 0;
  } finally {
    await controller.stop();
    close();
    await sandbox.close();
  }
}

const allReady = (resources: Resource[]) => resources.every(isReady);

/** One line for each condition that becomes True, as it does; then the whole tree. */
async function showUntilReady(controller: FolderController, say: (text: string) => void): Promise<void> {
  const colours = paint();
  const steps = new Steps(colours);
  const note = (resources: Resource[]) => {
    for (const line of steps.since(resources)) say(line);
    return allReady(resources);
  };
  await controller.until(note, 50_000, "the blog's set-up is Ready").catch((error: unknown) => {
    say(tree(controller.resources(), colours, { columns: width() }));
    throw error;
  });
  say(`\n${tree(controller.resources(), colours, { columns: width() })}`);
}

/** As an administrator with the consoles open would: through the public APIs, without the controller. */
async function breakThings(
  controller: FolderController,
  sandbox: Sandbox,
  persona: ConnectSsoPersona,
  say: (text: string) => void,
): Promise<void> {
  const { status, spec } = persona;
  say("Breaking things outside the controller:");
  const graph = await fetch(
    `${sandbox.env.CONNECT_SSO_GRAPH_URL}/v1.0/servicePrincipals/${status!.servicePrincipalId}`,
    {
      method: "PATCH",
      headers: { authorization: "Bearer administrator", "content-type": "application/json" },
      body: JSON.stringify({ samlSingleSignOnSettings: { relayState: "https://console.aws.amazon.com/" } }),
    },
  );
  if (!graph.ok) throw new Error(`editing the relay state failed: HTTP ${graph.status}`);
  say("  the relay state of the agents' application is edited");
  const iam = new IAMClient({});
  const open = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "connect:*", Resource: "*" }] };
  await iam.send(
    new CreatePolicyVersionCommand({
      PolicyArn: status!.federationPolicyArn!,
      PolicyDocument: JSON.stringify(open),
      SetAsDefault: true,
    }),
  );
  say("  the federation policy is rewritten to allow everything");
  const other = controller.store.get<ConnectSsoPersona>(PERSONA, "contact-centre", "administrators")!;
  const { SAMLMetadataDocument } = await iam.send(
    new GetSAMLProviderCommand({ SAMLProviderArn: other.status!.samlProviderArn! }),
  );
  await iam.send(new UpdateSAMLProviderCommand({ SAMLProviderArn: status!.samlProviderArn!, SAMLMetadataDocument }));
  say("  the agents' SAML metadata is swapped for another tenant's");
  const connect = new ConnectClient({ region: spec.instanceArn.split(":")[3]! });
  const InstanceId = spec.instanceArn.split("/")[1]!;
  const profiles = await connect.send(new ListSecurityProfilesCommand({ InstanceId }));
  const jane = controller.store.get<ConnectUser>(USER, "contact-centre", "jane")!;
  const admin = profiles.SecurityProfileSummaryList!.find(({ Name }) => Name === "Admin")!;
  await connect.send(
    new UpdateUserSecurityProfilesCommand({
      InstanceId,
      UserId: jane.status!.connectUserId!,
      SecurityProfileIds: [admin.Id!],
    }),
  );
  say("  jane@example.com is moved to the security profile Admin\n");
}

/** What must be found and corrected: a component, and the field in it. */
const EXPECTED: [kind: string, component: string, path: RegExp][] = [
  [PERSONA, "application", /relayState/],
  [PERSONA, "federation-policy", /./],
  [PERSONA, "saml-provider", /./],
  [USER, "connect-user", /securityProfiles/],
];

async function showRepair(controller: FolderController, say: (text: string) => void): Promise<void> {
  const colours = paint();
  const found = new Set<number>();
  const seen = new Set<string>();
  const collect = (resources: Resource[]) => {
    for (const object of resources as (ConnectSsoPersona | ConnectUser)[]) {
      for (const row of object.status?.drift ?? []) {
        const line = `  ${object.kind}/${object.metadata.name} ${row.component} ${colours.bold(row.path)}: declared ${colours.good(row.desired)}, found ${colours.bad(row.observed)}`;
        if (!seen.has(line)) say(line);
        seen.add(line);
        for (const [index, [kind, component, path]] of EXPECTED.entries()) {
          if (object.kind === kind && row.component === component && path.test(row.path)) found.add(index);
        }
      }
    }
    return found.size === EXPECTED.length;
  };
  say("The controller finds, field by field:");
  await controller.until(collect, 30_000, "all four changes are found").catch((error: Error) => {
    const missing = EXPECTED.filter((_, index) => !found.has(index)).map(([kind, component]) => `${kind} ${component}`);
    throw new Error(`${error.message}; not found: ${missing.join(", ")}`);
  });
  const clean = (resources: Resource[]) =>
    allReady(resources) && resources.every((one) => !isTrue(conditionsOf(one), "Drifted"));
  await controller.until(clean, 30_000, "everything is corrected");
  say("\nAnd corrects it; events:");
  for (const { ref, event } of controller.store.events.filter(({ event: { reason } }) => /Drift/.test(reason)))
    say(`  ${event.type} ${event.reason} ${ref.kind}/${ref.name}: ${event.note}`);
  say(`\n${tree(controller.resources(), colours, { columns: width() })}`);
}
