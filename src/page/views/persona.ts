/** One persona: the chapters of the AWS blog as rows, its certificate and key, drift, and where its people sign in. */
import type { ConnectSsoPersona } from "../../api/resources.ts";
import { type Condition, conditionsOf } from "../../runtime/conditions.ts";
import { approvalOf, checkedOf, conditionState, endingsOf, STATES, signInAt, stateOf } from "../facts.ts";
import { type Html, html, withQuery } from "../html.ts";
import { badge, command, empty, facts, number, type Scene, section, signIn, table, type View } from "../layout.ts";
import { dated, when } from "../times.ts";
import { differenceTable } from "./differences.ts";
import { differencesFor, messageFor, sentenceFor } from "./redaction.ts";

/** Conditions in the order of the blog, each with what it stands for. */
export const CHAPTERS: Record<string, string> = {
  PoliciesReady: "IAM policies",
  ApplicationReady: "Entra application",
  CertificateReady: "Signing certificate",
  ClaimsReady: "Claims and RoleSessionName",
  SamlProviderReady: "IAM SAML provider",
  RoleReady: "IAM role and its trust",
  ProvisioningReady: "Provisioning in Entra",
  RoleDelivered: "Role in the application",
  AssignmentsReady: "Users and groups assigned",
  Conflict: "No one in two personas",
  RemovalsHalted: "Removals",
  Drifted: "Drift",
};
const SUMMARY = new Set(["Ready", "Reconciling", "Stalled"]);

export function personaView(persona: ConnectSsoPersona, scene: Scene): View {
  const { objects, now } = scene;
  const { namespace, name } = persona.metadata;
  const state = stateOf(persona);
  const differences = differencesFor(persona, objects);
  const approval = objects.withoutPeople.has(namespace) ? undefined : approvalOf(persona);
  const body = html`<p class="lead">${badge(state)} ${sentenceFor(persona, objects)}</p>
${approval && section("Waits for approval", html`<p>${approval.text}</p><p>${command(approval.command)}</p>`)}
${about(persona, scene)}
${signIn(signInAt(persona), "People of this persona sign in")}
${section("Set-up", chapters(persona, scene))}
${differences.length > 0 && section("What is not as declared", differenceTable(differences, now))}
${endings(persona, now)}`;
  return { title: `Persona ${namespace}/${name}`, body };
}

function about(persona: ConnectSsoPersona, { objects, now }: Scene): Html {
  const { namespace, name } = persona.metadata;
  const { spec } = persona;
  const mine = objects.users.filter((one) => one.metadata.namespace === namespace && one.spec.personaRef.name === name);
  const ready = mine.filter((one) => stateOf(one) === "ready").length;
  return facts([
    ["Application", spec.application.displayName],
    ["Amazon Connect instance", spec.instanceArn],
    ["Lands on", spec.landingPage ?? spec.destination],
    ["Security profiles", spec.connectUsers.securityProfiles.join(", ")],
    [
      "People",
      objects.withoutPeople.has(namespace)
        ? undefined
        : html`<a href="${withQuery("/people", { persona: `${namespace}/${name}` })}">${number(ready)} of ${number(mine.length)} ready</a>`,
    ],
    ["When something differs", spec.driftPolicy === "Correct" ? "it is corrected" : "it is shown and not corrected"],
    ["Last compared with the clouds", checkedOf(persona) && when(checkedOf(persona), now)],
  ]);
}

function chapters(persona: ConnectSsoPersona, { objects, now }: Scene): Html {
  const conditions = conditionsOf(persona).filter(({ type }) => !SUMMARY.has(type));
  if (conditions.length === 0)
    return empty(
      "This persona has not been checked yet.",
      html`Is the controller running? ${command("kubectl get pods -A -l app.kubernetes.io/name=connect-sso")}`,
    );
  const place = ({ type }: Condition) => Object.keys(CHAPTERS).indexOf(type);
  const order = conditions.toSorted((a, b) => (place(a) + 1 || 99) - (place(b) + 1 || 99));
  return table(
    "Set-up, step by step",
    [
      { head: "Step", cell: ({ type }) => CHAPTERS[type] ?? type },
      { head: "State", cell: (one) => stepBadge(one) },
      { head: "In one sentence", cell: (one) => messageFor(one, persona, objects) },
      { head: "Since", cell: ({ lastTransitionTime }) => when(lastTransitionTime, now) },
    ],
    order,
  );
}

function stepBadge(condition: Condition): Html {
  const state = conditionState(condition);
  if (condition.reason === "NotApplicable") return badge("suspended", "Not needed");
  return badge(state, state === "ready" ? "In order" : STATES[state].label);
}

function endings(persona: ConnectSsoPersona, now: number): Html | undefined {
  const all = endingsOf(persona);
  if (all.length === 0) return undefined;
  return section(
    "Certificate and key",
    table(
      "Certificate and key",
      [
        { head: "What", cell: ({ what }) => what },
        { head: "Ends", cell: ({ at }) => dated(at, now) },
        { head: "Replaced by the controller", cell: ({ replacedAt }) => when(replacedAt, now) },
      ],
      all,
    ),
  );
}
