import { crc32 } from "node:zlib";
import type { Configuration, SnapshotMark } from "@meridian/consensus";
import type { SnapshotFile } from "./snapshot-file.ts";
import { StorageError } from "./storage.ts";

/** How the configuration in a snapshot mark is turned into bytes and back. */
export interface ConfigurationCodec {
  encode(configuration: Configuration): Uint8Array;
  decode(data: Uint8Array): Configuration;
}

/** The current snapshot: where it ends, and its file. A witness's has none. */
export interface SnapshotDescription {
  readonly mark: SnapshotMark;
  readonly file: SnapshotFile | undefined;
}

/** As it lies in the table, and the checksum that the state record holds of it. */
export interface EncodedDescription {
  readonly value: Buffer;
  readonly checksum: number;
}

/** The checksum goes into the state record, in the same batch. */
export function encodeDescription(
  { mark, file }: SnapshotDescription,
  codec: ConfigurationCodec,
): EncodedDescription {
  const configuration = Buffer.from(codec.encode(mark.configuration)).toString("base64");
  const stored: StoredDescription = { index: mark.index, term: mark.term, configuration, file };
  const value = Buffer.from(JSON.stringify(stored));
  return { value, checksum: crc32(value) };
}

/** @throws {StorageError} CORRUPT if it is missing or not the one that the state record means. */
export function decodeDescription(
  value: Buffer | undefined,
  checksum: number,
  codec: ConfigurationCodec,
): SnapshotDescription {
  if (value === undefined || crc32(value) !== checksum) {
    const how = value === undefined ? "is gone" : "does not match its checksum";
    throw new StorageError("CORRUPT", `the description of the snapshot ${how}`);
  }
  const stored = JSON.parse(value.toString()) as StoredDescription;
  const configuration = codec.decode(Buffer.from(stored.configuration, "base64"));
  return { mark: { index: stored.index, term: stored.term, configuration }, file: stored.file };
}

interface StoredDescription {
  readonly index: number;
  readonly term: number;
  readonly configuration: string;
  readonly file: SnapshotFile | undefined;
}
