/**
 * The library that makes certificates, ready for use. It wants a polyfill first: loaded statically after it, a bundle that has more than
 * one user of both turns their order round.
 */
import "reflect-metadata";
import { webcrypto } from "node:crypto";

const { cryptoProvider, X509CertificateGenerator } = await import("@peculiar/x509");
cryptoProvider.set(webcrypto as never);

export { X509CertificateGenerator };
