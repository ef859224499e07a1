/**
 * Stops what cannot go on: the caller or the stored state broke a rule that nothing after could
 * hold without. Stays on in production.
 */
export function invariant(condition: boolean, rule: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${rule}`);
}
