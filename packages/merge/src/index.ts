export { driftMaxMs, hybridStart, observe, tick } from "./hybrid-clock.ts";
export { compareStamps, compareTimes, type HybridTime, type Stamp } from "./stamp.ts";
export {
  compareVectors,
  mergeVectors,
  type VectorOrder,
  type VersionVector,
} from "./version-vector.ts";
