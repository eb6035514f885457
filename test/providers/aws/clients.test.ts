import { IAMClient } from "@aws-sdk/client-iam";
import { expect, test } from "@jest/globals";
import { iamRegion } from "../../../src/providers/aws/clients.ts";

const REGIONS = ["us-east-1", "eu-central-1", "us-gov-east-1", "us-gov-west-1", "cn-north-1", "cn-northwest-1"];
const ISOLATED = ["us-iso-west-1", "us-isob-west-1", "us-isof-east-1", "eu-isoe-west-1", "eusc-de-east-1"];

test.each([...REGIONS, ...ISOLATED])("IAM of %s signs where the SDK signs for IAM's own endpoint", (region) => {
  const { endpointProvider } = new IAMClient({ region }).config;
  const { properties } = endpointProvider({ Region: region, UseDualStack: false, UseFIPS: false } as never);
  const [scheme] = (properties?.authSchemes ?? []) as { signingRegion?: string }[];
  expect(iamRegion(region)).toBe(scheme?.signingRegion);
});
