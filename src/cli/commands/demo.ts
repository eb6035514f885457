/** `connect-sso demo`: the blog's set-up against sandbox clouds, then broken outside the controller, shown and repaired; and people who come and go. */
import { ConnectClient, ListSecurityProfilesCommand, UpdateUserSecurityProfilesCommand } from "@aws-sdk/client-connect";
import {
  CreatePolicyVersionCommand,
  GetSAMLProviderCommand,
  IAMClient,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import { type ConnectSsoPersona, type ConnectUser, PERSONA, USER } from "../../api/resources.ts";
import type { FolderController, Resource } from "../../controller/on-folder.ts";
import { conditionsOf, isTrue } from "../../runtime/conditions.ts";
import { showPeople } from "../demo-people.ts";
import { allReady, onStage, type Say, type Stage, showUntilReady } from "../demo-stage.ts";
import { paint, width } from "../render/terminal.ts";
import { tree } from "../render/tree.ts";

/** Throws when something did not go as the text says. */
export async function demo(): Promise<number> {
  const colours = paint();
  const say = (text: string) => process.stdout.write(`${text}\n`);
  say(
    colours.bold("Sandbox clouds: Entra ID, IAM and Amazon Connect on this machine. 1 second here is 5 minutes there."),
  );
  await onStage({ world: "examples/sandbox-world.yaml", folder: "examples/blog" }, say, async (stage) => {
    const { controller } = stage;
    await showUntilReady(controller, "the blog's set-up", say);
    const persona = controller.store.get<ConnectSsoPersona>(PERSONA, "contact-centre", "agents")!;
    say(
      `\nEverything is as declared. An agent signs in at ${colours.bold(persona.status?.userAccessUrl ?? "(none)")}\n`,
    );
    await breakThings(stage, persona, say);
    await showRepair(controller, say);
  });
  await showPeople(say);
  say(colours.good("\nThe demo went as it should."));
  return 0;
}

/** As an administrator with the consoles open would: through the public APIs, without the controller. */
async function breakThings({ controller, graph }: Stage, persona: ConnectSsoPersona, say: Say): Promise<void> {
  const { status, spec } = persona;
  say("Breaking things outside the controller:");
  await graph("PATCH", `/servicePrincipals/${status!.servicePrincipalId}`, {
    samlSingleSignOnSettings: { relayState: "https://console.aws.amazon.com/" },
  });
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

async function showRepair(controller: FolderController, say: Say): Promise<void> {
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
