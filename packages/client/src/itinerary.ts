import type { Place } from "./directory.ts";

/** How long a node that failed is passed over while there are others. */
const coolingMs = 5_000;

/**
 * Chooses which node to try next. A node that failed is passed over for a while, and so is the rest
 * of its region: when a region is gone, its five voters must not be tried one after the other.
 */
export class Itinerary {
  readonly #failedAtMs = new Map<string, number>();
  readonly #regionFailedAtMs = new Map<string, number>();
  #preferred: string | undefined;

  /** The node to try first, as long as it does not fail: the leader, if it is known. */
  prefer(node: string): void {
    this.#preferred = node;
  }

  /** The node could not be reached, or fell silent. */
  failed(place: Place, nowMs: number): void {
    this.#failedAtMs.set(place.node, nowMs);
    this.#regionFailedAtMs.set(place.region, nowMs);
    if (this.#preferred === place.node) this.#preferred = undefined;
  }

  /** The node answered. */
  succeeded(place: Place): void {
    this.#failedAtMs.delete(place.node);
    this.#regionFailedAtMs.delete(place.region);
  }

  /** The node failed not long ago. */
  isCooling(node: string, nowMs: number): boolean {
    return nowMs - (this.#failedAtMs.get(node) ?? -Infinity) < coolingMs;
  }

  /** The node to try now; undefined when there are none. */
  next(candidates: readonly Place[], nowMs: number): Place | undefined {
    const preferred = candidates.find(({ node }) => node === this.#preferred);
    if (preferred !== undefined && !this.isCooling(preferred.node, nowMs)) return preferred;
    let best: Place | undefined;
    let bestRank = Infinity;
    for (const place of candidates) {
      const rank = this.#rank(place, nowMs);
      if (rank < bestRank) [best, bestRank] = [place, rank];
    }
    return best;
  }

  /** 0: no reason against it. 1: its region failed. Above: it failed itself, the latest last. */
  #rank(place: Place, nowMs: number): number {
    const failedAtMs = this.#failedAtMs.get(place.node) ?? -Infinity;
    if (nowMs - failedAtMs < coolingMs) return 2 + 1 / (1 + nowMs - failedAtMs);
    const regionAtMs = this.#regionFailedAtMs.get(place.region) ?? -Infinity;
    return nowMs - regionAtMs < coolingMs ? 1 : 0;
  }
}
