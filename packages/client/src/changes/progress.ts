import { PositionMap, type Position } from "../position.ts";

/**
 * How far a reader of a change stream has got: a place in the history of the followed cluster, and
 * beyond it the last transaction of each other cluster. The followed cluster takes many
 * transactions of others over in one step of its own, so that its history alone could not tell in
 * the middle of such a step what was reported and what was not.
 */
export class Progress {
  readonly #cluster: string;
  readonly #others = new PositionMap();
  #followed: Position | undefined;
  #list: readonly Position[] | undefined;

  constructor(cluster: string) {
    this.#cluster = cluster;
  }

  /** The place to ask the followed cluster for; undefined: only a snapshot helps. */
  get followed(): Position | undefined {
    return this.#followed;
  }

  /** All places, the followed cluster's first; empty when only a snapshot helps. */
  get list(): readonly Position[] {
    if (this.#followed === undefined) return [];
    this.#list ??= [this.#followed, ...this.#others.list()];
    return this.#list;
  }

  /** Nothing is known any more. */
  reset(): void {
    this.#followed = undefined;
    this.#others.clear();
    this.#list = undefined;
  }

  /** Takes up the places of a token. */
  takeUp(positions: Iterable<Position>): void {
    for (const position of positions) this.add(position);
  }

  /** Everything up to here has been reported. Places only grow. */
  add(position: Position): void {
    const { cluster, incarnation, index } = position;
    if (cluster === this.#cluster) {
      const known = this.#followed;
      const isNewer =
        known === undefined ||
        known.incarnation < incarnation ||
        (known.incarnation === incarnation && known.index < index);
      if (!isNewer) return;
      this.#followed = { cluster, incarnation, index };
      this.#list = undefined;
    } else if (this.#others.add(cluster, incarnation, index)) this.#list = undefined;
  }

  /** Whether a transaction has been reported. Parts of a snapshot have no place, and never have. */
  covers(position: Position): boolean {
    if (position.index === 0) return false;
    if (position.cluster !== this.#cluster) return this.#others.covers(position);
    const known = this.#followed;
    return known?.incarnation === position.incarnation && known.index >= position.index;
  }
}
