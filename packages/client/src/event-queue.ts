/** Items between one that puts them and one that takes them, in order and bounded. */
export class EventQueue<T> {
  readonly #max: number;
  #items: T[] = [];
  #first = 0;
  #isOver = false;
  #error: Error | undefined;
  #waiting: { resolve: (item: T | undefined) => void; reject: (error: Error) => void }[] = [];

  constructor(max: number) {
    this.#max = max;
  }

  /** Whether so many more items fit. An empty queue takes any number: they come as one. */
  hasRoomFor(count: number): boolean {
    const queued = this.#items.length - this.#first;
    return queued === 0 || queued + count <= this.#max;
  }

  /** Adds an item; ignored after the end. */
  put(item: T): void {
    if (this.#isOver) return;
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#items.push(item);
    else waiting.resolve(item);
  }

  /** No more items come; once all are taken, takers get the error, or undefined. */
  end(error: Error | undefined): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // It is told once: to those who wait, or to the first who comes.
    this.#error = this.#waiting.length === 0 ? error : undefined;
    for (const { resolve, reject } of this.#waiting) {
      if (error === undefined) resolve(undefined);
      else reject(error);
    }
    this.#waiting = [];
  }

  /** Drops what has not been taken. */
  clear(): void {
    this.#items = [];
    this.#first = 0;
  }

  /** The next item; undefined when there are no more. Rejects, once, with the error of the end. */
  take(): Promise<T | undefined> {
    const item = this.#items[this.#first];
    if (item !== undefined) {
      this.#first += 1;
      if (this.#first >= 1_024) {
        this.#items = this.#items.slice(this.#first);
        this.#first = 0;
      }
      return Promise.resolve(item);
    }
    if (!this.#isOver) {
      return new Promise((resolve, reject) => {
        this.#waiting.push({ resolve, reject });
      });
    }
    const error = this.#error;
    this.#error = undefined;
    return error === undefined ? Promise.resolve(undefined) : Promise.reject(error);
  }
}
