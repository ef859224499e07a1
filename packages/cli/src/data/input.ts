import { readFile } from "node:fs/promises";

import { usageError } from "../failure/command-error.ts";

/** The word that stands for stdin where data is expected. */
const stdinMark = "-";
/**
 * Largest node that any server takes by default is 1 MiB; more is refused there, not silently cut
 * here.
 */
const inputBytesMax = 64 * 1024 * 1024;

/** Data from an argument, or all of stdin for `-`. */
export async function dataOf(argument: string): Promise<string | Uint8Array> {
  return argument === stdinMark ? await readStdin() : argument;
}

/**
 * Text of a file, or of stdin for `-` and undefined.
 * @throws {CommandError} usage when the file cannot be read.
 */
export async function readInput(file: string | undefined): Promise<string> {
  if (file === undefined || file === stdinMark) return (await readStdin()).toString("utf8");
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw usageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** All of stdin. @throws {RangeError} above 64 MiB. */
async function readStdin(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).byteLength;
    if (bytes > inputBytesMax) throw new RangeError(`stdin holds more than ${inputBytesMax} bytes`);
  }
  return Buffer.concat(chunks);
}
