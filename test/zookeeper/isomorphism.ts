/**
 * Pairs of numbers of two sides that mean the same. Each number has one counterpart, and what is
 * larger here is larger there.
 */
export class Isomorphism {
  /** Sorted by the first. */
  readonly #pairs: (readonly [number, number])[] = [];

  /** Takes a pair in. Gives what speaks against it, or undefined. */
  take(first: number, second: number): string | undefined {
    const place = this.#placeOf(first);
    const above = this.#pairs[place];
    if (above?.[0] === first) {
      const [, known] = above;
      return known === second ? undefined : `${first} stood for ${known}, now for ${second}`;
    }
    const below = this.#pairs[place - 1];
    const isOrdered = (below?.[1] ?? -Infinity) < second && second < (above?.[1] ?? Infinity);
    if (!isOrdered) {
      const around = [below, above].map((pair) => pair?.join(" for ") ?? "nothing");
      return `${first} for ${second} is not between ${around.join(" and ")}`;
    }
    this.#pairs.splice(place, 0, [first, second]);
    return undefined;
  }

  #placeOf(first: number): number {
    let [from, to] = [0, this.#pairs.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((this.#pairs[middle]?.[0] ?? Infinity) < first) from = middle + 1;
      else to = middle;
    }
    return from;
  }
}
