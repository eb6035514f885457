/** Credentials, instances and quotas on the side of AWS. */
import type { ConnectSsoPersona } from "../api/resources.ts";
import type { AwsScope } from "../domain/permissions/scope.ts";
import type { AwsAccount } from "../providers/aws/types.ts";
import { bad, type Check, good, look, skipped, warn } from "./check.ts";
import { clock } from "./program.ts";
import { rights } from "./rights.ts";

/** IAM: 100 SAML providers per account, not adjustable. Connect: 500 users per instance by default, adjustable. */
const SAML_PROVIDERS = 100;
const DEFAULT_USERS = 500;

export async function account(aws: AwsAccount, scope: AwsScope): Promise<Check[]> {
  const { account: id, callerArn, iam } = aws;
  const root = callerArn.endsWith(":root");
  return [
    root
      ? bad("aws", "identity", `the root user of account ${id}`, "use a role of the controller's own")
      : good("aws", "identity", `${callerArn} in account ${id}`),
    ...(await look("aws", "rights", () => rights(aws, scope))),
    ...(await look("aws", "boundary", async () =>
      (await iam.getPolicy(scope.boundaryArn))
        ? good("aws", "boundary", `${scope.boundaryArn} exists`)
        : warn(
            "aws",
            "boundary",
            `there is no policy ${scope.boundaryArn}`,
            "connect-sso policy boundary prints it; a persona that names it cannot be set up without",
          ),
    )),
    ...(
      await look("aws", "SAML providers", async () => {
        const { length } = await iam.listSamlProviders();
        return length >= SAML_PROVIDERS - 5
          ? warn(
              "aws",
              "SAML providers",
              `${length} of at most ${SAML_PROVIDERS}, which cannot be raised`,
              "delete those that are not used",
            )
          : good("aws", "SAML providers", `${length} of at most ${SAML_PROVIDERS}`);
      })
    ).map(allowedToBeDenied),
    clock("aws", "AWS", iam.now(), new Date()),
  ];
}

/** Listing is for this look alone: the controller does without. */
function allowedToBeDenied(check: Check): Check {
  return check.state === "bad" ? skipped(check.area, check.name, `cannot be counted: ${check.text}`) : check;
}

export async function instance(
  aws: AwsAccount,
  arn: string,
  personas: ConnectSsoPersona[],
  declaredUsers: number,
): Promise<Check[]> {
  const connect = aws.instance(arn);
  const facts = await look("connect", "instance", async () => {
    const { id, identityManagement, globalSignInEndpoint, status } = await connect.facts();
    if (identityManagement !== "SAML")
      return bad(
        "connect",
        "instance",
        `${id} manages identities as ${identityManagement}`,
        "make another instance with SAML 2.0: this cannot be changed",
      );
    if (globalSignInEndpoint)
      return bad(
        "connect",
        "instance",
        `${id} belongs to Global Resiliency, whose sign-in differs`,
        "set it up by hand, by its own guide",
      );
    if (status !== "ACTIVE") return bad("connect", "instance", `${id} is ${status}`);
    return good("connect", "instance", `${id} is active and signs in by SAML`);
  });
  if (facts.some(({ state }) => state === "bad")) return facts;
  const names = await look("connect", "profiles", async () => {
    const wanted = personas.flatMap(({ spec }) =>
      spec.connectUsers.securityProfiles.map((name) => ["security profile", name] as const),
    );
    const routing = personas.map(({ spec }) => ["routing profile", spec.connectUsers.routingProfile] as const);
    const all = [...new Map([...wanted, ...routing].map((one) => [one.join(), one])).values()];
    const found = await Promise.all(
      all.map(async ([kind, name]) => {
        const result =
          kind === "security profile" ? await connect.securityProfile(name) : await connect.routingProfile(name);
        return "id" in result
          ? undefined
          : `${kind} ${name}${result.candidates.length > 0 ? ` (there is ${result.candidates.join(", ")})` : ""}`;
      }),
    );
    const missing = found.filter((one) => one !== undefined);
    return missing.length > 0
      ? bad("connect", "profiles", `there is no ${missing.join(", no ")}`, "correct connectUsers of the persona")
      : good("connect", "profiles", `all ${all.length} that the personas name exist`);
  });
  const users = await look("connect", "users", async () => {
    const { length } = [...(await connect.users())];
    const most = Math.max(length, declaredUsers);
    const text = `${length} in the instance, ${declaredUsers} declared`;
    return most > DEFAULT_USERS * 0.9
      ? warn(
          "connect",
          "users",
          `${text}; the default quota is ${DEFAULT_USERS}`,
          "Service Quotas > Amazon Connect > Users per instance shows yours",
        )
      : good("connect", "users", text);
  });
  return [...facts, ...(personas.length > 0 ? names : []), ...users];
}
