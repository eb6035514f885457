/**
 * What a difference touches, so that alerts can tell a back door from an edited description. Swapped SAML metadata, another signing
 * certificate and a widened role trust let somebody else sign in, and other claims let people sign in as somebody else; policies and
 * boundaries decide what they may do then.
 */
export type Concern = "trust" | "permissions" | "settings";

export function concernOf(component: string, path: string): Concern {
  if (path === "trust" || path.startsWith("trust.") || path === "activeThumbprint") return "trust";
  if (component === "claims" && path !== "attached") return "trust";
  if (path.startsWith("tags")) return "settings";
  if (component.endsWith("-policy")) return "permissions";
  return ["policies", "permissionsBoundary", "securityProfiles"].includes(path) ? "permissions" : "settings";
}

const GRAVITY: Concern[] = ["trust", "permissions"];

/** The gravest concern of several differences. */
export function gravestConcern(component: string, differences: readonly { path: string }[]): Concern {
  const found = differences.map(({ path }) => concernOf(component, path));
  return GRAVITY.find((concern) => found.includes(concern)) ?? "settings";
}
