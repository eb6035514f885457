/** Each cloud by table: hosts, issuer, where people start, and AWS's own names by partition. */
import { describe, expect, test } from "@jest/globals";
import { cloudOfLogin, graphUrlOf, issuerOf, loginUrlOf } from "../../src/domain/entra-clouds.ts";
import { parseInstanceArn } from "../../src/domain/names.ts";
import { identifierBase, relayState } from "../../src/domain/relay-state.ts";
import { replyUrls } from "../../src/domain/reply-urls.ts";
import { createGraphTenants } from "../../src/providers/graph/index.ts";

const TENANT = "7d1a2b3c-4d5e-4f60-8a1b-2c3d4e5f6071";

describe("Entra", () => {
  test.each([
    ["graph.microsoft.com", "https://login.microsoftonline.com", "sts.windows.net", "myapps.microsoft.com"],
    ["graph.microsoft.us", "https://login.microsoftonline.us", "sts.windows.net", "myapps.microsoft.us"],
    ["dod-graph.microsoft.us", "https://login.microsoftonline.us", "sts.windows.net", "myapps.microsoft.us"],
    ["microsoftgraph.chinacloudapi.cn", "https://login.chinacloudapi.cn", "sts.chinacloudapi.cn", undefined],
  ])("%s signs in at %s", async (graphHost, loginUrl, issuerHost, myApps) => {
    expect(loginUrlOf(graphHost)).toBe(loginUrl);
    expect(issuerOf(TENANT, cloudOfLogin(new URL(loginUrl).host))).toBe(`https://${issuerHost}/${TENANT}/`);
    const env = { CONNECT_SSO_GRAPH_URL: `https://${graphHost}`, AZURE_CLIENT_ID: "x", AZURE_CLIENT_SECRET: "x" };
    const graph = await createGraphTenants({ env }).tenant(TENANT);
    expect(graph.issuer).toBe(`https://${issuerHost}/${TENANT}/`);
    expect(graph.userAccessUrl("app")).toBe(myApps && `https://${myApps}/signin/app?tenantId=${TENANT}`);
  });

  test.each([
    [undefined, "https://graph.microsoft.com"],
    ["https://login.microsoftonline.com/", "https://graph.microsoft.com"],
    ["https://login.microsoftonline.us/", "https://graph.microsoft.us"],
    ["https://login.chinacloudapi.cn/", "https://microsoftgraph.chinacloudapi.cn"],
    ["https://login.example.com/", "https://graph.microsoft.com"],
  ])("AZURE_AUTHORITY_HOST %s means %s", (authority, graphUrl) => {
    expect(graphUrlOf(authority ? new URL(authority).host : "")).toBe(graphUrl);
  });
});

describe("AWS", () => {
  const ID = "0a1b2c3d-1111-4222-8333-444455556666";
  test.each([
    [
      "arn:aws:connect:eu-central-1",
      "https://eu-central-1.console.aws.amazon.com",
      ["https://signin.aws.amazon.com/saml", "https://eu-central-1.signin.aws.amazon.com/saml"],
      "https://signin.aws.amazon.com/saml",
    ],
    [
      "arn:aws:connect:us-east-1",
      "https://us-east-1.console.aws.amazon.com",
      ["https://signin.aws.amazon.com/saml"],
      "https://signin.aws.amazon.com/saml",
    ],
    [
      "arn:aws-us-gov:connect:us-gov-west-1",
      "https://console.amazonaws-us-gov.com",
      ["https://signin.amazonaws-us-gov.com/saml", "https://us-gov-west-1.signin.amazonaws-us-gov.com/saml"],
      "urn:amazon:webservices:govcloud",
    ],
    [
      "arn:aws-cn:connect:cn-north-1",
      "https://cn-north-1.console.amazonaws.cn",
      ["https://signin.amazonaws.cn/saml", "https://cn-north-1.signin.amazonaws.cn/saml"],
      "https://signin.amazonaws.cn/saml",
    ],
  ])("%s", (prefix, console, endpoints, identifier) => {
    const instance = parseInstanceArn(`${prefix}:111122223333:instance/${ID}`);
    expect(relayState(instance, { landingPage: "ContactControlPanel" })).toBe(
      `${console}/connect/federate/${ID}?destination=%2Fconnect%2Fccp`,
    );
    expect(replyUrls(instance, "GlobalFirst")).toEqual(endpoints);
    expect(identifierBase(instance)).toBe(identifier);
  });
});
