/**
 * `plan --prune`: what goes when the manifests that are no longer in the folder are deleted, by a controller with prune or by a pipeline.
 * The manifest is gone, and its deletionPolicy with it: the cluster of the kubeconfig says it, or else the default holds. Reads only.
 */
import { type ConnectSsoPersona, PERSONA, USER } from "../api/resources.ts";
import type { CloudSession } from "./cloud-session.ts";
import type { PlannedResource } from "./dry-run.ts";
import { holdersOf } from "./remains.ts";
import type { PlannedChange } from "./render/fold-changes.ts";
import { keyOf, type Tagged } from "./tagged-objects.ts";

/** Role assignments by object id of the person: the personas in whose application the person has one. */
type Holders = Map<string, string[]>;

/** `policies`: `deletionPolicy` by `Kind/namespace/name`, of what the cluster holds. */
export async function prunedResources(
  undeclared: readonly Tagged[],
  personas: readonly ConnectSsoPersona[],
  session: CloudSession,
  policies: ReadonlyMap<string, string>,
): Promise<PlannedResource[]> {
  const names = [
    ...personas.map(({ metadata: { namespace, name } }) => ({ namespace, name })),
    ...undeclared.filter(({ kind }) => kind === PERSONA),
  ];
  const hasUsers = undeclared.some(({ kind }) => kind === USER);
  const holders: Holders = hasUsers ? await allHolders(names, personas, session) : new Map();
  const objects = Map.groupBy(undeclared, keyOf);
  return [...objects].map(([key, tagged]) => {
    const { kind, namespace, name } = tagged[0]!;
    const known = policies.get(key);
    const policy = known ?? (kind === PERSONA ? "Retain" : "RevokeAccess");
    const why = `its manifest is gone; deletionPolicy ${policy}${known ? "" : ", the default: the manifest is not known here"}`;
    const changes = kind === PERSONA ? personaChanges(policy, tagged, why) : userChanges(policy, tagged, holders, why);
    const stays = `is not declared any more; everything stays as it is (${why})`;
    return { kind, namespace, name, changes, ...(changes.length === 0 ? { note: stays } : {}) };
  });
}

const removal = (component: string, cloud: string, object: string, why: string): PlannedChange => ({
  ...{ component, cloud, object, why, verb: "delete", differences: [] },
  ...{ cause: "declared", fate: "pending", concern: "permissions" },
});

function personaChanges(policy: string, tagged: Tagged[], why: string): PlannedChange[] {
  if (policy !== "Delete") return [];
  return tagged.map(({ object }) =>
    removal("application", "entra", `${object}, and its SAML provider, role and policies in IAM`, why),
  );
}

function userChanges(policy: string, tagged: Tagged[], holders: Holders, why: string): PlannedChange[] {
  if (policy === "Retain") return [];
  return tagged.flatMap(({ object, person }) => [
    ...(holders.get(person ?? "") ?? []).map((persona) =>
      removal("role-assignment", "entra", `role assignment of ${object} in persona ${persona}`, why),
    ),
    ...(policy === "Delete" ? [removal("connect-user", "connect", object, why)] : []),
  ]);
}

async function allHolders(
  names: { namespace: string; name: string }[],
  personas: readonly ConnectSsoPersona[],
  session: CloudSession,
): Promise<Holders> {
  const holders: Holders = new Map();
  for (const persona of names) {
    const near = personas.find(({ metadata }) => metadata.namespace === persona.namespace);
    for (const id of await holdersOf(persona, near?.spec.application.tenantId, session))
      holders.set(id, [...(holders.get(id) ?? []), persona.name]);
  }
  return holders;
}
