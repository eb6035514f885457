/** Identifiers are unique in a tenant; Entra strips the fragment from the audience, so applications are distinguished by `#N`. */

/** The first of `base`, `base#2`, `base#3`… that no application of the tenant uses, ours or not. Case is ignored, as Entra does. */
export function nextIdentifier(base: string, taken: Iterable<string>): string {
  const used = new Set([...taken].map((uri) => uri.toLowerCase()));
  if (!used.has(base.toLowerCase())) return base;
  for (let number = 2; ; number++) {
    const candidate = `${base}#${number}`;
    if (!used.has(candidate.toLowerCase())) return candidate;
  }
}
