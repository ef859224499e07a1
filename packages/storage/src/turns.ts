/** Runs tasks one after the other, each when the one before has ended, well or not. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Settles as the task does. */
  take<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}
