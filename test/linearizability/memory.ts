/** Characters kept in each of two generations. */
const charactersMax = 48_000_000;

/** Situations kept in each of two generations. */
const situationsMax = 600_000;

/**
 * Situations that were met before, as many as there is room for. What it forgets costs time, never
 * the verdict: the search goes the same way once more.
 */
export class Memory {
  #young = new Set<string>();
  #old = new Set<string>();
  #characters = 0;

  /** True when a situation is new as far as it remembers. From then on it is known. */
  isNew(situation: string): boolean {
    if (this.#young.has(situation)) return false;
    const isNew = !this.#old.has(situation);
    this.#young.add(situation);
    this.#characters += situation.length;
    if (this.#characters > charactersMax || this.#young.size > situationsMax) {
      this.#old = this.#young;
      this.#young = new Set();
      this.#characters = 0;
    }
    return isNew;
  }
}
