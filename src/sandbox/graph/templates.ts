/** The gallery, as far as AWS goes: ids and texts of provisioning and SSO walkthroughs. */
import type { Template } from "./shapes.ts";

export const TEMPLATES: readonly Template[] = [
  {
    id: "8b1025e4-1dd2-430b-a150-2ef79cd700f5",
    displayName: "AWS Single-Account Access",
    publisher: "Amazon",
    homePageUrl: "https://signin.aws.amazon.com/saml?metadata=aws|ISV9.1|primary|z",
    replyUrl: "https://signin.aws.amazon.com/saml",
    provisioning: true,
  },
  {
    id: "21ed01d2-ec13-4e9e-86c1-cd546719ebc4",
    displayName: "AWS IAM Identity Center (successor to AWS Single Sign-On)",
    publisher: "Amazon Web Services, Inc.",
    homePageUrl: "https://aws.amazon.com/iam/identity-center/?metadata=awssso|ISV9.1|primary|z",
    replyUrl: null,
    provisioning: true,
  },
  {
    id: "8adf8e6e-67b2-4cf2-a259-e3dc5476c621",
    displayName: "Custom",
    publisher: "Microsoft Corporation",
    homePageUrl:
      "https://account.activedirectory.windowsazure.com:444/applications/default.aspx?metadata=customappsso|ISV9.1|primary|z",
    replyUrl: null,
    provisioning: true,
  },
];

export const AWS_TEMPLATE_ID = TEMPLATES[0]!.id;

export const templateView = (template: Template) => ({
  id: template.id,
  displayName: template.displayName,
  homePageUrl: template.homePageUrl,
  supportedSingleSignOnModes: ["password", "saml", "external"],
  supportedProvisioningTypes: template.provisioning ? ["sync"] : [],
  logoUrl: null,
  categories: [],
  publisher: template.publisher,
  description: null,
});
