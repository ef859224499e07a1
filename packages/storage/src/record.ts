import { crc32 } from "node:zlib";
import type { Entry, EntryKind } from "@meridian/consensus";
import { StorageError } from "./storage.ts";
import { readUint53, uint53Bytes, writeUint53 } from "./uint53.ts";

/** A run of consecutive entries as it lies in the table. */
export interface PackedRecord {
  readonly firstIndex: number;
  readonly value: Buffer;
  /** Checksum of this record and, through `previous`, of all before it. */
  readonly chain: number;
}

/**
 * Encoded size at which a write is cut into several records, so that reading one entry stays cheap.
 */
const recordBytesMax: number = 256 * 1024;

const format = 1;
const headerBytes = 4 + 4 + 1 + uint53Bytes + 4 + 4;
const countAt = 9 + uint53Bytes;
const entryHeaderBytes = 1 + uint53Bytes + 4;
const noState = Buffer.alloc(0);
const kinds: readonly EntryKind[] = ["command", "empty", "configuration"];

/**
 * Packs consecutive entries into as few records as the size limit allows, each chained to the one
 * before. The last one carries the state.
 */
export function packEntries(
  entries: readonly Entry[],
  previous: number,
  state: Buffer,
): PackedRecord[] {
  const records: PackedRecord[] = [];
  let chain = previous;
  for (let from = 0; from < entries.length;) {
    let bytes = headerBytes;
    let to = from;
    for (; to < entries.length; to++) {
      const more = entryHeaderBytes + (entries[to] as Entry).data.byteLength;
      if (to > from && bytes + more > recordBytesMax) break;
      bytes += more;
    }
    const carried = to === entries.length ? state : noState;
    const record = packRecord(entries.slice(from, to), bytes, chain, carried);
    records.push(record);
    chain = record.chain;
    from = to;
  }
  return records;
}

/**
 * Checks a record and gives its entries; their data are views into `value`.
 * @throws {StorageError} CORRUPT if it is not the record that was written at `firstIndex` after
 * `previous`.
 */
export function unpackRecord(
  firstIndex: number,
  value: Buffer,
  previous: number,
): { readonly chain: number; readonly entries: Entry[] } {
  const { chain, written } = checkContent(firstIndex, value);
  if (written !== previous) throw damaged(firstIndex, "does not follow the record before it");
  const count = value.readUInt32BE(countAt);
  const entries: Entry[] = [];
  let offset = headerBytes + value.readUInt32BE(countAt + 4);
  for (let i = 0; i < count; i++) {
    const kind = kinds[value[offset] as number] as EntryKind;
    const term = readUint53(value, offset + 1);
    const start = offset + entryHeaderBytes;
    offset = start + value.readUInt32BE(start - 4);
    entries.push({ index: firstIndex + i, term, kind, data: value.subarray(start, offset) });
  }
  return { chain, entries };
}

/** The state that the last record of the log carries. @throws {StorageError} CORRUPT. */
export function carriedState(
  firstIndex: number,
  value: Buffer,
): { readonly chain: number; readonly state: Buffer } {
  const { chain } = checkContent(firstIndex, value);
  const bytes = value.readUInt32BE(countAt + 4);
  if (bytes === 0) throw damaged(firstIndex, "is the last one there is, but others followed it");
  return { chain, state: value.subarray(headerBytes, headerBytes + bytes) };
}

function packRecord(
  entries: readonly Entry[],
  bytes: number,
  previous: number,
  state: Buffer,
): PackedRecord {
  const value = Buffer.allocUnsafe(bytes + state.length);
  const firstIndex = (entries[0] as Entry).index;
  value.writeUInt32BE(previous, 4);
  value[8] = format;
  writeUint53(value, firstIndex, 9);
  value.writeUInt32BE(entries.length, countAt);
  value.writeUInt32BE(state.length, countAt + 4);
  state.copy(value, headerBytes);
  let offset = headerBytes + state.length;
  for (const { kind, term, data } of entries) {
    value[offset] = kinds.indexOf(kind);
    writeUint53(value, term, offset + 1);
    value.writeUInt32BE(data.byteLength, offset + 1 + uint53Bytes);
    offset += entryHeaderBytes;
    value.set(data, offset);
    offset += data.byteLength;
  }
  const chain = crc32(value.subarray(4), previous);
  value.writeUInt32BE(chain, 0);
  return { firstIndex, value, chain };
}

/** That a record is the one that was written under its key, wherever it belongs. */
function checkContent(
  firstIndex: number,
  value: Buffer,
): { readonly chain: number; readonly written: number } {
  if (value.length < headerBytes) throw damaged(firstIndex, "is cut short");
  const chain = value.readUInt32BE(0);
  const written = value.readUInt32BE(4);
  if (crc32(value.subarray(4), written) !== chain) {
    throw damaged(firstIndex, "does not match its checksum");
  }
  if (value[8] !== format) throw damaged(firstIndex, `has the unknown format ${value[8]}`);
  if (readUint53(value, 9) !== firstIndex) throw damaged(firstIndex, "lies at a wrong place");
  return { chain, written };
}

function damaged(firstIndex: number, how: string): StorageError {
  return new StorageError("CORRUPT", `log record at index ${firstIndex} ${how}`);
}
