import type { IPosition } from "@meridian/wire";

/** A place in the history of a cluster: everything up to `index` is included. */
export interface Position {
  readonly cluster: string;
  readonly incarnation: number;
  readonly index: number;
}

/**
 * The latest place reached in the history of each cluster. A newer incarnation replaces an older
 * one, because positions of different incarnations cannot be compared and nothing more will come of
 * the older.
 */
export class PositionMap {
  readonly #positions = new Map<string, Position>();
  #version = 0;

  /** Another number whenever it has changed. */
  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#positions.size;
  }

  /** The place reached in a cluster's history. */
  get(cluster: string): Position | undefined {
    return this.#positions.get(cluster);
  }

  /** Moves forward to a position; never back. Returns whether it moved. */
  add(cluster: string, incarnation: number, index: number): boolean {
    const known = this.#positions.get(cluster);
    if (known !== undefined) {
      if (known.incarnation > incarnation) return false;
      if (known.incarnation === incarnation && known.index >= index) return false;
    }
    this.#version += 1;
    this.#positions.set(cluster, { cluster, incarnation, index });
    return true;
  }

  /** Moves forward to all of them. */
  addAll(positions: Iterable<IPosition>): void {
    for (const { cluster, incarnation, index } of positions) this.add(cluster, incarnation, index);
  }

  /** Moves to all of them, also back within the same incarnation. */
  moveTo(positions: Iterable<IPosition>): void {
    for (const { cluster, incarnation, index } of positions) {
      if (this.#positions.get(cluster)?.incarnation === incarnation) this.clear(cluster);
      this.add(cluster, incarnation, index);
    }
  }

  /** Whether `position` lies at or before the place reached. */
  covers(position: Position): boolean {
    const known = this.#positions.get(position.cluster);
    if (known === undefined) return false;
    return known.incarnation === position.incarnation && known.index >= position.index;
  }

  /** Places of these clusters that `shown` does not cover. */
  missing(clusters: readonly string[], shown: PositionMap): readonly Position[] {
    const missing: Position[] = [];
    for (const cluster of clusters) {
      const known = this.#positions.get(cluster);
      if (known !== undefined && !shown.covers(known)) missing.push(known);
    }
    return missing;
  }

  /** All places, by cluster name. */
  list(): readonly Position[] {
    return [...this.#positions.values()].sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  }

  /** Forgets one cluster, or all. */
  clear(cluster?: string): void {
    this.#version += 1;
    if (cluster === undefined) this.#positions.clear();
    else this.#positions.delete(cluster);
  }
}
