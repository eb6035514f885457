/** What somebody made by hand before the controller came, under names that it will want: for persona agents, and for Jane. */
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateSAMLProviderCommand,
  CreateUserCommand,
  DeleteSAMLProviderCommand,
  type IAMClient,
} from "@aws-sdk/client-iam";
import { metadataDocument } from "../sandbox/iam-support.ts";
import type { Administrator } from "./administrator.ts";
import { makeConnectUser } from "./edits.ts";
import { names } from "./oracle.ts";
import type { FoundName } from "./scenario.ts";
import { TENANT, upnOf } from "./world.ts";

const { role: own, providerArn } = names("agents");
/** Gallery template "AWS Single-Account Access". */
const TEMPLATE = "8b1025e4-1dd2-430b-a150-2ef79cd700f5";

const makeProvider = (iam: IAMClient) =>
  iam.send(
    new CreateSAMLProviderCommand({
      Name: own,
      SAMLMetadataDocument: metadataDocument(`https://sts.windows.net/${TENANT}/`),
    }),
  );

export const MAKE: Record<FoundName, (admin: Administrator) => Promise<unknown>> = {
  /** Its provider is gone since. */
  async role({ iam }) {
    await makeProvider(iam);
    const Statement = [
      {
        Effect: "Allow",
        Principal: { Federated: providerArn },
        Action: ["sts:AssumeRoleWithSAML", "sts:TagSession"],
      },
    ];
    const AssumeRolePolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
    await iam.send(new CreateRoleCommand({ RoleName: own, Path: "/connect-sso/", AssumeRolePolicyDocument }));
    await iam.send(new DeleteSAMLProviderCommand({ SAMLProviderArn: providerArn }));
  },
  "SAML provider": ({ iam }) => makeProvider(iam),
  application: (admin) =>
    admin.graph("POST", `/applicationTemplates/${TEMPLATE}/instantiate`, { displayName: "Connect One of agents" }),
  async "IAM user"({ iam }) {
    await iam.send(new CreateUserCommand({ UserName: own, Path: "/connect-sso/" }));
    await iam.send(new CreateAccessKeyCommand({ UserName: own }));
  },
  "Connect user": async (admin) => makeConnectUser(admin, await admin.look(), upnOf("jane")),
};
