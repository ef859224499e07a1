import { crc32 } from "node:zlib";
import type { NodeId } from "@meridian/consensus";
import { generationChain } from "./keys.ts";
import { StorageError } from "./storage.ts";
import { readUint53, uint53Bytes, writeUint53 } from "./uint53.ts";

/** Where the log begins and ends. */
export interface LogExtent {
  /** Counts how often a snapshot replaced the log. */
  readonly generation: number;
  readonly firstIndex: number;
  /** Term at `firstIndex - 1`. */
  readonly termBefore: number;
  /** First index of the first record that is still needed; at most `firstIndex`. */
  readonly recordsFrom: number;
  /** What that record is chained to. */
  readonly chainBefore: number;
  readonly lastIndex: number;
  /** Chained checksum of the last record. */
  readonly lastChain: number;
}

/**
 * What every batch carries beside its records. As a batch is all or nothing, this always describes
 * exactly the records around it: whatever disagrees with it has been damaged since.
 */
export interface DurableState {
  /** Counts the batches; 1 is written when the member is made. */
  readonly sequence: number;
  readonly log: LogExtent;
  readonly commitIndex: number;
  /** As in the member file when this was written; that may be ahead, never behind. */
  readonly term: number;
  readonly vote: NodeId | undefined;
  /** Which version of the member file this was written with; 0 by older releases. */
  readonly memberRevision: number;
  /** Checksum of the current snapshot's description; undefined without one. */
  readonly snapshotChecksum: number | undefined;
}

/** Of a log that begins after `index`. */
export function emptyExtent(generation: number, index: number, term: number): LogExtent {
  const chain = generationChain(generation);
  return {
    generation,
    firstIndex: index + 1,
    termBefore: term,
    recordsFrom: index + 1,
    chainBefore: chain,
    lastIndex: index,
    lastChain: chain,
  };
}

const format = 2;
/** Of the first format, which had no revision. */
const oldFormat = 1;
const fixedBytes = (longs: number): number => 4 + 1 + longs * uint53Bytes + 4 * 4 + 1;
const longFields = 8;

/** Fixed fields, then the vote; the checksum comes first. */
export function encodeState(state: DurableState): Buffer {
  const vote = Buffer.from(state.vote ?? "");
  const { log } = state;
  const value = Buffer.alloc(fixedBytes(longFields) + vote.length);
  value[4] = format;
  let offset = 5;
  for (const number of [
    state.sequence,
    log.firstIndex,
    log.termBefore,
    log.recordsFrom,
    log.lastIndex,
    state.commitIndex,
    state.term,
    state.memberRevision,
  ]) {
    offset = writeUint53(value, number, offset);
  }
  for (const number of [
    log.generation,
    log.chainBefore,
    log.lastChain,
    state.snapshotChecksum ?? 0,
  ]) {
    offset = value.writeUInt32BE(number, offset);
  }
  value[offset] =
    (state.snapshotChecksum === undefined ? 0 : 1) + (state.vote === undefined ? 0 : 2);
  vote.copy(value, fixedBytes(longFields));
  value.writeUInt32BE(crc32(value.subarray(4)), 0);
  return value;
}

/** @throws {StorageError} CORRUPT. */
export function decodeState(value: Buffer): DurableState {
  const longs = value[4] === oldFormat ? longFields - 1 : longFields;
  const fixed = fixedBytes(longs);
  if (value.length < fixed || crc32(value.subarray(4)) !== value.readUInt32BE(0)) {
    throw new StorageError("CORRUPT", "the state record of the table does not match its checksum");
  }
  if (value[4] !== format && value[4] !== oldFormat) {
    throw new StorageError("CORRUPT", `the state record has the unknown format ${value[4]}`);
  }
  const long = (i: number): number => readUint53(value, 5 + i * uint53Bytes);
  const short = (i: number): number => value.readUInt32BE(5 + longs * uint53Bytes + i * 4);
  const flags = value[fixed - 1] as number;
  return {
    sequence: long(0),
    log: {
      firstIndex: long(1),
      termBefore: long(2),
      recordsFrom: long(3),
      lastIndex: long(4),
      generation: short(0),
      chainBefore: short(1),
      lastChain: short(2),
    },
    commitIndex: long(5),
    term: long(6),
    memberRevision: value[4] === oldFormat ? 0 : long(7),
    snapshotChecksum: (flags & 1) === 0 ? undefined : short(3),
    vote: (flags & 2) === 0 ? undefined : value.toString("utf8", fixed),
  };
}
