import { crc32 } from "node:zlib";
import { invariant } from "./invariant.ts";
import type { Files, OpenFile } from "./medium.ts";
import { StorageError } from "./storage.ts";
import type { DurableState } from "./state.ts";
import { readUint53, writeUint53 } from "./uint53.ts";

/** The newest batch known to be durable. */
export interface Mark {
  readonly sequence: number;
  readonly lastIndex: number;
  readonly lastChain: number;
  /** Of the member file; 0 in slots of older releases. */
  readonly memberRevision: number;
}

/**
 * How far the table had come, kept outside it. Level drops damaged records of its own log without a
 * word; when these were the last ones, the table looks like one that was never written further.
 * This file tells the two apart.
 *
 * It is written after a batch is durable and before the write resolves, so it never claims what the
 * table need not hold. It goes to the page cache only, which costs microseconds and survives the
 * process; every so many writes and on close it is synced. So after a crash of the process every
 * acknowledged write is vouched for, after a power failure all but those since the kernel last
 * wrote the page back.
 *
 * Two slots take turns, so that one torn or damaged slot leaves the other. Both may have been
 * written since the last sync, and torn in one power failure; so two more, the anchors, take turns
 * with the syncs, and of these one is always durable.
 */
export class Watermark {
  readonly #file: OpenFile;
  /** Told when a sync in the background fails. */
  onFailure: ((error: unknown) => void) | undefined;
  #turn = 0;
  #syncs = 0;
  #sync: Promise<void> | undefined;

  private constructor(file: OpenFile) {
    this.#file = file;
  }

  /** Makes the file anew; its content becomes that of `state`, durably and at once. */
  static async begin(files: Files, state: DurableState): Promise<Watermark> {
    const content = Buffer.alloc((slots + anchors) * slotDistanceBytes);
    for (let at = 0; at < content.length; at += slotDistanceBytes)
      encodeSlot(state).copy(content, at);
    await files.replace(watermarkFile, content);
    const file = await files.open(watermarkFile);
    invariant(file !== undefined, "a file that was just written is there");
    return new Watermark(file);
  }

  /**
   * The batch that wrote `state` is durable. Done when it returns, as it goes to the page cache
   * only; a promise where a file system that is busy with a slow disk makes even that wait.
   */
  advance(state: DurableState): Promise<void> | undefined {
    this.#turn += 1;
    const written = this.#put(this.#turn % slots, state);
    if (this.#turn % writesPerSync !== 0 || this.#sync !== undefined) return written;
    return this.#anchor(written, state);
  }

  async #anchor(written: Promise<void> | undefined, state: DurableState): Promise<void> {
    await written;
    this.#syncs += 1;
    await this.#put(slots + (this.#syncs % anchors), state);
    this.#sync = this.#file
      .sync()
      .catch((error: unknown) => this.onFailure?.(error))
      .finally(() => (this.#sync = undefined));
  }

  async close(): Promise<void> {
    await this.#sync;
    try {
      await this.#file.sync();
    } finally {
      await this.#file.close();
    }
  }

  #put(slot: number, state: DurableState): Promise<void> | undefined {
    return this.#file.put(slot * slotDistanceBytes, encodeSlot(state));
  }
}

/** Name of its file. */
export const watermarkFile = "watermark";

/** Undefined if there is no file. @throws {StorageError} CORRUPT if no slot can be read. */
export async function readWatermark(files: Files): Promise<Mark | undefined> {
  const data = await files.read(watermarkFile);
  if (data === undefined) return undefined;
  let newest: Mark | undefined;
  for (let slot = 0; slot < slots + anchors; slot++) {
    const mark = decodeSlot(data.subarray(slot * slotDistanceBytes));
    if (mark !== undefined && mark.sequence > (newest?.sequence ?? 0)) newest = mark;
  }
  if (newest !== undefined) return newest;
  throw new StorageError("CORRUPT", `${watermarkFile} holds no slot that matches its checksum`);
}

const slots = 2;
const anchors = 2;
const slotBytes = 32;
/** Without the revision of the member file. */
const oldSlotBytes = 24;
/** A disk sector lies between the slots: a torn write hurts one only. */
const slotDistanceBytes = 4096;
const writesPerSync = 256;

function encodeSlot(state: DurableState): Buffer {
  const slot = Buffer.alloc(slotBytes);
  writeUint53(slot, state.sequence, 4);
  writeUint53(slot, state.log.lastIndex, 12);
  slot.writeUInt32BE(state.log.lastChain, 20);
  writeUint53(slot, state.memberRevision, oldSlotBytes);
  slot.writeUInt32BE(crc32(slot.subarray(4)), 0);
  return slot;
}

function decodeSlot(data: Buffer): Mark | undefined {
  const size = [slotBytes, oldSlotBytes].find((bytes) => isIntact(data.subarray(0, bytes), bytes));
  if (size === undefined) return undefined;
  return {
    sequence: readUint53(data, 4),
    lastIndex: readUint53(data, 12),
    lastChain: data.readUInt32BE(20),
    memberRevision: size === slotBytes ? readUint53(data, oldSlotBytes) : 0,
  };
}

function isIntact(slot: Buffer, bytes: number): boolean {
  return slot.length === bytes && crc32(slot.subarray(4)) === slot.readUInt32BE(0);
}
