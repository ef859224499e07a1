import type { Message } from "../../src/index.ts";
import { text } from "../support/codec.ts";

/** All messages that were ever sent, numbered; equal ones have one number. */
export class Messages {
  readonly #messages: Message[] = [];
  readonly #numbers = new Map<string, number>();

  get count(): number {
    return this.#messages.length;
  }

  at(number: number): Message {
    return this.#messages[number]!;
  }

  number(message: Message): number {
    const key = JSON.stringify(message, (_name, value: unknown) =>
      value instanceof Uint8Array ? text(value) : value,
    );
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#messages.length);
    this.#messages.push(message);
    return this.#messages.length - 1;
  }
}
