import { orderedPosition } from "./ordered-position.ts";

/**
 * Terms of consecutive entries, one number pair for each change of term instead of one for each
 * entry.
 */
export class TermRuns {
  readonly #starts: number[] = [];
  readonly #terms: number[] = [];

  /** Undefined before the first run; the caller knows where the last one ends. */
  at(index: number): number | undefined {
    return this.#terms[orderedPosition(this.#starts, index)];
  }

  push(index: number, term: number): void {
    if (this.#terms.at(-1) === term) return;
    this.#starts.push(index);
    this.#terms.push(term);
  }

  /** Forgets the terms from `index` on. */
  truncate(index: number): void {
    const kept = orderedPosition(this.#starts, index - 1) + 1;
    this.#starts.length = kept;
    this.#terms.length = kept;
  }

  /** Forgets the terms before `index`, as far as whole runs go. */
  dropBefore(index: number): void {
    const position = orderedPosition(this.#starts, index);
    if (position <= 0) return;
    this.#starts.splice(0, position);
    this.#terms.splice(0, position);
  }
}
