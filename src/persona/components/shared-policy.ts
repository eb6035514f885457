/** A managed policy that all personas of an instance share: created once, kept as declared, removed by the last persona. */
import { CONDITION, type ConnectSsoPersona, INDEX, PERSONA } from "../../api/resources.ts";
import { settingsOf } from "../../domain/difference.ts";
import { personaNames, type SharedPolicy as SharedPolicyKind } from "../../domain/names.ts";
import { OWNER_TAG } from "../../domain/ownership.ts";
import { policyRows } from "../../domain/policies.ts";
import { type Kept, update } from "../../engine/component.ts";
import { createOnce, type PersonaComponent } from "../component.ts";
import { claim, type PersonaScope } from "../scope.ts";
import { dependantsOfPolicy, entitiesOf, guardPolicy, isAdoption, kept } from "../take-over.ts";

interface SharedPolicy {
  kind: SharedPolicyKind;
  name: "federation-policy" | "listing-policy";
  policyName(scope: PersonaScope): string;
  arn(scope: PersonaScope): string;
  /** Wanted; where one that exists says the same in other words, that one. */
  document(scope: PersonaScope, found?: unknown): unknown;
  description: string;
  applies(scope: PersonaScope): boolean;
}

export function sharedPolicy<N extends SharedPolicy["name"]>(policy: SharedPolicy & { name: N }): PersonaComponent<N> {
  const component: PersonaComponent<SharedPolicy["name"]> = {
    condition: CONDITION.PoliciesReady,
    cloud: "iam",
    needs: [],
    concerns: { permissions: /^(?!tags)/ },
    shared: true,
    servesLogin: policy.name === "federation-policy",
    applies: policy.applies,
    async observe(scope) {
      const found = await scope.iam.getPolicy(policy.arn(scope), scope.call);
      const adopting = isAdoption(scope, found?.tags);
      return { policy: found, ...(adopting ? { dependants: await dependantsOfPolicy(scope, found!.arn) } : {}) };
    },
    plan(scope, seen, compare) {
      const object = `IAM policy ${policy.policyName(scope)}`;
      const arn = policy.arn(scope);
      const document = policy.document(scope, seen.policy?.document);
      const owner = scope.sharedOwner[policy.kind];
      const tags = { [OWNER_TAG]: owner };
      if (!seen.policy) {
        const { path } = scope.names;
        const input = { name: policy.policyName(scope), path, document, description: policy.description, tags };
        return [
          {
            verb: "create",
            object,
            why: policy.description,
            differences: [],
            settings: [
              ...settingsOf({ arn }),
              ...policyRows(document, undefined).map(({ path, desired }) => ({ path, value: desired })),
            ],
            apply: () => createOnce(object, () => scope.iam.createPolicy(input, scope.call)),
          },
        ];
      }
      const owned = claim(scope, object, seen.policy.tags[OWNER_TAG], owner);
      if (owned === "adopt") guardPolicy(seen.policy, document, seen.dependants ?? { others: [], unread: [object] });
      const untagged = compare.differ(`tags.${OWNER_TAG}`, owner, seen.policy.tags[OWNER_TAG]);
      return [
        ...update(untagged, {
          verb: owned === "adopt" ? "adopt" : "update",
          object,
          why: "it carries our owner tag",
          apply: () => scope.iam.tagPolicy(arn, tags, [], scope.call),
        }),
        ...update(compare.all(policyRows(document, seen.policy.document)), {
          object,
          why: "its document allows something else",
          apply: () => scope.iam.setPolicyDocument(arn, document, scope.call),
        }),
      ];
    },
    describe: (scope) => policy.policyName(scope),
    remove: (scope) => removeShared(scope, policy.arn(scope), policy.kind),
  };
  return component as PersonaComponent<N>;
}

/**
 * The last persona of the instance deletes the policy, too; policyEntities shows those that the store does not know. False: no other
 * persona wants it, and it was not found.
 */
async function removeShared(scope: PersonaScope, arn: string, kind: SharedPolicyKind): Promise<boolean | Kept> {
  const { iam, call, object, store } = scope;
  const staying = store
    .list<ConnectSsoPersona>(PERSONA, { index: INDEX.personaByInstance, value: object.spec.instanceArn })
    .filter(({ metadata }) => metadata.uid !== object.metadata.uid && !metadata.deletionTimestamp);
  // What a persona declares that may not act here keeps nothing.
  for (const other of staying) if (policiesOf(other).includes(arn) && (await scope.admits(other))) return true;
  const policy = await iam.getPolicy(arn, call);
  if (policy?.tags[OWNER_TAG] !== scope.sharedOwner[kind]) return policy !== undefined;
  if ((await entitiesOf(scope, arn, [scope.names])).length === 0) {
    await iam.deletePolicy(arn, call);
    return true;
  }
  // The last one of those that are being deleted deletes it.
  const going = store.list<ConnectSsoPersona>(PERSONA).filter(({ metadata }) => metadata.deletionTimestamp);
  const others = await entitiesOf(scope, arn, [scope.names, ...going.map(personaNames)]);
  return others.length === 0 || kept(`IAM policy ${policy.name}`, others);
}

function policiesOf(persona: ConnectSsoPersona): string[] {
  const names = personaNames(persona);
  return persona.spec.roleDelivery.mode === "Provisioning"
    ? [names.federationPolicyArn, names.listingPolicyArn]
    : [names.federationPolicyArn];
}
