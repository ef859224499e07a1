/** A promise of the platform that was broken. */
export class BrokenPromise extends Error {
  override readonly name = "BrokenPromise";
}

/** @throws {BrokenPromise} unless `holds`; `what` is only put into words when it does not. */
export function must(holds: boolean, what: () => string): asserts holds {
  if (!holds) throw new BrokenPromise(what());
}
