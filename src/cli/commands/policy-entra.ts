/** `connect-sso policy entra`: application permissions of Microsoft Graph, and the credential without a secret. */
import {
  type EntraNeeds,
  entraNeeds,
  federatedCredential,
  GRAPH_APP_ID,
  graphPermissions,
} from "../../domain/permissions/entra.ts";
import { CliError } from "../command.ts";
import { openDeclared } from "../declared-objects.ts";
import type { ObjectOptions, OutputOptions } from "../options.ts";
import { print } from "../render/output.ts";
import { paint, width, wrap } from "../render/terminal.ts";
import { podOf } from "./policy-trust.ts";

interface EntraOptions extends ObjectOptions, OutputOptions {
  features?: string;
  issuer?: string;
  serviceAccount: string;
}

export async function policyEntra(options: EntraOptions): Promise<number> {
  const permissions = graphPermissions(
    options.features === undefined ? await declaredNeeds(options) : named(options.features),
  );
  const { namespace, serviceAccount } = podOf(options.serviceAccount);
  const credential = options.issuer
    ? federatedCredential(issuerOf(options.issuer), namespace, serviceAccount)
    : undefined;
  const data = {
    resourceAppId: GRAPH_APP_ID,
    permissions,
    ...(credential ? { federatedCredential: credential } : {}),
  };
  const text = () => {
    const { bold, dim, bad } = paint();
    const lines = permissions.flatMap(({ name, appRoleId, why, warning }) => [
      `${bold(name)}  ${dim(appRoleId)}`,
      wrap(`  ${why}`, width(), 2),
      ...(warning ? [wrap(`  ${bad("!")} ${warning}`, width(), 4)] : []),
      "",
    ]);
    const shown = credential ? ["Federated credential:", JSON.stringify(credential, null, 2)] : [];
    return [
      `Application permissions of Microsoft Graph (${GRAPH_APP_ID}), granted by admin consent:`,
      "",
      ...lines,
      ...shown,
    ]
      .join("\n")
      .trimEnd();
  };
  print({ data, text }, options.output);
  return 0;
}

async function declaredNeeds(options: ObjectOptions): Promise<EntraNeeds> {
  const declared = await openDeclared(options);
  await declared.close();
  const personas = declared.personas();
  if (personas.length === 0)
    throw new CliError("no persona is declared", {
      hint: "before there are any: --features groups,claims or --features none",
    });
  return entraNeeds(personas, declared.sets());
}

function named(features: string): EntraNeeds {
  const wanted = features.split(",").map((one) => one.trim());
  const unknown = wanted.find((one) => !["groups", "claims", "none"].includes(one));
  if (unknown !== undefined) throw new CliError(`--features knows groups, claims and none, not ${unknown}`);
  return { groups: wanted.includes("groups"), claims: wanted.includes("claims") };
}

function issuerOf(text: string): string {
  if (!URL.canParse(text) || new URL(text).protocol !== "https:")
    throw new CliError(`--issuer wants an https URL, exactly as the cluster's tokens have it: ${text}`, {
      hint: "kubectl get --raw /.well-known/openid-configuration shows it",
    });
  return text;
}
