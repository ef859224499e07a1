/**
 * Ends the process' trust in itself: what must always hold does not. @throws {Error} always when
 * false.
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${message}`);
}
