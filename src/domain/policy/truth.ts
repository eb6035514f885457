/** Three-valued logic. A string is the reason why the answer is not known; two reasons are joined, once each. */
export type Truth = boolean | string;

export const isKnown = (truth: Truth): truth is boolean => typeof truth === "boolean";

export const not = (truth: Truth): Truth => (isKnown(truth) ? !truth : truth);

/** False as soon as one is false, whatever the others would be. */
export function all(truths: Iterable<Truth>): Truth {
  const reasons = new Set<string>();
  for (const truth of truths) {
    if (truth === false) return false;
    if (truth !== true) reasons.add(truth);
  }
  return reasons.size === 0 || [...reasons].join("; ");
}

/** True as soon as one is true, whatever the others would be. */
export const any = (truths: Iterable<Truth>): Truth => not(all([...truths].map(not)));
