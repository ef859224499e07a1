import { StorageError } from "./storage.ts";

/**
 * Gives an error of a read its code: what the disk cannot give back is damaged, and is repaired as
 * anything else that is.
 */
export function toReadError(error: unknown, doing: string): StorageError {
  const read = toStorageError(error, doing);
  if (read.code !== "IO" || !/Input\/output error|\bEIO\b/.test(read.message)) return read;
  return new StorageError("CORRUPT", `${doing}: the disk cannot read it`, { cause: error });
}

/** Gives an error of level or of the file system its code; what already has one stays. */
export function toStorageError(error: unknown, doing: string): StorageError {
  if (error instanceof StorageError) return error;
  const codes: string[] = [];
  let text = "";
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined) codes.push(code);
    text += ` ${cause.message}`;
  }
  return new StorageError(storageCode(codes, text), `${doing}:${text}`, { cause: error });
}

function storageCode(codes: readonly string[], text: string): StorageError["code"] {
  if (codes.includes("LEVEL_LOCKED")) return "IN_USE";
  if (/No space left|Disk quota/.test(text)) return "FULL";
  if (codes.includes("ENOSPC") || codes.includes("EDQUOT")) return "FULL";
  if (codes.includes("LEVEL_CORRUPTION")) return "CORRUPT";
  return "IO";
}
