import type { Buffer } from "node:buffer";
import { CreateMode } from "./generated/coordination.ts";
import { ChangeKind } from "./generated/log.ts";
import { nodeTags as tags, statTags } from "./plain-node-tags.ts";

/** A node of a snapshot as `PlainNodeReader` reads it, whose data may lie anywhere. */
export interface PlainNodeFields {
  readonly path: string;
  readonly czxid: number;
  readonly mzxid: number;
  readonly pzxid: number;
  readonly ctimeMs: number;
  readonly mtimeMs: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  readonly numChildren: number;
  readonly nextSequence: number;
  readonly bytes: Uint8Array;
  readonly dataAt: number;
  readonly dataLength: number;
}

/** What the record of such a node takes at most beside its path and data. */
export const plainNodeBytesMax = 160;

/**
 * Writes nodes as records of a snapshot, without an object between a node and its bytes, which are
 * those that the codec would give.
 */
export class PlainNodeWriter {
  readonly #bytes: Buffer;
  #at = 0;

  /** Into these bytes. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /**
   * Writes a record at a place where there is room for it: see `plainNodeBytesMax`. Where it ends;
   * undefined when the codec has to write it, as its path is not ASCII.
   */
  write(node: PlainNodeFields, at: number): number | undefined {
    const { path, dataLength } = node;
    const statLength = statLengthOf(node);
    const changeLength =
      2 * fixedLength + lengthOf(path.length) + lengthOfData(dataLength) + lengthOf(statLength);
    const nodeLength = lengthOf(changeLength) + lengthOfNumber(node.nextSequence);
    this.#at = at;
    this.#header(tags.node, nodeLength);
    this.#header(tags.change, changeLength);
    this.#number(tags.kind, ChangeKind.CREATED);
    this.#header(tags.path, path.length);
    if (!this.#text(path)) return undefined;
    if (dataLength > 0) this.#data(node);
    this.#header(tags.stat, statLength);
    this.#stat(node);
    this.#number(tags.mode, CreateMode.PERSISTENT);
    this.#number(tags.nextSequence, node.nextSequence);
    return this.#at;
  }

  #stat(node: PlainNodeFields): void {
    this.#number(statTags.czxid, node.czxid);
    this.#number(statTags.mzxid, node.mzxid);
    this.#number(statTags.pzxid, node.pzxid);
    this.#number(statTags.ctimeMs, node.ctimeMs);
    this.#number(statTags.mtimeMs, node.mtimeMs);
    this.#number(statTags.version, node.version);
    this.#number(statTags.cversion, node.cversion);
    this.#number(statTags.aversion, node.aversion);
    this.#number(statTags.dataLength, node.dataLength);
    this.#number(statTags.numChildren, node.numChildren);
  }

  #text(text: string): boolean {
    const bytes = this.#bytes;
    let at = this.#at;
    let units = 0;
    for (let place = 0; place < text.length; place += 1) {
      const unit = text.charCodeAt(place);
      units |= unit;
      bytes[at] = unit;
      at += 1;
    }
    this.#at = at;
    return units < 0x80;
  }

  #data({ bytes, dataAt, dataLength }: PlainNodeFields): void {
    this.#header(tags.data, dataLength);
    const to = this.#bytes;
    if (dataLength > movedBytesMax) {
      to.set(bytes.subarray(dataAt, dataAt + dataLength), this.#at);
    } else {
      const shift = this.#at - dataAt;
      for (let at = dataAt; at < dataAt + dataLength; at += 1) to[at + shift] = bytes[at] ?? 0;
    }
    this.#at += dataLength;
  }

  #header(tag: number, length: number): void {
    this.#bytes[this.#at] = tag;
    this.#at += 1;
    this.#varint(length);
  }

  #number(tag: number, value: number): void {
    if (value === 0) return;
    this.#bytes[this.#at] = tag;
    this.#at += 1;
    this.#varint(value);
  }

  #varint(value: number): void {
    const bytes = this.#bytes;
    let at = this.#at;
    let low = value >>> 0;
    for (let high = Math.floor(value / 2 ** 32); high > 0; high >>>= 7) {
      bytes[at] = (low & 127) | 128;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      at += 1;
    }
    for (; low > 127; low >>>= 7) {
      bytes[at] = (low & 127) | 128;
      at += 1;
    }
    bytes[at] = low;
    this.#at = at + 1;
  }
}

/** Up to here moving bytes takes less time than making a view of what is to be copied. */
const movedBytesMax = 128;
/** Bytes of kind and mode each. */
const fixedLength = 2;

function statLengthOf(node: PlainNodeFields): number {
  return (
    lengthOfNumber(node.czxid) +
    lengthOfNumber(node.mzxid) +
    lengthOfNumber(node.pzxid) +
    lengthOfNumber(node.ctimeMs) +
    lengthOfNumber(node.mtimeMs) +
    lengthOfNumber(node.version) +
    lengthOfNumber(node.cversion) +
    lengthOfNumber(node.aversion) +
    lengthOfNumber(node.dataLength) +
    lengthOfNumber(node.numChildren)
  );
}

/** Bytes of a field that is left out when it is 0. */
function lengthOfNumber(value: number): number {
  return value === 0 ? 0 : 1 + lengthOfVarint(value);
}

function lengthOfData(length: number): number {
  return length === 0 ? 0 : lengthOf(length);
}

/** Bytes of a field of a length. */
function lengthOf(length: number): number {
  return 1 + lengthOfVarint(length) + length;
}

function lengthOfVarint(value: number): number {
  if (value < 2 ** 7) return 1;
  if (value < 2 ** 14) return 2;
  if (value < 2 ** 21) return 3;
  if (value < 2 ** 28) return 4;
  if (value < 2 ** 35) return 5;
  if (value < 2 ** 42) return 6;
  return value < 2 ** 49 ? 7 : 8;
}
