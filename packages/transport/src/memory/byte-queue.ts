/**
 * What was received and is not yet wanted, for one consumer. The sender keeps it short: it waits
 * for `consumed`.
 */
export class ByteQueue implements AsyncIterable<Buffer> {
  readonly #consumed: () => void;
  readonly #items: Buffer[] = [];
  #wake: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  /** `consumed` runs whenever an item was taken. */
  constructor(consumed: () => void) {
    this.#consumed = consumed;
  }

  push(bytes: Buffer): void {
    this.#items.push(bytes);
    this.#wake?.();
  }

  /** Nothing follows; with an error, the consumer meets it after what is there. */
  end(error: Error | undefined): void {
    this.#ended = true;
    this.#error = error;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    for (;;) {
      const item = this.#items.shift();
      if (item !== undefined) {
        this.#consumed();
        yield item;
      } else if (this.#ended) {
        if (this.#error !== undefined) throw this.#error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
