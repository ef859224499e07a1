import type { Configuration } from "./entry.ts";

interface Item {
  readonly index: number;
  readonly configuration: Configuration;
}

/**
 * Configurations of the log, oldest first. The newest one counts from the moment it is appended,
 * committed or not (Raft paper, section 6); when its entry is cut off, the one before counts again.
 */
export class ConfigurationHistory {
  #items: Item[];

  constructor(index: number, configuration: Configuration) {
    this.#items = [{ index, configuration }];
  }

  /** The one that counts. */
  get newest(): Configuration {
    return this.#items.at(-1)!.configuration;
  }

  /** Index of the entry that brought it; of the snapshot, or 0, if none did. */
  get newestIndex(): number {
    return this.#items.at(-1)!.index;
  }

  append(index: number, configuration: Configuration): void {
    this.#items.push({ index, configuration });
  }

  /** Forgets what came with entries at or after the index. True if the newest one went. */
  truncate(from: number): boolean {
    let changed = false;
    while (this.#items.length > 1 && this.newestIndex >= from) {
      this.#items.pop();
      changed = true;
    }
    return changed;
  }

  /** Begins anew at a snapshot. */
  reset(index: number, configuration: Configuration): void {
    this.#items = [{ index, configuration }];
  }

  /** Forgets what `at` needs for smaller indexes only. */
  prune(index: number): void {
    while (this.#items.length > 1 && this.#items[1]!.index <= index) this.#items.shift();
  }

  /** The one that counts at the index and all that came later. */
  since(index: number): readonly Configuration[] {
    const at = this.#items.findLastIndex((item) => item.index <= index);
    return this.#items.slice(Math.max(at, 0)).map((item) => item.configuration);
  }

  /** The one that counts for a snapshot at the index; undefined when it has been pruned. */
  at(index: number): Configuration | undefined {
    return this.#items.findLast((item) => item.index <= index)?.configuration;
  }
}
