/** SAML identity providers. */
import { type Account, dropTags, type IamOperation, mergeTags, page, read, tagsXml, write } from "./account.ts";
import { exists, IamError, notFound } from "./error.ts";
import { checkMetadata, keyHashesOf } from "./metadata.ts";
import type { Parameters } from "./parameters.ts";
import { type SamlProvider, uniqueId } from "./state.ts";

const YEARS_100 = 100 * 365.25 * 86_400_000;
const KEYS_PER_PROVIDER = 2;
const PRIVATE_KEY =
  /^-----BEGIN (RSA |EC |ENCRYPTED )?PRIVATE KEY-----[\s\S]+-----END (RSA |EC |ENCRYPTED )?PRIVATE KEY-----\s*$/;

const refuse = (message: string) => new IamError("InvalidInput", message, 400);

export function providerOperations({
  providers,
  now,
  room,
  provider,
  put,
  iamArn,
}: Account): Record<string, IamOperation> {
  /** What the optional members of create and update make of a provider; members that are not sent stay as they are. */
  const changed = (value: SamlProvider, p: Parameters): SamlProvider => {
    const doomed = p.optional("RemovePrivateKey");
    if (doomed !== undefined && !value.privateKeys.some(({ id }) => id === doomed))
      throw notFound(`The private key with id ${doomed} cannot be found.`);
    const privateKeys = value.privateKeys.filter(({ id }) => id !== doomed);
    const added = p.optional("AddPrivateKey");
    if (added !== undefined && !PRIVATE_KEY.test(added)) throw refuse("The private key is not valid.");
    if (added !== undefined) privateKeys.push({ id: uniqueId("SAMLPK", 16), created: now() });
    if (privateKeys.length > KEYS_PER_PROVIDER)
      throw new IamError(
        "LimitExceeded",
        `Cannot exceed quota for SAMLPrivateKeysPerProvider: ${KEYS_PER_PROVIDER}`,
        409,
      );
    const encryption = p.optional("AssertionEncryptionMode") ?? value.encryption;
    if (encryption !== "Required" && encryption !== "Allowed")
      throw refuse("AssertionEncryptionMode must be Required or Allowed.");
    if (encryption === "Required" && privateKeys.length === 0)
      throw refuse("A private key is needed to require encrypted assertions.");
    const removed = { context: p.flag("RemoveContextProvider"), center: p.flag("RemoveIdentityCenterInstance") };
    return {
      ...value,
      privateKeys,
      encryption,
      contextProvider: removed.context ? undefined : (contextProvider(p) ?? value.contextProvider),
      identityCenter: removed.center ? undefined : (p.optional("IdentityCenterInstanceArn") ?? value.identityCenter),
    };
  };
  return {
    CreateSAMLProvider: write((p) => {
      const name = p.required("Name");
      const metadata = p.required("SAMLMetadataDocument");
      checkMetadata(metadata);
      const arn = iamArn("saml-provider/", "", name);
      if (providers.get(arn.toLowerCase())) throw exists(`${arn} already exists.`);
      room("samlProviders", providers.size);
      const created = now();
      const tags = mergeTags([], p.tags(), true);
      const value: SamlProvider = {
        name,
        arn,
        uuid: uniqueId("SAMLSP", 16),
        created,
        validUntil: new Date(created.getTime() + YEARS_100),
        metadata,
        tags,
        encryption: "Allowed",
        privateKeys: [],
      };
      put.provider(changed(value, p));
      return { SAMLProviderArn: arn, Tags: tags.length > 0 ? tagsXml(tags) : undefined };
    }),
    GetSAMLProvider: read((p) => {
      const value = provider(p.arn("SAMLProviderArn"), "read");
      return {
        SAMLProviderUUID: value.uuid,
        SAMLMetadataDocument: value.metadata,
        ContextProvider: value.contextProvider,
        SAMLKeyHashes: keyHashesOf(value.metadata),
        CreateDate: value.created,
        ValidUntil: value.validUntil,
        Tags: tagsXml(value.tags),
        AssertionEncryptionMode: value.encryption,
        PrivateKeyList: value.privateKeys.map(({ id, created }) => ({ KeyId: id, Timestamp: created })),
        IdentityCenterInstanceArn: value.identityCenter,
      };
    }),
    ListSAMLProviders: read(() => ({
      SAMLProviderList: providers.readAll().map(({ arn, validUntil, created, identityCenter }) => ({
        Arn: arn,
        ValidUntil: validUntil,
        CreateDate: created,
        IsTrustedIdentityPropagationEnabled: identityCenter !== undefined,
      })),
    })),
    UpdateSAMLProvider: write((p) => {
      const value = provider(p.arn("SAMLProviderArn"));
      const metadata = p.optional("SAMLMetadataDocument");
      if (metadata !== undefined) checkMetadata(metadata);
      put.provider({ ...changed(value, p), metadata: metadata ?? value.metadata });
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

/** ContextProvider as sent; SubjectSourceKey is its one required member. */
function contextProvider(p: Parameters): SamlProvider["contextProvider"] {
  const names = ["SubjectSourceKey", "SubjectTypeValue", "SubjectTypeSourceKey"];
  const keys = [];
  for (let index = 1; p.peek(`ContextProvider.KeyDefinitionList.member.${index}.SourceKey`) !== undefined; index++) {
    const prefix = `ContextProvider.KeyDefinitionList.member.${index}`;
    keys.push({ SourceKey: p.peek(`${prefix}.SourceKey`), TargetKey: p.peek(`${prefix}.TargetKey`) });
  }
  const values = Object.fromEntries(names.map((name) => [name, p.peek(`ContextProvider.${name}`)]));
  if (keys.length === 0 && Object.values(values).every((value) => value === undefined)) return undefined;
  if (values.SubjectSourceKey === undefined) throw refuse("SubjectSourceKey is required in ContextProvider.");
  return { ...(keys.length > 0 && { KeyDefinitionList: keys }), ...values };
}
