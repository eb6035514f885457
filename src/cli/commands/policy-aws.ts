/** `connect-sso policy aws` and `policy boundary`: IAM documents for what is declared, or for instances that are named. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ConnectSsoPersona } from "../../api/resources.ts";
import { parseSettings } from "../../config/settings.ts";
import { parseInstanceArn } from "../../domain/names.ts";
import { boundaryPolicy, controllerPolicies, furtherAccounts } from "../../domain/permissions/aws.ts";
import { POLICY_CHARACTERS, type PolicyDocument, policySize } from "../../domain/permissions/documents.ts";
import { type AwsScope, BOUNDARY_NAME, scopeOfPath, scopesOf } from "../../domain/permissions/scope.ts";
import { saveFiles } from "../../manifests/save.ts";
import { openClouds } from "../cloud-session.ts";
import { CliError } from "../command.ts";
import { openDeclared } from "../declared-objects.ts";
import type { CloudOptions, ObjectOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { paint } from "../render/terminal.ts";

interface PolicyOptions extends ObjectOptions, OutputOptions, CloudOptions {
  instance?: string[];
  path: string;
  provisioning?: boolean;
  permissionsBoundary?: string;
  account?: string;
  out?: string;
  securityProfile?: string[];
  resolve?: boolean;
  exact?: boolean;
}

interface Named {
  name: string;
  account: string;
  document: PolicyDocument;
}

export async function policyAws(options: PolicyOptions): Promise<number> {
  const { scopes, notes } = await scopesFor(options);
  const accounts = accountsOf(options);
  const assumed = accounts.flatMap(({ assumeRoleArn }) => assumeRoleArn ?? []);
  const isOwn = ({ account }: AwsScope) => !accounts.find(({ id }) => id === account)?.assumeRoleArn;
  const policies: Named[] = scopes.flatMap((scope) => {
    const documents = controllerPolicies(assumed.length > 0 && isOwn(scope) ? { ...scope, assumes: assumed } : scope);
    return documents.map((document, index) => ({
      name: documents.length > 1 ? `ConnectSsoController-${index + 1}` : "ConnectSsoController",
      account: scope.account,
      document,
    }));
  });
  if (assumed.length > 0 && options.account === undefined && !scopes.some(isOwn))
    policies.push({
      name: "ConnectSsoFurtherAccounts",
      account: "of the controller itself",
      document: { Version: "2012-10-17", Statement: [furtherAccounts(assumed)] },
    });
  const open = scopes.flatMap(({ instances }) => instances.filter((one) => !one.securityProfileIds));
  if (open.length > 0)
    notes.push(
      `any security profile may be granted on ${open.map(({ id }) => id).join(", ")}, Admin included: name them with --security-profile, or let --resolve look up those that the personas declare`,
    );
  return answer(policies, notes, options);
}

export async function policyBoundary(
  options: Omit<PolicyOptions, "exact" | "resolve" | "securityProfile">,
): Promise<number> {
  const { scopes } = await scopesFor(options);
  const nameOf = ({ boundaryArn }: AwsScope) => boundaryArn.split("/").at(-1) ?? BOUNDARY_NAME;
  const policies = scopes.map((scope) => ({
    name: nameOf(scope),
    account: scope.account,
    document: boundaryPolicy(scope),
  }));
  return answer(policies, [], options);
}

async function scopesFor(options: PolicyOptions): Promise<{ scopes: AwsScope[]; notes: string[] }> {
  try {
    const found = options.instance ? { scopes: [namedScope(options)], notes: [] } : await declaredScopes(options);
    const scopes = found.scopes.filter(({ account }) => options.account === undefined || account === options.account);
    if (scopes.length === 0) throw new CliError(`nothing is declared in account ${options.account}`);
    return { scopes, notes: found.notes };
  } catch (error) {
    throw error instanceof RangeError ? new CliError(error.message) : error;
  }
}

function namedScope(options: PolicyOptions): AwsScope {
  const instances = options.instance!.map((arn) => ({
    ...parseInstanceArn(arn),
    ...(options.securityProfile ? { securityProfileIds: options.securityProfile.map(idOf) } : {}),
  }));
  const { path, provisioning } = options;
  return scopeOfPath(instances, { path, provisioning, boundaryArn: boundaryOf(options)(instances[0]!.account) });
}

async function declaredScopes(options: PolicyOptions): Promise<{ scopes: AwsScope[]; notes: string[] }> {
  const declared = await openDeclared(options);
  const personas = declared.personas();
  if (personas.length === 0)
    throw new CliError("no persona is declared", {
      hint: "before there are any, name the Connect instance: --instance ARN",
    });
  const instances = [...new Set(personas.map(({ spec }) => spec.instanceArn))];
  let securityProfileIds = new Map<string, string[]>();
  // Credentials are those of one account: the others are not asked.
  const asked = personas.filter(
    ({ spec }) => options.account === undefined || parseInstanceArn(spec.instanceArn).account === options.account,
  );
  if (options.resolve) securityProfileIds = await resolveProfiles(asked, options);
  else if (options.securityProfile)
    securityProfileIds = new Map(instances.map((arn) => [arn, options.securityProfile!.map(idOf)]));
  await declared.close();
  const scopes = scopesOf(personas, { exact: options.exact, boundaryOf: boundaryOf(options), securityProfileIds });
  return { scopes, notes: notesOn(personas, options) };
}

/** An id or the ARN that the console shows. */
const idOf = (profile: string) => profile.split("/").at(-1)!;

function accountsOf({ config }: PolicyOptions) {
  return (config ? parseSettings(readFileSync(config, "utf8"), config).accounts : undefined) ?? [];
}

function boundaryOf(options: PolicyOptions): (account: string) => string | undefined {
  const accounts = accountsOf(options);
  return (account) => options.permissionsBoundary ?? accounts.find(({ id }) => id === account)?.permissionsBoundaryArn;
}

async function resolveProfiles(personas: ConnectSsoPersona[], options: PolicyOptions): Promise<Map<string, string[]>> {
  const session = await openClouds(options);
  const ids = new Map<string, string[]>();
  try {
    for (const { spec, metadata } of personas) {
      const { account } = await session.clouds.aws(spec.instanceArn, metadata.namespace);
      for (const name of spec.connectUsers.securityProfiles) {
        const found = await account.instance(spec.instanceArn).securityProfile(name, {});
        if (!("id" in found)) throw new CliError(`persona ${metadata.name}: there is no security profile ${name}`);
        const known = ids.get(spec.instanceArn) ?? [];
        ids.set(spec.instanceArn, [...new Set([...known, found.id])].sort());
      }
    }
    return ids;
  } finally {
    await session.close();
  }
}

function notesOn(personas: ConnectSsoPersona[], options: PolicyOptions): string[] {
  const of = boundaryOf(options);
  const unbounded = personas.filter(
    ({ spec }) => !spec.aws.permissionsBoundaryArn && !of(parseInstanceArn(spec.instanceArn).account),
  );
  const names = unbounded.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(", ");
  const rooted = personas.filter(({ spec }) => spec.aws.path === "/").map(({ metadata }) => metadata.name);
  return [
    ...(unbounded.length > 0
      ? [
          `no permissions boundary is declared for ${names}: with this policy their role cannot be made until aws.permissionsBoundaryArn, or accounts[].permissionsBoundaryArn of --config, names one`,
        ]
      : []),
    ...(rooted.length > 0
      ? [
          `${rooted.join(", ")}: with aws.path "/" each IAM object is named by itself, and a further persona needs a new policy`,
        ]
      : []),
  ];
}

function answer(policies: Named[], notes: string[], options: PolicyOptions): number {
  for (const note of notes) process.stderr.write(`note: ${note}\n`);
  if (options.out) {
    const folder = options.out;
    const accounts = new Set(policies.map(({ account }) => account));
    const files = policies.map(({ name, account, document }) => ({
      path: join(folder, accounts.size > 1 && /^\d+$/.test(account) ? `${account}-${name}.json` : `${name}.json`),
      text: `${JSON.stringify(document, null, 2)}\n`,
    }));
    saveFiles(files);
    for (const { path } of files) process.stderr.write(`wrote ${path}\n`);
    return 0;
  }
  if (options.output !== "text" && policies.length > 1)
    throw new CliError(`these are ${policies.length} documents`, {
      hint: "write each to a file with --out FOLDER, or choose an account with --account",
    });
  print({ data: policies[0]!.document, text: () => policies.map(text).join("\n\n") }, options.output);
  return 0;
}

/** One paragraph per statement: what, on what, under which condition. */
function text({ name, account, document }: Named): string {
  const { bold, good, bad, dim } = paint();
  const list = (head: string, values: string[]) =>
    values.map((value, index) => `    ${index === 0 ? dim(head.padEnd(3)) : "   "} ${value}`);
  const statements = document.Statement.map(({ Sid, Effect, Action, Resource, Condition }) => [
    `  ${Effect === "Allow" ? good(Effect) : bad(Effect)} ${bold(Sid)}`,
    ...Action.map((action) => `    ${action}`),
    ...list("on", Resource),
    ...Object.entries(Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).flatMap(([key, value]) => list("if", [`${key} ${operator} ${[value].flat().join(" or ")}`])),
    ),
  ]);
  const size = `${policySize(document).toLocaleString("en")} of ${POLICY_CHARACTERS.toLocaleString("en")} characters`;
  return [`${bold(name)} in account ${account} ${dim(`(${size})`)}`, ...statements.map((one) => one.join("\n"))].join(
    "\n\n",
  );
}
