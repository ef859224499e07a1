import { orderedPosition } from "./ordered-position.ts";

/** Where the records of the log begin and what their chained checksums are; ascending. */
export class RecordIndex {
  readonly #firsts: number[] = [];
  readonly #chains: number[] = [];

  get length(): number {
    return this.#firsts.length;
  }

  /**
   * Position of the record that holds the entry at `index`, which must not lie before the first.
   */
  find(index: number): number {
    return orderedPosition(this.#firsts, index);
  }

  firstIndex(position: number): number {
    return this.#firsts[position] as number;
  }

  chain(position: number): number {
    return this.#chains[position] as number;
  }

  push(firstIndex: number, chain: number): void {
    this.#firsts.push(firstIndex);
    this.#chains.push(chain);
  }

  /** Forgets the records from `position` on. */
  truncate(position: number): void {
    this.#firsts.length = position;
    this.#chains.length = position;
  }

  /** Forgets the records before `position`. */
  dropBefore(position: number): void {
    this.#firsts.splice(0, position);
    this.#chains.splice(0, position);
  }
}
