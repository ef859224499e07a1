/** A field of a message, as many times as it is there. */
export interface Field {
  readonly number: number;
  /** Of a number, as far as 64 bits; of bytes, 0. */
  readonly value: bigint;
  /** Of bytes, text or a message; empty for a number. */
  readonly bytes: Buffer;
}

const wireVarint = 0;
const wireFixed64 = 1;
const wireBytes = 2;
const wireFixed32 = 5;

const none = Buffer.alloc(0);

/** A field that holds bytes, text or a message. */
export function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + wireBytes), varint(bytes.length), bytes]);
}

/** A field that holds a number from 0 on. */
export function numberField(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8 + wireVarint), varint(value)]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/**
 * The fields of a message in their order; of fixed size ones nothing is told.
 * @throws {RangeError} when it ends within a field.
 */
export function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const next = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(next());
    const number = tag >>> 3;
    switch (tag & 7) {
      case wireVarint:
        yield { number, value: next(), bytes: none };
        break;
      case wireBytes: {
        const length = Number(next());
        if (at + length > message.length) throw new RangeError(`field ${number} is cut off`);
        at += length;
        yield { number, value: 0n, bytes: message.subarray(at - length, at) };
        break;
      }
      case wireFixed64:
        at += 8;
        break;
      case wireFixed32:
        at += 4;
        break;
      default:
        throw new RangeError(`field ${number} is of no known kind`);
    }
  }
}
