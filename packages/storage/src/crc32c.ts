/** CRC-32C (Castagnoli), which level's files use; Node has only the other one. */
export function crc32c(data: Buffer): number {
  let crc = -1;
  let at = 0;
  // Eight bytes a step, each through the table of its distance to the end of the step.
  for (const end = data.length - 7; at < end; at += 8) {
    crc ^= data.readInt32LE(at);
    crc =
      step(7, crc) ^
      step(6, crc >>> 8) ^
      step(5, crc >>> 16) ^
      step(4, crc >>> 24) ^
      step(3, data[at + 4] as number) ^
      step(2, data[at + 5] as number) ^
      step(1, data[at + 6] as number) ^
      step(0, data[at + 7] as number);
  }
  for (; at < data.length; at++) crc = (crc >>> 8) ^ step(0, crc ^ (data[at] as number));
  return ~crc >>> 0;
}

/** As level stores it: changed, so that data that hold checksums are checked well too. */
export function maskedCrc(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282_ead8) >>> 0;
}

const polynomial = 0x82f6_3b78;
const distances = 8;
/** One table after the other: what a byte does to the checksum that many bytes later. */
const tables: Int32Array = new Int32Array(distances * 256);

for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial;
  tables[byte] = crc;
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256] as number;
  tables[i] = (before >>> 8) ^ (tables[before & 0xff] as number);
}

function step(distance: number, value: number): number {
  return tables[distance * 256 + (value & 0xff)] as number;
}
