import type { Configuration } from "./entry.ts";

interface Item {
  readonly index: number;
  readonly configuration: Configuration;
}

/**
 * Configurations of the log, oldest first. The newest one counts from the moment it is appended,
 * committed or not (Raft paper, section 6); when its entry is cut off, the one before counts again.
 *
 * One that was put in force by hand counts from the beginning: those of earlier incarnations are
 * passed over, wherever in the log they are. Logs of members that were put in force together need
 * not end alike, and who is shorter may still get such an entry from the others.
 */
export class ConfigurationHistory {
  #items: Item[];
  readonly #forced: Configuration | undefined;
  /** Where the log has the forced configuration, or a later one. */
  #forcedIndex = Infinity;

  constructor(index: number, configuration: Configuration, forced?: Configuration) {
    this.#forced = forced;
    this.#items = [];
    this.reset(index, configuration);
  }

  /** The one in force by hand that the log does not have; undefined: none, or it has it. */
  get missing(): Configuration | undefined {
    return this.#forcedIndex === Infinity ? this.#forced : undefined;
  }

  /** Whether one is in force by hand that a log committed up to the index might still lose. */
  isForced(commitIndex: number): boolean {
    return this.#forced !== undefined && this.#forcedIndex > commitIndex;
  }

  /** The one that counts. */
  get newest(): Configuration {
    return this.#items.at(-1)!.configuration;
  }

  /** Index of the entry that brought it; of the snapshot, or 0, if none did. */
  get newestIndex(): number {
    return this.#items.at(-1)!.index;
  }

  /** False: it is of an earlier incarnation than the one that counts, and void. */
  append(index: number, configuration: Configuration): boolean {
    if (incarnationOf(configuration) < incarnationOf(this.newest)) return false;
    this.#items.push({ index, configuration });
    this.#find(index);
    return true;
  }

  /** Forgets what came with entries at or after the index. True if the newest one went. */
  truncate(from: number): boolean {
    if (this.#forcedIndex >= from) this.#forcedIndex = Infinity;
    let changed = false;
    while (this.#items.length > 1 && this.newestIndex >= from) {
      this.#items.pop();
      changed = true;
    }
    return changed;
  }

  /** Begins anew at a snapshot. */
  reset(index: number, configuration: Configuration): void {
    const forced = this.#forced;
    const isVoid = forced !== undefined && incarnationOf(configuration) < incarnationOf(forced);
    this.#items = [{ index, configuration: isVoid ? forced : configuration }];
    this.#forcedIndex = Infinity;
    if (!isVoid) this.#find(index);
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

  #find(index: number): void {
    this.#forcedIndex = Math.min(this.#forcedIndex, index);
  }
}

function incarnationOf({ incarnation = 0 }: Configuration): number {
  return incarnation;
}
