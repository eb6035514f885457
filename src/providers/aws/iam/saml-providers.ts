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
import { orMissing } from "../errors.ts";
import type { Iam } from "../types.ts";
import { hasAny, type IamContext, pairs, tagList, tagsOf } from "./context.ts";

export function samlProviderCalls({ client, call }: IamContext) {
  const samlProviders = {
    async getSamlProvider(arn, o) {
      const r = await orMissing(
        call("GetSAMLProvider", (s) => client.send(new GetSAMLProviderCommand({ SAMLProviderArn: arn }), s), o),
      );
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
      const r = await call(
        "CreateSAMLProvider",
        (s) => client.send(new CreateSAMLProviderCommand(input), s),
        o,
        c.name,
      );
      return r.SAMLProviderArn!;
    },
    async updateSamlProvider(arn, metadata, o) {
      const input = { SAMLProviderArn: arn, SAMLMetadataDocument: metadata };
      await call("UpdateSAMLProvider", (s) => client.send(new UpdateSAMLProviderCommand(input), s), o, arn);
    },
    async deleteSamlProvider(arn, o) {
      await orMissing(
        call(
          "DeleteSAMLProvider",
          (s) => client.send(new DeleteSAMLProviderCommand({ SAMLProviderArn: arn }), s),
          o,
          arn,
        ),
      );
    },
    async tagSamlProvider(arn, set, remove, o) {
      if (remove.length)
        await call(
          "UntagSAMLProvider",
          (s) => client.send(new UntagSAMLProviderCommand({ SAMLProviderArn: arn, TagKeys: remove }), s),
          o,
          arn,
        );
      if (hasAny(set))
        await call(
          "TagSAMLProvider",
          (s) => client.send(new TagSAMLProviderCommand({ SAMLProviderArn: arn, Tags: pairs(set) }), s),
          o,
          arn,
        );
    },
    async listSamlProviders(o) {
      const r = await call("ListSAMLProviders", (s) => client.send(new ListSAMLProvidersCommand({}), s), o);
      return (r.SAMLProviderList ?? []).map((x) => x.Arn!);
    },
  } satisfies Partial<Iam>;

  return samlProviders;
}
