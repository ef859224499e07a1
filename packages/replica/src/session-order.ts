/**
 * Keeps what a session reads behind the writes that it issued before: it must see its own writes.
 * Writes may be answered in any order; a read waits for all before it. Reads do not wait for reads,
 * nor writes for reads: a read may show writes that were issued after it and before its answer.
 */
export class SessionOrder {
  /** Oldest write without an answer; the next one, when all have theirs. */
  #firstOpen = 1;
  /** Writes after it that have their answers. */
  readonly #ended = new Set<number>();
  #held: { readonly behind: number; readonly run: () => void }[] = [];
  #lastTicket = 0;

  /** A write is on its way; its ticket is for `end`. */
  begin(): number {
    this.#lastTicket += 1;
    return this.#lastTicket;
  }

  /** A write has its answer; what waited for it runs. */
  end(ticket: number): void {
    if (ticket > this.#firstOpen) this.#ended.add(ticket);
    if (ticket !== this.#firstOpen) return;
    this.#firstOpen += 1;
    while (this.#ended.size > 0 && this.#ended.delete(this.#firstOpen)) this.#firstOpen += 1;
    if (this.#held.length === 0) return;
    let ready = 0;
    while ((this.#held[ready]?.behind ?? Infinity) < this.#firstOpen) ready += 1;
    if (ready === 0) return;
    for (const { run } of this.#held.splice(0, ready)) run();
  }

  /** Runs something once all writes so far have their answers; now, if they do. */
  afterWrites(run: () => void): void {
    if (this.#firstOpen > this.#lastTicket) run();
    else this.#held.push({ behind: this.#lastTicket, run });
  }

  /** Forgets what waits. */
  clear(): void {
    this.#held = [];
  }
}
