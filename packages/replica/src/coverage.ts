import type { Position } from "@meridian/tree";

/**
 * Once a mirror's cursor is at `index`, it lacks nothing of the origin's history up to `covers`.
 */
interface Proof {
  readonly index: number;
  readonly covers: number;
}

interface Known {
  readonly incarnation: number;
  newest: Proof;
  /** The proof of those that the cursor has reached which covers most. */
  reached: Proof | undefined;
}

/**
 * How far mirrors reach. A cursor stands at what was last taken over; most of an origin's log may
 * lie behind that and change nothing for its mirrors, such as sessions and what it took over from
 * others. Tokens name positions anywhere in that log: without knowing that nothing is missing, who
 * has one would wait for the next change.
 */
export class Coverage {
  readonly #origins = new Map<string, Known>();

  /** Notes a proof of an origin. */
  note({ cluster, incarnation, index }: Position, covers: number): void {
    const known = this.#origins.get(cluster);
    const newest = { index, covers };
    if (known?.incarnation === incarnation) known.newest = newest;
    else this.#origins.set(cluster, { incarnation, newest, reached: undefined });
  }

  /** Index of the origin up to which nothing is missing from a mirror whose cursor this is. */
  reach({ cluster, incarnation, index }: Position): number {
    const known = this.#origins.get(cluster);
    if (known === undefined || known.incarnation !== incarnation) return index;
    const { newest, reached } = known;
    if (index >= newest.index && newest.covers >= (reached?.covers ?? 0)) known.reached = newest;
    // A mirror that begins anew has a lower cursor than the one that the proof was of.
    const covers = index >= (known.reached?.index ?? Infinity) ? known.reached?.covers : 0;
    return Math.max(index, covers ?? 0);
  }
}
