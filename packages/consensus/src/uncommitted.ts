/**
 * Sum of bytes that this leader proposed and that are not committed. Counts from the beginning of
 * its term.
 */
export class Uncommitted {
  #batches: { readonly index: number; readonly bytes: number }[] = [];
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  /** Notes a proposal whose last entry has this index. */
  add(index: number, bytes: number): void {
    this.#batches.push({ index, bytes });
    this.#bytes += bytes;
  }

  committed(index: number): void {
    let count = 0;
    for (; count < this.#batches.length && this.#batches[count]!.index <= index; count++) {
      this.#bytes -= this.#batches[count]!.bytes;
    }
    if (count > 0) this.#batches.splice(0, count);
  }
}
