import type { Change, Transaction } from "@meridian/tree";
import { must } from "./failure.ts";

/** One committed write of one path, as its owner applied it. */
export interface PathWrite {
  readonly index: number;
  readonly kind: Change["kind"];
  readonly text: string;
  readonly version: number;
  /** Virtual time at which the first member applied it: from then on it may be acknowledged. */
  readonly atMs: number;
}

/** Changes of one log index of one cluster that others mirror. */
export interface Entry {
  readonly index: number;
  readonly changes: readonly Change[];
  /** All of it as text, to be compared. */
  readonly text: string;
}

/** Indexes between two comparisons of whole replicas. */
const digestPeriod = 16;

/** What one cluster has committed, put together from what its members apply. */
export class ClusterHistory {
  readonly cluster: string;
  readonly entries: Entry[] = [];
  readonly #byIndex = new Map<number, Entry>();
  readonly #writes = new Map<string, PathWrite[]>();
  readonly #digests = new Map<number, string>();
  readonly #terms = new Map<number, number>();
  #newestIndex = 0;

  constructor(cluster: string) {
    this.cluster = cluster;
  }

  /** Highest index that any member has applied. */
  get newestIndex(): number {
    return this.#newestIndex;
  }

  /** A member applied an entry. */
  applied(index: number): void {
    this.#newestIndex = Math.max(this.#newestIndex, index);
  }

  /**
   * An entry that was applied, as it lies in a member's log. With the order in which entries are
   * first applied this means that what is acknowledged first at any moment belongs to one term.
   */
  stored(index: number, term: number, node: string): void {
    const known = this.#terms.get(index);
    must(known === undefined || known === term, () => {
      return `${node} has entry ${index} of ${this.cluster} in term ${term}, others in ${known}`;
    });
    this.#terms.set(index, term);
  }

  /** Whether the digest of a replica at an index is to be compared. */
  static isCompared(index: number): boolean {
    return index % digestPeriod === 0;
  }

  /** The digest of a replica that has applied up to an index. */
  digest(index: number, node: string, digest: string): void {
    const known = this.#digests.get(index);
    if (known === undefined) this.#digests.set(index, digest);
    else must(known === digest, () => `${node} differs from ${this.cluster} at ${index}`);
  }

  /** Changes that the cluster made itself, in zones that others mirror as they are. */
  made(index: number, node: string, changes: readonly Change[], atMs: number): void {
    const text = changes.map(textOf).join("\n");
    const known = this.#byIndex.get(index);
    if (known !== undefined) {
      must(known.text === text, () => {
        return `${node} applied\n${text}\nas entry ${index}, where others applied\n${known.text}`;
      });
      return;
    }
    const last = this.entries.at(-1)?.index ?? 0;
    must(index > last, () => `${node} applied ${index} that all had left out before ${last}`);
    const entry = { index, changes, text };
    this.#byIndex.set(index, entry);
    this.entries.push(entry);
    for (const { path, kind, data, stat } of changes) {
      const writes = this.#writes.get(path) ?? [];
      this.#writes.set(path, writes);
      writes.push({ index, kind, text: dataText(data), version: stat.version, atMs });
    }
  }

  entry(index: number): Entry | undefined {
    return this.#byIndex.get(index);
  }

  /** Entries in (after, to]. */
  between(after: number, to: number): readonly Entry[] {
    const { entries } = this;
    let from = entries.length;
    while (from > 0 && (entries[from - 1]?.index ?? 0) > after) from -= 1;
    let end = from;
    while (end < entries.length && (entries[end]?.index ?? Infinity) <= to) end += 1;
    return entries.slice(from, end);
  }

  /** Everything that was ever written. */
  get paths(): readonly string[] {
    return [...this.#writes.keys()];
  }

  /** All writes of a path, in order. */
  writesOf(path: string): readonly PathWrite[] {
    return this.#writes.get(path) ?? [];
  }

  /** The latest write of a path at or below an index. */
  latest(path: string, index: number): PathWrite | undefined {
    const writes = this.writesOf(path);
    for (let at = writes.length - 1; at >= 0; at -= 1) {
      const write = writes[at];
      if (write !== undefined && write.index <= index) return write;
    }
    return undefined;
  }
}

/** Changes in zones that are mirrored as they are: what is merged may differ by place. */
export function mirroredOf({ origin, changes }: Transaction): readonly Change[] {
  const prefix = origin === "global" ? "/global/" : `/regions/${origin}/`;
  return changes.filter(({ path }) => path.startsWith(prefix));
}

/** A change in words, such that equal words are equal changes. */
export function textOf({ kind, path, stat, data }: Change): string {
  const { czxid, mzxid, version, ephemeralOwner } = stat;
  return `${kind} ${path} ${czxid} ${mzxid} ${version} ${ephemeralOwner} ${dataText(data)}`;
}

/** Data as text: equal texts are equal bytes. */
export function dataText(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("latin1");
}
