import { crc32c, maskedCrc } from "./crc32c.ts";
import { VarintReader } from "./level-manifest.ts";

/**
 * Checks every block of one of level's tables, and says what is wrong, or gives undefined. Level
 * itself believes them: a damaged one yields wrong values, or aborts the process.
 */
export function tableDamage(table: Buffer): string | undefined {
  const footer = table.length - footerBytes;
  if (footer < 0 || !table.subarray(-magic.length).equals(magic)) return "is cut short";
  const handles = new VarintReader(table.subarray(footer, -magic.length));
  const blocks = [readHandle(handles), readHandle(handles)];
  for (const [i, block] of blocks.entries()) {
    if (!isIntact(table, block)) return `is damaged in the block at byte ${block.at}`;
    if (i === indexPosition) blocks.push(...indexedBlocks(table, block));
  }
  return undefined;
}

/** A stretch of a table; kind and checksum follow it. */
interface Block {
  readonly at: number;
  readonly bytes: number;
}

const footerBytes = 48;
const magic = Buffer.from("57fb808b247547db", "hex");
/** The footer names the block of extras first, then the index. */
const indexPosition = 1;
const trailerBytes = 5;
const uncompressed = 0;

function readHandle(reader: VarintReader): Block {
  return { at: reader.number(), bytes: reader.number() };
}

function isIntact(table: Buffer, { at, bytes }: Block): boolean {
  const end = at + bytes;
  if (end + trailerBytes > table.length) return false;
  return maskedCrc(crc32c(table.subarray(at, end + 1))) === table.readUInt32LE(end + 1);
}

/** The data blocks. Of an index that is compressed none are known; this package writes none. */
function indexedBlocks(table: Buffer, { at, bytes }: Block): Block[] {
  const index = table.subarray(at, at + bytes);
  if (table[at + bytes] !== uncompressed || bytes < 4) return [];
  const restarts = index.readUInt32LE(bytes - 4);
  const reader = new VarintReader(index.subarray(0, bytes - 4 * (restarts + 1)));
  const blocks: Block[] = [];
  while (reader.hasMore()) {
    reader.number(); // Bytes that the key has in common with the one before.
    const keyBytes = reader.number();
    const valueBytes = reader.number();
    reader.bytes(keyBytes);
    blocks.push(readHandle(new VarintReader(reader.bytes(valueBytes))));
  }
  return blocks;
}
