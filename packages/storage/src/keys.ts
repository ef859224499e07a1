import { crc32 } from "node:zlib";
import { uint53Bytes, writeUint53 } from "./uint53.ts";

/** Key of whom the table belongs to. */
export const identityKey: Buffer = Buffer.from("identity");
/** Key of the state, for batches without entries. */
export const stateKey: Buffer = Buffer.from("state");
/** Key of what describes the current snapshot. */
export const snapshotKey: Buffer = Buffer.from("snapshot");
/** Key of what is known of other members. */
export const acquaintancesKey: Buffer = Buffer.from("acquaintances");

const logPrefix = Buffer.from("log/");

/**
 * Key of the log record that begins at `index`. A snapshot that replaces the log begins a new
 * generation, so that the old records, however many, vanish in one small batch and are deleted
 * later.
 */
export function recordKey(generation: number, index: number): Buffer {
  const key = Buffer.allocUnsafe(logPrefix.length + 4 + uint53Bytes);
  logPrefix.copy(key);
  key.writeUInt32BE(generation, logPrefix.length);
  writeUint53(key, index, logPrefix.length + 4);
  return key;
}

/** Generation and index of a log record's key; undefined if it is none. */
export function parseRecordKey(
  key: Buffer,
): { readonly generation: number; readonly index: number } | undefined {
  if (key.length !== logPrefix.length + 4 + uint53Bytes) return undefined;
  const generation = key.readUInt32BE(logPrefix.length);
  const index = Number(key.readBigUInt64BE(logPrefix.length + 4));
  return { generation, index };
}

/** From the first to past the last key of a generation, and of all. */
export const generationMax = 0xffff_ffff;

/**
 * What the first record of a generation is chained to, so that records of two generations never fit
 * together.
 */
export function generationChain(generation: number): number {
  return crc32(recordKey(generation, 0));
}
