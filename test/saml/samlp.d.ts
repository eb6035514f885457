/** The part of samlp that the tests use; the package brings no types. */
declare module "samlp" {
  interface Options {
    issuer: string;
    cert: string;
    key: string;
    audience: string;
    recipient: string;
    destination?: string;
    lifetimeInSeconds?: number;
    signatureAlgorithm?: string;
    digestAlgorithm?: string;
    signResponse?: boolean;
    signAssertion?: boolean;
    signatureNamespacePrefix?: string;
    encryptionCert?: string;
    encryptionPublicKey?: string;
    samlStatusCode?: string;
    samlStatusMessage?: string;
    profileMapper: (user: unknown) => {
      getClaims(): Record<string, unknown>;
      getNameIdentifier(): { nameIdentifier: string; nameIdentifierFormat?: string };
    };
  }
  export function getSamlResponse(
    options: Options,
    user: unknown,
    done: (error: Error | null, response: string) => void,
  ): void;
  const samlp: { getSamlResponse: typeof getSamlResponse };
  export default samlp;
}
