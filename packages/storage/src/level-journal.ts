import { crc32c, maskedCrc } from "./crc32c.ts";

/** What a file in the format of level's journal holds. */
export interface Journal {
  /** The intact records. */
  readonly records: readonly Buffer[];
  /** The first stretch that holds none; level skips such stretches without a word. */
  readonly dropped: Dropped | undefined;
}

/** A stretch of a journal. */
interface Dropped {
  readonly at: number;
  readonly bytes: number;
  /** Nothing intact follows: so a crash in the middle of a write leaves it. */
  readonly torn: boolean;
}

/**
 * Reads a journal as level does. It is made of blocks of 32 KiB; a record lies in one fragment or,
 * across blocks, in several, each with checksum, length and kind. After a damaged fragment the rest
 * of its block is skipped.
 */
export function readJournal(data: Buffer): Journal {
  const reader = new JournalReader(data);
  for (let at = 0; at < data.length;) at = reader.readFragment(at);
  return reader.finish();
}

class JournalReader {
  readonly #data: Buffer;
  readonly #records: Buffer[] = [];
  #dropped: Dropped | undefined;
  /** Fragments of a record whose last one has not come yet, and where they begin. */
  #parts: Buffer[] = [];
  #begun = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  /** Gives where to go on. */
  readFragment(at: number): number {
    const { kind, content, end } = parseFragment(this.#data, at);
    switch (kind) {
      case "full":
      case "first":
        this.#begin(at, content);
        break;
      case "middle":
      case "last":
        if (this.#parts.length > 0) this.#parts.push(content);
        else this.#drop(at);
        break;
      case "damaged":
        this.#drop(this.#parts.length > 0 ? this.#begun : at);
        break;
      case "padding":
        break;
    }
    if ((kind === "full" || kind === "last") && this.#parts.length > 0) {
      this.#records.push(Buffer.concat(this.#parts));
      this.#parts = [];
    }
    return end;
  }

  finish(): Journal {
    if (this.#parts.length > 0) this.#drop(this.#begun);
    return { records: this.#records, dropped: this.#dropped };
  }

  #begin(at: number, content: Buffer): void {
    const dropped = this.#dropped;
    if (dropped?.torn === true) {
      this.#dropped = { at: dropped.at, bytes: at - dropped.at, torn: false };
    }
    this.#parts = [content];
    this.#begun = at;
  }

  #drop(from: number): void {
    this.#dropped ??= { at: from, bytes: this.#data.length - from, torn: true };
    this.#parts = [];
  }
}

interface Fragment {
  readonly kind: (typeof kinds)[number] | "damaged";
  readonly content: Buffer;
  /** Where to go on. */
  readonly end: number;
}

const blockBytes = 32 * 1024;
const headerBytes = 7;
const kinds = ["padding", "full", "first", "middle", "last"] as const;
const nothing = Buffer.alloc(0);

function parseFragment(data: Buffer, at: number): Fragment {
  const next = at - (at % blockBytes) + blockBytes;
  const damaged: Fragment = { kind: "damaged", content: nothing, end: next };
  const padding: Fragment = { kind: "padding", content: nothing, end: next };
  if (next - at < headerBytes) return padding;
  if (data.length - at < headerBytes) return damaged;
  const checksum = data.readUInt32LE(at);
  const length = data.readUInt16LE(at + 4);
  const end = at + headerBytes + length;
  const kind = kinds[data[at + 6] as number];
  if (kind === "padding" && length === 0 && checksum === 0) return padding;
  if (kind === undefined || kind === "padding") return damaged;
  if (end > next || end > data.length) return damaged;
  if (maskedCrc(crc32c(data.subarray(at + 6, end))) !== checksum) return damaged;
  return { kind, content: data.subarray(at + headerBytes, end), end };
}
