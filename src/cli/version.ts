declare const CONNECT_SSO_VERSION: string | undefined;
/** Set by the bundle; sources run as they are have none. */
export const VERSION = typeof CONNECT_SSO_VERSION === "string" ? CONNECT_SSO_VERSION : "0.0.0-source";
