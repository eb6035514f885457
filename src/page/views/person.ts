/** One person: what they have, why they can or cannot sign in (checked now where the page may ask the clouds), and where they start. */
import type { ConnectUser } from "../../api/resources.ts";
import { conditionsOf } from "../../runtime/conditions.ts";
import type { Explanation } from "../../why/index.ts";
import type { Link, LinkState } from "../../why/login.ts";
import {
  accessOf,
  checkedOf,
  conditionState,
  differencesOf,
  personOf,
  rulesOf,
  STATES,
  type State,
  sentenceOf,
  setOf,
  signInAt,
} from "../facts.ts";
import { type Html, html, path } from "../html.ts";
import { badge, empty, facts, linkTo, type Scene, section, signIn, table, type View } from "../layout.ts";
import { when } from "../times.ts";
import { differenceTable } from "./differences.ts";

const LINKS: Record<LinkState, [State, string]> = {
  holds: ["ready", "Holds"],
  broken: ["attention", "Broken"],
  warning: ["waiting", "Look at this"],
  unknown: ["unseen", "Not known"],
  skipped: ["unseen", "Not checked"],
};
const SUMMARY = new Set(["Ready", "Reconciling", "Stalled"]);

/** `explanation`: the chain as it is now, or why it could not be checked; undefined where the page cannot ask. */
export function personView(user: ConnectUser, scene: Scene, explanation: Explanation | Error | undefined): View {
  const { now } = scene;
  const person = personOf(user);
  const differences = differencesOf(user);
  const body = html`<p class="lead">${badge(person.state)} ${sentenceOf(user)}</p>
${about(user, scene)}
${signIn(signInAt(user), "This person signs in")}
${explanation && section("Sign-in, step by step", chain(explanation), "Looked at in Entra and AWS now, in the order of a sign-in.")}
${section("What the controller says", conditions(user, now))}
${differences.length > 0 && section("What is not as declared", differenceTable(differences, now))}`;
  return { title: person.fullName ? `${person.fullName} (${person.name})` : person.name, body };
}

function about(user: ConnectUser, { objects, now }: Scene): Html {
  const { namespace, name } = user.metadata;
  const persona = objects.personas.find(
    ({ metadata }) => metadata.namespace === namespace && metadata.name === user.spec.personaRef.name,
  );
  const { upn, name: username } = personOf(user);
  const access = accessOf(user, persona);
  const set = setOf(user);
  return facts([
    ["In Entra", upn],
    ["In Amazon Connect", username],
    ["Persona", persona ? linkTo(persona) : `${namespace}/${user.spec.personaRef.name}`],
    [
      "Declared by",
      set ? html`set <a href="${path("set", namespace, set)}">${set}</a>` : `manifest ${namespace}/${name}`,
    ],
    ["Decided by rule", rulesOf(user)],
    ["Security profiles", access.securityProfiles.join(", ")],
    ["Routing profile", access.routingProfile],
    ["Hierarchy group", access.hierarchyGroup],
    ["Entra object id", access.entraObjectId],
    ["Connect user id", access.connectUserId],
    ["Last compared with the clouds", checkedOf(user) && when(checkedOf(user), now)],
  ]);
}

function chain(explanation: Explanation | Error): Html {
  if (explanation instanceof Error) return empty("The clouds could not be asked.", html`${explanation.message}`);
  return html`<ol class="chain">${explanation.links.map(link)}</ol>`;
}

function link({ name, state, text, seen, fix }: Link): Html {
  const [colour, label] = LINKS[state];
  return html`<li><div>${badge(colour, label)} <strong>${name}</strong></div><p>${text}</p>${
    seen && html`<p><span class="dim">The person sees:</span> ${seen}</p>`
  }${fix && html`<p><span class="dim">What fixes it:</span> ${fix}</p>`}</li>`;
}

function conditions(user: ConnectUser, now: number): Html {
  const all = conditionsOf(user).filter(({ type }) => !SUMMARY.has(type));
  if (all.length === 0)
    return empty(
      "This person has not been checked yet.",
      html`The controller looks within seconds of a change. Reload this page.`,
    );
  return table(
    "What the controller says",
    [
      { head: "Condition", cell: ({ type }) => type },
      {
        head: "State",
        cell: (one) => {
          const state = conditionState(one);
          return badge(state, state === "ready" ? "In order" : STATES[state].label);
        },
      },
      { head: "In one sentence", cell: ({ message }) => message },
      { head: "Since", cell: ({ lastTransitionTime }) => when(lastTransitionTime, now) },
    ],
    all,
  );
}
