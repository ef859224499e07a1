/**
 * Runs tasks one after the other, each when the one before has ended, well or not; at once when
 * there is none, so that what a task asks of the disk is under way when `take` returns.
 */
export class Turns {
  #last: Promise<void> = Promise.resolve();
  /** Tasks that have not ended. */
  #open = 0;
  readonly #end = (): void => {
    this.#open -= 1;
  };

  /** Settles as the task does. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#open === 0 ? task() : this.#last.then(task);
    this.#open += 1;
    this.#last = turn.then(this.#end, this.#end);
    return turn;
  }
}
