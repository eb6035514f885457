/** SAML identity providers. */

import { type Account, dropTags, type IamOperation, mergeTags, page, read, tagsXml, write } from "./account.ts";
import { exists, limit } from "./error.ts";
import { checkMetadata } from "./metadata.ts";
import { uniqueId } from "./state.ts";

const YEARS_100 = 100 * 365.25 * 86_400_000;

export function providerOperations({ providers, now, provider, put, iamArn }: Account): Record<string, IamOperation> {
  return {
    CreateSAMLProvider: write((p) => {
      const name = p.required("Name");
      const metadata = p.required("SAMLMetadataDocument");
      checkMetadata(metadata);
      const arn = iamArn("saml-provider/", "", name);
      if (providers.get(arn.toLowerCase())) throw exists(`${arn} already exists.`);
      if (providers.size >= 100) throw limit("Cannot exceed quota for SAMLProvidersPerAccount: 100");
      const created = now();
      const tags = mergeTags([], p.tags(), true);
      put.provider({
        name,
        arn,
        uuid: uniqueId("SAMLSP", 16),
        created,
        validUntil: new Date(created.getTime() + YEARS_100),
        metadata,
        tags,
      });
      return { SAMLProviderArn: arn, Tags: tags.length > 0 ? tagsXml(tags) : undefined };
    }),
    GetSAMLProvider: read((p) => {
      const value = provider(p.arn("SAMLProviderArn"), "read");
      return {
        SAMLProviderUUID: value.uuid,
        SAMLMetadataDocument: value.metadata,
        CreateDate: value.created,
        ValidUntil: value.validUntil,
        Tags: tagsXml(value.tags),
        AssertionEncryptionMode: "Allowed",
        PrivateKeyList: [],
      };
    }),
    ListSAMLProviders: read(() => ({
      SAMLProviderList: providers
        .readAll()
        .map(({ arn, validUntil, created }) => ({ Arn: arn, ValidUntil: validUntil, CreateDate: created })),
    })),
    UpdateSAMLProvider: write((p) => {
      const value = provider(p.arn("SAMLProviderArn"));
      const metadata = p.optional("SAMLMetadataDocument");
      if (metadata !== undefined) checkMetadata(metadata);
      put.provider({ ...value, metadata: metadata ?? value.metadata });
      return { SAMLProviderArn: value.arn };
    }),
    DeleteSAMLProvider: write((p) => {
      providers.delete(provider(p.arn("SAMLProviderArn")).arn.toLowerCase());
      return undefined;
    }),
    TagSAMLProvider: write((p) => {
      const value = provider(p.arn("SAMLProviderArn"));
      put.provider({ ...value, tags: mergeTags(value.tags, p.tags(), true) });
      return undefined;
    }),
    UntagSAMLProvider: write((p) => {
      const value = provider(p.arn("SAMLProviderArn"));
      put.provider({ ...value, tags: dropTags(value.tags, p.tagKeys(), true) });
      return undefined;
    }),
    ListSAMLProviderTags: read((p) => page(p, tagsXml(provider(p.arn("SAMLProviderArn"), "read").tags), "Tags")),
  };
}
