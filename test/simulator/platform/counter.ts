/** Counts what a run exercised. */
export class Counter {
  readonly #counts = new Map<string, number>();

  count(kind: string, by: number = 1): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + by);
  }

  of(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  get all(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }
}
