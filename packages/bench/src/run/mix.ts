/** What an operation of a mix does. */
export type OperationKind = "read" | "strict-read" | "write" | "create";

/** All kinds, in the order in which they are told. */
export const operationKinds: readonly OperationKind[] = ["read", "strict-read", "write", "create"];

/** How much of each: shares of any sum. */
export type Mix = ReadonlyMap<OperationKind, number>;

/**
 * Reads "read=80,write=20". @throws {RangeError} that says what is wrong with it.
 */
export function parseMix(text: string): Mix {
  const mix = new Map<OperationKind, number>();
  for (const part of text.split(",")) {
    const [word = "", share = "", ...rest] = part.split("=").map((piece) => piece.trim());
    const kind = operationKinds.find((candidate) => candidate === word);
    if (kind === undefined) {
      throw new RangeError(`"${word}" is no kind of operation: ${operationKinds.join(", ")}`);
    }
    const weight = Number(share);
    if (share === "" || rest.length > 0 || !Number.isFinite(weight) || weight < 0) {
      throw new RangeError(`"${part.trim()}": a kind and its share, such as read=80`);
    }
    if (mix.has(kind)) throw new RangeError(`${kind} is there twice`);
    if (weight > 0) mix.set(kind, weight);
  }
  if (mix.size === 0) throw new RangeError("all shares are 0");
  return mix;
}

/**
 * Which kind comes next, again and again: each as often as its share says, spread evenly (smooth
 * weighted round robin).
 */
export function rotation(mix: Mix): () => OperationKind {
  const entries = [...mix].map(([kind, share]) => ({ kind, share, credit: 0 }));
  const sum = entries.reduce((total, { share }) => total + share, 0);
  return () => {
    let best = entries[0];
    for (const entry of entries) {
      entry.credit += entry.share;
      if (best === undefined || entry.credit > best.credit) best = entry;
    }
    if (best === undefined) throw new RangeError("a mix of nothing");
    best.credit -= sum;
    return best.kind;
  };
}
