import { createHash } from "node:crypto";
import type { HashedTrace } from "./scenario.ts";

/** Events that a failure shows. */
const keptMax = 60;
/** Characters that are collected before they are hashed: hashing a little is as dear as a lot. */
const chunkMax = 32_768;

/** Hashes all events and keeps the last ones. */
export class EventTrace implements HashedTrace {
  readonly setupLines: string[] = [];
  readonly #hash = createHash("sha256");
  readonly #kept: string[] = [];
  readonly #watch: ((text: string) => void) | undefined;
  #chunk = "";
  #count = 0;

  /** `watch` sees every event as it happens. */
  constructor(watch?: (text: string) => void) {
    this.#watch = watch;
  }

  event(text: string): void {
    this.#kept[this.#count % keptMax] = text;
    this.#count += 1;
    this.#chunk += `${text}\n`;
    this.#watch?.(text);
    if (this.#chunk.length > chunkMax) this.#flush();
  }

  setup(text: string): void {
    this.setupLines.push(text);
    this.event(text);
  }

  get lastEvents(): readonly string[] {
    const at = this.#count % keptMax;
    return [...this.#kept.slice(at), ...this.#kept.slice(0, at)];
  }

  /** Sixteen hexadecimal digits over everything so far. */
  hash(): string {
    this.#flush();
    return this.#hash.copy().digest("hex").slice(0, 16);
  }

  #flush(): void {
    this.#hash.update(this.#chunk);
    this.#chunk = "";
  }
}
