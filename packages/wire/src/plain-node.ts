import type { Buffer } from "node:buffer";
import { CreateMode } from "./generated/coordination.ts";
import { ChangeKind } from "./generated/log.ts";
import { nodeTags as tags, statTags } from "./plain-node-tags.ts";

/**
 * Reads the nodes of a snapshot that most are: persistent, owned by nobody, in no eventual zone.
 * A million of them are read when a large tree is restored, and objects between their bytes and the
 * tree would take more time than all the rest. So there is one object, which shows the node that
 * was read last. It knows a single form of a `SnapshotRecord`, the one that is written: fields in
 * ascending order, each once. Whatever else there may be is left to the codec.
 */
export class PlainNodeReader {
  path = "";
  czxid = 0;
  mzxid = 0;
  pzxid = 0;
  ctimeMs = 0;
  mtimeMs = 0;
  version = 0;
  cversion = 0;
  aversion = 0;
  nextSequence = 0;
  bytes: Buffer;
  /** Of the same bytes. */
  view: DataView;
  pathAt = 0;
  dataAt = 0;
  dataLength = 0;
  #at = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /**
   * Reads the record in `[from, to)`. False when it is none of these, or damaged: then the fields
   * mean nothing.
   */
  read(from: number, to: number): boolean {
    this.#at = from;
    if (this.#end(tags.node) !== to) return false;
    const changeEnd = this.#end(tags.change);
    if (!this.#readChange() || this.#at !== changeEnd) return false;
    this.nextSequence = this.#number(tags.nextSequence);
    return this.#at === to;
  }

  #readChange(): boolean {
    if (this.#number(tags.kind) !== ChangeKind.CREATED) return false;
    const pathEnd = this.#end(tags.path);
    this.pathAt = this.#at;
    if (pathEnd === this.#at || !isAscii(this.bytes, this.#at, pathEnd)) return false;
    this.path = this.bytes.toString("latin1", this.#at, pathEnd);
    this.#at = pathEnd;
    const dataEnd = this.#end(tags.data);
    this.dataAt = this.#at;
    this.dataLength = dataEnd - this.#at;
    this.#at = dataEnd;
    if (this.bytes[dataEnd] !== tags.stat) return false;
    const statEnd = this.#end(tags.stat);
    this.#readStat();
    if (this.#at !== statEnd || !this.#fits()) return false;
    const mode = this.#number(tags.mode);
    return mode === CreateMode.PERSISTENT || mode === CreateMode.UNSPECIFIED;
  }

  /** What follows from the tree itself is passed over. */
  #readStat(): void {
    this.czxid = this.#number(statTags.czxid);
    this.mzxid = this.#number(statTags.mzxid);
    this.pzxid = this.#number(statTags.pzxid);
    this.ctimeMs = this.#number(statTags.ctimeMs);
    this.mtimeMs = this.#number(statTags.mtimeMs);
    this.version = this.#number(statTags.version);
    this.cversion = this.#number(statTags.cversion);
    this.aversion = this.#number(statTags.aversion);
    this.#number(statTags.dataLength);
    this.#number(statTags.numChildren);
  }

  /** Counters of 32 bits are: the codec cuts larger ones. */
  #fits(): boolean {
    return Math.max(this.version, this.cversion, this.aversion) <= 0xffff_ffff;
  }

  /** Where a field of a length ends; here, when it is missing. */
  #end(tag: number): number {
    const length = this.#number(tag);
    return this.#at + length;
  }

  /** A number, if it is the next field; otherwise 0. */
  #number(tag: number): number {
    const { bytes } = this;
    let at = this.#at;
    if (bytes[at] !== tag) return 0;
    let value = 0;
    // 28 bits fit a small integer: the usual case never leaves integer arithmetic.
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = bytes[(at += 1)] ?? 255;
      value |= (byte & 127) << shift;
      if (byte >= 128) continue;
      this.#at = at + 1;
      return value;
    }
    for (let scale = 2 ** 28; scale < 2 ** 53; scale *= 128) {
      const byte = bytes[(at += 1)] ?? 255;
      value += (byte & 127) * scale;
      if (byte >= 128 || value > Number.MAX_SAFE_INTEGER) continue;
      this.#at = at + 1;
      return value;
    }
    // Nothing ends here, so that the record is refused.
    this.#at = -1;
    return 0;
  }
}

function isAscii(bytes: Uint8Array, from: number, to: number): boolean {
  if (to > bytes.length) return false;
  let units = 0;
  for (let at = from; at < to; at += 1) units |= bytes[at] ?? 0;
  return units < 0x80;
}
