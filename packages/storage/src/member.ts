import { crc32 } from "node:zlib";
import type { NodeId } from "@meridian/consensus";
import type { Files } from "./medium.ts";
import type { Identity } from "./storage.ts";
import { StorageError } from "./storage.ts";

/**
 * Who the member is and what it has promised. It lies outside the table, in a file that exists from
 * the moment the member was made: with it gone, or with it there and the table gone, the member
 * refuses to start. Otherwise an emptied disk would let it vote a second time in a term.
 */
export interface Member {
  readonly identity: Identity;
  readonly witness: boolean;
  /** Highest term promised. */
  readonly term: number;
  /** Who got the vote in it. */
  readonly vote: NodeId | undefined;
}

/** A line of JSON that people can read, and its checksum on the second line. */
export const memberFile = "member.json";

/** Undefined if there is no member file. @throws {StorageError} CORRUPT, IO. */
export async function readMember(files: Files): Promise<Member | undefined> {
  const data = await files.read(memberFile);
  if (data === undefined) return undefined;
  const end = data.indexOf(0x0a);
  const content = data.subarray(0, Math.max(end, 0));
  if (data.toString("latin1", end + 1) !== checksumLine(content)) {
    throw new StorageError("CORRUPT", `${memberFile} does not match its checksum`);
  }
  const { format, vote, ...rest } = JSON.parse(content.toString()) as StoredMember;
  if (format !== 1) {
    throw new StorageError("CORRUPT", `${memberFile} has the unknown format ${String(format)}`);
  }
  return { ...rest, vote };
}

/** Durable when it resolves. */
export async function writeMember(files: Files, member: Member): Promise<void> {
  const stored: StoredMember = { format: 1, ...member };
  const content = Buffer.from(JSON.stringify(stored));
  const lines = [content, Buffer.from(`\n${checksumLine(content)}`)];
  await files.replace(memberFile, Buffer.concat(lines));
}

/** Undefined if they are the same; else what differs, in words. */
export function identityDifference(stored: Identity, asked: Identity): string | undefined {
  for (const field of ["cluster", "node", "incarnation"] as const) {
    if (stored[field] === asked[field]) continue;
    return `it belongs to ${field} ${String(stored[field])}, not to ${String(asked[field])}`;
  }
  return undefined;
}

interface StoredMember extends Member {
  readonly format: number;
}

function checksumLine(content: Buffer): string {
  return `crc32 ${crc32(content).toString(16).padStart(8, "0")}\n`;
}
