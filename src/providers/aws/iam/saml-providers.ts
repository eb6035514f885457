/** SAML providers. */
import {
  CreateSAMLProviderCommand,
  DeleteSAMLProviderCommand,
  GetSAMLProviderCommand,
  ListSAMLProvidersCommand,
  TagSAMLProviderCommand,
  UntagSAMLProviderCommand,
  UpdateSAMLProviderCommand,
} from "@aws-sdk/client-iam";
import type { Call } from "../call.ts";
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";
import { hasAny, pairs, tagList, tagsOf } from "./context.ts";

export function samlProviderCalls(call: Call) {
  const samlProviders = {
    async getSamlProvider(arn, o) {
      const r = await orMissing(call(new GetSAMLProviderCommand({ SAMLProviderArn: arn }), o));
      if (!r) return undefined;
      return {
        arn,
        uuid: r.SAMLProviderUUID,
        assertionEncryption: r.AssertionEncryptionMode,
        privateKeys: r.PrivateKeyList?.length ?? 0,
        metadata: r.SAMLMetadataDocument ?? "",
        tags: tagsOf(r.Tags),
        createdAt: r.CreateDate,
      };
    },
    async createSamlProvider(c, o) {
      const input = { Name: c.name, SAMLMetadataDocument: c.metadata, ...tagList(c.tags) };
      const r = await call(new CreateSAMLProviderCommand(input), o, c.name);
      return r.SAMLProviderArn!;
    },
    async updateSamlProvider(arn, metadata, o) {
      const input = { SAMLProviderArn: arn, SAMLMetadataDocument: metadata };
      await call(new UpdateSAMLProviderCommand(input), o, arn);
    },
    async deleteSamlProvider(arn, o) {
      await orMissing(call(new DeleteSAMLProviderCommand({ SAMLProviderArn: arn }), o, arn));
    },
    async tagSamlProvider(arn, set, remove, o) {
      if (remove.length) await call(new UntagSAMLProviderCommand({ SAMLProviderArn: arn, TagKeys: remove }), o, arn);
      if (hasAny(set)) await call(new TagSAMLProviderCommand({ SAMLProviderArn: arn, Tags: pairs(set) }), o, arn);
    },
    async listSamlProviders(o) {
      const r = await call(new ListSAMLProvidersCommand({}), o);
      return (r.SAMLProviderList ?? []).map((x) => x.Arn!);
    },
  } satisfies Partial<Iam>;

  return samlProviders;
}
