/** Number of the last write of each region that is included; a region that is missing counts 0. */
export type VersionVector = ReadonlyMap<string, number>;

/** How two vectors relate. */
export type VectorOrder = "equal" | "before" | "after" | "concurrent";

/** Compares what two vectors include. */
export function compareVectors(a: VersionVector, b: VersionVector): VectorOrder {
  const ahead = includesMore(a, b);
  const behind = includesMore(b, a);
  if (ahead && behind) return "concurrent";
  if (ahead) return "after";
  return behind ? "before" : "equal";
}

/** The least vector that includes both. */
export function mergeVectors(a: VersionVector, b: VersionVector): VersionVector {
  const merged = new Map(a);
  for (const [region, counter] of b) {
    merged.set(region, Math.max(counter, merged.get(region) ?? 0));
  }
  return merged;
}

function includesMore(a: VersionVector, b: VersionVector): boolean {
  for (const [region, counter] of a) if (counter > (b.get(region) ?? 0)) return true;
  return false;
}
