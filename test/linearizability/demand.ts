import { type Moves, any, same } from "./model.ts";

/**
 * Which states the operations without a place still need, and which they can still make. It tells
 * dead ends early, and what does not matter.
 */
export class Demand {
  readonly #moves: Moves;
  /** By state: operations that need it. */
  readonly #needed: Int32Array;
  /** By state: those of them that have ended, and therefore must have a place. */
  readonly #required: Int32Array;
  /** By state: operations that make it. */
  readonly #made: Int32Array;

  constructor(moves: Moves, isOpen: Uint8Array) {
    this.#moves = moves;
    this.#needed = new Int32Array(moves.states);
    this.#required = new Int32Array(moves.states);
    this.#made = new Int32Array(moves.states);
    isOpen.forEach((open, operation) => this.add(operation, open === 1));
  }

  /** Counts an operation that has no place. */
  add(operation: number, isOpen: boolean): void {
    this.#count(operation, isOpen, 1);
  }

  /** Counts an operation no more. */
  remove(operation: number, isOpen: boolean): void {
    this.#count(operation, isOpen, -1);
  }

  /** Whether an operation must have a state that nobody makes. */
  isHopeless(initial: number): boolean {
    return this.#required.some(
      (required, state) => required > 0 && this.#made[state] === 0 && state !== initial,
    );
  }

  isNeeded(state: number): boolean {
    return (this.#needed[state] ?? 0) > 0;
  }

  /** Whether an operation changes the state without needing one. */
  isBlind(operation: number): boolean {
    return this.#needs(operation) === any && this.#makes(operation) !== same;
  }

  isUnneededWrite(operation: number): boolean {
    return this.isBlind(operation) && !this.isNeeded(this.#makes(operation));
  }

  /** Whether an open operation may as well never happen: nobody needs what it makes. */
  isUseless(operation: number): boolean {
    const made = this.#makes(operation);
    if (made === same) return true;
    // An operation may need what it makes itself; that is no use to others.
    const own = this.#needs(operation) === made ? 1 : 0;
    return (this.#needed[made] ?? 0) - own <= 0;
  }

  /** Whether nothing can come of an operation that is possible in a state. */
  forbids(operation: number, state: number, isOpen: boolean): boolean {
    if (isOpen && this.isUseless(operation)) return true;
    if (this.#makes(operation) === state || (this.#made[state] ?? 0) > 0) return false;
    // The state is left for ever: whoever must have it must have had it.
    const own = !isOpen && this.#needs(operation) === state ? 1 : 0;
    return (this.#required[state] ?? 0) - own > 0;
  }

  #needs(operation: number): number {
    return this.#moves.needs[operation] ?? any;
  }

  #makes(operation: number): number {
    return this.#moves.makes[operation] ?? same;
  }

  #count(operation: number, isOpen: boolean, by: 1 | -1): void {
    const need = this.#needs(operation);
    const make = this.#makes(operation);
    if (need !== any) {
      this.#needed[need] = (this.#needed[need] ?? 0) + by;
      if (!isOpen) this.#required[need] = (this.#required[need] ?? 0) + by;
    }
    if (make !== same) this.#made[make] = (this.#made[make] ?? 0) + by;
  }
}
