#!/usr/bin/env node
// A tenant behind an `az`, for the tests of deploy/entra/setup.sh and of docs/install*.md. Its state is the file AZ_STATE; `faults` in it makes it fail or lie:
//   {match, times, answer}   the first `times` commands that contain `match` print `answer` (exit 0), or fail when there is none
//   {match, times, silent}   they succeed and do nothing
import { randomUUID } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const args = process.argv.slice(2);
const line = args.join(" ");
const state = JSON.parse(readFileSync(process.env.AZ_STATE, "utf8"));
state.log.push(line);
const save = () => writeFileSync(process.env.AZ_STATE, JSON.stringify(state));
const option = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
function end(answer, code = 0) {
  save();
  if (answer !== undefined) process.stdout.write(typeof answer === "string" ? answer : `${JSON.stringify(answer)}\n`);
  process.exit(code);
}
function refuse(message) {
  process.stderr.write(`ERROR: ${message}\n`);
  end(undefined, 1);
}

const fault = state.faults.find(({ match, times }) => line.includes(match) && times > 0);
if (fault) {
  fault.times--;
  if (fault.silent) end("{}");
  if (fault.answer === undefined) refuse("Bad Request: something went wrong");
  end(fault.answer);
}

const app = () => {
  const found = state.applications.find(({ appId, id }) => [appId, id].includes(option("--id")));
  return (
    found ??
    refuse(
      `Resource '${option("--id")}' does not exist or one of its queried reference-property objects are not present.`,
    )
  );
};
const filtered = (list, key) => {
  const [, value] = /^\w+ eq '(.*)'$/.exec(option("--filter"));
  return list.filter((one) => one[key] === value.replaceAll("''", "'"));
};
const principalOf = (url) => state.principals.find(({ id }) => url.includes(`/servicePrincipals/${id}/`));

const verbs = {
  "account show": () => state.account,
  "cloud show": () => ({ endpoints: { microsoftGraphResourceId: "https://graph.microsoft.com/" } }),
  "aks update": () => ({ name: option("--name") }),
  "aks show": () => `${state.issuer}\n`,
  "ad app list": () => filtered(state.applications, "displayName"),
  "ad app show": () => app(),
  "ad app delete": () => {
    state.applications.splice(state.applications.indexOf(app()), 1);
  },
  "ad app owner list": () => app().owners ?? [],
  "ad app federated-credential list": () => app().credentials ?? [],
  "ad app federated-credential create": () => {
    const one = app();
    const wanted = JSON.parse(option("--parameters"));
    if (one.credentials?.some(({ name }) => name === wanted.name))
      refuse("FederatedIdentityCredential with name already exists.");
    one.credentials = [...(one.credentials ?? []), { id: randomUUID(), ...wanted }];
  },
  "ad app federated-credential update": () => {
    const found = app().credentials.find(({ id }) => id === option("--federated-credential-id"));
    const wanted = JSON.parse(option("--parameters"));
    if (wanted.name !== found.name) refuse("Property 'name' is read-only and cannot be changed.");
    Object.assign(found, wanted);
  },
  "ad sp list": () => filtered(state.principals, "appId"),
  "ad sp show": () => state.principals.find(({ appId }) => appId === option("--id")) ?? refuse("does not exist"),
  "ad sp create": () => {
    const { appId } = app();
    const created = { id: randomUUID(), appId, grants: [] };
    state.principals.push(created);
    return created;
  },
};

if (args[0] === "rest") {
  const url = option("--url");
  const method = option("--method");
  if (method === "POST" && url.endsWith("/v1.0/applications")) {
    const body = JSON.parse(option("--body"));
    const created = {
      id: randomUUID(),
      appId: randomUUID(),
      createdDateTime: "2026-11-28T00:00:00Z",
      passwordCredentials: [],
      keyCredentials: [],
      ...body,
    };
    state.applications.push(created);
    end(created);
  }
  const principal = principalOf(url);
  if (!principal) refuse("Not Found");
  if (method === "GET") end({ value: principal.grants });
  if (method === "POST") {
    const body = JSON.parse(option("--body"));
    if (principal.grants.some(({ appRoleId }) => appRoleId === body.appRoleId))
      refuse("Permission being assigned already exists on the object");
    principal.grants.push({ id: randomUUID(), ...body });
    end(principal.grants.at(-1));
  }
  const [, id] = /appRoleAssignments\/([\w-]+)$/.exec(url);
  principal.grants = principal.grants.filter((grant) => grant.id !== id);
  end();
}
const verb = Object.keys(verbs).find((name) => line === name || line.startsWith(`${name} `));
if (!verb) refuse(`'${line}' is misspelled or not recognized by the system.`);
end(verbs[verb]());
