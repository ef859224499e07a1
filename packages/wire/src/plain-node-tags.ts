/**
 * Of `SnapshotRecord`, `SnapshotNode` and `Change`, what stands before each field of a plain node:
 * its number and how it is encoded.
 */
export const nodeTags = {
  node: 18,
  change: 10,
  nextSequence: 16,
  kind: 8,
  path: 18,
  data: 26,
  stat: 34,
  mode: 48,
} as const;

/** Likewise of its `Stat`. */
export const statTags = {
  czxid: 8,
  mzxid: 16,
  pzxid: 24,
  ctimeMs: 32,
  mtimeMs: 40,
  version: 48,
  cversion: 56,
  aversion: 64,
  dataLength: 80,
  numChildren: 88,
} as const;
