import { crc32 } from "node:zlib";
import type { Files } from "./medium.ts";
import { StorageError } from "./storage.ts";

/**
 * A value kept as a line of JSON that people can read, and its checksum on the second line.
 * Undefined if there is no such file. @throws {StorageError} CORRUPT, IO.
 */
export async function readChecked(files: Files, name: string): Promise<unknown> {
  const data = await files.read(name);
  return data && decodeChecked(data, name);
}

/** Durable when it resolves. */
export async function writeChecked(files: Files, name: string, value: object): Promise<void> {
  await files.replace(name, encodeChecked(value));
}

/** The two lines. */
export function encodeChecked(value: object): Buffer {
  const content = Buffer.from(JSON.stringify(value));
  return Buffer.concat([content, Buffer.from(`\n${checksumLine(content)}`)]);
}

/** @throws {StorageError} CORRUPT, naming `what`. */
export function decodeChecked(data: Buffer, what: string): unknown {
  const end = data.indexOf(0x0a);
  const content = data.subarray(0, Math.max(end, 0));
  if (data.toString("latin1", end + 1) === checksumLine(content)) {
    return JSON.parse(content.toString());
  }
  throw new StorageError("CORRUPT", `${what} does not match its checksum`);
}

function checksumLine(content: Buffer): string {
  return `crc32 ${crc32(content).toString(16).padStart(8, "0")}\n`;
}
