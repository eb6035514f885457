/** The demo's second scene: people of Entra groups become users; one joins, one moves, one leaves, and an emptied group is held. */
import { type ConnectUser, type ConnectUserSet, SET, USER } from "../api/resources.ts";
import { isReady, isTrue } from "../runtime/conditions.ts";
import { type Manifest, onStage, type Say, type Stage, showUntilReady } from "./demo-stage.ts";
import { paint } from "./render/terminal.ts";

const PATIENCE_MS = 30_000;
const NAMESPACE = "people";

export async function showPeople(say: Say): Promise<void> {
  say(paint().bold("\nPeople come from the directory: the groups CC Agents and CC Managers become users, by rules."));
  const scene = {
    world: "examples/people/world.yaml",
    folder: "examples/people",
    // A day of grace is long for a demo.
    change: (one: Manifest) =>
      one.kind === SET ? { ...one, spec: { ...(one.spec as object), removal: { gracePeriod: "0s" } } } : one,
  };
  await onStage(scene, say, async (stage) => {
    const { controller, graph } = stage;
    const set = () => controller.store.get<ConnectUserSet>(SET, NAMESPACE, "staff")!;
    await controller.until(() => set().status?.people?.members === 7, PATIENCE_MS, "seven people are found");
    await showUntilReady(controller, "the set", say);
    const ids = await idsOf(stage);
    const of = (name: string) =>
      controller.store
        .list<ConnectUser>(USER)
        .find(({ spec }) => spec.entraUser.objectId?.toLowerCase() === ids.people.get(name));
    const until = (test: () => boolean, what: string) => controller.until(test, PATIENCE_MS, what);

    say("\nIn Entra, Hugh changes from contractor to agent:");
    await graph("PATCH", `/users/${ids.people.get("hugh")}`, { employeeType: "Agent" });
    await until(() => of("hugh") !== undefined && isReady(of("hugh")!), "the joiner can sign in");
    say(`  hugh@example.com can sign in as ${of("hugh")!.spec.personaRef.name}`);

    say("Ben joins CC Managers:");
    await graph("POST", `/groups/${ids.groups.get("CC Managers")}/members/$ref`, {
      "@odata.id": `https://graph.microsoft.com/v1.0/directoryObjects/${ids.people.get("ben")}`,
    });
    const hasMoved = () => of("ben")!.spec.personaRef.name === "managers" && isReady(of("ben")!);
    await until(hasMoved, "the mover has moved");
    say("  ben@example.com has moved to managers");

    say("Gwen leaves CC Night:");
    await graph("DELETE", `/groups/${ids.groups.get("CC Night")}/members/${ids.people.get("gwen")}/$ref`);
    await until(() => of("gwen") === undefined, "the leaver is gone");
    say("  gwen@example.com has no access any more");

    say("Somebody takes CC Night out of CC Agents, and Cora, Denis and Hugh as well:");
    for (const id of [ids.groups.get("CC Night"), ...["cora", "denis", "hugh"].map((name) => ids.people.get(name))])
      await graph("DELETE", `/groups/${ids.groups.get("CC Agents")}/members/${id}/$ref`);
    const isHeld = () => isTrue(set().status?.conditions, "ChangesHeld") && set().status?.pending?.removals === 5;
    await until(isHeld, "the removals are held");
    const { message = "" } = set().status!.conditions!.find(({ type }) => type === "ChangesHeld")!;
    say(`  ${paint().bad("ChangesHeld")} ${message}`);
    for (const name of ["cora", "denis", "emma", "finn", "hugh"])
      if (!of(name) || of(name)!.metadata.deletionTimestamp) throw new Error(`${name} was removed`);
    say("  nothing happens to anyone until a person approves that list");
  });
}

interface Ids {
  /** By the part of the user principal name before the @. */
  people: ReadonlyMap<string, string>;
  groups: ReadonlyMap<string, string>;
}

async function idsOf({ graph }: Stage): Promise<Ids> {
  const read = async (path: string) =>
    ((await graph("GET", path)) as { value: { id: string; userPrincipalName: string; displayName: string }[] }).value;
  const [people, groups] = await Promise.all([read("/users"), read("/groups")]);
  return {
    people: new Map(people.map(({ id, userPrincipalName }) => [userPrincipalName.split("@")[0]!, id.toLowerCase()])),
    groups: new Map(groups.map(({ id, displayName }) => [displayName, id])),
  };
}
